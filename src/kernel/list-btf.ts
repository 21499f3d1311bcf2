import { BpfCmd } from '../abi/index.js';
import { Btf } from '../btf/index.js';
import { BpfError, bpfInOut, Errno, liveSys, type Sys } from '../syscall/index.js';
import { type BtfInfo, describeBtf, readBtfById, withBtf } from './btf-by-id.js';
import { Kernel } from './kernel.js';

/**
 * All BTF that the kernel holds, by ascending id (Linux 5.1): its own, of modules, of programs and maps. What goes away meanwhile is passed over. Throws BpfError:
 * EPERM without CAP_SYS_ADMIN.
 */
export function* listBtf(sys: Sys = liveSys()): Generator<BtfInfo, void, undefined> {
  const cmd = BpfCmd.BPF_BTF_GET_NEXT_ID;
  for (let id = 0; ; ) {
    const { result, attr } = bpfInOut(sys, cmd, { start_id: id });
    if (result === -Errno.ENOENT) return;
    if (result < 0)
      throw new BpfError({
        syscall: 'bpf',
        cmd,
        errno: -result,
        what: `BTF after id ${id}`,
        ...hint(-result),
      });
    id = Number(attr['next_id']);
    const info = btfInfo(id, sys);
    if (info) yield info;
  }
}

/** What the kernel says of BTF by its id; undefined when it has none of this id. Throws BpfError. */
export function btfInfo(id: number, sys: Sys = liveSys()): BtfInfo | undefined {
  const info = withBtf(sys, id, fd => describeBtf(sys, fd));
  if (typeof info !== 'number') return info;
  if (info === -Errno.ENOENT) return undefined;
  const cmd = BpfCmd.BPF_BTF_GET_FD_BY_ID;
  throw new BpfError({ syscall: 'bpf', cmd, errno: -info, what: `BTF of id ${id}`, ...hint(-info) });
}

/** The types of BTF that the kernel holds, by its id (Linux 4.18); those of a module are split from the kernel's. Throws BpfError: ENOENT for an id that there is not. */
export function openBtf(id: number, sys: Sys = liveSys()): Btf {
  const what = `BTF of id ${id}`;
  const bytes = readBtfById(sys, id, what);
  const info = btfInfo(id, sys);
  const isModule = info?.kernel === true && info.name !== 'vmlinux';
  const base = isModule ? Kernel.running(sys).btf : undefined;
  return Btf.parse(bytes, { file: what, ...(base ? { base } : {}) });
}

function hint(errno: number): { hint?: string } {
  return errno === Errno.EPERM ? { hint: 'BTF is listed and opened by id with CAP_SYS_ADMIN only' } : {};
}
