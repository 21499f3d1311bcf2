import { PerfHwId, PerfSwIds, PerfTypeId } from '../../../abi/index.js';

/** `type` and `config` of `struct perf_event_attr`. */
export interface NamedEvent {
  readonly type: number;
  readonly config: bigint;
}

/** Names as `perf list` has them. */
const software = {
  'cpu-clock': PerfSwIds.PERF_COUNT_SW_CPU_CLOCK,
  'task-clock': PerfSwIds.PERF_COUNT_SW_TASK_CLOCK,
  'page-faults': PerfSwIds.PERF_COUNT_SW_PAGE_FAULTS,
  'context-switches': PerfSwIds.PERF_COUNT_SW_CONTEXT_SWITCHES,
  'cpu-migrations': PerfSwIds.PERF_COUNT_SW_CPU_MIGRATIONS,
  'minor-faults': PerfSwIds.PERF_COUNT_SW_PAGE_FAULTS_MIN,
  'major-faults': PerfSwIds.PERF_COUNT_SW_PAGE_FAULTS_MAJ,
  'alignment-faults': PerfSwIds.PERF_COUNT_SW_ALIGNMENT_FAULTS,
  'emulation-faults': PerfSwIds.PERF_COUNT_SW_EMULATION_FAULTS,
  /** Linux 5.13. */
  'cgroup-switches': PerfSwIds.PERF_COUNT_SW_CGROUP_SWITCHES,
} as const;

const hardware = {
  'cpu-cycles': PerfHwId.PERF_COUNT_HW_CPU_CYCLES,
  instructions: PerfHwId.PERF_COUNT_HW_INSTRUCTIONS,
  'cache-references': PerfHwId.PERF_COUNT_HW_CACHE_REFERENCES,
  'cache-misses': PerfHwId.PERF_COUNT_HW_CACHE_MISSES,
  'branch-instructions': PerfHwId.PERF_COUNT_HW_BRANCH_INSTRUCTIONS,
  'branch-misses': PerfHwId.PERF_COUNT_HW_BRANCH_MISSES,
  'bus-cycles': PerfHwId.PERF_COUNT_HW_BUS_CYCLES,
  'stalled-cycles-frontend': PerfHwId.PERF_COUNT_HW_STALLED_CYCLES_FRONTEND,
  'stalled-cycles-backend': PerfHwId.PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
  'ref-cycles': PerfHwId.PERF_COUNT_HW_REF_CPU_CYCLES,
} as const;

/** `enum perf_hw_cache_id`, `enum perf_hw_cache_op_id` and, without and with `-misses`, `enum perf_hw_cache_op_result_id`. */
const caches = ['L1-dcache', 'L1-icache', 'LLC', 'dTLB', 'iTLB', 'branch', 'node'] as const;
const operations = ['load', 'store', 'prefetch'] as const;
type CacheName = (typeof caches)[number];
type CacheOperation = `${(typeof operations)[number]}${'-misses' | ''}` | 'loads' | 'stores' | 'prefetches';

export type SoftwareEvent = keyof typeof software;
export type HardwareEvent = keyof typeof hardware;
export type CacheEvent = `${CacheName}-${CacheOperation}`;
/** `r` and the hexadecimal number of a CPU's own event, as its manual has it. */
export type RawEvent = `r${string}`;
export type PerfEventName = SoftwareEvent | HardwareEvent | CacheEvent | RawEvent | 'breakpoint';

/** What `perf_event_attr` calls an event; undefined for a name that is not known. */
export function namedEvent(name: string): NamedEvent | undefined {
  if (Object.hasOwn(software, name))
    return { type: PerfTypeId.PERF_TYPE_SOFTWARE, config: BigInt(software[name as SoftwareEvent]) };
  if (Object.hasOwn(hardware, name))
    return { type: PerfTypeId.PERF_TYPE_HARDWARE, config: BigInt(hardware[name as HardwareEvent]) };
  const raw = /^r([0-9a-f]{1,16})$/i.exec(name)?.[1];
  if (raw) return { type: PerfTypeId.PERF_TYPE_RAW, config: BigInt(`0x${raw}`) };
  const [, cache, operation, misses] = /^(.+)-(load|store|prefetch)(?:(-misses)|s|es)?$/.exec(name) ?? [];
  const id = caches.indexOf(cache as CacheName);
  if (id < 0) return undefined;
  const op = operations.indexOf(operation as (typeof operations)[number]);
  return { type: PerfTypeId.PERF_TYPE_HW_CACHE, config: BigInt(id | (op << 8) | ((misses ? 1 : 0) << 16)) };
}

const typeNames = ['hardware', 'software', 'tracepoint', 'hw-cache', 'raw', 'breakpoint'];

/** Software events that nothing is attached to by name. */
const unattached = {
  dummy: PerfSwIds.PERF_COUNT_SW_DUMMY,
  'bpf-output': PerfSwIds.PERF_COUNT_SW_BPF_OUTPUT,
} as const;

/** `type` and `config` of `struct perf_event_attr` in bpftool's words: `software`, `cpu-clock`; the numbers where there are none. */
export function eventWords({ type, config }: NamedEvent): {
  readonly type: string | number;
  readonly config: string | bigint;
} {
  return { type: typeNames[type] ?? type, config: configName(type, config) ?? config };
}

function configName(type: number, config: bigint): string | undefined {
  const nameIn = (events: Readonly<Record<string, number>>) =>
    Object.keys(events).find(name => BigInt(events[name] as number) === config);
  switch (type) {
    case PerfTypeId.PERF_TYPE_HARDWARE:
      return nameIn(hardware);
    case PerfTypeId.PERF_TYPE_SOFTWARE:
      return nameIn({ ...software, ...unattached });
    case PerfTypeId.PERF_TYPE_HW_CACHE: {
      const [cache, operation, result] = [config & 0xffn, (config >> 8n) & 0xffn, config >> 16n].map(Number);
      return [
        caches[cache as number] ?? cache,
        operations[operation as number] ?? operation,
        ['refs', 'misses'][result as number] ?? result,
      ].join('-');
    }
    default:
      return undefined;
  }
}

/** All names, for messages. */
export const eventNames: readonly string[] = [
  'breakpoint',
  ...Object.keys(software),
  ...Object.keys(hardware),
  ...caches.flatMap(cache => operations.flatMap(op => [`${cache}-${op}s`, `${cache}-${op}-misses`])),
];
