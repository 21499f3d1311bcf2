import { closeSync, existsSync, openSync } from 'node:fs';
import { type Cause, UnsupportedFeatureError } from '../../../kernel/index.js';
import { Errno } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';
import { binaryPath } from './binary-path.js';
import { functionOffset } from './function-place.js';
import { type AttachMode, linkPerfEvent, type PerfEventUse } from './open-perf-event.js';
import { addProbeEvent } from './probe-event.js';
import { probePmu } from './probe-pmu.js';
import { explainUprobe } from './uprobe-explain.js';
import { withUserElf } from './user-binary.js';

/** A function, or any instruction, of a program or library in user space. */
export interface UprobeTarget {
  readonly kind: 'uprobe';
  /** A path, or the name of a library or program that is looked up as the loader or the shell does: `libc`, `libc.so.6`, `node`. */
  readonly binary: string;
  /** The function, with its version where it has several: `malloc`, `memcpy@GLIBC_2.14`. */
  readonly symbol?: string;
  /** Bytes into the function; without a symbol, from the start of the file. Default 0. */
  readonly offset?: number;
  /** Run when the function returns. */
  readonly retprobe?: boolean;
  /** Only in this process, all its threads; default in all. */
  readonly pid?: number;
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15. */
  readonly cookie?: bigint;
  /** Where in the file a counter (a USDT semaphore) lies that is raised for as long as this is attached. Linux 4.20. */
  readonly refCtrOffset?: number;
  /** Insists on one way of attaching. Default: the first of `link`, `perf`, `legacy` that the kernel has. */
  readonly mode?: AttachMode;
}

/** Where a uprobe goes. */
export interface UprobePlace {
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** For messages, e.g. `/lib/libc.so.6:malloc`. */
  readonly name: string;
  readonly retprobe: boolean;
  readonly pid: number | undefined;
  readonly cookie: bigint;
  readonly refCtrOffset: number;
  readonly mode?: AttachMode | undefined;
}

/**
 * Attaches to a place of a program or library. Throws UserBinaryError when the file or the function is not there, BpfError when the kernel refuses, TypeError
 * for numbers that cannot be.
 */
export function attachUprobe(program: Attachable, target: UprobeTarget): LinkParts {
  const { symbol, offset = 0, retprobe = false, pid, cookie = 0n, refCtrOffset = 0, mode } = target;
  checkNumbers({ offset, refCtrOffset }, pid);
  const path = binaryPath(target.binary);
  const start = symbol === undefined ? 0 : withUserElf(path, elf => functionOffset(elf, symbol));
  const plus = `0x${offset.toString(16)}`;
  const place = symbol === undefined ? plus : offset === 0 ? symbol : `${symbol}+${plus}`;
  return linkUprobe(program, {
    path,
    offset: start + offset,
    name: `${path}:${place}`,
    retprobe,
    pid,
    cookie,
    refCtrOffset,
    mode,
  });
}

/** Puts one uprobe: a perf event of the uprobe PMU (Linux 4.17; kernel/trace/trace_event_perf.c), before that one of an entry in tracefs. */
export function linkUprobe(program: Attachable, place: UprobePlace): LinkParts {
  const { path, offset, name, pid, cookie, mode, retprobe } = place;
  const use: PerfEventUse = {
    kind: 'uprobe',
    target: name,
    cookie,
    mode,
    explain: (syscall, errno) =>
      syscall === 'perf_event_open' || syscall === 'write'
        ? explainUprobe(errno, path)
        : loadedForAnother(program, errno),
  };
  const pmu = mode === 'legacy' ? undefined : probePmu('uprobe');
  if (!pmu) {
    const madeBy = addUprobeEvent(program, use, place);
    return linkPerfEvent(program, { ...use, attr: madeBy.attr, pid, madeBy });
  }
  const attr = {
    type: pmu.type,
    config: (retprobe ? pmu.retprobe : 0n) | counterBits(program, place),
    uprobe_path: path,
    probe_offset: BigInt(offset),
  };
  return linkPerfEvent(program, { ...use, attr, pid });
}

/** Programs that were loaded for one link on many places are refused anywhere else (bpf_prog_attach_check_attach_type in kernel/bpf/syscall.c). */
function loadedForAnother({ spec }: Attachable, errno: number): Cause | undefined {
  if (errno !== Errno.EINVAL || spec.attachType === 0) return undefined;
  return {
    reason: `the program was loaded for section ${spec.section}`,
    advice: "Name its section uprobe or uretprobe, or attach it to { kind: 'uprobe_multi' }.",
  };
}

/** PERF_UPROBE_REF_CTR_OFFSET_SHIFT of include/linux/trace_events.h. */
const REF_CTR_SHIFT = 32n;

function counterBits(program: Attachable, { refCtrOffset, name }: UprobePlace): bigint {
  if (refCtrOffset === 0) return 0n;
  if (refCtrOffset > 0xffffffff)
    throw new TypeError(
      `refCtrOffset: ${refCtrOffset} does not fit in the 32 bits that the kernel has for it`,
    );
  if (existsSync('/sys/bus/event_source/devices/uprobe/format/ref_ctr_offset'))
    return BigInt(refCtrOffset) << REF_CTR_SHIFT;
  throw new UnsupportedFeatureError('counters of uprobes (USDT semaphores)', {
    what: `${program.file}: program ${program.name}: attach to ${name}`,
    since: '4.20',
    reason: 'the uprobe PMU has no ref_ctr_offset',
  });
}

/** An entry of tracefs, whose lines are taken apart at spaces: a path with one is given by a fd. */
function addUprobeEvent(
  program: Attachable,
  use: PerfEventUse,
  { path, offset, refCtrOffset, retprobe }: UprobePlace,
): ReturnType<typeof addProbeEvent> {
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const fd = /\s/.test(path) ? openSync(path, 'r') : undefined;
  try {
    const file = fd === undefined ? path : `/proc/self/fd/${fd}`;
    const place = `${file}:${hex(offset)}${refCtrOffset ? `(${hex(refCtrOffset)})` : ''}`;
    return addProbeEvent(program, use, { file: 'uprobe_events', retprobe, place });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Throws TypeError for offsets that are not whole and positive, and for a pid that is none. */
export function checkNumbers(offsets: Readonly<Record<string, number>>, pid: number | undefined): void {
  for (const [name, value] of Object.entries(offsets))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new TypeError(`${name}: ${value} is not a number of bytes from the start of the file`);
  if (pid !== undefined && (!Number.isInteger(pid) || pid <= 0))
    throw new TypeError(`pid: ${pid} is not the number of a process`);
}
