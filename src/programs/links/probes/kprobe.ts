import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tracefsPath, UnsupportedFeatureError } from '../../../kernel/index.js';
import type { Attachable } from '../attachable.js';
import type { LinkKind, LinkParts } from '../link.js';
import { explainKprobe, kprobesOff } from './kprobe-explain.js';
import { type AttachMode, linkPerfEvent } from './open-perf-event.js';
import { addProbeEvent } from './probe-event.js';
import { probePmu } from './probe-pmu.js';

/** A kernel function by its symbol, or any of its instructions. */
export interface KprobeTarget {
  readonly kind: 'kprobe';
  /** The function, or `MODULE:FUNCTION`. */
  readonly symbol?: string;
  /** Instead of a symbol: where in the kernel, as `/proc/kallsyms` has it; the way to a function whose name others have, too. Linux 4.17. */
  readonly address?: bigint;
  /** Bytes into the function, at an instruction's start. Default 0. */
  readonly offset?: number;
  /** Run when the function returns, not when it is called. */
  readonly retprobe?: boolean;
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15. */
  readonly cookie?: bigint;
  /** Insists on one way of attaching. Default: the first of `link`, `perf`, `legacy` that the kernel has. */
  readonly mode?: AttachMode;
}

/**
 * Attaches to a kernel function: a perf event of the kprobe PMU (Linux 4.17; kernel/trace/trace_event_perf.c), before that one of an entry in tracefs. The kernel
 * needs CONFIG_KPROBE_EVENTS, and the function must not be inlined or `notrace`. Throws UnsupportedFeatureError, or BpfError that says why the function cannot be probed.
 */
export function attachKprobe(
  program: Attachable,
  target: KprobeTarget,
  kind: LinkKind = 'kprobe',
): LinkParts {
  const { symbol, address, offset = 0, retprobe = false, cookie, mode } = target;
  if ((symbol === undefined) === (address === undefined))
    throw new TypeError('kprobe: give the symbol or the address');
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new TypeError(`kprobe: offset: ${offset} is no count of bytes`);
  const start = symbol ?? `0x${address!.toString(16)}`;
  const name = offset === 0 ? start : `${start}+0x${offset.toString(16)}`;
  const use = {
    kind,
    target: name,
    cookie,
    mode,
    explain: (syscall: string, errno: number) =>
      explainKprobe(program, { symbol, offset, retprobe, name }, syscall, errno),
  };
  const pmu = mode === 'legacy' ? undefined : probePmu('kprobe');
  if (pmu) {
    const place =
      symbol === undefined
        ? { kprobe_addr: address! + BigInt(offset) }
        : { kprobe_func: symbol, probe_offset: BigInt(offset) };
    const attr = { type: pmu.type, config: retprobe ? pmu.retprobe : 0n, ...place };
    return linkPerfEvent(program, { ...use, attr });
  }
  if (mode === 'link' || mode === 'perf' || !existsSync(join(tracefsPath(program.sys), 'kprobe_events')))
    throw new UnsupportedFeatureError('kprobes', {
      what: `${program.file}: program ${program.name}`,
      ...kprobesOff(program.kernel, mode),
    });
  const place = symbol === undefined ? `0x${(address! + BigInt(offset)).toString(16)}` : name;
  const madeBy = addProbeEvent(program, use, { file: 'kprobe_events', retprobe, place });
  return linkPerfEvent(program, { ...use, attr: madeBy.attr, madeBy });
}
