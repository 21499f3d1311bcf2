import { type Endian, encodeInsn } from './codec.js';
import {
  BPF_ALU64,
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JMP,
  BPF_K,
  BPF_LDX,
  BPF_MEM,
  BPF_MOV,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  BPF_ST,
  BPF_STX,
  BPF_X,
  insnSize,
  LDIMM64,
} from './opcodes.js';
import type { Insn } from './types.js';

/** A register by number; `r10` is the read-only frame pointer. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
/** The second operand: a register as `{ reg }`, or a signed 32-bit immediate. */
export type Operand = number | { readonly reg: Register };

const none = { dst: 0, src: 0, off: 0, imm: 0 };

function withOperand(code: number, dst: Register, operand: Operand, off = 0): Insn {
  return typeof operand === 'number'
    ? { code: code | BPF_K, dst, src: 0, off, imm: operand }
    : { code: code | BPF_X, dst, src: operand.reg, off, imm: 0 };
}

/** 64-bit arithmetic: `dst op= operand`, `op` of `BPF_ADD`…`BPF_ARSH`. */
export function alu64(op: number, dst: Register, operand: Operand): Insn {
  return withOperand(BPF_ALU64 | op, dst, operand);
}

/** `dst = operand`. */
export function mov(dst: Register, operand: Operand): Insn {
  return alu64(BPF_MOV, dst, operand);
}

/** `dst = value`, 64 bits, in two slots; `src` one of `BPF_PSEUDO_*` for what the value stands for. */
export function ldimm64(dst: Register, value: bigint | number, src = 0): Insn[] {
  const bits = BigInt.asUintN(64, BigInt(value));
  return [
    { code: LDIMM64, dst, src, off: 0, imm: Number(BigInt.asIntN(32, bits)) },
    { ...none, code: 0, imm: Number(BigInt.asIntN(32, bits >> 32n)) },
  ];
}

/** `dst = map` by file descriptor. */
export function ldMapFd(dst: Register, fd: number): Insn[] {
  return ldimm64(dst, fd >>> 0, BPF_PSEUDO_MAP_FD);
}

/** `dst = &map[0] + offset`: the address of the first value of a map (Linux 5.2). */
export function ldMapValue(dst: Register, fd: number, offset: number): Insn[] {
  return ldimm64(dst, (BigInt(offset) << 32n) | BigInt(fd >>> 0), BPF_PSEUDO_MAP_VALUE);
}

/** `dst = *(size *)(src + off)`, `size` of `BPF_B`, `BPF_H`, `BPF_W`, `BPF_DW`. */
export function ldx(size: number, dst: Register, src: Register, off: number): Insn {
  return { code: BPF_LDX | BPF_MEM | size, dst, src, off, imm: 0 };
}

/** `*(size *)(dst + off) = src`. */
export function stx(size: number, dst: Register, off: number, src: Register): Insn {
  return { code: BPF_STX | BPF_MEM | size, dst, src, off, imm: 0 };
}

/** `*(size *)(dst + off) = imm`. */
export function st(size: number, dst: Register, off: number, imm: number): Insn {
  return { code: BPF_ST | BPF_MEM | size, dst, src: 0, off, imm };
}

/** `if dst op operand goto pc+off`, `op` of `BPF_JEQ`…`BPF_JSLE`; `off` counts slots from the next instruction. */
export function jmp(op: number, dst: Register, operand: Operand, off: number): Insn {
  return withOperand(BPF_JMP | op, dst, operand, off);
}

/** `goto pc+off`. */
export function ja(off: number): Insn {
  return { ...none, code: BPF_JMP | BPF_JA, off };
}

/** Calls a helper (`enum bpf_func_id`). */
export function call(helper: number): Insn {
  return { ...none, code: BPF_JMP | BPF_CALL, imm: helper };
}

/** Calls the subprog that starts `off` slots after the next instruction (Linux 4.16). */
export function callSubprog(off: number): Insn {
  return { ...none, code: BPF_JMP | BPF_CALL, src: BPF_PSEUDO_CALL, imm: off };
}

/** Calls a kernel function by its type id in kernel BTF; `fdIndex` names a module's BTF in `fd_array` (Linux 5.13). */
export function callKfunc(btfId: number, fdIndex = 0): Insn {
  return { ...none, code: BPF_JMP | BPF_CALL, src: BPF_PSEUDO_KFUNC_CALL, off: fdIndex, imm: btfId };
}

/** Returns `r0`. */
export function exit(): Insn {
  return { ...none, code: BPF_JMP | BPF_EXIT };
}

/** Encodes a program; nested arrays, as of {@link ldimm64}, are laid out in place. */
export function assemble(program: readonly (Insn | readonly Insn[])[], endian: Endian): Uint8Array {
  const insns = program.flat() as Insn[];
  const bytes = new Uint8Array(insns.length * insnSize);
  for (const [slot, insn] of insns.entries()) bytes.set(encodeInsn(insn, endian), slot * insnSize);
  return bytes;
}
