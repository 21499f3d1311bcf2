import type { Command } from 'commander';
import t from 'tap';
import { createProgram } from '../src/cli/command-line/program.js';
import { command, node, rawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

/** All that can be called: `rawbpf inspect`, `rawbpf prog list`. */
function* callable(command: Command): Generator<Command> {
  if (command.commands.length === 0 || command.registeredArguments.length > 0) yield command;
  for (const below of shown(command)) yield* callable(below);
}

/** The commands below one, without those that are not for people. */
function shown(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter(below => below.name() !== 'help');
}

/** The words by which a command is called. */
function words(command: Command): string[] {
  return command.parent ? [...words(command.parent), command.name()] : [command.name()];
}

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: text => (help += text) }).outputHelp();
  return help;
}

/** The words of our command in a line for a shell. */
function shellWords(line: string): string[] {
  const ours = line.split(/ (?:&&|\||>) /).find(part => part.startsWith('rawbpf ')) ?? '';
  return [...ours.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

t.test(
  'every command has a description, arguments that say what they are, and an example that it takes',
  async t => {
    for (const command of callable(createProgram())) {
      const called = words(command);
      const name = called.join(' ');
      t.not(command.description(), '', name);
      for (const argument of command.registeredArguments)
        t.not(argument.description, '', `${name} ${argument.name()}`);
      for (const option of command.options) t.not(option.description, '', `${name} ${option.flags}`);
      const help = helpOf(command);
      t.match(help, `Usage: ${name}`);
      const [, examples = ''] = help.split(/^Examples?:\n/m);
      const lines = [...examples.matchAll(/^ {2}(.*\brawbpf .*)$/gm)].map(([, line]) => line as string);
      t.ok(lines.length > 0, `${name} has an example`);
      for (const line of lines) t.same(takenBy(line), called, line);
    }
  },
);

/** The words of the command that takes a command line; what the parser says against it instead. */
function takenBy(line: string): string[] | string {
  let taken: string[] | string = 'no command';
  const program = createProgram();
  for (const command of callable(program))
    command.action(() => {
      taken = words(command);
    });
  try {
    program.configureOutput({ writeErr: () => {} }).parse(shellWords(line).slice(1), { from: 'user' });
  } catch (error) {
    return String(error);
  }
  return taken;
}

t.test('the help lists the commands', async t => {
  const { status, stdout, stderr } = rawbpf('--help');
  t.equal(status, 0);
  t.equal(stderr, '');
  for (const command of shown(createProgram())) t.match(stdout, new RegExp(`^ {2}${command.name()}\\b`, 'm'));
});

t.test('--help of a command', async t => {
  for (const args of [['inspect'], ['prog', 'dump'], ['link']]) {
    const { status, stdout, stderr } = rawbpf(...args, '--help');
    t.equal(status, 0);
    t.equal(stderr, '');
    t.match(stdout, `Usage: rawbpf ${args.join(' ')}`);
    t.match(stdout, 'Example:\n  rawbpf');
    t.match(stdout, '--verbose');
  }
});

t.test('the version is the package’s', async t => {
  const { status, stdout } = rawbpf('--version');
  t.equal(status, 0);
  t.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

t.test('a wrong command line is exit status 2, with nothing on stdout', async t => {
  const wrong: string[][] = [
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
    ['link', 'detach'],
    ['prog'],
    ['prog', 'nosuch'],
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
