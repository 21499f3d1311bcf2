import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { rawbpf } from './cli-process.js';
import { fixture, fixtureBytes } from './repository.js';

const commands = [['inspect'], ['inspect', '--json'], ['disasm'], ['plan'], ['load'], ['run']];

t.test('a bad file is one line on stderr and exit status 1', async t => {
  const folder = t.testdir();
  const file = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const object = fixtureBytes('minimal');
  const bad = [
    join(folder, 'nosuch.bpf.o'),
    folder,
    file('empty.bpf.o', ''),
    file('text.bpf.o', 'int main(void) { return 0; }\n'),
    file('native.bpf.o', readFileSync(process.execPath).subarray(0, 1 << 20)),
    file('cut.bpf.o', object.subarray(0, object.length - 64)),
    file('header.bpf.o', object.subarray(0, 64)),
  ];
  for (const path of bad)
    for (const command of commands) {
      const { status, stdout, stderr } = rawbpf(...command, path);
      const what = `${command.join(' ')} ${path}`;
      t.equal(status, 1, what);
      t.equal(stdout, '', what);
      t.match(stderr, /^rawbpf: .+\n$/, what);
      t.match(stderr, path, what);
    }
});

t.test('a program that is not there is named, with those that are', async t => {
  const { status, stderr } = rawbpf('disasm', fixture('minimal'), 'nosuch');
  t.equal(status, 1);
  t.match(stderr, /^rawbpf: .*no program nosuch.*handle_tp\n$/);
});

t.test('BTF that is not there', async t => {
  for (const args of [
    ['nosuch'],
    [fixture('minimal'), '--base', 'nosuch'],
    ['nosuch', '--format', 'c'],
    ['package.json'],
  ]) {
    const { status, stdout, stderr } = rawbpf('btf', 'dump', ...args);
    t.equal(status, 1, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, /^rawbpf: .+\n$/);
  }
});
