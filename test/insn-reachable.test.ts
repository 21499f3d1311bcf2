import t from 'tap';
import { hostEndian } from '../src/abi/index.js';
import * as i from '../src/insn/index.js';

type Program = readonly (i.Insn | readonly i.Insn[])[];

/** The slots that are reached. */
function reached(program: Program, memory?: i.ReadOnlyMemory): number[] {
  const slots = i.reachableSlots(i.assemble(program, hostEndian), memory);
  return slots.flatMap((isReached, slot) => (isReached ? [slot] : []));
}

/** Two numbers and whether they are equal decide which of slots 3 and 4 is reached. */
const choice = (first: i.Insn, second: i.Insn): Program => [
  first,
  second,
  i.jmp(i.BPF_JEQ, 1, { reg: 2 }, 1),
  i.exit(),
  i.exit(),
];

t.test('a condition on numbers that are known leads one way', async t => {
  t.same(reached(choice(i.mov(1, 7), i.mov(2, 7))), [0, 1, 2, 4]);
  t.same(reached(choice(i.mov(1, 7), i.mov(2, 8))), [0, 1, 2, 3]);
});

t.test('a condition on others leads both ways', async t => {
  t.same(reached(choice(i.mov(1, 7), i.ldx(i.BPF_DW, 2, 1, 0))), [0, 1, 2, 3, 4]);
});

t.test('after a comparison the number is known', async t => {
  const program = [i.jmp(i.BPF_JNE, 1, 5, 3), i.jmp(i.BPF_JEQ, 1, 5, 1), i.mov(0, 1), i.exit(), i.exit()];
  t.same(reached(program), [0, 1, 3, 4]);
});

t.test('where paths meet, only what is the same on both is known', async t => {
  const program = (other: number): Program => [
    i.mov(1, 1),
    i.jmp(i.BPF_JEQ, 2, 0, 1),
    i.mov(1, other),
    i.jmp(i.BPF_JEQ, 1, 1, 1),
    i.exit(),
    i.exit(),
  ];
  t.same(reached(program(1)), [0, 1, 2, 3, 5]);
  t.same(reached(program(2)), [0, 1, 2, 3, 4, 5]);
});

t.test('a loop ends', async t => {
  const program = [i.mov(1, 0), i.alu64(i.BPF_ADD, 1, 1), i.jmp(i.BPF_JLT, 1, 100, -2), i.exit()];
  t.same(reached(program), [0, 1, 2, 3]);
});

t.test('calls forget the registers of the caller that they may change', async t => {
  const program = (register: i.Register): Program => [
    i.mov(register, 0),
    i.call(5),
    i.jmp(i.BPF_JEQ, register, 0, 1),
    i.exit(),
    i.exit(),
  ];
  t.same(reached(program(6)), [0, 1, 2, 4]);
  t.same(reached(program(1)), [0, 1, 2, 3, 4]);
});

t.test('functions are reached by calls and by their addresses', async t => {
  const program = [
    i.mov(1, 0),
    i.jmp(i.BPF_JEQ, 1, 0, 1),
    i.callSubprog(4),
    i.ldimm64(2, 4, i.BPF_PSEUDO_FUNC),
    i.exit(),
    i.exit(),
    i.exit(),
    i.exit(),
  ];
  t.same(reached(program), [0, 1, 3, 5, 8]);
});

t.test('read-only memory is known, other memory is not', async t => {
  const program = [
    i.ldMapValue(1, 3, 4),
    i.alu64(i.BPF_ADD, 1, 2),
    i.ldx(i.BPF_H, 2, 1, -1),
    i.jmp(i.BPF_JEQ, 2, hostEndian === 'little' ? 0x0605 : 0x0506, 1),
    i.exit(),
    i.exit(),
  ];
  const bytes = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]);
  t.same(
    reached(program, slot => (slot === 0 ? bytes : undefined)),
    [0, 2, 3, 4, 6],
  );
  t.same(reached(program), [0, 2, 3, 4, 5, 6]);
  const short = bytes.subarray(0, 6);
  t.same(
    reached(program, () => short),
    [0, 2, 3, 4, 5, 6],
    'a read past the end is not known',
  );
});

t.test('a jump to an address in a register may lead anywhere', async t => {
  const gotox = { code: i.BPF_JMP | i.BPF_JA | i.BPF_X, dst: 1, src: 0, off: 0, imm: 0 };
  t.same(reached([gotox, i.exit(), i.exit()]), [0, 1, 2]);
});
