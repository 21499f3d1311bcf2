import { BpfCmd, bpfBtfInfo, type DecodedRecord, type StructRecord } from '../abi/index.js';
import { BpfError, bpf, Errno, type Sys } from '../syscall/index.js';

/** Opens BTF that the kernel holds, for as long as `use` runs; a negative errno when it does not give it. */
export function withBtf<T>(sys: Sys, id: number, use: (fd: number) => T): T | number {
  const fd = bpf(sys, BpfCmd.BPF_BTF_GET_FD_BY_ID, { btf_id: id });
  if (fd < 0) return fd;
  try {
    return use(fd);
  } finally {
    sys.close(fd);
  }
}

/** `struct bpf_btf_info` of an fd; undefined when the kernel refuses. */
export function queryBtf(sys: Sys, fd: number, wanted: StructRecord): DecodedRecord | undefined {
  const info = bpfBtfInfo.encode(wanted);
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, { bpf_fd: fd, info_len: info.length, info });
  return result < 0 ? undefined : bpfBtfInfo.decode(info);
}

/** The bytes of BTF that the kernel holds, by its id (Linux 4.18). Throws BpfError: ENOENT when it went away, EPERM without CAP_SYS_ADMIN. */
export function readBtfById(sys: Sys, id: number, what: string): Uint8Array {
  const blob = withBtf(sys, id, fd => {
    const size = Number(queryBtf(sys, fd, {})?.['btf_size'] ?? 0);
    const bytes = new Uint8Array(size);
    return queryBtf(sys, fd, { btf: sys.addressOf(bytes), btf_size: size }) && bytes;
  });
  if (blob instanceof Uint8Array) return blob;
  const cmd = blob === undefined ? BpfCmd.BPF_OBJ_GET_INFO_BY_FD : BpfCmd.BPF_BTF_GET_FD_BY_ID;
  throw new BpfError({ syscall: 'bpf', cmd, errno: -(blob ?? -Errno.EINVAL), what });
}
