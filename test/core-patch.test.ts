import t from 'tap';
import { hostEndian } from '../src/abi/index.js';
import type { CoreValues } from '../src/btf/index.js';
import * as i from '../src/insn/index.js';
import { patchInsn, poisonedImm } from '../src/object/plan/core-patch.js';

const found: CoreValues = {
  poison: false,
  validate: true,
  before: 8n,
  after: 24n,
  sizeBefore: 0,
  sizeAfter: 0,
  sizesClash: false,
};

/** The instructions after the one in slot 0 was patched. */
function patched(program: readonly (i.Insn | readonly i.Insn[])[], values: Partial<CoreValues>): i.Insn[] {
  const insns = i.assemble(program, hostEndian);
  const poisoned = patchInsn(insns, 0, { ...found, ...values });
  const decoded = Array.from({ length: insns.length / 8 }, (_, slot) =>
    i.decodeInsn(insns, slot, hostEndian),
  );
  t.equal(poisoned, decoded[0]?.imm === poisonedImm);
  return decoded;
}

const poison = { code: i.BPF_JMP | i.BPF_CALL, dst: 0, src: 0, off: 0, imm: 0xbad2310 };

t.test('numbers in arithmetic', async t => {
  t.same(patched([i.mov(1, 8)], {}), [i.mov(1, 24)]);
  t.same(patched([i.alu64(i.BPF_ADD, 1, 8)], {}), [i.alu64(i.BPF_ADD, 1, 24)]);
  const mov32 = (imm: number) => ({ ...i.mov(1, imm), code: i.BPF_ALU | i.BPF_MOV | i.BPF_K });
  t.same(patched([mov32(8)], { after: 2n ** 64n - 1n }), [mov32(-1)], 'the lower 32 bits');
  t.same(patched([i.mov(1, -2)], { before: 2n ** 64n - 2n }), [i.mov(1, 24)], 'compared with its sign');
  t.same(patched([i.mov(1, 99)], { validate: false }), [i.mov(1, 24)], 'what is not to be checked');
  t.throws(() => patched([i.mov(1, 9)], {}), /holds 9.*would hold 8 \(then 24\)/);
  t.throws(() => patched([i.mov(1, { reg: 2 })], {}), /no immediate value/);
});

t.test('offsets and sizes of loads and stores', async t => {
  const resized = { sizeBefore: 8, sizeAfter: 2 };
  t.same(patched([i.ldx(i.BPF_DW, 1, 2, 8)], resized), [i.ldx(i.BPF_H, 1, 2, 24)]);
  t.same(patched([i.stx(i.BPF_DW, 1, 8, 2)], { sizeBefore: 8, sizeAfter: 4 }), [i.stx(i.BPF_W, 1, 24, 2)]);
  t.same(patched([i.st(i.BPF_W, 1, 8, 5)], { sizeBefore: 4, sizeAfter: 1 }), [i.st(i.BPF_B, 1, 24, 5)]);
  t.same(patched([i.ldx(i.BPF_B, 1, 2, 8)], { sizeBefore: 4, sizeAfter: 4 }), [i.ldx(i.BPF_B, 1, 2, 24)]);
  t.same(patched([i.ldx(i.BPF_W, 1, 2, 8)], { sizesClash: true }), [poison]);
  t.throws(() => patched([i.ldx(i.BPF_W, 1, 2, 8)], resized), /does not access 8 bytes/);
  t.throws(() => patched([i.ldx(i.BPF_DW, 1, 2, 8)], { sizeBefore: 8, sizeAfter: 16 }), /accesses 16 bytes/);
  t.throws(() => patched([i.ldx(i.BPF_W, 1, 2, 4)], {}), /holds 4/);
  t.same(patched([i.ldx(i.BPF_W, 1, 2, 8)], { after: 0x7fffn }), [i.ldx(i.BPF_W, 1, 2, 0x7fff)]);
  t.throws(() => patched([i.ldx(i.BPF_W, 1, 2, 8)], { after: 0x8000n }), /offset 32768 does not fit/);
});

t.test('64-bit numbers', async t => {
  const after = 0x8765_4321_8765_4321n;
  t.same(patched([i.ldimm64(1, 8)], { after }), i.ldimm64(1, after));
  const large = 2n ** 63n + 2n ** 31n;
  t.same(patched([i.ldimm64(1, large)], { before: large }), i.ldimm64(1, 24));
  t.throws(() => patched([i.ldimm64(1, 9)], {}), /holds 9/);
  t.throws(() => patched([i.ldimm64(1, 8, i.BPF_PSEUDO_MAP_FD)], {}), /no ldimm64 of a number/);
  t.throws(() => patched([{ ...i.mov(0, 0), code: i.BPF_LD | i.BPF_ABS }], {}), /no ldimm64 of a number/);
});

t.test('what must not be reached', async t => {
  const next = i.mov(0, 1);
  t.same(patched([i.mov(1, 8), next], { poison: true }), [poison, next]);
  t.same(patched([i.ldimm64(1, 8), next], { poison: true }), [poison, poison, next], 'both halves');
  t.same(patched([i.exit()], { poison: true }), [poison], 'whatever it is');
  t.throws(() => patched([i.exit()], {}), /code 0x95 cannot be relocated/);
});

t.test('a 16-byte instruction that is cut off is refused, not written past', async t => {
  const [half] = i.ldimm64(1, 8);
  if (!half) throw new Error('no instruction');
  t.throws(() => patched([half], { poison: true }), /second half of the instruction is missing/);
  t.throws(() => patched([half], {}), { code: 'ERR_RAWBPF_FORMAT' });
});
