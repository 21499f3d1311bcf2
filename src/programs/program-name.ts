import { BpfCmd, bpfProgInfo } from '../abi/index.js';
import { Btf } from '../btf/index.js';
import { readBtfById } from '../kernel/index.js';
import { bpf, type Sys } from '../syscall/index.js';
import type { ProgramInfo } from './program-info.js';

/** What fits into the kernel's own field of a name (BPF_OBJ_NAME_LEN, without the NUL). */
const longestName = 15;

/**
 * The whole name of a loaded program's main function, out of its BTF, where the kernel's field was too short for it (bpftool: get_prog_full_name); else
 * what the kernel keeps. Throws BpfError where the BTF may not be read (CAP_SYS_ADMIN).
 */
export function readFullName(sys: Sys, fd: number, info: ProgramInfo, what: string): string {
  const { name, btfId, funcInfoCount, funcInfoRecordSize: size } = info;
  if (name.length < longestName || btfId === 0 || funcInfoCount === 0) return name;
  const record = new Uint8Array(size);
  const query = bpfProgInfo.encode({
    nr_func_info: 1,
    func_info_rec_size: size,
    func_info: sys.addressOf(record),
  });
  const attr = { bpf_fd: fd, info_len: query.length, info: query };
  if (bpf(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, attr) < 0) return name;
  // `struct bpf_func_info`: insn_off, type_id.
  const [, typeId = 0] = new Uint32Array(record.buffer);
  const func = Btf.parse(readBtfById(sys, btfId, `${what}: its BTF`)).type(typeId);
  return func.kind === 'func' ? func.name : name;
}
