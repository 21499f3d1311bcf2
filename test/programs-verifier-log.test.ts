import t from 'tap';
import { RawbpfError } from '../src/errors/index.js';
import { VerifierError } from '../src/programs/index.js';
import { findFault } from '../src/programs/verifier/verifier-log.js';

// As Linux 6.18 writes it for a program that uses the result of bpf_map_lookup_elem() untested.
const nullDeref = `arg#0 reference type('UNKNOWN ') size cannot be determined: -22
0: R1=ctx() R10=fp0
; int k = 1; long *v = bpf_map_lookup_elem(&m, &k); @ one.c:6
0: (b4) w1 = 1                        ; R1=1
1: (63) *(u32 *)(r10 -4) = r1         ; R1=1 R10=fp0 fp-8=mmmm????
2: (bf) r2 = r10                      ; R2=fp0 R10=fp0
;  @ one.c:0
3: (07) r2 += -4                      ; R2=fp-4
; int k = 1; long *v = bpf_map_lookup_elem(&m, &k); @ one.c:6
4: (18) r1 = 0xffff8881043bd800       ; R1=map_ptr(map=m,ks=4,vs=8)
6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=m,ks=4,vs=8)
7: (b7) r1 = 2                        ; R1=2
; *v = 2; @ one.c:7
8: (7b) *(u64 *)(r0 +0) = r1
R0 invalid mem access 'map_value_or_null'
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

const infiniteLoop = `0: R1=ctx() R10=fp0
; while (bpf_get_prandom_u32() != 7) @ one.c:6
0: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
1: (56) if w0 != 0x7 goto pc-2 0: R0=scalar() R10=fp0
0: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
1: (56) if w0 != 0x7 goto pc-2 infinite loop detected at insn 0
cur state: R0=scalar() R10=fp0
old state: R0=scalar() R10=fp0
processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
`;

const callee = `0: R1=ctx() R10=fp0
; return gfunc(ctx); @ one.c:6
0: (85) call pc+1
invalid bpf_context access off=7 size=1
Caller passes invalid args into func#1 ('gfunc')
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

t.test('the complaint, the instruction and the source line are found', async t => {
  t.same(findFault(nullDeref), {
    reason: "R0 invalid mem access 'map_value_or_null'",
    index: 8,
    instruction: '8: (7b) *(u64 *)(r0 +0) = r1',
    source: { text: '*v = 2;', file: 'one.c', line: 7 },
    register: 'R0',
    helper: undefined,
    state: { R0: 'map_value_or_null(id=1,map=m,ks=4,vs=8)', R1: '2', R10: 'fp0', 'fp-8': 'mmmm????' },
    taken: undefined,
    takenAt: undefined,
    lines: 16,
  });
  t.match(findFault(infiniteLoop), {
    reason: 'infinite loop detected at insn 0',
    instruction: '1: (56) if w0 != 0x7 goto pc-2',
    source: { text: 'while (bpf_get_prandom_u32() != 7)', line: 6 },
  });
  t.match(findFault(callee), {
    reason: "invalid bpf_context access off=7 size=1; Caller passes invalid args into func#1 ('gfunc')",
    instruction: '0: (85) call pc+1',
  });
});

/** As Linux 6.1 writes it: states stand behind jumps, and a path ends before the one at fault. */
const twoPaths = `0: R1=ctx(off=0,imm=0) R10=fp0
; if (bpf_get_prandom_u32() == 7)
0: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
1: (15) if r0 == 0x7 goto pc+2        ; R0_w=scalar()
; return 0;
2: (b7) r0 = 0                        ; R0_w=0
3: (95) exit

from 1 to 4: R0_w=7 R10=fp0
; return r6;
4: (bf) r0 = r6
R6 !read_ok
processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

t.test(
  'a listing says where the verifier turned to another path, and starts no earlier than asked',
  async t => {
    const details = { file: 'a', what: 'program b', errno: 13, log: twoPaths, truncated: false };
    const sourceAt = (index: number) =>
      index < 4 ? undefined : { text: 'return r6;', file: 'dir/b.c', line: 9 };
    const error = new VerifierError({ ...details, sourceAt });
    t.match(error.fault, {
      register: 'R6',
      index: 4,
      state: { R0: '7' },
      source: { file: 'dir/b.c', line: 9 },
    });
    t.match(error.message, /R6 !read_ok, at b\.c:9: return r6; /);
    t.equal(
      error.listing({ before: 2 }),
      [
        '  (2 instructions before)',
        '  return 0;',
        '        2: r0 = 0                               R0=0',
        '        3: exit',
        '  (another path: from 1 to 4)',
        '  b.c:9: return r6;',
        '  >     4: r0 = r6',
        '           before it: R0 = 7',
        '           R6 !read_ok',
      ].join('\n'),
    );
  },
);

t.test('a BTF log names the type and the member', async t => {
  const log =
    'magic: 0xeb9f\nversion: 1\n[2] STRUCT s size=4 vlen=1\n\ta type_id=9 bits_offset=0 Invalid type_id\n\n';
  t.equal(findFault(log).reason, '[2] STRUCT s size=4 vlen=1 a type_id=9 bits_offset=0 Invalid type_id');
});

t.test('a log that says nothing yields nothing', async t => {
  const nothing = { reason: undefined, instruction: undefined, source: undefined, state: {} };
  t.match(findFault(''), { ...nothing, lines: 0 });
  t.match(findFault('processed 0 insns (limit 1000000) max_states_per_insn 0\n'), { ...nothing, lines: 1 });
  t.match(findFault('0: (95) exit\n'), { reason: undefined, instruction: '0: (95) exit' });
});

t.test('the error is one line, the explanation has the log and the advice', async t => {
  const error = new VerifierError({
    file: 'one.bpf.o',
    what: 'program null_deref',
    errno: 13,
    log: nullDeref,
    truncated: false,
  });
  t.ok(error instanceof RawbpfError);
  t.equal(error.code, 'ERR_RAWBPF_VERIFIER');
  t.equal(
    error.message,
    "one.bpf.o: program null_deref: refused by the verifier: R0 invalid mem access 'map_value_or_null', at one.c:7: *v = 2;" +
      ' (EACCES; 15 lines of log omitted)',
  );
  t.equal(error.log, nullDeref);
  t.match(error.explain(), /\n {2}> {5}8: \*\(u64 \*\)\(r0 \+0\) = r1\n/);
  t.match(error.explain(), /may be NULL/);
  t.notMatch(error.explain(), /log is not whole/);
  const cut = new VerifierError({ file: 'a', what: 'program b', errno: 22, log: 'x\n', truncated: true });
  t.match(cut.message, /a: program b: refused by the verifier: x \(EINVAL; 0 lines of log omitted\)/);
  t.match(cut.explain(), /log is not whole/);
});
