import { exit, type Insn, mov } from '../insn/index.js';
import { type Support, type SupportOptions, takesInsns } from './support-program.js';

/** Something of the instruction set or the verifier, by bpftool's name for it. */
export type InsnFeature = keyof typeof programs;

const insn = (code: number, off: number, imm: number): Insn => ({ code, dst: 0, src: 0, off, imm });

/** Instructions that were a program's most before Linux 5.2 (BPF_MAXINSNS). */
const oldLimit = 4096;

/** A program that wants it, and the version that brought it. */
const programs = {
  large_insn_limit: {
    since: '5.2',
    program: (): Insn[] => [...new Array<Insn>(oldLimit).fill(mov(0, 1)), exit()],
  },
  bounded_loops: {
    since: '5.3',
    // r0 -= 1; if r0 != 0 goto -2
    program: (): Insn[] => [mov(0, 10), insn(0x17, 0, 1), insn(0x55, -2, 0), exit()],
  },
  /** `<`, `<=`, signed and not. */
  v2_isa_extension: {
    since: '4.14',
    program: (): Insn[] => [mov(0, 0), insn(0xa5, 1, 0), mov(0, 1), exit()],
  },
  /** Jumps on 32-bit comparisons. */
  v3_isa_extension: {
    since: '5.1',
    program: (): Insn[] => [mov(0, 0), insn(0xa6, 1, 0), mov(0, 1), exit()],
  },
  /** Here, a jump with an offset of 32 bits. */
  v4_isa_extension: {
    since: '6.6',
    program: (): Insn[] => [mov(0, 0), insn(0x16, 1, 1), insn(0x06, 0, 1), mov(0, 1), exit()],
  },
} as const;

/** All of them, in bpftool's order, with the Linux version that brought each. */
export const insnFeatures: readonly (readonly [name: InsnFeature, since: string])[] = Object.entries(
  programs,
).map(([name, { since }]) => [name as InsnFeature, since]);

/** Whether the kernel has it, found out by loading a program that wants it. */
export function hasInsnFeature(name: InsnFeature, options: SupportOptions = {}): Support {
  return takesInsns(programs[name].program(), options);
}
