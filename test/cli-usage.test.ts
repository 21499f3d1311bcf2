import t from 'tap';
import { command, node, rawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

const commands = [
  'inspect',
  'disasm',
  'btf dump',
  'link',
  'link list',
  'link show',
  'link detach',
  'prog list',
  'prog show',
  'plan',
  'check',
  'load',
  'run',
  'trace-pipe',
];

t.test('every command has help with an example', async t => {
  for (const command of commands) {
    const { status, stdout, stderr } = rawbpf(...command.split(' '), '--help');
    t.equal(status, 0, command);
    t.match(stdout, `Usage: rawbpf ${command}`);
    t.match(stdout, `Example:\n  rawbpf ${command}`);
    t.match(stdout, '--verbose');
    t.equal(stderr, '');
  }
});

t.test('the help lists the commands', async t => {
  const { status, stdout } = rawbpf('--help');
  t.equal(status, 0);
  for (const command of commands) t.match(stdout, new RegExp(`^ {2}${command.split(' ')[0]} `, 'm'));
});

t.test('the version is the package’s', async t => {
  const { status, stdout } = rawbpf('--version');
  t.equal(status, 0);
  t.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

t.test('a wrong command line is exit status 2, with nothing on stdout', async t => {
  const wrong: string[][] = [
    [],
    ['nosuch'],
    ['inspect'],
    ['inspect', fixture('minimal'), 'surplus'],
    ['inspect', fixture('minimal'), '--nosuch'],
    ['btf'],
    ['btf', 'dump'],
    ['btf', 'dump', fixture('minimal'), '--format', 'yaml'],
    ['link'],
    ['link', fixture('minimal')],
    ['link', '-o', 'out.bpf.o'],
    ['link', 'show'],
    ['link', 'detach'],
    ['link', 'list', '7'],
    ['prog'],
    ['prog', 'show'],
    ['plan'],
    ['check'],
    ['check', fixture('minimal')],
    ['load'],
    ['run'],
    ['run', fixture('minimal'), '--set'],
    ['run', fixture('minimal'), '--set', 'pid_filter'],
    ['run', fixture('minimal'), '--set', '=1'],
    ['run', fixture('minimal'), '--count', '0'],
    ['run', fixture('minimal'), '--count', 'many'],
    ['run', fixture('minimal'), '--duration', '-1'],
    ['trace-pipe', '--duration', 'long'],
  ];
  for (const args of wrong) {
    const { status, stdout, stderr } = rawbpf(...args);
    t.equal(status, 2, `rawbpf ${args.join(' ')}`);
    t.equal(stdout, '');
    t.not(stderr, '');
  }
});

t.test('a reader that closes the pipe ends it without a word', async t => {
  if (!needs(t, { linux: true })) return;
  const script = `import { spawn } from 'node:child_process';
    const child = spawn(process.execPath, process.argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => child.stdout.destroy());
    child.on('exit', (status, signal) => { console.log(status, signal); });`;
  const { stdout, stderr } = node(
    '--input-type=module',
    '-e',
    script,
    command,
    ...['btf', 'dump', 'vmlinux'],
  );
  t.equal(stderr, '');
  t.equal(stdout, '0 null\n');
});
