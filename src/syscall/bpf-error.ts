import { BpfCmd, enumName } from '../abi/index.js';
import { RawbpfError } from '../errors/index.js';
import { errnoMessage, errnoName } from './errno.js';

/** What is known of a refused call. */
export interface BpfErrorDetails {
  /** `bpf`, `perf_event_open`, `ioctl`, `mmap`, … */
  readonly syscall: string;
  /** `enum bpf_cmd`, for bpf(). */
  readonly cmd?: number;
  /** Positive errno. */
  readonly errno: number;
  /** What it was for, in words: `map start: update`. */
  readonly what?: string;
  /** The cause, where it is known, and what to do. */
  readonly hint?: string;
  /** Of a call on many elements: how many were done before the one that was refused. */
  readonly done?: number;
}

/** The kernel refused a system call. `message` is one line: what was tried, the call, the errno and, where known, the cause. */
export class BpfError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_SYSCALL';
  readonly syscall: string;
  /** `BPF_MAP_CREATE`, for bpf(). */
  readonly cmd: string | undefined;
  /** Positive. */
  readonly errno: number;
  /** e.g. `EPERM`. */
  readonly errnoName: string;
  readonly hint: string | undefined;
  /** Of a call on many elements: how many were done before the one that was refused. */
  readonly done: number | undefined;

  constructor(details: BpfErrorDetails, options?: ErrorOptions) {
    const { syscall, errno, what, hint, done } = details;
    const cmd =
      details.cmd === undefined ? undefined : (enumName(BpfCmd, details.cmd) ?? `command ${details.cmd}`);
    const call = cmd ? `${syscall}(${cmd})` : syscall;
    super(
      `${what ? `${what}: ` : ''}${call}: ${errnoName(errno)} (${errnoMessage(errno)})${hint ? `: ${hint}` : ''}${done === undefined ? '' : ` (${done} done before)`}`,
      options,
    );
    this.syscall = syscall;
    this.cmd = cmd;
    this.errno = errno;
    this.errnoName = errnoName(errno);
    this.hint = hint;
    this.done = done;
  }
}

/** rawbpf can read and plan here, but not call the kernel: not Linux, or an architecture without koffi. */
export class UnsupportedPlatformError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_PLATFORM';
}
