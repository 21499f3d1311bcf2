import { BpfProgType, enumName } from '../../abi/index.js';
import { type Cause, type Kernel, progTypeOption, versionCode } from '../../kernel/index.js';
import { Errno } from '../../syscall/index.js';
import type { TestRunOptions } from '../test-run.js';

/** A `BPF_PROG_TEST_RUN` that the kernel refused. */
export interface RefusedTestRun {
  /** Positive. */
  readonly errno: number;
  /** `enum bpf_prog_type`. */
  readonly type: number;
  readonly kernel: Kernel;
  readonly options: TestRunOptions;
}

/** ENXIO and ENODEV, which only the choice of a CPU or of a device brings. */
const [ENXIO, ENODEV] = [6, 19];

/** The kernel version in which each type of program could first be run by request; those that take packets could from 4.12. */
const runSince: Readonly<Record<number, string>> = {
  [BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR]: '5.0',
  [BpfProgType.BPF_PROG_TYPE_TRACING]: '5.7',
  [BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT]: '5.10',
  [BpfProgType.BPF_PROG_TYPE_SK_LOOKUP]: '5.14',
  [BpfProgType.BPF_PROG_TYPE_SYSCALL]: '5.14',
  [BpfProgType.BPF_PROG_TYPE_STRUCT_OPS]: '5.17',
  [BpfProgType.BPF_PROG_TYPE_NETFILTER]: '6.4',
};

const packetTypes = new Set<number>([
  BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER,
  BpfProgType.BPF_PROG_TYPE_SCHED_CLS,
  BpfProgType.BPF_PROG_TYPE_SCHED_ACT,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SKB,
  BpfProgType.BPF_PROG_TYPE_LWT_IN,
  BpfProgType.BPF_PROG_TYPE_LWT_OUT,
  BpfProgType.BPF_PROG_TYPE_LWT_XMIT,
  BpfProgType.BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BpfProgType.BPF_PROG_TYPE_XDP,
  BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR,
  BpfProgType.BPF_PROG_TYPE_NETFILTER,
]);

/** Bytes of an Ethernet header, below which no packet is taken. */
const ethernetHeader = 14;

/** Why the kernel did not run a program by request (net/bpf/test_run.c, kernel/bpf/syscall.c: bpf_prog_test_run). */
export function explainTestRun(refused: RefusedTestRun): Cause | undefined {
  const { errno, type, options } = refused;
  switch (errno) {
    case Errno.ENOTSUPP:
      return noTestRun(refused);
    case Errno.EFAULT:
      if (type !== BpfProgType.BPF_PROG_TYPE_TRACING) return undefined;
      return {
        reason: 'of tracing programs only fentry, fexit, fmod_ret and fsession can be run by request',
      };
    case Errno.EOPNOTSUPP:
      if (type !== BpfProgType.BPF_PROG_TYPE_STRUCT_OPS) return undefined;
      return { reason: 'of struct_ops programs only those of struct bpf_dummy_ops can be run by request' };
    case ENXIO:
      return { reason: `CPU ${options.cpu} is not online` };
    case ENODEV:
      return { reason: 'there is no network device with the ifindex that the context names' };
    case Errno.EINVAL:
      return tooNew(refused) ?? wrongInput(type, options);
    default:
      return undefined;
  }
}

function noTestRun({ type, kernel }: RefusedTestRun): Cause {
  const feature = `running ${typeName(type)} programs by request`;
  const since = runSince[type] ?? (packetTypes.has(type) ? '4.12' : undefined);
  if (since === undefined)
    return {
      reason: `no kernel can run ${typeName(type)} programs by request`,
      advice: 'Attach it, and cause the event.',
    };
  const isOld = versionCode(since) > kernel.versionCode;
  return {
    reason: isOld ? 'it is too old' : `it was built without ${progTypeOption(type)}`,
    missing: { feature, since },
  };
}

/** Options that older kernels refuse as any field that they do not know. */
function tooNew({ type, kernel, options }: RefusedTestRun): Cause | undefined {
  const isXdp = type === BpfProgType.BPF_PROG_TYPE_XDP;
  const used: [boolean, string, string][] = [
    [options.cpu !== undefined, 'test runs on a CPU of choice', '5.10'],
    [isXdp && options.context !== undefined, 'test runs of xdp programs with a context', '5.15'],
    [options.liveFrames === true, 'test runs with live frames', '5.18'],
    [options.checksumComplete === true, 'test runs with a computed checksum', '6.18'],
  ];
  const found = used.find(([isUsed, , since]) => isUsed && versionCode(since) > kernel.versionCode);
  return found && { reason: 'it is too old', missing: { feature: found[1], since: found[2] } };
}

function wrongInput(type: number, options: TestRunOptions): Cause | undefined {
  const { data, context, repeat, cpu, liveFrames, batchSize } = options;
  if (packetTypes.has(type)) {
    if ((data?.length ?? 0) < ethernetHeader)
      return {
        reason: `a packet has at least the ${ethernetHeader} bytes of an Ethernet header, this has ${data?.length ?? 0}`,
      };
    if (type === BpfProgType.BPF_PROG_TYPE_XDP && context !== undefined)
      return {
        reason:
          'in struct xdp_md data_meta is 0, data the bytes of metadata (a multiple of 4, at most 255) and data_end the length of all bytes',
      };
    if (cpu !== undefined) return { reason: 'only raw tracepoints can be run on a CPU of choice' };
    if (liveFrames) return { reason: 'the frame with its headroom has to fit in a page' };
    if (batchSize) return { reason: 'only live frames come in batches, of at most 256' };
    if (context !== undefined)
      return { reason: 'the context has a member set that a caller cannot choose for this type of program' };
    return undefined;
  }
  if (data !== undefined) return { reason: `${typeName(type)} programs take no packet` };
  if (repeat !== undefined) return { reason: `${typeName(type)} programs are run once` };
  return {
    reason: `the context is not what the program reads: too short, or too long for ${typeName(type)} programs`,
    advice: 'Give a context with all that the program looks at.',
  };
}

function typeName(type: number): string {
  return enumName(BpfProgType, type)?.replace('BPF_PROG_TYPE_', '').toLowerCase() ?? `type ${type}`;
}
