import {
  BPF_ABS,
  BPF_ADD,
  BPF_ADDR_PERCPU,
  BPF_ADDR_SPACE_CAST,
  BPF_ALU,
  BPF_ALU64,
  BPF_AND,
  BPF_ARSH,
  BPF_ATOMIC,
  BPF_CMPXCHG,
  BPF_DIV,
  BPF_DW,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_IND,
  BPF_JA,
  BPF_JCOND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JMP,
  BPF_JMP32,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_LSH,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOD,
  BPF_MOV,
  BPF_MUL,
  BPF_NEG,
  BPF_OR,
  BPF_RSH,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_SUB,
  BPF_X,
  BPF_XCHG,
  BPF_XOR,
} from './opcodes.js';
import type { Insn } from './types.js';

const sizes: Readonly<Record<number, string>> = { 0: '32', 8: '16', 16: '8', 24: '64' };

const aluOps: Readonly<Record<number, string>> = {
  [BPF_ADD]: '+=',
  [BPF_SUB]: '-=',
  [BPF_MUL]: '*=',
  [BPF_DIV]: '/=',
  [BPF_OR]: '|=',
  [BPF_AND]: '&=',
  [BPF_LSH]: '<<=',
  [BPF_RSH]: '>>=',
  [BPF_MOD]: '%=',
  [BPF_XOR]: '^=',
  [BPF_MOV]: '=',
  [BPF_ARSH]: 's>>=',
};

const jumpOps: Readonly<Record<number, string>> = {
  [BPF_JEQ]: '==',
  [BPF_JGT]: '>',
  [BPF_JGE]: '>=',
  [BPF_JSET]: '&',
  [BPF_JNE]: '!=',
  [BPF_JSGT]: 's>',
  [BPF_JSGE]: 's>=',
  [BPF_JLT]: '<',
  [BPF_JLE]: '<=',
  [BPF_JSLT]: 's<',
  [BPF_JSLE]: 's<=',
};

const atomicOps: Readonly<Record<number, readonly [assign: string, name: string]>> = {
  [BPF_ADD]: ['+=', 'add'],
  [BPF_AND]: ['&=', 'and'],
  [BPF_OR]: ['|=', 'or'],
  [BPF_XOR]: ['^=', 'xor'],
};

