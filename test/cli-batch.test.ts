import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { batchLines } from '../src/cli/commands/batch/batch-lines.js';
import { rawbpf } from './cli-process.js';
import { fixture } from './repository.js';

t.setTimeout(120_000);

function file(t: Test, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-batch-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'commands');
  writeFileSync(path, text);
  return path;
}

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n');
}

async function wordsOf(text: string): Promise<(readonly [number, ...string[]])[]> {
  const found: (readonly [number, ...string[]])[] = [];
  for await (const { number, words } of batchLines(linesOf(text), 'f')) found.push([number, ...words]);
  return found;
}

t.test('a batch has a command a line', async t => {
  t.same(await wordsOf('prog list\n\n  # all maps\nmap\tlist # those\r\n'), [
    [1, 'prog', 'list'],
    [4, 'map', 'list'],
  ]);
  t.same(await wordsOf(`prog pin id 7 "/sys/fs/bpf/a b" 'c"#' ""\n`), [
    [1, 'prog', 'pin', 'id', '7', '/sys/fs/bpf/a b', 'c"#', ''],
  ]);
  t.same(await wordsOf('prog show \\\n id \\\n 7\nlink list'), [
    [1, 'prog', 'show', 'id', '7'],
    [4, 'link', 'list'],
  ]);
  await t.rejects(wordsOf('prog list\nprog pin "x'), { message: 'f:2: a quote " is not closed' });
  await t.rejects(wordsOf('prog list \\'), { message: 'f:1: the line goes on, but the file ends' });
});

const object = fixture('minimal');

t.test('the commands of a batch run one after another', async t => {
  const commands = file(t, `inspect ${object} # offline\ndisasm ${object}\n`);
  const alone = ['inspect', 'disasm'].map(name => rawbpf(name, object).stdout);
  t.match(rawbpf('batch', commands), {
    status: 0,
    stdout: alone.join(''),
    stderr: 'rawbpf: processed 2 commands\n',
  });
  t.equal(rawbpf('batch', 'file', commands).stdout, alone.join(''), 'as bpftool has it');
  t.same(JSON.parse(rawbpf('batch', '--json', commands).stdout), [
    { command: ['inspect', object], output: JSON.parse(rawbpf('inspect', object, '--json').stdout) },
    { command: ['disasm', object], output: alone[1]?.trim() },
  ]);
});

t.test('a batch ends at the first command that fails, and names its line', async t => {
  const first = rawbpf('inspect', object).stdout;
  for (const [text, message] of [
    ['inspect /no/such/file', '3: inspect /no/such/file: /no/such/file: no such file'],
    ['inspekt x', "3: inspekt x: unknown command 'inspekt'"],
    ['batch x', '3: batch x: a batch of batches is not run'],
  ]) {
    const commands = file(t, `inspect ${object}\n\n${text}\ninspect ${object}\n`);
    const { status, stdout, stderr } = rawbpf('batch', commands);
    t.same([status, stdout], [1, first], `${text}`);
    t.ok(stderr.includes(`${commands}:${message}`), stderr);
  }
  const failing = file(t, `inspect ${object}\ninspect /no/such/file\n`);
  const { status, stdout } = rawbpf('batch', '--json', failing);
  t.equal(status, 1);
  t.equal(JSON.parse(stdout).length, 1);
  t.match(rawbpf('batch', '/no/such/file'), { status: 1, stdout: '', stderr: /no such file/ });
  t.match(rawbpf('batch', failing, 'more'), { status: 1, stderr: /more: not expected here/ });
});
