import { BpfCmd } from '../abi/index.js';
import { type AttrRecord, bpf, Errno, type Sys } from '../syscall/index.js';

/** What the kernel said when it refused a program. */
export interface Refusal {
  /** Positive. */
  readonly errno: number;
  /** Empty when the kernel refused before it looked at what it was given. */
  readonly log: string;
  /** True when the log is longer than the largest buffer that the kernel takes. */
  readonly truncated: boolean;
}

const firstLogSize = 64 * 1024;
/** The kernel takes up to UINT_MAX >> 2 bytes (kernel/bpf/log.c), before Linux 5.2 up to UINT_MAX >> 8. */
const largestLogSize = 0x3fff_ffff;

/**
 * Loads a program, first without a log, because asking for one makes the verifier slow. When the kernel refuses, once more with a log,
 * which grows until it fits. Returns the fd, or what the kernel said.
 */
export function loadWithLog(sys: Sys, attr: AttrRecord): number | Refusal {
  const first = bpf(sys, BpfCmd.BPF_PROG_LOAD, attr);
  if (first >= 0) return first;
  let said: Refusal = { errno: -first, log: '', truncated: false };
  for (let size = firstLogSize; ; size = Math.min(size * 4, largestLogSize)) {
    const buffer = new Uint8Array(size);
    const result = bpf(sys, BpfCmd.BPF_PROG_LOAD, {
      ...attr,
      log_level: 1,
      log_size: size,
      log_buf: buffer,
    });
    if (result >= 0) return result;
    const log = text(buffer);
    // A kernel that takes no buffer of this size says nothing: what it said before stands.
    if (log === '' && said.log !== '') return said;
    said = { errno: -first, log, truncated: result === -Errno.ENOSPC };
    if (!said.truncated || size === largestLogSize) return said;
  }
}

function text(buffer: Uint8Array): string {
  const end = buffer.indexOf(0);
  return new TextDecoder().decode(end < 0 ? buffer : buffer.subarray(0, end));
}
