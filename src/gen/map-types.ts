import { BpfMapType } from '../abi/index.js';
import { eventTypeId, type MapSpec, type ObjectSpec } from '../object/index.js';
import type { TypeWriter } from './type-writer.js';

/** What of a map its class is told: both key and value, one of them, the records, or nothing. */
type Told =
  | 'key, value'
  | 'value'
  | 'key'
  | 'index, value'
  | 'prefix, value'
  | 'cgroup, value'
  | 'events'
  | 'nothing';

const classes: Readonly<Record<number, readonly [name: string, told: Told]>> = {
  [BpfMapType.BPF_MAP_TYPE_HASH]: ['HashMap', 'key, value'],
  [BpfMapType.BPF_MAP_TYPE_ARRAY]: ['ArrayMap', 'index, value'],
  [BpfMapType.BPF_MAP_TYPE_PROG_ARRAY]: ['ProgArray', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY]: ['PerfEventArray', 'events'],
  [BpfMapType.BPF_MAP_TYPE_PERCPU_HASH]: ['PercpuHashMap', 'key, value'],
  [BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY]: ['PercpuArrayMap', 'index, value'],
  [BpfMapType.BPF_MAP_TYPE_STACK_TRACE]: ['StackTraceMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY]: ['CgroupArray', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_LRU_HASH]: ['LruHashMap', 'key, value'],
  [BpfMapType.BPF_MAP_TYPE_LRU_PERCPU_HASH]: ['LruPercpuHashMap', 'key, value'],
  [BpfMapType.BPF_MAP_TYPE_LPM_TRIE]: ['LpmTrie', 'prefix, value'],
  [BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS]: ['ArrayOfMaps', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS]: ['HashOfMaps', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_DEVMAP]: ['DevMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_SOCKMAP]: ['SockMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_CPUMAP]: ['CpuMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_XSKMAP]: ['XskMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_SOCKHASH]: ['SockHash', 'key'],
  [BpfMapType.BPF_MAP_TYPE_CGROUP_STORAGE]: ['CgroupStorage', 'cgroup, value'],
  [BpfMapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY]: ['ReuseportSockArray', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]: ['PercpuCgroupStorage', 'cgroup, value'],
  [BpfMapType.BPF_MAP_TYPE_QUEUE]: ['QueueMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_STACK]: ['StackMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_SK_STORAGE]: ['SkStorage', 'value'],
  [BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH]: ['DevMapHash', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_STRUCT_OPS]: ['StructOpsMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_RINGBUF]: ['RingBuf', 'events'],
  [BpfMapType.BPF_MAP_TYPE_INODE_STORAGE]: ['InodeStorage', 'value'],
  [BpfMapType.BPF_MAP_TYPE_TASK_STORAGE]: ['TaskStorage', 'value'],
  [BpfMapType.BPF_MAP_TYPE_BLOOM_FILTER]: ['BloomFilter', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_USER_RINGBUF]: ['UserRingBuf', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE]: ['CgrpStorage', 'value'],
  [BpfMapType.BPF_MAP_TYPE_ARENA]: ['ArenaMap', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_INSN_ARRAY]: ['InsnArray', 'nothing'],
  [BpfMapType.BPF_MAP_TYPE_RHASH]: ['RhashMap', 'key, value'],
};

/** The classes of rawbpf's maps. */
export const mapClasses: readonly string[] = ['BpfMap', ...Object.values(classes).map(([name]) => name)];

export interface MapType {
  readonly name: string;
  /** As source: `HashMap<number, args_t>`. */
  readonly type: string;
  /** The names that the source needs of rawbpf. */
  readonly imports: readonly string[];
  /** What the records of a buffer are, as source, where that is known. */
  readonly event: string | undefined;
}

/** What the handle of a map of an object is, once loaded. */
export function mapType(spec: ObjectSpec, map: MapSpec, types: TypeWriter | undefined): MapType {
  const [className, told] = classes[map.type] ?? ['BpfMap', 'nothing'];
  const element = (id: number, size: number): string =>
    types && id && spec.btf?.sizeOf(id) === size ? types.type(id) : 'Uint8Array';
  const value = () => element(map.valueTypeId, map.valueSize);
  const made = (type: string, imports: readonly string[] = [], event?: string): MapType => ({
    name: map.name,
    type,
    imports: [className, ...imports],
    event,
  });
  switch (told) {
    case 'key, value':
      return made(`${className}<${element(map.keyTypeId, map.keySize)}, ${value()}>`);
    case 'index, value':
      return made(
        `${className}<${map.keyTypeId ? element(map.keyTypeId, map.keySize) : 'number'}, ${value()}>`,
      );
    case 'prefix, value':
      return isAddress(spec, map)
        ? made(`${className}<string, ${value()}>`)
        : made(
            `${className}<${prefix(spec, map, element)}, ${value()}>`,
            isStruct(spec, map) ? [] : ['LpmPrefix'],
          );
    case 'cgroup, value':
      return made(`${className}<CgroupStorageKey | bigint | string, ${value()}>`, ['CgroupStorageKey']);
    case 'value':
      return made(`${className}<${value()}>`);
    case 'key':
      return made(`${className}<${element(map.keyTypeId, map.keySize)}>`);
    case 'events': {
      const id = eventTypeId(spec, map);
      const event = id === undefined || !types ? 'Uint8Array' : types.type(id);
      return made(`Events<${className}, ${event}>`, ['EventCallback', 'EventReader'], event);
    }
    default:
      return made(className);
  }
}

/** Bytes of `prefixlen`, which every key of a trie begins with. */
const prefixSize = 4;

/** Keys that are read and written as `10.0.0.0/8`. */
function isAddress(spec: ObjectSpec, map: MapSpec): boolean {
  return !isStruct(spec, map) && [4, 16].includes(map.keySize - prefixSize);
}

/** Keys of more than a prefix are structs like any other. */
function isStruct({ btf }: ObjectSpec, { keyTypeId, keySize }: MapSpec): boolean {
  if (!btf || !keyTypeId || btf.sizeOf(keyTypeId) !== keySize) return false;
  const type = btf.resolved(keyTypeId);
  return type.kind === 'struct' && type.members.filter(m => m.bitOffset >= 8 * prefixSize).length > 1;
}

function prefix(spec: ObjectSpec, map: MapSpec, element: (id: number, size: number) => string): string {
  return isStruct(spec, map) ? element(map.keyTypeId, map.keySize) : 'LpmPrefix';
}
