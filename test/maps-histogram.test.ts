import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';
import {
  type HistogramOptions,
  histogramSections,
  linearHistogram,
  log2Histogram,
  slotsBySection,
  sumPercpu,
} from '../src/index.js';

t.test('a log2 histogram, as BCC prints it', async t => {
  t.same(log2Histogram([0, 1, 0, 12, 40, 3], { label: 'usecs' }), [
    '     usecs               : count     distribution',
    '         0 -> 1          : 1        |*                                       |',
    '         2 -> 3          : 0        |                                        |',
    '         4 -> 7          : 12       |************                            |',
    '         8 -> 15         : 40       |****************************************|',
    '        16 -> 31         : 3        |***                                     |',
  ]);
  t.same(log2Histogram([]), []);
  t.same(log2Histogram([0n, 0n]), []);
});

t.test('slots of libbpf-tools begin with 0', async t => {
  t.same(log2Histogram([1, 2], { firstSlot: 0 }), log2Histogram([0, 1, 2]));
  t.equal(log2Histogram([[63, 1]], { firstSlot: 0 }).length, 65);
});

t.test('entries of a map are slots, too, and others than 64-bit values have are refused', async t => {
  t.same(
    log2Histogram(
      new Map([
        [3n, 7n],
        [1n, 2n],
      ]),
    ),
    log2Histogram([0, 2, 0, 7]),
  );
  t.equal(log2Histogram([[64, 1]]).length, 65);
  t.throws(() => log2Histogram([[65, 1]]), { name: 'RangeError', message: /^slot 65: .* 0 to 64/ });
  t.throws(() => log2Histogram([[-1, 1]]), RangeError);
  t.throws(() => log2Histogram([[1.5, 1]]), RangeError);
  t.throws(() => log2Histogram([[64, 1]], { firstSlot: 0 }), RangeError);
  t.throws(() => linearHistogram([[1025, 1]]), RangeError);
});

t.test('sections by a field of the key', async t => {
  const map: [{ disk: string; slot: number }, number][] = [
    [{ disk: 'sda', slot: 2 }, 5],
    [{ disk: 'sdb', slot: 1 }, 3],
    [{ disk: 'sda', slot: 1 }, 1],
  ];
  const lines = histogramSections(slotsBySection(map), 'disk', slots =>
    log2Histogram(slots, { label: 'ms' }),
  );
  t.same(lines, [
    '',
    'disk = sda',
    ...log2Histogram([0, 1, 5], { label: 'ms' }),
    '',
    'disk = sdb',
    ...log2Histogram([0, 3], { label: 'ms' }),
  ]);
  t.same([...slotsBySection([[7, 1]], key => [`cpu ${key}`, 2])], [['cpu 7', [[2, 1]]]]);
  t.throws(() => slotsBySection([[7, 1]]), TypeError);
});

t.test('values of all CPUs add up', async t => {
  t.equal(sumPercpu([1n, 2n, 3n]), 6n);
  t.same(
    sumPercpu([
      { packets: 1n, sizes: [1, 2], inner: { max: 1 } },
      { packets: 2n, sizes: [10, 20], inner: { max: 2 } },
    ]),
    { packets: 3n, sizes: [11, 22], inner: { max: 3 } },
  );
  t.throws(() => sumPercpu([{ a: { comm: 'x' } }, { a: { comm: 'y' } }]), { message: /^a\.comm: string/ });
  t.throws(() => sumPercpu([]), TypeError);
});

/** Histograms of random counts, with BCC's own lines for each; its Python module needs no kernel for this. */
const script = `
import io, json, random, sys
from contextlib import redirect_stdout
from bcc import table
random.seed(6)
cases = []
for i in range(300):
    log2 = i % 3 > 0
    size = random.choice([1, 2, 3, 12, 32, 33, 34, 65 if log2 else 200])
    most = random.choice([1, 2, 39, 41, 1000, 10**6, 2**40])
    counts = [random.choice([0, random.randint(0, most)]) for _ in range(size)]
    label, strip = random.choice(['usecs', 'value', 'a label that is longer than its column']), bool(i % 2)
    out = io.StringIO()
    with redirect_stdout(out):
        (table._print_log2_hist if log2 else table._print_linear_hist)(counts, label, strip)
    cases.append(dict(log2=log2, counts=counts, label=label, stripLeadingZeros=strip, lines=out.getvalue().splitlines()))
print(json.dumps(cases))
`;
interface Case extends Required<HistogramOptions> {
  readonly log2: boolean;
  readonly counts: number[];
  readonly lines: string[];
}
const bcc = '/usr/lib/python3/dist-packages/bcc/table.py';
const skip = existsSync(bcc) ? false : 'needs BCC’s Python module (apt-get install python3-bpfcc)';

t.test('the same lines as BCC itself prints', { skip }, async t => {
  const cases: Case[] = JSON.parse(execFileSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8' }));
  t.equal(cases.length, 300);
  for (const { log2, counts, lines, ...options } of cases)
    t.same((log2 ? log2Histogram : linearHistogram)(counts, options), lines, JSON.stringify(counts));
});
