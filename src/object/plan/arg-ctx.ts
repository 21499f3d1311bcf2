import { BpfProgType, hostEndian } from '../../abi/index.js';
import { Btf, BtfEditor, type BtfFuncProto, type BtfTypes, btfKind } from '../../btf/index.js';
import type { ProgramSpec } from '../types.js';
import type { KernelView } from './kernel-view.js';
import type { InfoRecords } from './link-program.js';

/** The decl tag that `__arg_ctx` (bpf_helpers.h) puts on an argument: it is the context of the program. */
const tagName = 'arg:ctx';

/** The struct by which older kernels know the context, by program type (libbpf: global_ctx_map). The other types have none by name. */
const contexts: Readonly<Record<number, string>> = {
  [BpfProgType.BPF_PROG_TYPE_CGROUP_DEVICE]: 'bpf_cgroup_dev_ctx',
  [BpfProgType.BPF_PROG_TYPE_CGROUP_SKB]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK]: 'bpf_sock',
  [BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: 'bpf_sock_addr',
  [BpfProgType.BPF_PROG_TYPE_CGROUP_SOCKOPT]: 'bpf_sockopt',
  [BpfProgType.BPF_PROG_TYPE_CGROUP_SYSCTL]: 'bpf_sysctl',
  [BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_KPROBE]: 'bpf_user_pt_regs_t',
  [BpfProgType.BPF_PROG_TYPE_LWT_IN]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_LWT_OUT]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_LWT_SEG6LOCAL]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_LWT_XMIT]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_NETFILTER]: 'bpf_nf_ctx',
  [BpfProgType.BPF_PROG_TYPE_PERF_EVENT]: 'bpf_perf_event_data',
  [BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT]: 'bpf_raw_tracepoint_args',
  [BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE]: 'bpf_raw_tracepoint_args',
  [BpfProgType.BPF_PROG_TYPE_SCHED_ACT]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_SCHED_CLS]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_SK_LOOKUP]: 'bpf_sk_lookup',
  [BpfProgType.BPF_PROG_TYPE_SK_MSG]: 'sk_msg_md',
  [BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT]: 'sk_reuseport_md',
  [BpfProgType.BPF_PROG_TYPE_SK_SKB]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_SOCK_OPS]: 'bpf_sock_ops',
  [BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER]: '__sk_buff',
  [BpfProgType.BPF_PROG_TYPE_XDP]: 'xdp_md',
};

/** Structs that perf event programs may be declared with, by this machine's `bpf_user_pt_regs_t`. */
const registers = ['pt_regs', 'user_pt_regs', 'user_regs_struct'];

/** What an object needs for a kernel that does not know tagged arguments; undefined when it has none, or the kernel knows them. */
export function argCtxFor(btf: BtfTypes | undefined, kernel: KernelView): ArgCtx | undefined {
  if (btf?.findByName(tagName, 'decl_tag') === undefined || kernel.has('arg_ctx_tag')) return undefined;
  return new ArgCtx(btf);
}

/**
 * Kernels before 6.8 do not know the tag `arg:ctx` of a global function's argument and go by its type. For them the function's type is cloned for each
 * program that calls it, the argument a pointer to the context of that program type (libbpf: bpf_program_fixup_func_info).
 */
export class ArgCtx {
  readonly #btf: BtfTypes;
  readonly #tagged: readonly { readonly func: number; readonly argument: number }[];
  #editor: BtfEditor | undefined;

  constructor(btf: BtfTypes) {
    this.#btf = btf;
    this.#tagged = [...taggedArguments(btf)];
  }

  /** The object's BTF with the types that were added. */
  get btf(): BtfTypes {
    return this.#editor ? Btf.parse(this.#editor.result) : this.#btf;
  }

