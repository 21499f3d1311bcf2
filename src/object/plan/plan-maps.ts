import { BpfCmd, BpfFlags, BpfMapType } from '../../abi/index.js';
import { arenaSection, arenaSize } from '../arena.js';
import { mapBtf } from '../map-btf.js';
import { ObjectError } from '../object-error.js';
import { isRing, ringSize } from '../ring-size.js';
import type { MapSpec, ObjectSpec } from '../types.js';
import type { KernelView } from './kernel-view.js';
import type { MapSettings } from './map-settings.js';
import type { StructOps } from './plan-struct-ops.js';
import type { PlanStep, PlanValue } from './plan-types.js';

const { BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PROG_ARRAY } = BpfMapType;

/** Key of the only element of a data map. */
const firstKey = new Uint8Array(4);

/** What the maps of an object are on one kernel. */
export interface MapsTarget {
  readonly kernel: KernelView;
  /** Bytes to fill data maps and the arena with, by section. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
  readonly structOps: StructOps;
  readonly arenaDataOffset: number;
  /** Folder of pinned maps, or false to pin none. */
  readonly pinRoot: string | false;
  /** How single maps are loaded, by name. */
  readonly settings: Readonly<Record<string, MapSettings>>;
  /** Names of maps that are not to be created. */
  readonly absent: ReadonlySet<string>;
  /** Hashes of the programs that maps are exclusive to, by the map's name. */
  readonly exclusive: ReadonlyMap<string, Uint8Array>;
}

/** The calls that make one map and fill it, but for elements that are maps or programs. */
export function planMap(spec: ObjectSpec, map: MapSpec, target: MapsTarget): PlanStep[] {
  if (target.settings[map.name]?.reuse) return [];
  const steps = [...createWithInner(spec, map, target), ...fill(map, target)];
  const path = pinPath(map, target);
  return path === undefined ? steps : planPinned(map, target, path, steps);
}

function fill(map: MapSpec, target: MapsTarget): PlanStep[] {
  const steps: PlanStep[] = [];
  const { internal } = map;
  const bytes = target.bytes.get(map.name);
  if (bytes) steps.push(update(map.name, firstKey, bytes, `initial value of ${map.name}`));
  if (internal?.kind === 'rodata' || internal?.kind === 'kconfig')
    steps.push({
      cmd: BpfCmd.BPF_MAP_FREEZE,
      attr: { map_fd: mapFd(map.name) },
      makes: undefined,
      what: `freeze ${map.name}`,
      onError: 'fail',
    });
  return steps;
}

function createWithInner(spec: ObjectSpec, map: MapSpec, target: MapsTarget): PlanStep[] {
  const step = create(spec, map, target);
  return map.inner ? [create(spec, map.inner, target), step] : [step];
}

function pinPath(map: MapSpec, { pinRoot, settings }: MapsTarget): string | undefined {
  const { pin } = settings[map.name] ?? {};
  if (pin !== undefined) return pin || undefined;
  return map.pinning === 'by_name' && pinRoot !== false ? `${pinRoot}/${map.name}` : undefined;
}

/** A pinned map is shared by all who load it: it is taken from its pin, or made and pinned (libbpf: bpf_object__reuse_map). */
function planPinned(map: MapSpec, target: MapsTarget, path: string, steps: PlanStep[]): PlanStep[] {
  const fd = mapFd(map.name);
  const mmap = steps.find(step => step.makes === fd.fd)?.mmap;
  const sized: MapSpec = { ...map, maxEntries: maxEntries(map, target.kernel) };
  return [
    {
      cmd: BpfCmd.BPF_OBJ_GET,
      attr: { pathname: path },
      makes: fd.fd,
      what: `map ${map.name} pinned at ${path}`,
      onError: 'absent',
      reuses: sized,
      // An arena that is there has its variables, too.
      ...(mmap ? { mmap: { ...mmap, bytes: new Uint8Array(0) } } : {}),
    },
    ...steps.map(step => ({ ...step, unlessReused: fd.fd })),
    {
      cmd: BpfCmd.BPF_OBJ_PIN,
      attr: { pathname: path, bpf_fd: fd },
      makes: undefined,
      what: `pin ${map.name} at ${path}`,
      onError: 'fail',
      unlessReused: fd.fd,
    },
  ];
}

/** The calls that fill the slots that a map of maps declares. */
export function planInnerMaps(spec: ObjectSpec, map: MapSpec, target: MapsTarget): PlanStep[] {
  if (map.type === BPF_MAP_TYPE_PROG_ARRAY || target.settings[map.name]?.reuse) return [];
  const pinned = pinPath(map, target) !== undefined;
  return map.values.map(({ index, ref }) => {
    if (target.absent.has(ref))
      throw new ObjectError(
        spec.file,
        `map ${map.name}`,
        `has map ${ref} at ${index}, which is not to be created`,
      );
    return {
      ...update(map.name, slotKey(index), { pointsTo: mapFd(ref) }, `map ${ref} into ${map.name}[${index}]`),
      ...(pinned ? { unlessReused: `map:${map.name}` } : {}),
    };
  });
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

function create(
  spec: ObjectSpec,
  map: MapSpec,
  { kernel, bytes, structOps, arenaDataOffset, exclusive }: MapsTarget,
): PlanStep {
  const ops = structOps.maps.get(map.name);
  const hash = exclusive.get(map.name);
  const mmapable = !map.internal || kernel.has('mmapable_array');
  return {
    cmd: BpfCmd.BPF_MAP_CREATE,
    attr: {
      map_type: map.type,
      key_size: map.keySize,
      value_size: ops ? ops.value.bytes.length : map.valueSize,
      max_entries: maxEntries(map, kernel),
      map_flags:
        (mmapable ? map.flags : map.flags & ~BpfFlags.BPF_F_MMAPABLE) |
        (ops?.module ? BpfFlags.BPF_F_VTYPE_BTF_OBJ_FD : 0),
      ...(map.inner ? { inner_map_fd: mapFd(map.inner.name) } : {}),
      ...(map.numaNode === undefined ? {} : { numa_node: map.numaNode }),
      ...(kernel.has('prog_name') ? { map_name: map.kernelName } : {}),
      ...(spec.btf && kernel.has('btf') ? mapBtf(spec.btf, map, kernel) : {}),
      ...(map.mapExtra === 0n ? {} : { map_extra: map.mapExtra }),
      ...(hash ? { excl_prog_hash: hash, excl_prog_hash_size: hash.length } : {}),
      ...(ops ? { btf_vmlinux_value_type_id: ops.valueTypeId } : {}),
      ...(ops?.module ? { value_type_btf_obj_fd: { fd: `btf:${ops.module.name}` } } : {}),
    },
    makes: `map:${map.name}`,
    what: `map ${map.name}`,
    onError: 'fail',
    ...(map.type === BPF_MAP_TYPE_ARENA
      ? {
          mmap: {
            address: map.mapExtra,
            length: arenaSize(map, kernel),
            offset: arenaDataOffset,
            bytes: (spec.arena?.map === map.name && bytes.get(arenaSection)) || new Uint8Array(0),
          },
        }
      : {}),
  };
}

function maxEntries(map: MapSpec, kernel: KernelView): number {
  if (map.type === BPF_MAP_TYPE_PERF_EVENT_ARRAY) return map.maxEntries || kernel.possibleCpus;
  if (isRing(map.type)) return ringSize(map.maxEntries, kernel.pageSize ?? 4096);
  return map.maxEntries;
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
