import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { command, rawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixture, repository } from './repository.js';
import { onTerminal, plain, quoted, withEnvironment } from './terminal.js';

const csi = '\u001b[';

t.test('without arguments: what it is, in three lines, and commands that work', async t => {
  const { status, stdout, stderr } = rawbpf();
  t.equal(status, 0);
  t.equal(stderr, '');
  const [what = '', suggestions = ''] = stdout.split('\n\n');
  t.equal(what.split('\n').length, 3);
  t.match(what, /^rawbpf \d+\.\d+\.\d+: eBPF/);
  const commands = suggestions.match(/(?<=^ {2}(npx )?rawbpf ).*?(?= {2})/gm) ?? [];
  t.ok(commands.length >= 3, suggestions);
  for (const line of commands) {
    const finished = rawbpf(...line.split(' '));
    t.equal(finished.status, 0, `rawbpf ${line}: ${finished.stderr}`);
    t.equal(finished.stderr, '', line);
  }
});

t.test('colours as the environment and the terminal have it', async t => {
  if (!needs(t, { linux: true, tools: ['script'] })) return;
  for (const args of [['inspect', fixture('minimal')], ['--help'], []]) {
    const coloured = (...settings: string[]) => terminal(settings, ...args).includes(csi);
    const piped = (...settings: string[]) =>
      withEnvironment(settings, process.execPath, command, ...args).includes(csi);
    const name = args[0] ?? 'no arguments';
    t.equal(piped(), false, `${name} in a pipe`);
    t.equal(piped('FORCE_COLOR=1'), true, `${name} in a pipe, FORCE_COLOR`);
    t.equal(coloured(), true, `${name} on a terminal`);
    t.equal(coloured('NO_COLOR=1'), false, `${name} on a terminal, NO_COLOR`);
    t.equal(coloured('FORCE_COLOR=0'), false, `${name} on a terminal, FORCE_COLOR=0`);
  }
});

t.test('errors are coloured for the terminal of stderr, whatever stdout is', async t => {
  const { stdout, stderr } = spawnSync(process.execPath, [command, 'inspect', '/nonexistent'], {
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '1', NODE_OPTIONS: '' },
  });
  t.equal(stdout, '');
  t.match(stderr, `${csi}31mrawbpf:${csi}39m /nonexistent`);
});

t.test('a line says what takes long, on a terminal only, while the event loop waits', async t => {
  if (!needs(t, { linux: true, tools: ['script'] })) return;
  const module = join(repository, 'dist/src/cli/progress.js');
  const busy = (milliseconds: number) => `import { progress } from '${module}';
const work = () => { const end = Date.now() + ${milliseconds}; while (Date.now() < end); return 'the result'; };
console.log(await progress('Working on it', work));`;
  const script = (milliseconds: number) => ['--input-type=module', '-e', busy(milliseconds)];
  const drawn = onTerminal([], process.execPath, ...script(2500));
  t.match(drawn, /\r\S+K. Working on it \(\d s\)\r/);
  // The line is gone before anything else is printed.
  t.ok(drawn.endsWith(`\r${csi}Kthe result\r\n`), JSON.stringify(drawn.slice(-80)));
  t.equal(onTerminal([], process.execPath, ...script(0)), 'the result\r\n');
  const { stdout, stderr } = spawnSync(process.execPath, script(1500), { encoding: 'utf8', env: plain });
  t.equal(stderr, '');
  t.equal(stdout, 'the result\n');
});

t.test('a reader that has seen enough ends any command without a word', async t => {
  if (!needs(t, { linux: true })) return;
  for (const args of [
    ['disasm', fixture('opensnoop')],
    ['inspect', fixture('opensnoop'), '--json', '--elf'],
    ['plan', fixture('opensnoop')],
    ['btf', 'dump', fixture('opensnoop')],
    ['btf', 'dump', fixture('opensnoop'), '--format', 'c'],
    ['btf', 'dump', 'vmlinux', '--format', 'json'],
    ['--help'],
  ]) {
    const line = [process.execPath, command, ...args].map(quoted).join(' ');
    const { stdout, stderr } = spawnSync('bash', ['-c', `${line} | head -c 10; echo "\${PIPESTATUS[0]}"`], {
      encoding: 'utf8',
      env: plain,
    });
    t.equal(stderr, '', args.join(' '));
    t.match(stdout, /^.{10}0\n$/s, args.join(' '));
  }
});

function terminal(settings: readonly string[], ...args: string[]): string {
  return onTerminal(settings, process.execPath, command, ...args);
}
