import { readdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BpfObject } from '../../src/index.js';
import { fixture, repository } from '../repository.js';

/** Fixtures whose programs need a newer kernel, by the helper that says so. */
const tooNew: Record<string, { readonly since: readonly [number, number]; readonly complaint: RegExp }> = {
  'test-subprog': { since: [5, 17], complaint: /bpf_loop|unknown func/ },
};

const [major = 0, minor = 0] = release().split('.').map(Number);

for (const file of readdirSync(join(repository, 'fixtures')).filter(file => file.endsWith('.bpf.o'))) {
  const name = file.slice(0, -'.bpf.o'.length);
  t.test(`Linux ${release()}: ${name} loads`, async t => {
    using obj = BpfObject.open(fixture(name));
    const { since, complaint } = tooNew[name] ?? { since: [0, 0] as const, complaint: /./ };
    if (major < since[0] || (major === since[0] && minor < since[1])) {
      t.throws(() => obj.load(), { code: 'ERR_RAWBPF_VERIFIER', message: complaint });
      return;
    }
    obj.load();
    for (const program of Object.values(obj.programs)) {
      const { tag, xlatedBytes, jitedBytes } = program.info();
      t.match(tag, /^[0-9a-f]{16}$/);
      t.ok(
        xlatedBytes > 0 && jitedBytes > 0,
        `${program.name}: ${xlatedBytes} bytes, ${jitedBytes} of machine code`,
      );
    }
  });
}
