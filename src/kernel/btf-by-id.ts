import { BpfCmd, bpfBtfInfo, type DecodedRecord, type StructRecord } from '../abi/index.js';
import { BpfError, bpf, type Sys } from '../syscall/index.js';

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
  const info = btfInfo(sys, fd, wanted);
  return typeof info === 'number' ? undefined : info;
}

/** What the kernel says of BTF that it holds. */
export interface BtfInfo {
  readonly id: number;
  /** `vmlinux`, or the module's; empty for BTF that came with programs and maps. Linux 5.11. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The kernel's own, or a module's (Linux 5.11). */
  readonly kernel: boolean;
}

/** Asks for {@link BtfInfo}; undefined when the kernel refuses. */
export function describeBtf(sys: Sys, fd: number): BtfInfo | undefined {
  const info = queryBtf(sys, fd, {});
  if (!info) return undefined;
  const about = {
    id: Number(info['id']),
    size: Number(info['btf_size']),
    kernel: Boolean(info['kernel_btf']),
  };
  if (!info['name_len']) return { ...about, name: '' };
  // The kernel counts the name without its NUL and wants room for it.
  const name = new Uint8Array(Number(info['name_len']) + 1);
  if (!queryBtf(sys, fd, { name: sys.addressOf(name), name_len: name.length })) return undefined;
  return { ...about, name: new TextDecoder().decode(name.subarray(0, -1)) };
}

/** The bytes of BTF that the kernel holds, by its id (Linux 4.18). Throws BpfError: ENOENT when it went away, EPERM without CAP_SYS_ADMIN. */
export function readBtfById(sys: Sys, id: number, what: string): Uint8Array {
  const ask = (fd: number, wanted: StructRecord): DecodedRecord => {
    const info = btfInfo(sys, fd, wanted);
    if (typeof info === 'number') throw refused(BpfCmd.BPF_OBJ_GET_INFO_BY_FD, info, what);
    return info;
  };
  const blob = withBtf(sys, id, fd => {
    const bytes = new Uint8Array(Number(ask(fd, {})['btf_size']));
    ask(fd, { btf: sys.addressOf(bytes), btf_size: bytes.length });
    return bytes;
  });
  if (typeof blob === 'number') throw refused(BpfCmd.BPF_BTF_GET_FD_BY_ID, blob, what);
  return blob;
}

function btfInfo(sys: Sys, fd: number, wanted: StructRecord): DecodedRecord | number {
  const info = bpfBtfInfo.encode(wanted);
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, { bpf_fd: fd, info_len: info.length, info });
  return result < 0 ? result : bpfBtfInfo.decode(info);
}

function refused(cmd: number, result: number, what: string): BpfError {
  return new BpfError({ syscall: 'bpf', cmd, errno: -result, what });
}
