import { type BtfTypes, essentialName, typeName, typesAreCompatible } from '../../btf/index.js';
import { kconfigLayout } from '../externs.js';
import { encodeKconfigNumber, encodeKconfigText } from '../kconfig.js';
import type { ExternSpec, ObjectSpec } from '../types.js';
import { findKernelType } from './find-kernel-type.js';
import type { KernelModule, KernelView } from './kernel-view.js';

/**
 * What an extern is on one kernel.
 * - `kconfig`: a value in the map `.kconfig`, `offset` bytes into it
 * - `address`: of a symbol in `/proc/kallsyms`
 * - `btf`: a variable or function by its id in the BTF of vmlinux or of a module; calls name the module by `fdIndex`, its place in `fd_array`
 * - `absent`: the kernel does not have it, but it is `__weak`
 * - `missing`: a program that uses it cannot be loaded; `reason` says why
 */
export type ResolvedExtern =
  | { readonly kind: 'kconfig'; readonly offset: number }
  | { readonly kind: 'address'; readonly address: bigint }
  | {
      readonly kind: 'btf';
      readonly id: number;
      readonly module: KernelModule | undefined;
      readonly fdIndex: number;
    }
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** The externs of an object on one kernel. */
export interface ResolvedExterns {
  readonly byName: ReadonlyMap<string, ResolvedExtern>;
  /** Bytes of the map `.kconfig`. */
  readonly kconfig: Uint8Array;
  /** Modules whose kfuncs are called, in the order of `fd_array` from its slot 1 on. */
  readonly modules: readonly KernelModule[];
  /** What could not be found out without a kernel. */
  readonly warnings: readonly string[];
}

interface Found {
  readonly kconfig: Uint8Array;
  readonly modules: KernelModule[];
  readonly warnings: string[];
}

/**
 * Finds what the externs of an object are on a kernel (libbpf: bpf_object__resolve_externs). Nothing is refused here: whether a missing one
 * matters is for the program that uses it to say.
 */
export function resolveExterns(spec: ObjectSpec, kernel: KernelView): ResolvedExterns {
  const { btf, externs } = spec;
  const byName = new Map<string, ResolvedExtern>();
  if (!btf || externs.length === 0) return { byName, kconfig: new Uint8Array(0), modules: [], warnings: [] };
  const layout = kconfigLayout(btf, externs);
  const found: Found = { kconfig: new Uint8Array(layout.size), modules: [], warnings: [] };
  const typeless = externs.filter(e => e.kind === 'ksym' && e.typeId === 0).map(e => e.name);
  const addresses = typeless.length ? kernel.symbolAddresses?.(new Set(typeless)) : undefined;
  for (const extern of externs) {
    const offset = layout.offsets.get(extern.name);
    if (offset !== undefined) byName.set(extern.name, resolveKconfig(btf, extern, kernel, found, offset));
    else if (extern.kind === 'ksym' && extern.typeId === 0)
      byName.set(extern.name, resolveAddress(extern, addresses, kernel, found));
    else byName.set(extern.name, resolveByBtf(btf, extern, kernel, found));
  }
  return { byName, ...found };
}

function resolveKconfig(
  btf: BtfTypes,
  extern: ExternSpec,
  kernel: KernelView,
  { kconfig, warnings }: Found,
  offset: number,
): ResolvedExtern {
  const resolved: ResolvedExtern = { kind: 'kconfig', offset };
  const { name, typeId, weak } = extern;
  try {
    const bytes = kconfigValue(btf, extern, kernel);
    if (bytes) kconfig.set(bytes, offset);
    else if (kernel.offline)
      warnings.push(`extern ${name}: the kernel's configuration is not known; planned with 0`);
    else if (!kernel.kconfig)
      return {
        kind: 'missing',
        reason: `the configuration of kernel ${kernel.release} cannot be read (/boot/config-${kernel.release}, /proc/config.gz)`,
      };
    else if (!weak)
      return {
        kind: 'missing',
        reason: `kernel ${kernel.release} is configured without it, and it is not __weak`,
      };
    return resolved;
  } catch (error) {
    return { kind: 'missing', reason: `${typeName(btf, typeId)}: ${(error as Error).message}` };
  }
}

