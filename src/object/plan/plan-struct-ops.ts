import type { BtfStruct, BtfTypes } from '../../btf/index.js';
import { essentialName } from '../../btf/index.js';
import { ObjectError } from '../object-error.js';
import type { MapSpec, ObjectSpec, StructOpsSpec } from '../types.js';
import { findKernelType, type KernelType } from './find-kernel-type.js';
import type { KernelModule, KernelView } from './kernel-view.js';
import type { StructOpsValue } from './plan-types.js';

/** What PROG_LOAD of a struct_ops program is told: the struct that it serves and which member of it. */
export interface StructOpsTarget {
  readonly typeId: number;
  /** Index of the member, which stands in `expected_attach_type`. */
  readonly member: number;
  readonly module: KernelModule | undefined;
}

/** A struct_ops map as one kernel wants it. */
export interface StructOpsMap {
  readonly valueTypeId: number;
  readonly module: KernelModule | undefined;
  readonly value: StructOpsValue;
}

/** The struct_ops maps and programs of an object on one kernel. */
export interface StructOps {
  readonly maps: ReadonlyMap<string, StructOpsMap>;
  readonly programs: ReadonlyMap<string, StructOpsTarget>;
  /** Programs that only maps point to which are not created. */
  readonly unused: ReadonlySet<string>;
  readonly warnings: readonly string[];
}

/** Prefix of the kernel's struct that holds a struct_ops and its state, the value of the map. */
const valuePrefix = 'bpf_struct_ops_';

/**
 * Lays the struct_ops variables of an object out as the kernel does, member by member by name, and finds what each program serves (libbpf:
 * bpf_map__init_kern_struct_ops). Throws ObjectError when the kernel does not have the struct, or a member that is set.
 */
export function structOpsOn(spec: ObjectSpec, kernel: KernelView): StructOps {
  const maps = new Map<string, StructOpsMap>();
  const programs = new Map<string, StructOpsTarget>();
  const referenced = new Set<string>();
  const warnings: string[] = [];
  for (const map of spec.maps) {
    const { structOps } = map;
    if (!structOps || !spec.btf) continue;
    for (const { program } of structOps.programs) referenced.add(program);
    if (!map.autocreate) continue;
    const types = kernelTypes(spec, map, structOps, kernel);
    if (types) maps.set(map.name, layOut(spec.file, map, structOps, spec.btf, types, programs));
    else {
      warnings.push(`map ${map.name}: its struct is not known without the kernel's BTF; planned with id 0`);
      for (const { member, program } of structOps.programs)
        programs.set(program, { typeId: 0, member, module: undefined });
    }
  }
  return {
    maps,
    programs,
    unused: new Set([...referenced].filter(name => !programs.has(name))),
    warnings,
  };
}

interface KernelTypes {
  readonly btf: BtfTypes;
  readonly module: KernelModule | undefined;
  readonly struct: BtfStruct;
  readonly valueTypeId: number;
  readonly valueSize: number;
  /** Byte at which the struct stands in the value. */
  readonly dataOffset: number;
}

/** Undefined when an offline view has no kernel BTF. */
function kernelTypes(
  spec: ObjectSpec,
  map: MapSpec,
  { typeId }: StructOpsSpec,
  kernel: KernelView,
): KernelTypes | undefined {
  if (!kernel.btf && kernel.offline) return undefined;
  const name = essentialName(spec.btf?.type(typeId).name ?? '');
  const missing = (what: string) =>
    new ObjectError(
      spec.file,
      `map ${map.name}`,
      `kernel ${kernel.release} has no struct ${what} in its BTF`,
    );
  const found = findKernelType(kernel, `${valuePrefix}${name}`, 'struct');
  if (!found) throw missing(`${valuePrefix}${name}, so it knows no struct_ops ${name}`);
  const { btf, module } = found;
  const id = btf.findByName(name, 'struct');
  if (id === undefined) throw missing(name);
  const value = structOf(found);
  const struct = structOf({ btf, id });
  const data = value.members.find(m => m.type === id);
  if (!data) throw missing(`${valuePrefix}${name} with a member of struct ${name}`);
  return {
    btf,
    module,
    struct,
    valueTypeId: found.id,
    valueSize: value.size,
    dataOffset: data.bitOffset / 8,
  };
}

function structOf({ btf, id }: Pick<KernelType, 'btf' | 'id'>): BtfStruct {
  return btf.type(id) as BtfStruct;
}

function layOut(
  file: string,
  map: MapSpec,
  structOps: StructOpsSpec,
  local: BtfTypes,
  kernel: KernelTypes,
  programs: Map<string, StructOpsTarget>,
): StructOpsMap {
  const struct = structOf({ btf: local, id: structOps.typeId });
  const pointers = new Map(structOps.programs.map(p => [p.member, p.program]));
  const bytes = new Uint8Array(kernel.valueSize);
  const placed: { offset: number; program: string }[] = [];
  for (const [index, member] of struct.members.entries()) {
    const refused = (reason: string) =>
      new ObjectError(file, `map ${map.name}`, `member ${member.name} of struct ${struct.name}: ${reason}`);
    const program = pointers.get(index);
    const size = local.sizeOf(member.type);
    const start = Math.floor(member.bitOffset / 8);
    const initial = structOps.bytes.subarray(start, start + size);
    const kernelIndex =
      member.name === '' ? -1 : kernel.struct.members.findIndex(m => m.name === member.name);
    const kernelMember = kernel.struct.members[kernelIndex];
    if (!kernelMember) {
      if (program === undefined && initial.every(byte => byte === 0)) continue;
      throw refused('is set, and the kernel does not have it');
    }
    if (member.bitSize || kernelMember.bitSize) throw refused('bit-fields cannot be set');
    const type = local.resolved(member.type);
    const kernelType = kernel.btf.resolved(kernelMember.type);
    if (type.kind !== kernelType.kind)
      throw refused(`is a ${kernelType.kind} in the kernel, not a ${type.kind}`);
    const offset = kernel.dataOffset + kernelMember.bitOffset / 8;
    if (type.kind === 'ptr' && kernelType.kind === 'ptr') {
      if (program === undefined) continue;
      if (kernel.btf.resolved(kernelType.type).kind !== 'func_proto')
        throw refused('is no pointer to a function in the kernel');
      const before = programs.get(program);
      if (before && (before.typeId !== kernel.struct.id || before.member !== kernelIndex))
        throw refused(`program ${program} serves another member already`);
      programs.set(program, { typeId: kernel.struct.id, member: kernelIndex, module: kernel.module });
      placed.push({ offset, program });
      continue;
    }
    const kernelSize = kernel.btf.sizeOf(kernelMember.type);
    if (size !== kernelSize) throw refused(`has ${size} bytes, and ${kernelSize} in the kernel`);
    bytes.set(initial, offset);
  }
  const { valueTypeId, module } = kernel;
  return { valueTypeId, module, value: { map: map.name, bytes, programs: placed } };
}
