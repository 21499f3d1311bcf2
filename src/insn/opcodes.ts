/**
 * The parts of an opcode and the special values of other fields, under the kernel's names
 * (include/uapi/linux/bpf.h, bpf_common.h; Documentation/bpf/standardization/instruction-set.rst).
 */

/** Bytes of one slot (`struct bpf_insn`). */
export const insnSize = 8;

/** Instruction class: `code & 7`. */
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_JMP32 = 0x06;
export const BPF_ALU64 = 0x07;

/** Size of a load or store: `code & 0x18`. */
export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
export const BPF_DW = 0x18;

/** Mode of a load or store: `code & 0xe0`. */
export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
/** Sign-extending load (Linux 6.6). */
export const BPF_MEMSX = 0x80;
export const BPF_ATOMIC = 0xc0;

/** Source of an arithmetic or jump operand: `code & 8`. */
export const BPF_K = 0x00;
export const BPF_X = 0x08;

/** Arithmetic operation: `code & 0xf0`. */
export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_MUL = 0x20;
export const BPF_DIV = 0x30;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_NEG = 0x80;
export const BPF_MOD = 0x90;
export const BPF_XOR = 0xa0;
export const BPF_MOV = 0xb0;
export const BPF_ARSH = 0xc0;
export const BPF_END = 0xd0;

/** Jump operation: `code & 0xf0`. */
export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
export const BPF_JNE = 0x50;
export const BPF_JSGT = 0x60;
export const BPF_JSGE = 0x70;
export const BPF_CALL = 0x80;
export const BPF_EXIT = 0x90;
export const BPF_JLT = 0xa0;
export const BPF_JLE = 0xb0;
export const BPF_JSLT = 0xc0;
export const BPF_JSLE = 0xd0;
/** Conditional pseudo jump: `may_goto` (Linux 6.9). */
export const BPF_JCOND = 0xe0;

/** `imm` of an atomic operation, beside the arithmetic operations (Linux 5.12). */
export const BPF_FETCH = 0x01;
export const BPF_XCHG = 0xe1;
export const BPF_CMPXCHG = 0xf1;
/** Linux 6.15. */
export const BPF_LOAD_ACQ = 0x100;
export const BPF_STORE_REL = 0x110;

/** `src` of a `ldimm64`: what its immediate stands for. */
export const BPF_PSEUDO_MAP_FD = 1;
export const BPF_PSEUDO_MAP_VALUE = 2;
export const BPF_PSEUDO_BTF_ID = 3;
export const BPF_PSEUDO_FUNC = 4;
export const BPF_PSEUDO_MAP_IDX = 5;
export const BPF_PSEUDO_MAP_IDX_VALUE = 6;

/** `src` of a call that is not to a helper. */
export const BPF_PSEUDO_CALL = 1;
export const BPF_PSEUDO_KFUNC_CALL = 2;

/** `off` of a `mov` that converts between the address spaces of an arena (Linux 6.9). */
export const BPF_ADDR_SPACE_CAST = 1;
/** `off` of a `mov` that makes a per-CPU address (the verifier's own, seen in xlated code). */
export const BPF_ADDR_PERCPU = -1;

/** The 16-byte `ldimm64`. */
export const LDIMM64 = BPF_LD | BPF_IMM | BPF_DW;
