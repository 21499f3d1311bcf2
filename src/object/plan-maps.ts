import { BpfCmd, BpfFlags, BpfMapType } from '../abi/index.js';
import type { KernelView } from './kernel-view.js';
import { mapBtf } from './map-btf.js';
import type { PlanStep, PlanValue } from './plan-types.js';
import type { MapSpec, ObjectSpec } from './types.js';

const {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_USER_RINGBUF,
} = BpfMapType;

/** Key of the only element of a data map. */
const firstKey = new Uint8Array(4);

/** The calls that make one map and fill it, but for elements that are maps or programs. */
export function planMap(
  spec: ObjectSpec,
  map: MapSpec,
  bytes: Uint8Array | undefined,
  kernel: KernelView,
): PlanStep[] {
  const steps: PlanStep[] = [];
  if (map.inner) steps.push(create(spec, map.inner, kernel));
  steps.push(create(spec, map, kernel));
  const { internal } = map;
  if (bytes) steps.push(update(map.name, firstKey, bytes, `initial value of ${map.name}`));
  if (internal?.kind === 'rodata')
    steps.push({
      cmd: BpfCmd.BPF_MAP_FREEZE,
      attr: { map_fd: mapFd(map.name) },
      makes: undefined,
      what: `freeze ${map.name}`,
      onError: 'fail',
    });
  return steps;
}

/** The calls that fill the slots that a map of maps declares. */
export function planInnerMaps(map: MapSpec): PlanStep[] {
  if (map.type === BPF_MAP_TYPE_PROG_ARRAY) return [];
  return map.values.map(({ index, ref }) =>
    update(map.name, slotKey(index), { pointsTo: mapFd(ref) }, `map ${ref} into ${map.name}[${index}]`),
  );
}

/** The calls that fill the slots that a prog array declares. Programs that are not loaded are left out. */
export function planProgArray(map: MapSpec, loaded: ReadonlySet<string>): PlanStep[] {
  if (map.type !== BPF_MAP_TYPE_PROG_ARRAY) return [];
  return map.values
    .filter(({ ref }) => loaded.has(ref))
    .map(({ index, ref }) =>
      update(
        map.name,
        slotKey(index),
        { pointsTo: { fd: `prog:${ref}` } },
        `program ${ref} into ${map.name}[${index}]`,
      ),
    );
}

export function mapFd(name: string) {
  return { fd: `map:${name}` };
}

function create(spec: ObjectSpec, map: MapSpec, kernel: KernelView): PlanStep {
  const mmapable = !map.internal || kernel.has('mmapable_array');
  return {
    cmd: BpfCmd.BPF_MAP_CREATE,
    attr: {
      map_type: map.type,
      key_size: map.keySize,
      value_size: map.valueSize,
      max_entries: maxEntries(map, kernel),
      map_flags: mmapable ? map.flags : map.flags & ~BpfFlags.BPF_F_MMAPABLE,
      ...(map.inner ? { inner_map_fd: mapFd(map.inner.name) } : {}),
      ...(map.numaNode === undefined ? {} : { numa_node: map.numaNode }),
      ...(kernel.has('prog_name') ? { map_name: map.kernelName } : {}),
      ...(spec.btf && kernel.has('btf') ? mapBtf(spec.btf, map) : {}),
      ...(map.mapExtra === 0n ? {} : { map_extra: map.mapExtra }),
    },
    makes: `map:${map.name}`,
    what: `map ${map.name}`,
    onError: 'fail',
  };
}

function maxEntries(map: MapSpec, kernel: KernelView): number {
  if (map.type === BPF_MAP_TYPE_PERF_EVENT_ARRAY) return map.maxEntries || kernel.possibleCpus;
  if (map.type === BPF_MAP_TYPE_RINGBUF || map.type === BPF_MAP_TYPE_USER_RINGBUF)
    return ringSize(map.maxEntries, kernel.pageSize ?? 4096);
  return map.maxEntries;
}

/** The kernel wants a power of two of pages; zero is left for it to refuse (libbpf: adjust_ringbuf_sz). */
function ringSize(bytes: number, pageSize: number): number {
  if (bytes === 0) return 0;
  let size = pageSize;
  while (size < bytes) size *= 2;
  return size < 2 ** 32 ? size : bytes;
}

function update(map: string, key: Uint8Array, value: PlanValue, what: string): PlanStep {
  return {
    cmd: BpfCmd.BPF_MAP_UPDATE_ELEM,
    attr: { map_fd: mapFd(map), key, value, flags: BpfFlags.BPF_ANY },
    makes: undefined,
    what,
    onError: 'fail',
  };
}

function slotKey(index: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(index).buffer);
}