/** A number with its sign, as offsets are written. */
export function signed(value: number): string {
  return value < 0 ? `${value}` : `+${value}`;
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/**
 * One instruction in the words of kernel/bpf/disasm.c, which the verifier log and bpftool use; undefined for an opcode that does not
 * exist. Calls and `ldimm64` refer to things with names and are written by {@link disassemble}.
 */
export function insnText(insn: Insn): string | undefined {
  switch (insn.code & 7) {
    case BPF_ALU:
    case BPF_ALU64:
      return aluText(insn);
    case BPF_LDX:
    case BPF_LD:
      return loadText(insn);
    case BPF_ST:
    case BPF_STX:
      return storeText(insn);
    default:
      return jumpText(insn);
  }
}

function aluText(insn: Insn): string | undefined {
  const { code, dst, src, off, imm } = insn;
  const is64 = (code & 7) === BPF_ALU64;
  const reg = is64 ? 'r' : 'w';
  const op = code & 0xf0;
  if (op === BPF_END) return swapText(insn, is64);
  if (op === BPF_NEG) return code & BPF_X ? undefined : `${reg}${dst} = -${reg}${dst}`;
  let sign = aluOps[op];
  if (!sign) return undefined;
  if ((op === BPF_DIV || op === BPF_MOD) && off === 1) sign = `s${sign}`;
  if (!(code & BPF_X)) return `${reg}${dst} ${sign} ${imm}`;
  if (op === BPF_MOV && is64 && off === BPF_ADDR_SPACE_CAST)
    return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`;
  if (op === BPF_MOV && is64 && off === BPF_ADDR_PERCPU) return `r${dst} = &(void __percpu *)(r${src})`;
  const cast = op === BPF_MOV && (off === 8 || off === 16 || off === 32) ? `(s${off})` : '';
  return `${reg}${dst} ${sign} ${cast}${reg}${src}`;
}

function swapText({ code, dst, imm }: Insn, is64: boolean): string | undefined {
  if (imm !== 16 && imm !== 32 && imm !== 64) return undefined;
  // Unconditional swaps have the 64-bit class (Linux 6.6) and no direction.
  if (is64) return code & BPF_X ? undefined : `r${dst} = bswap${imm} r${dst}`;
  return `r${dst} = ${code & BPF_X ? 'be' : 'le'}${imm} r${dst}`;
}

function loadText({ code, dst, src, off, imm }: Insn): string | undefined {
  const size = code & 0x18;
  const mode = code & 0xe0;
  if ((code & 7) === BPF_LDX) {
    if (mode === BPF_MEM) return `r${dst} = *(u${sizes[size]} *)(r${src} ${signed(off)})`;
    if (mode === BPF_MEMSX && size !== BPF_DW)
      return `r${dst} = *(s${sizes[size]} *)(r${src} ${signed(off)})`;
    return undefined;
  }
  if (size === BPF_DW) return undefined;
  if (mode === BPF_ABS) return `r0 = *(u${sizes[size]} *)skb[${imm}]`;
  if (mode === BPF_IND) return `r0 = *(u${sizes[size]} *)skb[r${src} + ${imm}]`;
  return undefined;
}

function storeText(insn: Insn): string | undefined {
  const { code, dst, src, off, imm } = insn;
  const target = `(u${sizes[code & 0x18]} *)(r${dst} ${signed(off)})`;
  const mode = code & 0xe0;
  if ((code & 7) === BPF_ST) {
    if (mode === BPF_MEM) return `*${target} = ${imm}`;
    // The verifier's speculation barrier, seen in xlated code, shares its bits with BPF_ATOMIC.
    return mode === BPF_ATOMIC ? 'nospec' : undefined;
  }
  if (mode === BPF_MEM) return `*${target} = r${src}`;
  return mode === BPF_ATOMIC ? atomicText(insn, target) : undefined;
}

function atomicText({ code, dst, src, off, imm }: Insn, target: string): string | undefined {
  const width = (code & 0x18) === BPF_DW ? '64' : '';
  if (imm === BPF_CMPXCHG) return `r0 = atomic${width}_cmpxchg(${target}, r0, r${src})`;
  if (imm === BPF_XCHG) return `r${src} = atomic${width}_xchg(${target}, r${src})`;
  if (imm === BPF_LOAD_ACQ)
    return `r${dst} = load_acquire((u${sizes[code & 0x18]} *)(r${src} ${signed(off)}))`;
  if (imm === BPF_STORE_REL) return `store_release(${target}, r${src})`;
  const op = imm >>> 0 <= 0xff ? atomicOps[imm & 0xf0] : undefined;
  if (!op) return undefined;
  if ((imm & 0xf) === 0) return `lock *${target} ${op[0]} r${src}`;
  return (imm & 0xf) === BPF_FETCH
    ? `r${src} = atomic${width}_fetch_${op[1]}(${target}, r${src})`
    : undefined;
}

function jumpText({ code, dst, src, off, imm }: Insn): string | undefined {
  const reg = (code & 7) === BPF_JMP32 ? 'w' : 'r';
  switch (code) {
    case BPF_JMP | BPF_JA:
      return `goto pc${signed(off)}`;
    case BPF_JMP | BPF_JA | BPF_X:
      return `gotox r${dst}`;
    case BPF_JMP32 | BPF_JA:
      return `gotol pc${signed(imm)}`;
    case BPF_JMP | BPF_JCOND:
      return src === 0 ? `may_goto pc${signed(off)}` : undefined;
    case BPF_JMP | BPF_EXIT:
      return 'exit';
  }
  const op = jumpOps[code & 0xf0];
  if (!op) return undefined;
  return `if ${reg}${dst} ${op} ${code & BPF_X ? `${reg}${src}` : hex(imm)} goto pc${signed(off)}`;
}
