import { BpfCmd, bpfAttr } from '../abi/index.js';
import { type AttrRecord, bpf, bpfInOut, Errno, type Sys } from '../syscall/index.js';

/** What the kernel said when it refused a program. */
export interface Refusal {
  /** Positive. */
  readonly errno: number;
  /** Empty when the kernel refused before it looked at what it was given. */
  readonly log: string;
  /** True when there was more than the log has: its beginning is missing since Linux 6.4, its end before. */
  readonly truncated: boolean;
}

/** A program that the kernel took; `log` is what was asked for by a log level. */
export interface LoadedProgram {
  readonly fd: number;
  readonly log: string | undefined;
}

/** Bits of `log_level` (include/linux/bpf_verifier.h). */
const BPF_LOG_LEVEL1 = 1;
const BPF_LOG_STATS = 4;

const firstLogSize = 0x1_0000;
/** Larger ones to try in turn: the kernel takes up to UINT_MAX >> 2 bytes (kernel/bpf/log.c), before Linux 5.2 up to UINT_MAX >> 8. */
const largerLogSizes = [0x10_0000, 0xff_ffff, 0xfff_ffff, 0x3fff_ffff];
/** Beyond this the end of a log suffices, which kernels keep that tell its size: the complaint is there. */
const longestWholeLog = 0x100_0000;

const fields = bpfAttr.prog_load[0].fields;
const trueSize = fields.find(field => field.name === 'log_true_size');
/** How much of the attr has to be sent for `log_true_size` to come back (Linux 6.4). */
const sizeWithTrueSize = trueSize ? trueSize.offset + trueSize.size : 0;

/**
 * Loads a program, without a log unless a level is asked for, because a log makes the verifier slow. When the kernel refuses, once more
 * with a log, which grows until it fits.
 */
export function loadWithLog(sys: Sys, attr: AttrRecord, level = 0): LoadedProgram | Refusal {
  if (level !== 0) return withWholeLog(sys, attr, level);
  const first = bpf(sys, BpfCmd.BPF_PROG_LOAD, attr);
  if (first >= 0) return { fd: first, log: undefined };
  const second = first === -Errno.E2BIG ? withEndOfLog(sys, attr) : withWholeLog(sys, attr, BPF_LOG_LEVEL1);
  if ('fd' in second || second.errno === Errno.EAGAIN) return second;
  return { ...second, errno: -first };
}

function withWholeLog(sys: Sys, attr: AttrRecord, level: number): LoadedProgram | Refusal {
  let log = '';
  for (let size = firstLogSize; ; ) {
    const tried = attempt(sys, attr, level, size);
    if (tried.result >= 0) return { fd: tried.result, log: tried.log };
    // A kernel that takes no buffer of this size says nothing: what it said before stands.
    if (tried.log === '' && log !== '') break;
    log = tried.log;
    if (tried.result !== -Errno.ENOSPC) return { errno: -tried.result, log, truncated: false };
    const next = nextSize(size, tried.needed);
    if (next === undefined) break;
    size = next;
  }
  const last = attempt(sys, attr, BPF_LOG_STATS, firstLogSize);
  // The log of an older kernel ends where the buffer did, before the complaint.
  const whole = log.endsWith(last.log) ? log : `${log}\n${last.log}`;
  return last.result >= 0
    ? { fd: last.result, log: whole }
    : { errno: -last.result, log: whole, truncated: true };
}

/** Undefined when a larger log is not to be had, or not worth it. */
function nextSize(size: number, needed: number): number | undefined {
  if (needed > longestWholeLog) return undefined;
  return needed > size ? needed : largerLogSizes.find(larger => larger > size);
}

/**
 * For a program with too many paths, whose log would have a line for each of a million instructions: the complaint, and what came last
 * before it, where the kernel keeps the end of a log.
 */
function withEndOfLog(sys: Sys, attr: AttrRecord): LoadedProgram | Refusal {
  const said = attempt(sys, attr, BPF_LOG_STATS, firstLogSize);
  if (said.result >= 0) return { fd: said.result, log: undefined };
  const refusal = { errno: -said.result, log: said.log, truncated: false };
  if (said.needed === 0) return { ...refusal, truncated: said.log !== '' };
  const { result, log } = attempt(sys, attr, BPF_LOG_LEVEL1, firstLogSize);
  if (result >= 0) return { fd: result, log };
  return { ...refusal, log, truncated: result === -Errno.ENOSPC };
}

/** One load; `needed` is the size of the whole log, 0 where the kernel does not tell. */
function attempt(
  sys: Sys,
  attr: AttrRecord,
  log_level: number,
  log_size: number,
): { readonly result: number; readonly log: string; readonly needed: number } {
  const buffer = new Uint8Array(log_size);
  const { result, attr: after } = bpfInOut(
    sys,
    BpfCmd.BPF_PROG_LOAD,
    { ...attr, log_level, log_size, log_buf: buffer },
    sizeWithTrueSize,
  );
  return { result, log: text(buffer), needed: Number(after['log_true_size'] ?? 0) };
}

function text(buffer: Uint8Array): string {
  const end = buffer.indexOf(0);
  return new TextDecoder().decode(end < 0 ? buffer : buffer.subarray(0, end));
}
