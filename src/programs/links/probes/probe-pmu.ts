import { readFileSync } from 'node:fs';
import { UnsupportedFeatureError } from '../../../kernel/index.js';

/** How perf_event_open(2) makes kprobes or uprobes: a PMU each (Linux 4.17; kernel/events/core.c: perf_kprobe, perf_uprobe). */
export interface ProbePmu {
  /** `perf_event_attr.type`. */
  readonly type: number;
  /** `perf_event_attr.config` of a probe that runs when the function returns. */
  readonly retprobe: bigint;
}

const folder = '/sys/bus/event_source/devices';

/** The PMU by what it publishes in sysfs; undefined where the kernel has none. Throws UnsupportedFeatureError when sysfs has it in a form that is not known. */
export function probePmu(name: 'kprobe' | 'uprobe'): ProbePmu | undefined {
  const type = number(name, 'type', /^(\d+)$/);
  if (type === undefined) return undefined;
  return { type, retprobe: 1n << BigInt(number(name, 'format/retprobe', /^config:(\d+)$/) ?? 0) };
}

function number(name: string, file: string, pattern: RegExp): number | undefined {
  const path = `${folder}/${name}/${file}`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
  const found = pattern.exec(text)?.[1];
  if (found === undefined)
    throw new UnsupportedFeatureError(`${name}s by perf_event_open(2)`, {
      what: path,
      reason: `it reads ${JSON.stringify(text)}`,
    });
  return Number(found);
}