/** The bytes of a kconfig extern; undefined where the configuration does not have it. Throws TypeError when its type cannot hold it. */
function kconfigValue(
  btf: BtfTypes,
  { name, typeId, weak }: ExternSpec,
  kernel: KernelView,
): Uint8Array | undefined {
  const number = (value: number) => encodeKconfigNumber(btf, typeId, BigInt(value));
  if (name.startsWith('CONFIG_')) {
    const text = kernel.kconfig?.get(name);
    return text === undefined ? undefined : encodeKconfigText(btf, typeId, text);
  }
  switch (name) {
    case 'LINUX_KERNEL_VERSION':
      return number(kernel.versionCode);
    case 'LINUX_HAS_BPF_COOKIE':
      return number(kernel.has('bpf_cookie') ? 1 : 0);
    case 'LINUX_HAS_SYSCALL_WRAPPER':
      return number(kernel.has('syscall_wrapper') ? 1 : 0);
    default:
      if (name.startsWith('LINUX_') && weak) return number(0);
      throw new TypeError('neither an option (CONFIG_…) nor one of the values that loaders give (LINUX_…)');
  }
}

function resolveAddress(
  { name, weak }: ExternSpec,
  addresses: ReadonlyMap<string, bigint | 'ambiguous'> | undefined,
  { offline }: KernelView,
  { warnings }: Found,
): ResolvedExtern {
  const address = addresses?.get(name);
  if (address === 'ambiguous')
    return { kind: 'missing', reason: 'several symbols of the kernel have this name' };
  if (address !== undefined) return { kind: 'address', address };
  if (!offline) {
    if (!addresses) return { kind: 'missing', reason: '/proc/kallsyms cannot be read' };
    return { kind: weak ? 'absent' : 'missing', reason: 'the kernel has no such symbol (/proc/kallsyms)' };
  }
  warnings.push(`extern ${name}: the kernel's symbols are not known; planned with address 0`);
  return { kind: 'address', address: 0n };
}

/** libbpf takes a forward declaration for another type than the struct, which is easily overlooked. */
function onlyDeclared(btf: BtfTypes, protoId: number): string {
  const proto = btf.resolved(protoId);
  if (proto.kind !== 'func_proto') return '';
  for (const typeId of [proto.type, ...proto.params.map(p => p.type)]) {
    const pointer = btf.resolved(typeId);
    const type = pointer.kind === 'ptr' ? btf.resolved(pointer.type) : pointer;
    if (type.kind === 'fwd')
      return `; ${type.of} ${type.name} is only declared here: define it, with at least one member`;
  }
  return '';
}

function resolveByBtf(
  btf: BtfTypes,
  { name, kind, typeId, weak }: ExternSpec,
  kernel: KernelView,
  { modules, warnings }: Found,
): ResolvedExtern {
  if (!kernel.btf) {
    if (!kernel.offline)
      return { kind: 'missing', reason: `kernel ${kernel.release} shows no BTF to find it in` };
    warnings.push(`extern ${name}: the kernel's BTF is not known; planned with id 0`);
    return { kind: 'btf', id: 0, module: undefined, fdIndex: 0 };
  }
  // A kfunc may be declared several ways, told apart by a flavour: `bpf_foo___v2`.
  const targetName = kind === 'kfunc' ? essentialName(name) : name;
  const target = findKernelType(kernel, targetName, kind === 'kfunc' ? 'func' : 'var');
  if (!target)
    return {
      kind: weak ? 'absent' : 'missing',
      reason: `kernel ${kernel.release} has no ${kind === 'kfunc' ? 'kfunc' : 'variable'} ${targetName} in its BTF`,
    };
  const declared = target.btf.type(target.id);
  const targetType = 'type' in declared ? target.btf.resolve(declared.type) : 0;
  if (!typesAreCompatible(btf, typeId, target.btf, targetType))
    return {
      // A variable is refused even where it is weak: a program that finds it there would misread it.
      kind: kind === 'kfunc' && weak ? 'absent' : 'missing',
      reason: `the kernel declares it otherwise: ${typeName(target.btf, targetType)}, here ${typeName(btf, typeId)}${onlyDeclared(btf, typeId)}`,
    };
  const { module } = target;
  if (module && kind === 'kfunc' && !modules.includes(module)) modules.push(module);
  return { kind: 'btf', id: target.id, module, fdIndex: module ? modules.indexOf(module) + 1 : 0 };
}
