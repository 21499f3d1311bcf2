import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { repository } from './repository.js';

const results = (name: string): string => readFileSync(join(repository, 'bench/results', name), 'utf8');

t.test('the plot in the README is of the committed measurements', async t => {
  const script = fileURLToPath(new URL(`../bench/plot${extname(import.meta.url)}`, import.meta.url));
  const execArgv = import.meta.url.endsWith('.ts') ? process.execArgv : [];
  const { stdout, stderr } = spawnSync(process.execPath, [...execArgv, script], {
    encoding: 'utf8',
    input: results('scaling.json'),
  });
  t.equal(stdout, results('scaling.svg'), `make it again: see bench/results/README.md\n${stderr}`);
});

t.test('the committed measurements have a row for each case and peer', async t => {
  const { cases } = JSON.parse(results('cases.json')) as { cases: { name: string; peer: string }[] };
  const names = new Set(cases.map(({ name }) => name));
  for (const name of [
    'ring-raw',
    'ring-decoded',
    'perf-raw',
    'map-lookup',
    'map-update',
    'map-batch',
    'btf-vmlinux',
    'global-read',
  ])
    t.ok(names.has(name), name);
  for (const name of names)
    t.equal(cases.find(row => row.name === name)?.peer, 'libbpf', `${name}: libbpf first`);
});
