import { BpfCmd, BpfMapType } from '../../abi/index.js';
import { errorFor, Kernel, raiseMemlock } from '../../kernel/index.js';
import { type AttrRecord, bpf, liveSys, OwnedFd, type Sys } from '../../syscall/index.js';
import { type FdSource, fdOf } from '../borrowed-fd.js';
import type { BpfMap } from '../bpf-map.js';
import type { InnerMapDef, MapDef } from '../map-def.js';
import { MapError } from '../map-error.js';
import { readMapInfo } from '../map-info.js';
import { type PlannedMap, planMapCreate } from './create-attr.js';
import type { CreateMapOptions, MapTemplate } from './create-options.js';
import { mapCreateCause } from './explain-map-create.js';
import { wrapMap } from './wrap-map.js';

const mapsOfMaps: readonly number[] = [
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS,
];

/**
 * Creates a map without an object: `createMap({ type: 'hash', key: 'u32', value: 'u64', maxEntries: 1024, kind: HashMap })`. It lives until it is
 * closed, unless it is pinned or a program or another map holds it.
 *
 * Throws TypeError for a description that is no map's; UnsupportedFeatureError or BpfError, with the cause, when the kernel refuses.
 */
export function createMap<T extends BpfMap = BpfMap>({
  kind,
  sys = liveSys(),
  ...template
}: CreateMapOptions<T>): T {
  const kernel = Kernel.running(sys);
  raiseMemlock(sys, kernel);
  const { fd, def } = create(sys, kernel, template, `map ${template.name ?? `of type ${template.type}`}`);
  try {
    const map = wrapMap(sys, kernel, fd, def);
    if (kind && !(map instanceof kind))
      throw new MapError(`map ${def.name}`, `is a ${map.constructor.name}, not a ${kind.name}`);
    return map as T;
  } catch (error) {
    fd.close();
    throw error;
  }
}

interface Created {
  readonly fd: OwnedFd;
  readonly def: MapDef;
}

function create(sys: Sys, kernel: Kernel, template: MapTemplate, what: string): Created {
  const planned = planMapCreate(template, kernel, what);
  if (!mapsOfMaps.includes(Number(planned.attr['map_type']))) {
    if (template.inner !== undefined)
      throw new TypeError(`${what}: inner: only maps of maps have inner maps`);
    return { fd: request(sys, kernel, planned, {}, what), def: planned.def };
  }
  if (template.inner === undefined)
    throw new TypeError(`${what}: inner: describe its maps, or give a map like them`);
  return createOuter(sys, kernel, planned, template.inner, what);
}

function createOuter(
  sys: Sys,
  kernel: Kernel,
  planned: PlannedMap,
  inner: MapTemplate | FdSource,
  what: string,
): Created {
  const place = `inner map of ${what.replace(/^map /, '')}`;
  const made =
    typeof inner === 'object' && 'type' in inner && !('fd' in inner)
      ? create(sys, kernel, inner, place)
      : undefined;
  try {
    const inner_map_fd = made ? made.fd.value : fdOf(inner, place);
    const like = innerDef(sys, inner_map_fd, made?.def, place);
    const fd = request(sys, kernel, planned, { inner_map_fd }, what);
    return { fd, def: { ...planned.def, inner: like } };
  } finally {
    made?.fd.close();
  }
}

function innerDef(sys: Sys, fd: number, known: MapDef | undefined, place: string): InnerMapDef {
  const { type, keySize, valueSize, maxEntries, flags, name } = readMapInfo(sys, fd, place);
  return { ...(known ?? { name: name || place }), type, keySize, valueSize, maxEntries, flags };
}

function request(sys: Sys, kernel: Kernel, planned: PlannedMap, more: AttrRecord, what: string): OwnedFd {
  const cmd = BpfCmd.BPF_MAP_CREATE;
  const attr = { ...planned.attr, ...more };
  const first = planned.btf ? withBtf(sys, attr, planned.btf) : bpf(sys, cmd, attr);
  if (first >= 0) return new OwnedFd(sys, first);
  // The types are a help to those who look at the map; where they are a need, the kernel refuses again.
  const second = planned.btf ? bpf(sys, cmd, attr) : first;
  if (second >= 0) return new OwnedFd(sys, second);
  throw errorFor(mapCreateCause(sys, kernel, attr, -first), { syscall: 'bpf', cmd, errno: -first, what });
}

function withBtf(sys: Sys, attr: AttrRecord, { bytes, key, value }: NonNullable<PlannedMap['btf']>): number {
  const loaded = bpf(sys, BpfCmd.BPF_BTF_LOAD, { btf: bytes, btf_size: bytes.length });
  if (loaded < 0) return loaded;
  using btf = new OwnedFd(sys, loaded);
  return bpf(sys, BpfCmd.BPF_MAP_CREATE, {
    ...attr,
    btf_fd: btf.value,
    btf_key_type_id: key,
    btf_value_type_id: value,
  });
}
