import { readdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BpfObject } from '../../src/index.js';
import { fixture, repository } from '../repository.js';

/** Fixtures that call bpf_loop(), which came with Linux 5.17; before 5.13 its callback is not even seen as a function. */
const loops = ['test-ring-bench', 'test-ring-overwrite', 'test-ring-records', 'test-stress', 'test-subprog'];
const complaint = /bpf_loop|unknown func|number of funcs in func_info/;
/** Fixtures of maps that not all kernels have, and what those that are older say. */
const newer: Readonly<Record<string, { readonly since: string; readonly message: RegExp }>> = {
  'test-map-kinds': { since: '5.16', message: /(bloom filter maps|map_extra) \(since Linux 5\.16\)/ },
  'test-map-net': { since: '5.12', message: /unknown func bpf_setsockopt/ },
  'test-user-ring': { since: '6.1', message: /user ringbuf maps \(since Linux 6\.1\)/ },
  'test-listing': { since: '5.13', message: /Arg#0 type PTR in a_function_with_a_long_name/ },
  'test-run-struct-ops': { since: '5.17', message: /no struct bpf_struct_ops_bpf_dummy_ops/ },
  'test-map-storage': { since: '6.2', message: /(task|cgrp) storage maps \(since Linux (5\.11|6\.2)\)/ },
};

const [major = 0, minor = 0] = release().split('.').map(Number);

for (const file of readdirSync(join(repository, 'fixtures')).filter(file => file.endsWith('.bpf.o'))) {
  const name = file.slice(0, -'.bpf.o'.length);
  t.test(`Linux ${release()}: ${name} loads`, async t => {
    using obj = BpfObject.open(fixture(name));
    if (loops.includes(name) && (major < 5 || (major === 5 && minor < 17))) {
      t.throws(() => obj.load(), { code: 'ERR_RAWBPF_VERIFIER', message: complaint });
      return;
    }
    const { since = '0.0', message } = newer[name] ?? {};
    const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
    if (message && (major < sinceMajor || (major === sinceMajor && minor < sinceMinor))) {
      t.throws(() => obj.load(), { message });
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
