import { BpfFuncId, enumName } from '../abi/index.js';
import { FormatError } from '../errors/index.js';
import { decodeInsn, type Endian, insnCount, isLdimm64, ldimm64Value } from './codec.js';
import { insnText, signed } from './insn-text.js';
import {
  BPF_CALL,
  BPF_JMP,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  BPF_X,
  insnSize,
} from './opcodes.js';
import type { DisasmNames, Insn } from './types.js';

/** One line of disassembly. */
export interface DisasmLine {
  /** Slot of the instruction. */
  readonly index: number;
  /** 2 for a `ldimm64`, else 1. */
  readonly slots: 1 | 2;
  /** The instruction's first slot. */
  readonly insn: Insn;
  readonly text: string;
}

/** Name of a helper by `enum bpf_func_id`, e.g. 6 is `bpf_trace_printk`; undefined for an id newer than the generated table. */
export function helperName(id: number): string | undefined {
  return enumName(BpfFuncId, id)?.replace(/^BPF_FUNC_/, 'bpf_');
}

/**
 * Disassembles instructions in the words of kernel/bpf/disasm.c, as the verifier log and `bpftool prog dump xlated` print them.
 *
 * Jump and call offsets count slots from the next instruction. An opcode that does not exist is shown as data (`.quad`).
 * Throws FormatError when the bytes end inside an instruction.
 */
export function disassemble(bytes: Uint8Array, endian: Endian, names: DisasmNames = {}): DisasmLine[] {
  const count = insnCount(bytes);
  const lines: DisasmLine[] = [];
  for (let index = 0; index < count; ) {
    const line = disassembleAt(bytes, index, count, endian, names);
    lines.push(line);
    index += line.slots;
  }
  return lines;
}

function disassembleAt(
  bytes: Uint8Array,
  index: number,
  count: number,
  endian: Endian,
  names: DisasmNames,
): DisasmLine {
  const insn = decodeInsn(bytes, index, endian);
  if (isLdimm64(insn)) {
    if (index + 1 === count)
      throw new FormatError('the instructions end inside a 16-byte ldimm64', {
        offset: index * insnSize,
        field: 'instructions',
      });
    const second = decodeInsn(bytes, index + 1, endian);
    if (second.code === 0)
      return { index, slots: 2, insn, text: `r${insn.dst} = ${ldimm64Text(insn, second, index, names)}` };
  }
  const text = (insn.code & 0xf7) === (BPF_JMP | BPF_CALL) ? callText(insn, index, names) : insnText(insn);
  return { index, slots: 1, insn, text: text ?? dataText(bytes, index, endian) };
}

function ldimm64Text(insn: Insn, second: Insn, index: number, names: DisasmNames): string {
  const known = names.reference?.(index);
  if (known !== undefined) return known;
  switch (insn.src) {
    case BPF_PSEUDO_MAP_FD:
      return `map[fd:${insn.imm}]`;
    case BPF_PSEUDO_MAP_VALUE:
      return `map[fd:${insn.imm}][0]+${second.imm >>> 0}`;
    case BPF_PSEUDO_MAP_IDX:
      return `map[idx:${insn.imm}]`;
    case BPF_PSEUDO_MAP_IDX_VALUE:
      return `map[idx:${insn.imm}][0]+${second.imm >>> 0}`;
    case BPF_PSEUDO_FUNC:
      return `subprog[${signed(insn.imm)}]${subprogSuffix(insn.imm, index, names)}`;
    default:
      return `0x${ldimm64Value(insn, second).toString(16)}`;
  }
}

function callText(insn: Insn, index: number, names: DisasmNames): string {
  // Calls through a register are not BPF that a kernel takes; compilers emit them without optimization, LLVM before 19 with the register in imm.
  if (insn.code & BPF_X) return `callx r${insn.dst || insn.imm}`;
  const known = names.reference?.(index);
  if (known !== undefined) return `call ${known}`;
  if (insn.src === BPF_PSEUDO_CALL) {
    // In code read back from a kernel that compiled it, the distance is in off, and imm is the number of the subprog.
    const distance = insn.off || insn.imm;
    return `call pc${signed(distance)}${subprogSuffix(distance, index, names)}`;
  }
  if (insn.src === BPF_PSEUDO_KFUNC_CALL) return `call kernel-function#${insn.imm}`;
  return `call ${names.helper?.(insn.imm) ?? helperName(insn.imm) ?? 'unknown'}#${insn.imm}`;
}

function subprogSuffix(distance: number, index: number, names: DisasmNames): string {
  const name = names.subprog?.(index + 1 + distance);
  return name === undefined ? '' : `#${name}`;
}

function dataText(bytes: Uint8Array, index: number, endian: Endian): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return `.quad 0x${view
    .getBigUint64(index * insnSize, endian === 'little')
    .toString(16)
    .padStart(16, '0')}`;
}
