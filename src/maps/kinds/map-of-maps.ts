import { BpfCmd } from '../../abi/index.js';
import { bpf, Errno, OwnedFd } from '../../syscall/index.js';
import { type FdSource, fdOf } from '../borrowed-fd.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { type Element, type ElementCodec, placeOf } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';
import { mapTypes } from '../life/map-btf.js';
import { readMapInfo } from '../map-info.js';
import type { UpdateMode } from '../update-mode.js';
import { idCodec } from './id-codec.js';
import { innerDifference } from './inner-difference.js';

/** A map whose values are maps (kernel/bpf/map_in_map.c). It holds those put in; handles that `get` returns are the caller's to close. */
export abstract class MapOfMaps extends BpfMap {
  /** From keys to ids of maps. */
  readonly #ids: KeyValueMap<Element, number>;

  constructor(parts: MapParts, key: ElementCodec<unknown>) {
    super(parts);
    this.#ids = new KeyValueMap(parts, { key, value: idCodec(placeOf(parts.def, 'value')) });
  }

  /**
   * A new handle of the map that a key has, typed as the object declares the inner maps; undefined when the key has none. Close it. Throws BpfError: EPERM
   * without CAP_SYS_ADMIN, which opening by id needs (Linux 4.13).
   */
  get(key: unknown): BpfMap | undefined {
    const id = this.idOf(key);
    if (id === undefined) return undefined;
    const fd = bpf(this.parts.sys, BpfCmd.BPF_MAP_GET_FD_BY_ID, { map_id: id });
    // It was taken out meanwhile, and nothing else held it.
    if (fd === -Errno.ENOENT) return undefined;
    if (fd < 0) throw this.refused(BpfCmd.BPF_MAP_GET_FD_BY_ID, -fd, `inner map of id ${id}`);
    return this.#wrap(new OwnedFd(this.parts.sys, fd));
  }

  /** The id of the map that a key has; undefined when it has none. Linux 4.12. */
  idOf(key: unknown): number | undefined {
    return this.#ids.get(key);
  }

  has(key: unknown): boolean {
    return this.#ids.has(key);
  }

  /**
   * Puts a map in, by its fd; this map then holds it, and the handle given may be closed. Throws BpfError: EINVAL for a map that is not like the declared
   * inner map, E2BIG for a full map or an index that is not below maxEntries.
   */
  set(key: unknown, map: FdSource, mode: UpdateMode = 'any'): this {
    const fd = fdOf(map, placeOf(this.parts.def, 'value'));
    const reasons = { [Errno.EINVAL]: () => this.#mismatch(fd) };
    this.explained(BpfCmd.BPF_MAP_UPDATE_ELEM, reasons, () => this.#ids.set(key, fd, mode));
    return this;
  }

  /** Takes a map out: true when the key had one. */
  delete(key: unknown): boolean {
    return this.#ids.delete(key);
  }

  /** The keys that have a map. */
  *keys(): Generator<Element, void, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  /** Keys with the ids of their maps. */
  entries(): IterableIterator<[Element, number]> {
    return this.#ids.entries();
  }

  [Symbol.iterator](): IterableIterator<[Element, number]> {
    return this.entries();
  }

  #wrap(fd: OwnedFd): BpfMap {
    const { sys, kernel, def, wrap } = this.parts;
    try {
      if (def.inner) return wrap(fd, def.inner);
      const name = `${this.name}.inner`;
      return wrap(fd, { name, ...mapTypes(sys, kernel, readMapInfo(sys, fd.value, `map ${name}`)) });
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  #mismatch(fd: number): string {
    const { sys, def } = this.parts;
    const like = def.inner ?? this.#anyInner();
    const difference = like && innerDifference(sys, fd, like, this.name);
    return difference ?? 'its type, sizes and flags must be those of the declared inner map';
  }

  /** What a map that was accepted is like. */
  #anyInner() {
    for (const key of this.keys()) {
      using inner = this.get(key);
      if (inner) return inner;
    }
    return undefined;
  }
}
