import { BpfProgType, enumName, hostEndian } from '../abi/index.js';
import { type BtfTypes, type BtfValue, type Codec, codec } from '../btf/index.js';
import type { Kernel } from '../kernel/index.js';
import type { ProgramSpec } from '../object/index.js';

/**
 * What a program is given as its context: bytes, an object of the members of its context's struct (those left out are 0), or, for programs that
 * take registers, their arguments.
 */
export type TestRunContext = Uint8Array | Readonly<Record<string, unknown>> | readonly (bigint | number)[];

/** A context on its way to the kernel and back. */
export interface EncodedContext {
  readonly bytes: Uint8Array;
  /** What the kernel returned, in the form that it was given in. */
  decode(bytes: Uint8Array): BtfValue | Uint8Array;
}

export interface ContextOwner {
  readonly kernel: Kernel;
  readonly spec: ProgramSpec;
  /** The object's BTF. */
  readonly btf: BtfTypes | undefined;
  /** For messages. */
  readonly what: string;
}

/** The struct that user space fills for each type of program (net/bpf/test_run.c). Types that are not here take a packet and `struct __sk_buff`. */
const contextStructs: Readonly<Record<number, string>> = {
  [BpfProgType.BPF_PROG_TYPE_XDP]: 'xdp_md',
  [BpfProgType.BPF_PROG_TYPE_SK_LOOKUP]: 'bpf_sk_lookup',
  [BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR]: 'bpf_flow_keys',
  [BpfProgType.BPF_PROG_TYPE_NETFILTER]: 'nf_hook_state',
};

/** Types whose context is an array of 64-bit arguments. */
const takeArguments = new Set<number | undefined>([
  BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT,
  BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BpfProgType.BPF_PROG_TYPE_STRUCT_OPS,
]);

/** Encodes a context. Throws TypeError for one that does not fit the program's type, naming the field where there is one. */
export function encodeContext(
  owner: ContextOwner,
  context: TestRunContext,
  dataLength: number,
): EncodedContext {
  if (context instanceof Uint8Array) return { bytes: context.slice(), decode: bytes => bytes };
  if (Array.isArray(context)) {
    if (!takeArguments.has(owner.spec.type))
      throw new TypeError(
        `${owner.what}: context: only raw tracepoints and struct_ops take a list of arguments`,
      );
    return argumentContext(context as readonly (bigint | number)[]);
  }
  const type = contextCodec(owner);
  const bytes = type.encode(
    withPacket(owner.spec.type, context as Readonly<Record<string, unknown>>, dataLength),
  );
  return {
    bytes,
    decode: out => (out.length < type.size ? out : type.read(out, 0, out.length)),
  };
}

function argumentContext(args: readonly (bigint | number)[]): EncodedContext {
  const bytes = new Uint8Array(8 * args.length);
  const view = new DataView(bytes.buffer);
  for (const [i, arg] of args.entries())
    view.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(arg)), hostEndian === 'little');
  return { bytes, decode: out => out };
}

/** `struct xdp_md` has to say where the packet ends (xdp_convert_md_to_buff). */
function withPacket(
  type: number | undefined,
  context: Readonly<Record<string, unknown>>,
  dataLength: number,
): Readonly<Record<string, unknown>> {
  return type === BpfProgType.BPF_PROG_TYPE_XDP ? { data_end: dataLength, ...context } : context;
}

function contextCodec({ kernel, spec, btf, what }: ContextOwner): Codec {
  const own = spec.type === BpfProgType.BPF_PROG_TYPE_SYSCALL ? btf && ownContext(spec, btf) : undefined;
  if (btf && own !== undefined) return codec(btf, own);
  const name = contextStructs[spec.type ?? 0] ?? '__sk_buff';
  if (takeArguments.has(spec.type) || spec.type === BpfProgType.BPF_PROG_TYPE_SYSCALL)
    throw new TypeError(
      `${what}: context: give bytes: nothing says what struct a program of type ${typeName(spec)} takes`,
    );
  for (const types of [kernel.btf, btf]) {
    const id = types?.findByName(name, 'struct');
    if (types && id !== undefined) return codec(types, id);
  }
  throw new TypeError(
    `${what}: context: give bytes: neither the kernel's BTF nor the object's has struct ${name}`,
  );
}

/** The struct that the program's only argument points to. */
function ownContext(spec: ProgramSpec, btf: BtfTypes): number | undefined {
  const func = btf.type(spec.funcInfo[0]?.typeId ?? 0);
  const proto = func.kind === 'func' ? btf.type(func.type) : undefined;
  const pointer = proto?.kind === 'func_proto' ? btf.resolved(proto.params[0]?.type ?? 0) : undefined;
  if (pointer?.kind !== 'ptr') return undefined;
  const target = btf.resolve(pointer.type);
  return btf.type(target).kind === 'struct' ? target : undefined;
}

function typeName({ type }: ProgramSpec): string {
  return (
    enumName(BpfProgType, type ?? 0)
      ?.replace('BPF_PROG_TYPE_', '')
      .toLowerCase() ?? String(type)
  );
}
