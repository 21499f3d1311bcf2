import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { BpfCmd, bpfProgInfo, type DecodedRecord, type StructRecord } from '../abi/index.js';
import { progTypeName } from '../object/index.js';
import { BpfError, bpfInOut, type Sys } from '../syscall/index.js';

/** What the kernel says of a loaded program (`struct bpf_prog_info`, and `/proc/self/fdinfo`). Sizes are bytes; what a kernel is too old to tell is 0. */
export interface ProgramInfo {
  /** `enum bpf_prog_type`. */
  readonly type: number;
  /** As bpftool names it: `sched_cls`. */
  readonly typeName: string;
  readonly id: number;
  /** 16 hex digits: a hash of the instructions, as bpftool prints it. */
  readonly tag: string;
  /** The name as the kernel keeps it: at most 15 characters (Linux 4.15). */
  readonly name: string;
  /** After the verifier rewrote the program. */
  readonly xlatedBytes: number;
  /** Machine code; 0 when the program is interpreted. */
  readonly jitedBytes: number;
  /** Instructions that the verifier walked (Linux 5.16). */
  readonly verifiedInsns: number;
  readonly mapIds: readonly number[];
  /** Id of the program's own BTF (Linux 5.0); 0 when it has none. */
  readonly btfId: number;
  readonly gplCompatible: boolean;
  /** Nanoseconds since boot, time asleep included. */
  readonly loadTime: bigint;
  /** The same by the wall clock, to some milliseconds. */
  readonly loadedAt: Date;
  readonly createdByUid: number;
  /** Runs and nanoseconds spent in them, counted only while BPF statistics are enabled (Linux 5.1). */
  readonly runCount: bigint;
  readonly runTimeNs: bigint;
  /** Runs that the kernel left out because the program was running on that CPU already (Linux 5.12). */
  readonly recursionMisses: bigint;
  /** What a program of tracing, LSM or extensions is for: the BTF of the kernel, a module or a program, and the id of a function's type there (Linux 6.0). */
  readonly attachBtfObjId: number;
  readonly attachBtfId: number;
  /** Network device that the program is offloaded to and, with it, the network namespace of that; 0 for none. */
  readonly ifindex: number;
  readonly netnsDev: bigint;
  readonly netnsIno: bigint;
  /** Functions of its own, the main one among them: with machine code, and with a tag. */
  readonly jitedFunctions: number;
  readonly functionTags: number;
  /** Records of function and line info that it was loaded with, and the sizes of one (Linux 5.0). */
  readonly funcInfoCount: number;
  readonly funcInfoRecordSize: number;
  readonly lineInfoCount: number;
  readonly lineInfoRecordSize: number;
  /** Addresses of machine code that have a line, and the size of one. */
  readonly jitedLineInfoCount: number;
  readonly jitedLineInfoRecordSize: number;
  /** Bytes that the program takes up; undefined where `/proc` does not tell. */
  readonly memlock: number | undefined;
}

/** Reads the info of a program fd: once for the sizes, and again for the ids of its maps. Throws BpfError when the kernel refuses. */
export function readProgramInfo(sys: Sys, fd: number, what: string): ProgramInfo {
  const count = Number(query(sys, fd, what, {})['nr_map_ids']);
  const ids = new Uint8Array(4 * count);
  const info = query(sys, fd, what, count ? { nr_map_ids: count, map_ids: sys.addressOf(ids) } : {});
  const number = (field: string) => Number(info[field]);
  const loadTime = info['load_time'] as bigint;
  return {
    type: number('type'),
    typeName: progTypeName(number('type')),
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
    loadTime,
    loadedAt: new Date(Date.now() - uptime() * 1e3 + Number(loadTime / 1_000_000n)),
    createdByUid: number('created_by_uid'),
    runCount: info['run_cnt'] as bigint,
    runTimeNs: info['run_time_ns'] as bigint,
    recursionMisses: info['recursion_misses'] as bigint,
    attachBtfObjId: number('attach_btf_obj_id'),
    attachBtfId: number('attach_btf_id'),
    ifindex: number('ifindex'),
    netnsDev: info['netns_dev'] as bigint,
    netnsIno: info['netns_ino'] as bigint,
    jitedFunctions: number('nr_jited_ksyms'),
    functionTags: number('nr_prog_tags'),
    funcInfoCount: number('nr_func_info'),
    funcInfoRecordSize: number('func_info_rec_size'),
    lineInfoCount: number('nr_line_info'),
    lineInfoRecordSize: number('line_info_rec_size'),
    jitedLineInfoCount: number('nr_jited_line_info'),
    jitedLineInfoRecordSize: number('jited_line_info_rec_size'),
    memlock: readMemlock(fd, number('id')),
  };
}

/** bpf_prog_show_fdinfo in kernel/bpf/syscall.c. */
function readMemlock(fd: number, id: number): number | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  } catch {
    return undefined;
  }
  const number = (name: string) => new RegExp(`^${name}:\\s*(\\d+)$`, 'm').exec(text)?.[1];
  // An fd of a kernel that is not this process's (a fake one's) has a number that may be another file's here.
  return number('prog_id') === String(id) ? Number(number('memlock')) : undefined;
}

function query(sys: Sys, fd: number, what: string, wanted: StructRecord): DecodedRecord {
  const cmd = BpfCmd.BPF_OBJ_GET_INFO_BY_FD;
  const info = bpfProgInfo.encode(wanted);
  const { result, attr } = bpfInOut(sys, cmd, { bpf_fd: fd, info_len: info.length, info });
  if (result < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what });
  return bpfProgInfo.decode(info.subarray(0, Number(attr['info_len'])));
}

const hex = (bytes: Uint8Array) => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
