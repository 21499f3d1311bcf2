import { BpfCmd } from '../abi/index.js';
import { Btf } from '../btf/index.js';
import { readBtfById } from '../kernel/index.js';
import { BpfError, Errno, type Sys } from '../syscall/index.js';
import { readProgramInfo } from './program-info.js';

/** The BTF that a loaded program came with (Linux 5.0), for which the process needs CAP_SYS_ADMIN. Throws BpfError when there is none. */
export function readProgramBtf(sys: Sys, fd: number, what: string): Btf {
  const { btfId, name } = readProgramInfo(sys, fd, what);
  if (btfId === 0)
    throw new BpfError({
      syscall: 'bpf',
      cmd: BpfCmd.BPF_OBJ_GET_INFO_BY_FD,
      errno: Errno.ENOENT,
      what,
      hint: `program ${name} was loaded without BTF, so its functions have no names: compile it with -g`,
    });
  return Btf.parse(readBtfById(sys, btfId, `${what}: BTF of program ${name}`));
}
