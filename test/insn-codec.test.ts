import t from 'tap';
import { FormatError } from '../src/errors/index.js';
import * as i from '../src/insn/index.js';

/** A reproducible stream of bytes. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

t.test('encoding undoes decoding, whatever the bytes and the byte order', async t => {
  const bytes = noise(8 * 5000, 1);
  for (const endian of ['little', 'big'] as const) {
    const count = i.insnCount(bytes);
    const again = i.assemble(
      Array.from({ length: count }, (_, slot) => i.decodeInsn(bytes, slot, endian)),
      endian,
    );
    t.same(Buffer.from(again).equals(Buffer.from(bytes)), true, endian);
  }
});

t.test('the fields are those of struct bpf_insn', async t => {
  const insn = { code: 0x7b, dst: 10, src: 1, off: -16, imm: -2 };
  const little = Uint8Array.of(0x7b, 0x1a, 0xf0, 0xff, 0xfe, 0xff, 0xff, 0xff);
  const big = Uint8Array.of(0x7b, 0xa1, 0xff, 0xf0, 0xff, 0xff, 0xff, 0xfe);
  t.same(i.decodeInsn(little, 0, 'little'), insn);
  t.same(i.decodeInsn(big, 0, 'big'), insn);
  t.same(i.encodeInsn(insn, 'little'), little);
  t.same(i.encodeInsn(insn, 'big'), big);
  t.same(i.swapInsns(little), big);
  t.same(i.swapInsns(big), little);
  t.same(i.decodeInsn(Uint8Array.of(0, ...big), 0, 'big').code, 0);
});

t.test('swapping the byte order keeps every field', async t => {
  const bytes = noise(8 * 500, 2);
  const swapped = i.swapInsns(bytes);
  for (let slot = 0; slot < 500; slot++)
    t.same(i.decodeInsn(swapped, slot, 'big'), i.decodeInsn(bytes, slot, 'little'));
  t.same(i.swapInsns(swapped), bytes);
});

t.test('fields that do not fit are refused', async t => {
  const insn = { code: 0xb7, dst: 0, src: 0, off: 0, imm: 0 };
  for (const wrong of [
    { code: 256 },
    { dst: 16 },
    { src: -1 },
    { off: 32768 },
    { imm: 2 ** 32 },
    { imm: -(2 ** 31) - 1 },
    { imm: 0.5 },
  ])
    t.throws(() => i.encodeInsn({ ...insn, ...wrong }, 'little'), RangeError, JSON.stringify(wrong));
  t.same(i.encodeInsn({ ...insn, imm: 0xffffffff }, 'little'), i.encodeInsn({ ...insn, imm: -1 }, 'little'));
});

t.test('instructions cut short are a FormatError', async t => {
  const program = i.assemble([i.mov(0, 0), i.ldimm64(1, 5n), i.exit()], 'little');
  for (let length = 0; length < program.length; length++) {
    const cut = program.subarray(0, length);
    if (length % 8 !== 0) t.throws(() => i.disassemble(cut, 'little'), FormatError, `${length} bytes`);
    else if (length === 16) t.throws(() => i.disassemble(cut, 'little'), /end inside a 16-byte ldimm64/);
    else
      t.equal(
        i.disassemble(cut, 'little').reduce((sum, line) => sum + line.slots, 0),
        length / 8,
      );
  }
  t.throws(() => i.decodeInsn(program, 4, 'little'), FormatError);
  t.throws(() => i.decodeInsn(program, -1, 'little'), FormatError);
});

t.test('opcodes that do not exist are shown as data', async t => {
  for (const endian of ['little', 'big'] as const) {
    const unknown = [];
    for (let code = 0; code < 256; code++) {
      if (code === i.LDIMM64) continue;
      const insn = { code, dst: 1, src: 0, off: 0, imm: 16 };
      const [line] = i.disassemble(i.encodeInsn(insn, endian), endian);
      t.notMatch(line?.text, /undefined|NaN/);
      if (line?.text.startsWith('.quad')) unknown.push(code);
      t.same(line?.insn, insn);
    }
    t.ok(unknown.includes(0xff) && unknown.includes(0x8c));
    t.ok(unknown.length > 80 && unknown.length < 160, `${unknown.length} unknown opcodes`);
  }
  const bytes = Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 1);
  t.equal(i.disassemble(bytes, 'little')[0]?.text, '.quad 0x01000000000000ff');
  t.equal(i.disassemble(bytes, 'big')[0]?.text, '.quad 0xff00000000000001');
  t.doesNotThrow(() => i.disassemble(noise(8 * 4096, 3), 'big'));
  const half = i.assemble([{ code: i.LDIMM64, dst: 1, src: 0, off: 0, imm: 1 }, i.exit()], 'little');
  t.same(
    i.disassemble(half, 'little').map(line => line.text),
    ['.quad 0x0000000100000118', 'exit'],
    'a ldimm64 whose second slot is an instruction',
  );
});

t.test('names stand where they are known', async t => {
  const program = i.assemble(
    [
      i.ldMapFd(1, 7),
      i.ldMapValue(2, 7, 24),
      i.ldimm64(3, 2, i.BPF_PSEUDO_FUNC),
      i.ldimm64(4, 0xffffffffffffffffn),
      i.ldimm64(5, 1, i.BPF_PSEUDO_MAP_IDX),
      i.call(6),
      i.call(99999),
      i.callSubprog(1),
      i.callKfunc(1234),
      i.exit(),
    ],
    'little',
  );
  const plain = i.disassemble(program, 'little').map(line => `${line.index} ${line.text}`);
  t.same(plain, [
    '0 r1 = map[fd:7]',
    '2 r2 = map[fd:7][0]+24',
    '4 r3 = subprog[+2]',
    '6 r4 = 0xffffffffffffffff',
    '8 r5 = map[idx:1]',
    '10 call bpf_trace_printk#6',
    '11 call unknown#99999',
    '12 call pc+1',
    '13 call kernel-function#1234',
    '14 exit',
  ]);
  const asked: number[] = [];
  const named = i.disassemble(program, 'little', {
    helper: id => (id === 99999 ? 'bpf_of_tomorrow' : undefined),
    reference: index => ({ 0: 'map[start]', 2: '.rodata[targ_pid]', 13: 'bpf_task_acquire' })[index],
    subprog: index => {
      asked.push(index);
      return index === 14 ? 'square' : undefined;
    },
  });
  t.same(
    named.map(line => line.text),
    [
      'r1 = map[start]',
      'r2 = .rodata[targ_pid]',
      'r3 = subprog[+2]',
      'r4 = 0xffffffffffffffff',
      'r5 = map[idx:1]',
      'call bpf_trace_printk#6',
      'call bpf_of_tomorrow#99999',
      'call pc+1#square',
      'call bpf_task_acquire',
      'exit',
    ],
  );
  t.same(asked, [7, 14], 'a subprog is asked for by the slot where it starts');
  t.same(
    named.map(line => line.slots),
    [2, 2, 2, 2, 2, 1, 1, 1, 1, 1],
  );
});

t.test('instructions that only the verifier or newer kernels make', async t => {
  const text = (code: number, fields: Partial<i.Insn>) =>
    i.disassemble(i.encodeInsn({ code, dst: 1, src: 2, off: 0, imm: 0, ...fields }, 'little'), 'little')[0]
      ?.text;
  const movX = i.BPF_ALU64 | i.BPF_MOV | i.BPF_X;
  t.equal(text(movX, { off: i.BPF_ADDR_SPACE_CAST, imm: 0x10000 }), 'r1 = addr_space_cast(r2, 1, 0)');
  t.equal(text(movX, { off: i.BPF_ADDR_PERCPU }), 'r1 = &(void __percpu *)(r2)');
  t.equal(text(i.BPF_ST | i.BPF_ATOMIC, {}), 'nospec');
  t.equal(text(i.BPF_JMP | i.BPF_JA | i.BPF_X, {}), 'gotox r1');
  t.equal(text(i.BPF_JMP | i.BPF_JCOND, { src: 0, off: -3 }), 'may_goto pc-3');
  t.equal(text(i.BPF_JMP32 | i.BPF_JA, { imm: -100000 }), 'gotol pc-100000');
  t.equal(text(i.BPF_LD | i.BPF_ABS | i.BPF_H, { imm: 12 }), 'r0 = *(u16 *)skb[12]');
  t.equal(text(i.BPF_LD | i.BPF_IND | i.BPF_B, { imm: 14 }), 'r0 = *(u8 *)skb[r2 + 14]');
  t.equal(text(i.BPF_JMP | i.BPF_CALL | i.BPF_X, {}), 'callx r1');
});
