import { BpfFlags } from '../../abi/index.js';
import type { BtfTypes } from '../../btf/index.js';
import { ObjectError } from '../object-error.js';
import { type MapTypeName, mapTypeNamed } from '../type-names.js';
import type { MapSpec, ObjectSpec } from '../types.js';
import { flagBits, type MapFlag } from './map-flags.js';

/** What an inner map, or a map before it is created, can be made to be instead of what the object says. Sizes are bytes. */
export interface MapShape {
  readonly type?: MapTypeName | number;
  readonly keySize?: number;
  /** Not of a data section, whose variables settle it. */
  readonly valueSize?: number;
  readonly maxEntries?: number;
  /** `BPF_F_*` or their names, in place of the object's. */
  readonly flags?: number | readonly MapFlag[];
  readonly mapExtra?: number | bigint;
  /** NUMA node for the map's memory. */
  readonly numaNode?: number;
}

/** How one map of an object is loaded (libbpf: bpf_map__set_max_entries and its like). */
export interface MapSettings extends MapShape {
  /** False does not create the map; a program that comes to use it is then refused. */
  readonly autocreate?: boolean;
  /** Takes the map from this path where it is pinned, or creates and pins it there; false pins nothing, whatever the object says. */
  readonly pin?: string | false;
  /**
   * Uses a map that is there in place of creating one. It must be of the type and sizes that the object says; entries and flags may differ. It
   * stays its owner's: the object does not close it.
   */
  readonly reuse?: { readonly fd: number };
  /** Name of the only program that may use the map (Linux 6.18). */
  readonly exclusive?: string;
  /** Of a map of maps: what its maps are like. */
  readonly inner?: MapShape;
}

/** The object with its maps set otherwise. Throws ObjectError for a map that it does not have and for a setting that does not fit. */
export function withMapSettings(
  spec: ObjectSpec,
  settings: Readonly<Record<string, MapSettings>> = {},
): ObjectSpec {
  const names = Object.keys(settings);
  if (names.length === 0) return spec;
  for (const name of names)
    if (!spec.maps.some(map => map.name === name))
      throw new ObjectError(
        spec.file,
        `map ${name}`,
        `there is none of this name; there is ${spec.maps.map(map => map.name).join(', ') || 'none'}`,
      );
  return { ...spec, maps: spec.maps.map(map => withSettings(spec, map, settings[map.name])) };
}

function withSettings(spec: ObjectSpec, map: MapSpec, settings: MapSettings | undefined): MapSpec {
  if (!settings) return map;
  const bad = (reason: string) => new ObjectError(spec.file, `map ${map.name}`, reason);
  const { autocreate = map.autocreate, pin, reuse, exclusive, inner } = settings;
  if (map.internal && settings.valueSize !== undefined && settings.valueSize !== map.valueSize)
    throw bad(`holds variables, which settle its size: ${map.valueSize} bytes, not ${settings.valueSize}`);
  if (reuse && pin) throw bad('can be reused or taken from a pin, not both');
  if (exclusive !== undefined && !spec.programs.some(p => p.name === exclusive))
    throw bad(`exclusive: there is no program ${exclusive}`);
  if (inner && !map.inner && inner.type === undefined)
    throw bad('the object does not say what its inner maps are like: give their type');
  return {
    ...shaped(map, settings, spec.btf),
    autocreate,
    ...(inner ? { inner: shaped(map.inner ?? noMap(`${map.name}.inner`), inner, spec.btf) } : {}),
  };
}

function shaped(map: MapSpec, shape: MapShape, btf: BtfTypes | undefined): MapSpec {
  const { keySize = map.keySize, valueSize = map.valueSize, maxEntries = map.maxEntries } = shape;
  const flags = shape.flags === undefined ? map.flags : flagBits(shape.flags);
  return {
    ...map,
    type: shape.type === undefined ? map.type : mapTypeNamed(shape.type),
    keySize,
    valueSize,
    maxEntries,
    flags: shape.numaNode === undefined ? flags : flags | BpfFlags.BPF_F_NUMA_NODE,
    mapExtra: shape.mapExtra === undefined ? map.mapExtra : BigInt(shape.mapExtra),
    numaNode: shape.numaNode ?? map.numaNode,
    // The kernel refuses a type of another size.
    keyTypeId: keySize === map.keySize || fits(btf, map.keyTypeId, keySize) ? map.keyTypeId : 0,
    valueTypeId: valueSize === map.valueSize || fits(btf, map.valueTypeId, valueSize) ? map.valueTypeId : 0,
  };
}

function fits(btf: BtfTypes | undefined, typeId: number, size: number): boolean {
  return btf !== undefined && typeId !== 0 && btf.sizeOf(typeId) === size;
}

function noMap(name: string): MapSpec {
  return {
    name,
    kernelName: name.slice(0, 15),
    type: 0,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: 'none',
    keyTypeId: 0,
    valueTypeId: 0,
    internal: undefined,
    autocreate: true,
    structOps: undefined,
    values: [],
    inner: undefined,
  };
}
