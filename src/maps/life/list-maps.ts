import { BpfCmd } from '../../abi/index.js';
import { BpfError, bpf, bpfInOut, Errno, liveSys, OwnedFd, type Sys } from '../../syscall/index.js';
import { type MapInfo, readMapInfo } from '../map-info.js';

/**
 * Every map of the kernel, by ascending id (Linux 4.13). Maps that go away meanwhile are passed over. Throws BpfError: EPERM without
 * CAP_SYS_ADMIN.
 */
export function* listMaps(sys: Sys = liveSys()): Generator<MapInfo, void, undefined> {
  for (let id = 0; ; ) {
    const { result, attr } = bpfInOut(sys, BpfCmd.BPF_MAP_GET_NEXT_ID, { start_id: id });
    if (result === -Errno.ENOENT) return;
    if (result < 0) throw idError(BpfCmd.BPF_MAP_GET_NEXT_ID, -result, `map after id ${id}`);
    id = Number(attr['next_id']);
    const info = infoById(sys, id);
    if (info) yield info;
  }
}

/** Opens a map by its id. `flags` are BPF_F_RDONLY or BPF_F_WRONLY. Returns `-errno` when it is refused. */
export function mapFdById(sys: Sys, id: number, flags = 0): number {
  return bpf(sys, BpfCmd.BPF_MAP_GET_FD_BY_ID, { map_id: id, ...(flags ? { open_flags: flags } : {}) });
}

/** The error for a call by id that was refused. */
export function idError(cmd: number, errno: number, what: string): BpfError {
  const hint =
    errno === Errno.ENOENT
      ? 'the kernel has no map of this id'
      : errno === Errno.EPERM
        ? 'maps are opened by id, and listed, with CAP_SYS_ADMIN only'
        : undefined;
  return new BpfError({ syscall: 'bpf', cmd, errno, what, ...(hint ? { hint } : {}) });
}

function infoById(sys: Sys, id: number): MapInfo | undefined {
  const result = mapFdById(sys, id);
  if (result === -Errno.ENOENT) return undefined;
  if (result < 0) throw idError(BpfCmd.BPF_MAP_GET_FD_BY_ID, -result, `map of id ${id}`);
  using fd = new OwnedFd(sys, result);
  return readMapInfo(sys, fd.value, `map of id ${id}`);
}
