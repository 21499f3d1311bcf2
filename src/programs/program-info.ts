import { BpfCmd, bpfProgInfo, type DecodedRecord, type StructRecord } from '../abi/index.js';
import { BpfError, bpf, type Sys } from '../syscall/index.js';

/** What the kernel says of a loaded program (`struct bpf_prog_info`). Sizes are bytes. */
export interface ProgramInfo {
  /** `enum bpf_prog_type`. */
  readonly type: number;
  readonly id: number;
  /** 16 hex digits: a hash of the instructions, as bpftool prints it. */
  readonly tag: string;
  /** The name as the kernel keeps it: at most 15 characters. */
  readonly name: string;
  /** After the verifier rewrote the program. */
  readonly xlatedBytes: number;
  /** Machine code; 0 when the program is interpreted. */
  readonly jitedBytes: number;
  /** Instructions that the verifier walked (Linux 5.16); 0 on older kernels. */
  readonly verifiedInsns: number;
  readonly mapIds: readonly number[];
  readonly btfId: number;
  readonly gplCompatible: boolean;
  /** Nanoseconds since boot. */
  readonly loadTime: bigint;
  readonly createdByUid: number;
  /** Runs and nanoseconds spent in them, counted only while BPF statistics are enabled. */
  readonly runCount: bigint;
  readonly runTimeNs: bigint;
}

/** Reads the info of a program fd: once for the sizes, and again for the ids of its maps. Throws BpfError when the kernel refuses. */
export function readProgramInfo(sys: Sys, fd: number, what: string): ProgramInfo {
  const count = Number(query(sys, fd, what, {})['nr_map_ids']);
  const ids = new Uint8Array(4 * count);
  const info = query(sys, fd, what, count ? { nr_map_ids: count, map_ids: sys.addressOf(ids) } : {});
  const number = (field: string) => Number(info[field]);
  return {
    type: number('type'),
    id: number('id'),
    tag: hex(info['tag'] as Uint8Array),
    name: info['name'] as string,
    xlatedBytes: number('xlated_prog_len'),
    jitedBytes: number('jited_prog_len'),
    verifiedInsns: number('verified_insns'),
    // The program may have been bound to another map in between; the kernel wrote as many ids as there was room for.
    mapIds: [...new Uint32Array(ids.buffer)].slice(0, number('nr_map_ids')),
    btfId: number('btf_id'),
    gplCompatible: (number('gpl_compatible_bits') & 1) === 1,
    loadTime: info['load_time'] as bigint,
    createdByUid: number('created_by_uid'),
    runCount: info['run_cnt'] as bigint,
    runTimeNs: info['run_time_ns'] as bigint,
  };
}

function query(sys: Sys, fd: number, what: string, wanted: StructRecord): DecodedRecord {
  const info = bpfProgInfo.encode(wanted);
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, { bpf_fd: fd, info_len: info.length, info });
  if (result < 0)
    throw new BpfError({ syscall: 'bpf', cmd: BpfCmd.BPF_OBJ_GET_INFO_BY_FD, errno: -result, what });
  return bpfProgInfo.decode(info);
}

const hex = (bytes: Uint8Array) => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
