import { resolve } from 'node:path';
import { BpfCmd, BpfFlags } from '../../abi/index.js';
import type { BtfTypes } from '../../btf/index.js';
import { Kernel } from '../../kernel/index.js';
import { bpf, liveSys, OwnedFd, type Sys } from '../../syscall/index.js';
import { fdOf } from '../borrowed-fd.js';
import type { BpfMap } from '../bpf-map.js';
import { MapBytes } from '../map-bytes.js';
import type { ElementType, MapAccess, MapDef } from '../map-def.js';
import { MapError } from '../map-error.js';
import { type MapInfo, readMapInfo } from '../map-info.js';
import { idError, listMaps, mapFdById } from './list-maps.js';
import { mapTypes } from './map-btf.js';
import { getError } from './map-pin.js';
import { requireMap } from './require-map.js';
import { mapParts, wrapMap } from './wrap-map.js';

/** Where a map that is there already is found: its id, where it is pinned, its name, or an fd of it, which from then on is the map's to close. */
export type MapSource =
  | { readonly id: number }
  | { readonly path: string }
  | { readonly name: string }
  | { readonly fd: number };

export interface OpenMapOptions<T extends BpfMap = BpfMap> {
  /** The class that the map must be of. */
  readonly kind?: abstract new (
    ...args: never[]
  ) => T;
  /** Asks for a map to read or to write only (Linux 4.15). Default: both. Not for an fd, whose access is settled. */
  readonly access?: MapAccess;
  /** Types for a map whose creator gave the kernel none, as those of ring and perf buffers: where `as('event')` looks. */
  readonly btf?: BtfTypes;
  /** Codecs that go before the BTF of the map. */
  readonly key?: ElementType;
  readonly value?: ElementType;
  readonly sys?: Sys;
}

const accessFlags: Readonly<Record<MapAccess, number>> = {
  read: BpfFlags.BPF_F_RDONLY,
  write: BpfFlags.BPF_F_WRONLY,
};

/**
 * Opens a map that is there already, with the types that its creator told the kernel: `openMap({ path: '/sys/fs/bpf/start' }, { kind: HashMap })`.
 * A map without types has keys and values of bytes.
 *
 * Throws BpfError when the kernel refuses, by id and by name for want of CAP_SYS_ADMIN; MapError for a name that no map or several have,
 * for a path of something else than a map, and for a map of another kind.
 */
export function openMap<T extends BpfMap = BpfMap>(source: MapSource, options: OpenMapOptions<T> = {}): T {
  const { kind } = options;
  return open(source, options, (sys, kernel, fd, def, info) => {
    const map = wrapMap(sys, kernel, fd, def);
    if (kind && !(map instanceof kind))
      throw new MapError(
        `map ${describe(source)}`,
        `is a ${map.constructor.name} (${info.typeName}), not a ${kind.name}`,
      );
    return map as T;
  });
}

/** Opens any map as one of bytes: see {@link MapBytes}. Throws as {@link openMap}. */
export function openMapBytes(
  source: MapSource,
  options: Pick<OpenMapOptions, 'access' | 'sys'> = {},
): MapBytes {
  return open(source, options, (sys, kernel, fd, def) => new MapBytes(mapParts(sys, kernel, fd, def)));
}

type Wrap<T> = (sys: Sys, kernel: Kernel, fd: OwnedFd, def: MapDef, info: MapInfo) => T;

function open<T>(source: MapSource, options: OpenMapOptions, wrap: Wrap<T>): T {
  const { sys = liveSys(), access } = options;
  const kernel = Kernel.running(sys);
  const what = `map ${describe(source)}`;
  const number = openFd(sys, source, access, what);
  let fd: OwnedFd | undefined;
  try {
    // Before the number is owned: a caller's fd that is none of a map stays the caller's.
    requireMap(number, what);
    const info = readMapInfo(sys, number, what);
    fd = new OwnedFd(sys, number);
    return wrap(sys, kernel, fd, mapDef(sys, kernel, info, options), info);
  } catch (error) {
    if (fd) fd.close();
    else if (!('fd' in source)) sys.close(number);
    throw error;
  }
}

function mapDef(sys: Sys, kernel: Kernel, info: MapInfo, options: OpenMapOptions): MapDef {
  const { access, btf, key, value } = options;
  return {
    name: info.name || `of id ${info.id}`,
    ...mapTypes(sys, kernel, info),
    ...(btf && !info.btfId ? { btf } : {}),
    ...(key ? { keyCodec: key } : {}),
    ...(value ? { valueCodec: value } : {}),
    ...(access ? { access } : {}),
  };
}

function openFd(sys: Sys, source: MapSource, access: MapAccess | undefined, what: string): number {
  const flags = access ? accessFlags[access] : 0;
  if ('fd' in source) {
    if (access) throw new TypeError(`${what}: its access is settled, so none can be asked for`);
    return fdOf(source, what);
  }
  if ('path' in source) {
    const pathname = resolve(source.path);
    const fd = bpf(sys, BpfCmd.BPF_OBJ_GET, { pathname, ...(flags ? { file_flags: flags } : {}) });
    if (fd < 0) throw getError(-fd, pathname, what);
    return fd;
  }
  const id = 'id' in source ? source.id : idOfName(sys, source.name, what);
  const fd = mapFdById(sys, id, flags);
  if (fd < 0) throw idError(BpfCmd.BPF_MAP_GET_FD_BY_ID, -fd, what);
  return fd;
}

/** The kernel keeps 15 characters of a name. */
function idOfName(sys: Sys, name: string, what: string): number {
  const kept = name.slice(0, 15);
  const ids: number[] = [];
  for (const info of listMaps(sys)) if (info.name === kept) ids.push(info.id);
  const [id] = ids;
  if (id === undefined) throw new MapError(what, 'the kernel has no map of this name');
  if (ids.length > 1)
    throw new MapError(what, `${ids.length} maps have this name: open it by id, one of ${ids.join(', ')}`);
  return id;
}

function describe(source: MapSource): string {
  if ('path' in source) return `pinned at ${source.path}`;
  if ('name' in source) return source.name;
  return 'id' in source ? `of id ${source.id}` : `of fd ${source.fd}`;
}
