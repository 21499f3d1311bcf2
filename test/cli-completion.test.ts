import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { BpfObject } from 'rawbpf';
import t, { type Test } from 'tap';
import { command, rawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixture, repository } from './repository.js';

const opensnoop = 'fixtures/opensnoop.bpf.o';

/** The words that may stand where the last of these is begun; `:files` among them where a path may. */
function candidates(...words: string[]): string[] {
  const { stdout, stderr, status } = rawbpf('complete', '--', ...words);
  if (status !== 0 || stderr !== '') throw new Error(`complete ${words.join(' ')}: ${stderr}`);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map(line => line.split('\t')[0] as string);
}

t.test('commands, below their nouns', async t => {
  for (const word of ['inspect', 'prog', 'map', 'run']) t.ok(candidates('').includes(word), word);
  t.same(candidates('insp'), ['inspect']);
  t.same(candidates('prog', 'du'), ['dump']);
  t.notOk(candidates('').includes('complete'));
  t.same(candidates('nosuch', ''), []);
});

t.test('options, and what they take', async t => {
  t.same(candidates('inspect', '--j'), ['--json']);
  t.same(candidates('inspect', opensnoop, '--verb'), ['--verbose']);
  t.same(candidates('btf', 'dump', 'vmlinux', '--format', ''), ['c', 'raw', 'json']);
  t.same(candidates('plan', opensnoop, '--btf', ''), [':files']);
});

t.test('arguments: choices, files, keywords, the programs of an object', async t => {
  t.same(candidates('completion', ''), ['bash', 'zsh', 'fish']);
  t.same(candidates('prog', 'dump', ''), ['xlated', 'jited']);
  t.same(candidates('inspect', ''), [':files']);
  t.same(candidates('map', 'show', 'pinned', ''), [':files']);
  t.has(candidates('prog', 'show', ''), ['id', 'name', 'tag', 'pinned']);
  t.same(candidates('map', 'update', 'id', '7', 'key', '1', 'value', '2', 'noe'), ['noexist']);
  t.same(candidates('disasm', opensnoop, 'tracepoint__syscalls__sys_exit_'), [
    'tracepoint__syscalls__sys_exit_open',
    'tracepoint__syscalls__sys_exit_openat',
  ]);
  t.same(candidates('disasm', '/nonexistent', ''), []);
});

t.test('the ids and names of what is loaded', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('hello-map')).load();
  const [program] = Object.values(object.programs);
  const { id, name, tag } = program!.info();
  t.ok(candidates('prog', 'show', 'id', '').includes(String(id)));
  t.ok(candidates('prog', 'show', 'name', name.slice(0, 3)).includes(name));
  t.ok(candidates('prog', 'dump', 'xlated', 'tag', tag.slice(0, 4)).includes(tag));
  const map = object.map('counter_table').info();
  t.ok(candidates('map', 'dump', 'id', '').includes(String(map.id)));
});

t.test('bash', async t => {
  if (!needs(t, { tools: ['bash'] })) return;
  const completed = (...words: string[]) =>
    inShell(t, 'bash', [
      'source <(rawbpf completion bash)',
      `COMP_WORDS=(rawbpf ${words.map(word => `'${word}'`).join(' ')}) COMP_CWORD=${words.length}`,
      '_rawbpf',
      `printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]);
  t.same(completed('prog', 'du'), ['dump']);
  t.same(completed('inspect', 'fixtures/opens'), [opensnoop]);
  t.match(inShell(t, 'bash', ['source <(rawbpf completion bash)', 'complete -p rawbpf']), [
    '-F _rawbpf rawbpf',
  ]);
});

t.test('zsh', async t => {
  if (!needs(t, { tools: ['zsh'] })) return;
  const completed = (...words: string[]) =>
    inShell(t, 'zsh', [
      'compdef() { : }',
      // zsh's own, which draw: here they print what they are given.
      `_describe() { print -rl -- "\${(@P)3}" }`,
      '_files() { print FILES }',
      'source <(rawbpf completion zsh)',
      `words=(rawbpf ${words.map(word => `'${word}'`).join(' ')}) CURRENT=${words.length + 1}`,
      '_rawbpf',
    ]);
  t.match(completed('prog', 'du'), [/^dump:The code of programs/]);
  t.same(completed('inspect', 'fix'), ['FILES']);
});

t.test('fish', async t => {
  if (!needs(t, { tools: ['fish'] })) return;
  const completed = (line: string) =>
    inShell(t, 'fish', ['rawbpf completion fish | source', `complete -C '${line}'`]);
  t.match(completed('rawbpf prog du'), [/^dump\tThe code of programs/]);
  t.same(
    completed('rawbpf inspect fixtures/opens').map(word => word.split('\t')[0]),
    [opensnoop],
  );
});

/** The lines that a shell prints which finds `rawbpf` on its PATH. */
function inShell(t: Test, shell: string, lines: readonly string[]): string[] {
  const folder = t.testdir({ rawbpf: `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n` });
  chmodSync(join(folder, 'rawbpf'), 0o755);
  const { stdout, stderr } = spawnSync(shell, ['-c', lines.join('\n')], {
    encoding: 'utf8',
    cwd: repository,
    env: { ...process.env, NODE_OPTIONS: '', HOME: folder, PATH: `${folder}:${process.env['PATH']}` },
  });
  t.equal(stderr, '', shell);
  return stdout.split('\n').slice(0, -1);
}
