import { BpfCmd, BpfProgType } from '../abi/index.js';
import type { BtfValue } from '../btf/index.js';
import { errorFor } from '../kernel/index.js';
import { bpfInOut, Errno } from '../syscall/index.js';
import { explainTestRun } from './explain/explain-test-run.js';
import {
  type ContextOwner,
  type EncodedContext,
  encodeContext,
  type TestRunContext,
} from './test-run-context.js';

export interface TestRunOptions {
  /** The packet, with its Ethernet header: 14 bytes or more. For programs that take packets. */
  readonly data?: Uint8Array;
  /**
   * The program's context: bytes, or the members of its struct: `struct __sk_buff`, `xdp_md` (5.15), `bpf_sk_lookup` (5.14), `bpf_flow_keys`, `nf_hook_state`
   * (6.4), what a syscall program declares (5.14); for raw tracepoints and struct_ops a list of arguments. Only given contexts are returned.
   */
  readonly context?: TestRunContext;
  /** How often to run it. Default 1. Only for programs that take packets and for sk_lookup. */
  readonly repeat?: number;
  /** The CPU to run on; raw tracepoints only. Linux 5.10. */
  readonly cpu?: number;
  /** The frames go where the XDP program sends them: XDP_PASS into the network stack, XDP_TX and XDP_REDIRECT out. Linux 5.18. */
  readonly liveFrames?: boolean;
  /** Live frames in one go, at most 256. Default 64. Linux 5.18. */
  readonly batchSize?: number;
  /** Gives the socket buffer a computed checksum (CHECKSUM_COMPLETE). Linux 6.18. */
  readonly checksumComplete?: boolean;
}

export interface TestRunResult<Context = BtfValue | Uint8Array> {
  /** What the program returned: 32 bits, unsigned. */
  readonly returnValue: number;
  /** Nanoseconds of a run, on average; 0 where the kernel does not measure. */
  readonly durationNs: number;
  /** The packet as the program left it; of a flow dissector, `struct bpf_flow_keys`. Empty when no packet was given, and for live frames. */
  readonly data: Uint8Array;
  /** The context as the program left it, where one was given and the kernel returns it; in the form in which it was given. */
  readonly context: Context | undefined;
}

export interface RunnableProgram extends ContextOwner {
  readonly fd: number;
}

const BPF_F_TEST_RUN_ON_CPU = 1 << 0;
const BPF_F_TEST_XDP_LIVE_FRAMES = 1 << 1;
const BPF_F_TEST_SKB_CHECKSUM_COMPLETE = 1 << 2;

/** Room for what a program puts in front of a packet or behind it, so that it need not be run again. */
const growth = 1024;

/** Types whose context the kernel takes, but does not return; those of syscall programs it writes to where they came from. */
const keepContext = new Set<number | undefined>([
  BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT,
  BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BpfProgType.BPF_PROG_TYPE_STRUCT_OPS,
  BpfProgType.BPF_PROG_TYPE_SYSCALL,
]);

interface Buffers {
  readonly data: Uint8Array;
  readonly context: Uint8Array;
}

/**
 * Runs a program once, or `repeat` times, on what it is given (BPF_PROG_TEST_RUN). A packet that grows by more than 1 KiB makes the kernel run it again, into a
 * larger buffer. Throws TypeError for a context that does not fit, UnsupportedFeatureError or BpfError when the kernel refuses.
 */
export function testRun(program: RunnableProgram, options: TestRunOptions): TestRunResult {
  const { data } = options;
  const context = options.context && encodeContext(program, options.context, data?.length ?? 0);
  const returnsData = data !== undefined && !options.liveFrames;
  const returnsContext = context !== undefined && !options.liveFrames && !keepContext.has(program.spec.type);
  let size = {
    data: returnsData ? data.length + growth : 0,
    context: returnsContext ? context.bytes.length : 0,
  };
  for (;;) {
    const out = { data: new Uint8Array(size.data), context: new Uint8Array(size.context) };
    const { result, attr } = run(program, options, context, out);
    const needed = { data: Number(attr['data_size_out']), context: Number(attr['ctx_size_out']) };
    const mayGrow = needed.data > size.data || needed.context > size.context;
    if (result === -Errno.ENOSPC && mayGrow && returnsData) {
      size = { data: Math.max(size.data, needed.data), context: Math.max(size.context, needed.context) };
      continue;
    }
    if (result < 0) throw refused(program, options, -result);
    return {
      returnValue: Number(attr['retval']),
      durationNs: Number(attr['duration']),
      data: out.data.slice(0, needed.data),
      context: returned(program, context, out.context.subarray(0, needed.context)),
    };
  }
}

function run(
  { kernel, fd }: RunnableProgram,
  options: TestRunOptions,
  context: EncodedContext | undefined,
  out: Buffers,
): ReturnType<typeof bpfInOut> {
  const { data, repeat, cpu, batchSize, liveFrames, checksumComplete } = options;
  const flags =
    (cpu === undefined ? 0 : BPF_F_TEST_RUN_ON_CPU) |
    (liveFrames ? BPF_F_TEST_XDP_LIVE_FRAMES : 0) |
    (checksumComplete ? BPF_F_TEST_SKB_CHECKSUM_COMPLETE : 0);
  return bpfInOut(kernel.sys, BpfCmd.BPF_PROG_TEST_RUN, {
    prog_fd: fd,
    ...(data ? { data_in: data, data_size_in: data.length } : {}),
    ...(out.data.length > 0 ? { data_out: out.data, data_size_out: out.data.length } : {}),
    ...(context ? { ctx_in: context.bytes, ctx_size_in: context.bytes.length } : {}),
    ...(out.context.length > 0 ? { ctx_out: out.context, ctx_size_out: out.context.length } : {}),
    ...(repeat === undefined ? {} : { repeat }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(flags ? { flags } : {}),
    ...(batchSize === undefined ? {} : { batch_size: batchSize }),
  });
}

function returned(
  { spec }: RunnableProgram,
  context: EncodedContext | undefined,
  out: Uint8Array,
): BtfValue | Uint8Array | undefined {
  if (!context) return undefined;
  if (spec.type === BpfProgType.BPF_PROG_TYPE_SYSCALL) return context.decode(context.bytes);
  return keepContext.has(spec.type) || out.length === 0 ? undefined : context.decode(out);
}

function refused({ kernel, spec, what }: RunnableProgram, options: TestRunOptions, errno: number): Error {
  const cause = explainTestRun({ errno, type: spec.type ?? 0, kernel, options });
  return errorFor(cause, { syscall: 'bpf', cmd: BpfCmd.BPF_PROG_TEST_RUN, errno, what: `${what}: test run` });
}
