import { readFileSync } from 'node:fs';
import { UnsupportedFeatureError } from '../../kernel/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';
import { linkPerfEvent } from './open-perf-event.js';

/** A kernel function, by its symbol. */
export interface KprobeTarget {
  readonly kind: 'kprobe';
  readonly symbol: string;
  /** Bytes into the function, at an instruction's start. Default 0. */
  readonly offset?: number;
  /** Run when the function returns, not when it is called. */
  readonly retprobe?: boolean;
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15. */
  readonly cookie?: bigint;
}

const pmu = '/sys/bus/event_source/devices/kprobe';

/**
 * Attaches to a kernel function: a perf event of the kprobe PMU (Linux 4.17; kernel/trace/trace_event_perf.c).
 * The kernel needs CONFIG_KPROBE_EVENTS, and the function must not be inlined or `notrace`.
 */
export function attachKprobe(program: Attachable, target: KprobeTarget): LinkParts {
  const { symbol, retprobe = false, offset = 0, cookie = 0n } = target;
  const attr = {
    type: pmuNumber(program, 'type', /^(\d+)$/),
    config: retprobe ? 1n << BigInt(pmuNumber(program, 'format/retprobe', /^config:(\d+)$/)) : 0n,
    kprobe_func: symbol,
    probe_offset: BigInt(offset),
  };
  const name = offset === 0 ? symbol : `${symbol}+0x${offset.toString(16)}`;
  return linkPerfEvent(program, { kind: 'kprobe', target: name, attr, cookie });
}

/** A number that the kprobe PMU publishes in sysfs. */
function pmuNumber(program: Attachable, file: string, pattern: RegExp): number {
  let text: string;
  try {
    text = readFileSync(`${pmu}/${file}`, 'utf8').trim();
  } catch (cause) {
    throw new UnsupportedFeatureError('kprobes', {
      what: `${program.file}: program ${program.name}`,
      since: '4.17',
      reason: `${pmu}/${file} is not there: the kernel was built without CONFIG_KPROBE_EVENTS`,
      advice: 'Attach to a tracepoint instead.',
      cause,
    });
  }
  const number = pattern.exec(text)?.[1];
  if (number === undefined)
    throw new UnsupportedFeatureError('kprobes', {
      what: `${program.file}: program ${program.name}`,
      reason: `${pmu}/${file} reads ${JSON.stringify(text)}`,
    });
  return Number(number);
}
