import t from 'tap';
import { BpfCmd, BpfProgType, hostEndian } from '../src/abi/index.js';
import { foldArithmetic, foldJump, type Width } from '../src/insn/fold.js';
import * as i from '../src/insn/index.js';
import { bpf, liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { testRun } from './test-run.js';

const numbers = [0n, 1n, 5n, 31n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 1n << 63n, (1n << 64n) - 3n];
const shifts = [i.BPF_LSH, i.BPF_RSH, i.BPF_ARSH];
const arithmetic = [
  ...[i.BPF_ADD, i.BPF_SUB, i.BPF_MUL, i.BPF_DIV, i.BPF_MOD, i.BPF_OR, i.BPF_AND, i.BPF_XOR],
  ...[i.BPF_MOV, i.BPF_NEG, ...shifts],
];
const jumps = [
  ...[i.BPF_JEQ, i.BPF_JNE, i.BPF_JGT, i.BPF_JGE, i.BPF_JLT, i.BPF_JLE, i.BPF_JSET],
  ...[i.BPF_JSGT, i.BPF_JSGE, i.BPF_JSLT, i.BPF_JSLE],
];

/** Every pair of numbers that an operation takes. What a shift by more bits than there are is depends on the machine. */
function* pairs(operation: number): Generator<[bigint, bigint]> {
  for (const a of numbers) for (const b of numbers) if (!shifts.includes(operation) || b <= 31n) yield [a, b];
}

/** Folds results into one number, as the programs do. */
const mixed = (sum: bigint, result: bigint): bigint => BigInt.asUintN(64, sum * 31n + result);

for (const width of [32, 64] as const) {
  t.test(`arithmetic of ${width} bits is what this machine computes`, async t => {
    if (!needs(t, { bpf: true })) return;
    for (const operation of arithmetic) {
      const program: (i.Insn | i.Insn[])[] = [];
      let expected = 0n;
      for (const [a, b] of pairs(operation)) {
        const code = (width === 64 ? i.BPF_ALU64 : i.BPF_ALU) | operation;
        const insn = operation === i.BPF_NEG ? { code, src: 0 } : { code: code | i.BPF_X, src: 2 };
        program.push(i.ldimm64(1, a), i.ldimm64(2, b), { ...insn, dst: 1, off: 0, imm: 0 });
        program.push(i.alu64(i.BPF_MUL, 0, 31), i.alu64(i.BPF_ADD, 0, { reg: 1 }));
        expected = mixed(expected, foldArithmetic(operation, width, a, b) ?? -1n);
      }
      t.equal(returned(program), expected, `operation 0x${operation.toString(16)}`);
    }
  });

  t.test(`conditions on ${width} bits are what this machine decides`, async t => {
    if (!needs(t, { bpf: true })) return;
    for (const operation of jumps) {
      const program: (i.Insn | i.Insn[])[] = [];
      let expected = 0n;
      for (const [a, b] of pairs(operation)) {
        const code = (width === 64 ? i.BPF_JMP : i.BPF_JMP32) | operation | i.BPF_X;
        program.push(i.alu64(i.BPF_MUL, 0, 31), i.ldimm64(1, a), i.ldimm64(2, b));
        program.push({ code, dst: 1, src: 2, off: 1, imm: 0 }, i.alu64(i.BPF_ADD, 0, 1));
        expected = mixed(expected, foldJump(operation, width, a, b) === false ? 1n : 0n);
      }
      t.equal(returned(program), expected, `operation 0x${operation.toString(16)}`);
    }
  });
}

t.test('operations that are not known are left alone', async t => {
  const width: Width = 64;
  t.equal(foldArithmetic(i.BPF_END, width, 1n, 2n), undefined);
  t.equal(foldJump(i.BPF_CALL, width, 1n, 2n), undefined);
});

/** Runs the instructions with r0 = 0 and returns all 64 bits of r0. */
function returned(body: readonly (i.Insn | i.Insn[])[]): bigint {
  const half = (shift: number): bigint => {
    const end = [i.alu64(i.BPF_RSH, 0, shift), i.exit()];
    return BigInt(runOnce(i.assemble([i.mov(0, 0), ...body, ...end], hostEndian)) >>> 0);
  };
  return (half(32) << 32n) | half(0);
}

function runOnce(insns: Uint8Array): number {
  const fd = bpf(liveSys(), BpfCmd.BPF_PROG_LOAD, {
    prog_type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT,
    insn_cnt: insns.length / i.insnSize,
    insns,
    license: 'GPL',
  });
  if (fd < 0) throw new Error(`BPF_PROG_LOAD: errno ${-fd}`);
  try {
    return testRun({ fd });
  } finally {
    liveSys().close(fd);
  }
}
