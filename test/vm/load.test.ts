import { readdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BpfObject } from '../../src/index.js';
import { fixture, repository } from '../repository.js';

/** Fixtures that call bpf_loop(), which came with Linux 5.17; before 5.13 its callback is not even seen as a function. */
const loops = ['test-ring-bench', 'test-subprog'];
const complaint = /bpf_loop|unknown func|number of funcs in func_info/;

const [major = 0, minor = 0] = release().split('.').map(Number);

for (const file of readdirSync(join(repository, 'fixtures')).filter(file => file.endsWith('.bpf.o'))) {
  const name = file.slice(0, -'.bpf.o'.length);
  t.test(`Linux ${release()}: ${name} loads`, async t => {
    using obj = BpfObject.open(fixture(name));
    if (loops.includes(name) && (major < 5 || (major === 5 && minor < 17))) {
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
