import {
  BPF_ADD,
  BPF_AND,
  BPF_ARSH,
  BPF_DIV,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  BPF_LSH,
  BPF_MOD,
  BPF_MOV,
  BPF_MUL,
  BPF_NEG,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_XOR,
} from './opcodes.js';

/** Bits of an operation: those of `BPF_ALU64` and `BPF_JMP`, or of `BPF_ALU` and `BPF_JMP32`. */
export type Width = 32 | 64;

/** The result of an arithmetic operation (`code & 0xf0`) on two known numbers, as a `__u64`; undefined for one that is not computed here. */
export function foldArithmetic(
  operation: number,
  width: Width,
  left: bigint,
  right: bigint,
): bigint | undefined {
  const a = BigInt.asUintN(width, left);
  const b = BigInt.asUintN(width, right);
  const shift = b & BigInt(width - 1);
  const result = compute();
  return result === undefined ? undefined : BigInt.asUintN(width, result);

  function compute(): bigint | undefined {
    switch (operation) {
      case BPF_MOV:
        return b;
      case BPF_ADD:
        return a + b;
      case BPF_SUB:
        return a - b;
      case BPF_MUL:
        return a * b;
      case BPF_OR:
        return a | b;
      case BPF_AND:
        return a & b;
      case BPF_XOR:
        return a ^ b;
      case BPF_LSH:
        return a << shift;
      case BPF_RSH:
        return a >> shift;
      case BPF_ARSH:
        return BigInt.asIntN(width, a) >> shift;
      case BPF_NEG:
        return -a;
      // Division by 0 is 0, and what is left over is the number itself.
      case BPF_DIV:
        return b === 0n ? 0n : a / b;
      case BPF_MOD:
        return b === 0n ? a : a % b;
      default:
        return undefined;
    }
  }
}

/** Whether a conditional jump (`code & 0xf0`) on two known numbers is taken; undefined for one that is not known here. */
export function foldJump(operation: number, width: Width, left: bigint, right: bigint): boolean | undefined {
  const a = BigInt.asUintN(width, left);
  const b = BigInt.asUintN(width, right);
  const signedA = BigInt.asIntN(width, left);
  const signedB = BigInt.asIntN(width, right);
  switch (operation) {
    case BPF_JEQ:
      return a === b;
    case BPF_JNE:
      return a !== b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    case BPF_JLT:
      return a < b;
    case BPF_JLE:
      return a <= b;
    case BPF_JSET:
      return (a & b) !== 0n;
    case BPF_JSGT:
      return signedA > signedB;
    case BPF_JSGE:
      return signedA >= signedB;
    case BPF_JSLT:
      return signedA < signedB;
    case BPF_JSLE:
      return signedA <= signedB;
    default:
      return undefined;
  }
}