  /** The func info of a linked program, pointing to clones where there are some. */
  apply({ type = 0 }: ProgramSpec, funcInfo: InfoRecords): InfoRecords {
    const context = contexts[type];
    if (context === undefined || this.#tagged.length === 0) return funcInfo;
    const bytes = funcInfo.bytes.slice();
    const view = new DataView(bytes.buffer);
    const clones = new Map<number, number>();
    let pointer: number | undefined;
    for (let record = 0; record < funcInfo.count; record++) {
      const at = record * funcInfo.recordSize + 4;
      const func = view.getUint32(at, hostEndian === 'little');
      for (const { argument } of this.#tagged.filter(tag => tag.func === func)) {
        if (!needsContext(this.#btf, protoOf(this.#btf, func), argument, type, context)) continue;
        this.#editor ??= new BtfEditor(this.#btf);
        pointer ??= addPointer(this.#editor, context);
        const clone = clones.get(func) ?? addClone(this.#editor, this.#btf, func);
        clones.set(func, clone);
        view.setUint32(at, clone, hostEndian === 'little');
        setArgument(this.#editor, clone, argument, pointer);
      }
    }
    return { ...funcInfo, bytes };
  }
}

function* taggedArguments(btf: BtfTypes) {
  for (let id = btf.startId; id < btf.endId; id++) {
    const tag = btf.type(id);
    if (tag.kind !== 'decl_tag' || tag.name !== tagName) continue;
    const func = btf.type(tag.type);
    if (func.kind !== 'func' || func.linkage !== 'global') continue;
    const proto = btf.type(func.type);
    if (proto.kind === 'func_proto' && tag.componentIdx >= 0 && tag.componentIdx < proto.params.length)
      yield { func: func.id, argument: tag.componentIdx };
  }
}

function protoOf(btf: BtfTypes, func: number): BtfFuncProto {
  const { type } = btf.type(func) as { type: number };
  return btf.type(type) as BtfFuncProto;
}

/** Whether an argument is declared as something that stands for the context, but not as the kernel wants it. */
function needsContext(
  btf: BtfTypes,
  { params }: BtfFuncProto,
  argument: number,
  progType: number,
  context: string,
): boolean {
  const pointer = btf.resolved(params[argument]?.type ?? 0);
  if (pointer.kind !== 'ptr') return false;
  const perf = progType === BpfProgType.BPF_PROG_TYPE_PERF_EVENT;
  const kprobe = progType === BpfProgType.BPF_PROG_TYPE_KPROBE;
  let declared = btf.type(pointer.type);
  while (declared.kind === 'const' || declared.kind === 'volatile' || declared.kind === 'restrict')
    declared = btf.type(declared.type);
  if ((perf || kprobe) && declared.kind === 'typedef' && declared.name === 'bpf_user_pt_regs_t') return false;
  const type = btf.resolved(declared.id);
  if (type.kind === 'void') return true;
  if (type.kind === 'struct') {
    if (kprobe) return type.name === 'pt_regs';
    return perf && registers.includes(type.name);
  }
  const rawTracepoint = context === 'bpf_raw_tracepoint_args';
  return rawTracepoint && type.kind === 'int' && type.size === 8;
}

function addPointer(editor: BtfEditor, context: string): number {
  const struct = editor.addType([editor.addString(context), btfKind.struct << 24, 0]);
  return editor.addType([0, btfKind.ptr << 24, struct]);
}

const globalLinkage = 1;

function addClone(editor: BtfEditor, btf: BtfTypes, func: number): number {
  const proto = protoOf(btf, func);
  const params = proto.params.flatMap((param, index) => [editor.extra(proto.id, index * 2), param.type]);
  const cloned = editor.addType([0, (btfKind.func_proto << 24) | proto.params.length, proto.type, ...params]);
  return editor.addType([editor.nameOf(func), (btfKind.func << 24) | globalLinkage, cloned]);
}

function setArgument(editor: BtfEditor, clone: number, argument: number, type: number): void {
  // A clone's prototype is the type added before it.
  editor.setExtra(clone - 1, argument * 2 + 1, type);
  const tag = editor.addString(tagName);
  editor.addType([tag, btfKind.decl_tag << 24, clone, argument]);
}
