import { readFileSync } from 'node:fs';
import { BpfMapType } from '../../../abi/index.js';
import type { MapShape, ObjectSpec } from '../../../object/index.js';

/** Frames of a stack where the kernel does not say how many it walks. */
const usualDepth = 127;
/** Stacks that are told apart: as many as the options of most tools say. */
const usualStacks = 16384;
/** Entries of other maps whose size an object leaves to user space. */
const usualEntries = 10240;

/** Sizes for the maps whose size an object leaves to whoever loads it. */
export function mapSizes({
  maps,
}: ObjectSpec): Readonly<Record<string, Pick<MapShape, 'valueSize' | 'maxEntries'>>> {
  const settings = maps.flatMap(({ name, type, maxEntries, valueSize, internal }) => {
    if (internal) return [];
    if (type === BpfMapType.BPF_MAP_TYPE_STACK_TRACE) {
      const size = valueSize === 0 ? { valueSize: 8 * stackDepth() } : {};
      return [[name, { ...size, ...(maxEntries === 0 ? { maxEntries: usualStacks } : {}) }] as const];
    }
    return maxEntries === 0 && sized.has(type) ? [[name, { maxEntries: usualEntries }] as const] : [];
  });
  return Object.fromEntries(settings);
}

const sized = new Set<number>([
  BpfMapType.BPF_MAP_TYPE_HASH,
  BpfMapType.BPF_MAP_TYPE_LRU_HASH,
  BpfMapType.BPF_MAP_TYPE_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
]);

function stackDepth(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/perf_event_max_stack', 'utf8')) || usualDepth;
  } catch {
    return usualDepth;
  }
}
