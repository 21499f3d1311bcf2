import { BpfCmd, bpfProgInfo, type DecodedRecord, hostEndian, type StructRecord } from '../abi/index.js';
import type { BtfTypes } from '../btf/index.js';
import { BpfError, bpf, type Sys } from '../syscall/index.js';
import { readProgramBtf } from './program-btf.js';

/** A line of the program's source, from the line info that it was loaded with. Line and column count from 1; 0 where the compiler named none. */
export interface CodeLine {
  readonly file: string;
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A function of a loaded program: where it begins, and its type in the program's BTF. */
export interface CodeFunction {
  /** 8-byte slot. */
  readonly index: number;
  readonly name: string;
  readonly typeId: number;
}

/** What the kernel keeps of a loaded program's code. Arrays are parallel where they say so. */
export interface ProgramCode {
  /** Instructions after the verifier rewrote them; empty where the kernel hides them. */
  readonly xlated: Uint8Array;
  /** Machine code of all functions; empty where the program is interpreted or the kernel hides it. */
  readonly jited: Uint8Array;
  readonly functions: readonly CodeFunction[];
  /** By 8-byte slot. */
  readonly lines: ReadonlyMap<number, CodeLine>;
  /** By address of the machine code. */
  readonly jitedLines: ReadonlyMap<bigint, CodeLine>;
  /** Addresses of the functions' machine code; 0 where the kernel hides them (kernel.kptr_restrict). */
  readonly ksyms: readonly bigint[];
  /** Bytes of machine code of each function, parallel to `ksyms`. */
  readonly lengths: readonly number[];
  /** The program's types; undefined for one that was loaded without. */
  readonly btf: BtfTypes | undefined;
}

/** The arrays of struct bpf_prog_info: the field of the count, that of the pointer, bytes of an element or the field that has them. */
const arrays = [
  ['xlated_prog_len', 'xlated_prog_insns', 1],
  ['jited_prog_len', 'jited_prog_insns', 1],
  ['nr_jited_ksyms', 'jited_ksyms', 8],
  ['nr_jited_func_lens', 'jited_func_lens', 4],
  ['nr_func_info', 'func_info', 'func_info_rec_size'],
  ['nr_line_info', 'line_info', 'line_info_rec_size'],
  ['nr_jited_line_info', 'jited_line_info', 'jited_line_info_rec_size'],
] as const;

/** Reads a program's code: once for the sizes, and again for the bytes. Throws BpfError when the kernel refuses. Linux 4.13; source lines 5.0. */
export function readProgramCode(sys: Sys, fd: number, what: string): ProgramCode {
  const sizes = query(sys, fd, what, {});
  const wanted: Record<string, number | bigint> = {};
  const buffers: Record<string, Uint8Array> = {};
  for (const [count, pointer, size] of arrays) {
    const elementSize = typeof size === 'number' ? size : Number(sizes[size]);
    const buffer = new Uint8Array(Number(sizes[count]) * elementSize);
    buffers[pointer] = buffer;
    if (buffer.length === 0) continue;
    wanted[count] = Number(sizes[count]);
    wanted[pointer] = sys.addressOf(buffer);
    if (typeof size === 'string') wanted[size] = elementSize;
  }
  const info = query(sys, fd, what, wanted);
  // The kernel sets to 0 the pointer of what it hides, and counts what it wrote.
  const read = (pointer: string, count: string): Uint8Array => {
    const buffer = buffers[pointer] as Uint8Array;
    return info[pointer] === 0n || Number(info[count]) === 0 ? new Uint8Array(0) : buffer;
  };
  const btf = Number(info['btf_id']) === 0 ? undefined : readProgramBtf(sys, fd, what);
  const lines = lineInfo(read('line_info', 'nr_line_info'), Number(sizes['line_info_rec_size']), btf);
  const addresses = u64s(read('jited_line_info', 'nr_jited_line_info'));
  return {
    xlated: read('xlated_prog_insns', 'xlated_prog_len'),
    jited: read('jited_prog_insns', 'jited_prog_len'),
    functions: functionInfo(read('func_info', 'nr_func_info'), Number(sizes['func_info_rec_size']), btf),
    lines: new Map(lines),
    jitedLines: new Map(addresses.flatMap((address, i) => (lines[i] ? [[address, lines[i][1]]] : []))),
    ksyms: u64s(read('jited_ksyms', 'nr_jited_ksyms')),
    lengths: [...new Uint32Array(read('jited_func_lens', 'nr_jited_func_lens').buffer)],
    btf,
  };
}

/** `struct bpf_func_info`: insn_off, type_id. */
function functionInfo(bytes: Uint8Array, size: number, btf: BtfTypes | undefined): CodeFunction[] {
  if (!btf || size === 0) return [];
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const typeId = view.getUint32(i * size + 4, little);
    return { index: view.getUint32(i * size, little), typeId, name: btf.type(typeId).name };
  });
}

/** `struct bpf_line_info`: insn_off, file_name_off, line_off, line_col (22 bits of line, 10 of column). */
function lineInfo(bytes: Uint8Array, size: number, btf: BtfTypes | undefined): [number, CodeLine][] {
  if (!btf || size === 0) return [];
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const word = (n: number) => view.getUint32(i * size + 4 * n, little);
    const place = word(3);
    const line = { file: btf.string(word(1)), text: btf.string(word(2)).trimStart() };
    return [word(0), { ...line, line: place >>> 10, column: place & 0x3ff }];
  });
}

const little = hostEndian === 'little';
const u64s = (bytes: Uint8Array): bigint[] => [...new BigUint64Array(bytes.buffer)];

function query(sys: Sys, fd: number, what: string, wanted: StructRecord): DecodedRecord {
  const info = bpfProgInfo.encode(wanted);
  const cmd = BpfCmd.BPF_OBJ_GET_INFO_BY_FD;
  const result = bpf(sys, cmd, { bpf_fd: fd, info_len: info.length, info });
  if (result < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what });
  return bpfProgInfo.decode(info);
}
