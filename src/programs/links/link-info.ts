import { BpfCmd, BpfLinkType, bpfLinkInfo, type DecodedRecord } from '../../abi/index.js';
import { BpfError, bpfInOut, type Sys } from '../../syscall/index.js';

/** What the kernel says of a link (`struct bpf_link_info`). */
export interface LinkInfo {
  readonly id: number;
  /** `enum bpf_link_type`. */
  readonly type: number;
  /** As bpftool names it: `tracing`, `perf_event`, `kprobe_multi`. */
  readonly typeName: string;
  /** Id of the program. */
  readonly progId: number;
}

const names = new Map<number, string>(
  Object.entries(BpfLinkType).map(([name, value]) => [
    value,
    name.replace('BPF_LINK_TYPE_', '').toLowerCase(),
  ]),
);

/** Asks for `struct bpf_link_info` (Linux 5.8). Throws BpfError. */
export function readLinkInfo(sys: Sys, fd: number, what: string): LinkInfo {
  const info = queryLinkInfo(sys, fd, what);
  const type = Number(info['type']);
  return {
    id: Number(info['id']),
    type,
    typeName: names.get(type) ?? `type ${type}`,
    progId: Number(info['prog_id']),
  };
}

function queryLinkInfo(sys: Sys, fd: number, what: string): DecodedRecord {
  const [layout] = bpfLinkInfo;
  const cmd = BpfCmd.BPF_OBJ_GET_INFO_BY_FD;
  const info = new Uint8Array(layout.size);
  const { result } = bpfInOut(sys, cmd, { bpf_fd: fd, info_len: info.length, info });
  if (result < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what: `${what}: info` });
  return layout.decode(info);
}
