import t from 'tap';
import { contentsText } from '../src/cli/contents-text.js';
import { declaredStruct } from '../src/cli/declared-struct.js';

const plain = (text: string) => text.split('\n').map(line => line.trimEnd());
const slots = (...counts: number[]) => [...counts, ...Array(26 - counts.length).fill(0)];

t.test('maps of slots are histograms, as BCC prints them', async t => {
  const text = contentsText(
    {
      map: 'hists',
      entries: [
        { key: 7, value: { slots: slots(1, 0, 4), comm: 'sh' } },
        { key: 8, value: { slots: slots(), comm: 'idle' } },
      ],
    },
    { unit: 'usecs' },
  );
  t.same(plain(text), [
    'hists',
    '',
    'key = 7, comm = sh',
    '     usecs               : count     distribution',
    '         0 -> 1          : 1        |**********                              |',
    '         2 -> 3          : 0        |                                        |',
    '         4 -> 7          : 4        |****************************************|',
  ]);
  const bare = contentsText({ map: 'dist', entries: [{ key: 0, value: slots(0, 2) }] });
  t.match(bare, /2 -> 3 +: 2 +\|\*{40}\|/);
  const linear = contentsText({ map: 'len', entries: [{ key: 0, value: [0, 3] }] }, { histogram: 'linear' });
  t.match(linear, /\n +1 +: 3 +\|\*{40}\|/);
});

t.test('other maps are tables, the greatest counts first', async t => {
  const entries = [
    { key: 'a', value: 2n },
    { key: 'b', value: 30n },
  ];
  t.same(plain(contentsText({ map: 'counts', entries })), [
    'counts',
    '  key  value',
    '  b    30',
    '  a    2',
  ]);
  const stacks = { kern_stack_id: ['schedule', 'do_nanosleep'] };
  const slept = contentsText({ map: 'info', entries: [{ key: { kern_stack_id: 3 }, value: 9, stacks }] });
  t.match(slept, /"kern_stack_id":3\} +9\n +kern_stack_id: schedule < do_nanosleep$/);
  t.equal(contentsText({ map: 'counts', entries: [] }), '', 'nothing of an empty one');
});

t.test('global variables: counters in a table, lists of slots as histograms', async t => {
  const globals = { total: 3n, hists: [{ slots: slots(0, 1) }, { slots: slots() }], hist: slots(2) };
  const text = contentsText({ map: '.bss', globals });
  t.match(text, /total +3/);
  t.match(text, /hists\[0\]\n/);
  t.notMatch(text, /hists\[1\]/);
  t.match(text, /\nhist\n/);
});

t.test('structs declared on the command line are laid out as C lays them out', async t => {
  const sizes: [string, number][] = [
    ['u8 a; u64 b; u8 c', 24],
    ['struct event { u16 a, b; char name[3]; };', 8],
    ['union { u32 v4; u8 v6[16]; }; u16 port;', 20],
    ['unsigned __int128 a; u8 b;', 32],
    ['const char *p; enum op op; struct { u8 x; u32 y; } in;', 24],
    ['unsigned long long a; long b[2][3]; _Bool c;', 64],
  ];
  for (const [text, size] of sizes) t.equal(declaredStruct(text).size, size, text);
  const type = declaredStruct('u32 pid; char comm[4]; s16 x;');
  t.same(type.read(new Uint8Array([1, 0, 0, 0, 0x73, 0x68, 0, 0, 0xff, 0xff, 0, 0])), {
    pid: 1,
    comm: 'sh',
    x: -1,
  });
  for (const wrong of [
    'foo x;',
    'struct x { u32 a;',
    'u32 ;;',
    'u32 a[b];',
    'u32 a b;',
    'struct x { u8 a; } b; }',
  ])
    t.throws(() => declaredStruct(wrong), { name: 'Refusal' }, wrong);
});
