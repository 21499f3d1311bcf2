import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { listFault } from '../src/programs/verifier/verifier-listing.js';
import { findFault } from '../src/programs/verifier/verifier-log.js';
import { repository } from './repository.js';
import { checkFault } from './verifier-expected.js';
import { faultNames, parseGolden } from './verifier-faults.js';

const folder = join(repository, 'test/goldens/verifier');
const kernels = readdirSync(folder).map(file => basename(file, '.txt'));

t.test('there is a golden of each kernel', async t => {
  t.same(kernels.sort(), ['5.10', '6.1', '6.12', '6.18', '7.2']);
});

for (const kernel of kernels) {
  const golden = parseGolden(readFileSync(join(folder, `${kernel}.txt`), 'utf8'));
  t.test(`Linux ${kernel}: the complaint, its place and the advice are found`, async t => {
    t.same([...golden.keys()], faultNames(), 'all programs');
    for (const [name, result] of golden) checkFault(t, name, result, findFault(result.text));
  });

  t.test(
    `Linux ${kernel}: a listing ends with the instruction, what it was given, and the complaint`,
    async t => {
      for (const [name, { outcome, text }] of golden) {
        if (outcome === 'loads') continue;
        const fault = findFault(text);
        const listing = listFault(text, fault, () => undefined);
        const marked = listing.filter(line => line.startsWith('  > '));
        t.equal(marked.length, fault.index === undefined ? 0 : 1, `${name}: one instruction is marked`);
        if (fault.index !== undefined)
          t.ok(marked[0]?.startsWith(`  > ${String(fault.index).padStart(5)}: `), marked[0] ?? name);
        for (const part of (fault.reason ?? '').split('; '))
          t.ok(
            listing.some(line => line.endsWith(part)),
            part,
          );
        if (fault.register && fault.state[fault.register])
          t.ok(
            listing.some(line =>
              line.endsWith(`before it: ${fault.register} = ${fault.state[fault.register ?? '']}`),
            ),
          );
      }
    },
  );
}

t.test('kernels that print registers behind instructions tell what was in the one at fault', async t => {
  for (const kernel of ['6.1', '6.12', '6.18', '7.2']) {
    const golden = parseGolden(readFileSync(join(folder, `${kernel}.txt`), 'utf8'));
    const holds = (name: string, register: string): string | undefined =>
      findFault(golden.get(name)?.text ?? '').state[register];
    t.match(holds('null_check', 'R0'), /^map_value_or_null\(.*vs=64.*\)$/);
    t.match(holds('unbounded_size', 'R2'), /^scalar\(.*umax=(0xffffffff|4294967295).*\)$/);
    t.equal(holds('wrong_argument', 'R2'), '12');
    t.equal(holds('return_value', 'R0'), '77');
  }
});
