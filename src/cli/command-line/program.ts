import { readFileSync } from 'node:fs';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { paint } from './paint.js';

/** The command line: every command with its arguments, options and help. What a command does is loaded when it is called. */
export function createProgram(): Command {
  const program = new Command('rawbpf')
    .description('eBPF down to the syscall: look into BPF objects, load them, run them.')
    .option('--verbose', 'print the long story of an error (also: RAWBPF_VERBOSE=1)')
    .version(version(), '-V, --version', 'print the version')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) =>
        write(text.replace(/^error: /, `${paint('red', 'rawbpf:', process.stderr)} `)),
    })
    .showHelpAfterError('(rawbpf --help tells more)')
    .exitOverride();

  const json = () => new Option('--json', 'print JSON');
  const file = ['<file>', 'a compiled BPF object (.bpf.o)'] as const;

  add('inspect', 'What is in an object: programs, maps, globals, externs. Needs no privilege, on any system.')
    .argument(...file)
    .option('--elf', 'sections, symbols and relocations, too (they are always in --json)')
    .addOption(json())
    .action(async (path, options) => (await import('./commands/inspect.js')).inspect(path, options));
  example('inspect', 'rawbpf inspect fixtures/opensnoop.bpf.o');

  add(
    'disasm',
    'The instructions of an object, with source lines and the names of maps, globals and functions.',
  )
    .argument(...file)
    .argument('[program]', 'only this program, and the functions that it calls')
    .action(async (path, name) => (await import('./commands/disasm.js')).disasm(path, name));
  example('disasm', 'rawbpf disasm fixtures/minimal.bpf.o handle_tp');

  const btf = add('btf', 'BTF: the types of an object or of the kernel.');
  btf
    .command('dump')
    .description('Print every type.')
    .argument('<source>', 'an object, a file of raw BTF, or `vmlinux` for the running kernel')
    .addOption(new Option('--format <format>', 'how').choices(['c', 'raw', 'json']).default('raw'))
    .option('--base <file>', 'the BTF that this one (of a kernel module) is split from')
    .action(async (source, options) => (await import('./commands/btf-dump.js')).btfDump(source, options));
  example('btf dump', 'rawbpf btf dump vmlinux --format json', btf.commands[0]);

  const link = add(
    'link',
    'One object made of several: what one declares extern, another defines. And, by list, show and detach: the links of the kernel.',
  )
    .argument('<files...>', 'compiled BPF objects (.bpf.o)')
    .option('-o, --output <file>', 'the object to write (required)')
    .action(async (paths, options) => {
      if (options.output === undefined)
        link.error("error: required option '-o, --output <file>' not specified");
      await (await import('./commands/link.js')).link(paths, options);
    });
  example('link', 'rawbpf link main.bpf.o library.bpf.o -o program.bpf.o');
  const linkArgument = ['<link>', 'its id, or the path where it is pinned'] as const;
  sub(link, 'list', 'The BPF links of the kernel: what is attached to what.')
    .addOption(json())
    .action(async options => (await import('./commands/links.js')).listAllLinks(options));
  sub(link, 'show', 'One link.', 'rawbpf link show 7')
    .argument(...linkArgument)
    .addOption(json())
    .action(async (which, options) => (await import('./commands/links.js')).showLink(which, options));
  sub(link, 'detach', 'Take a program off where a link attaches it.', 'rawbpf link detach /sys/fs/bpf/guard')
    .argument(...linkArgument)
    .action(async which => (await import('./commands/links.js')).detachLink(which));

  const prog = add('prog', 'The loaded programs of the kernel.');
  sub(prog, 'list', 'All of them.')
    .addOption(json())
    .action(async options => (await import('./commands/programs.js')).listAllPrograms(options));
  sub(prog, 'show', 'One program.', 'rawbpf prog show 7')
    .argument('<program>', 'its id, or the path where it is pinned')
    .addOption(json())
    .action(async (which, options) => (await import('./commands/programs.js')).showProgram(which, options));
  sub(
    prog,
    'dump',
    'The code of a program: instructions after the verifier, or machine code, under the source lines.',
    'rawbpf prog dump xlated 7 linum',
  )
    .addArgument(new Argument('<form>', 'which code').choices(['xlated', 'jited']))
    .argument('<program>', 'its id, or the path where it is pinned')
    .addArgument(
      new Argument('[details...]', 'linum: file, line and column; opcodes: the bytes').choices([
        'linum',
        'opcodes',
      ]),
    )
    .action(async (form, which, details: string[]) =>
      (await import('./commands/prog-dump.js')).dumpProgram(form, which, {
        linum: details.includes('linum'),
        opcodes: details.includes('opcodes'),
      }),
    );

  const gen = add('gen', 'Files made of objects.');
  gen
    .command('min-core-btf')
    .description('The part of a kernel’s BTF that objects need to be relocated, for kernels that show none.')
    .argument('<files...>', 'compiled BPF objects (.bpf.o)')
    .requiredOption(
      '--btf <file>',
      'BTF of the kernel, raw or in a vmlinux, or `vmlinux` for the running one',
    )
    .requiredOption('-o, --output <file>', 'the BTF to write')
    .action(async (paths, options) =>
      (await import('./commands/gen-min-core-btf.js')).genMinCoreBtf(paths, options),
    );
  const genExample = 'rawbpf gen min-core-btf fixtures/opensnoop.bpf.o --btf 5.4.btf -o 5.4.min.btf';
  example('gen min-core-btf', genExample, gen.commands[0]);

  add('plan', 'The bpf() calls that loading an object would make, as strace prints them. Makes none of them.')
    .argument(...file)
    .option('--btf <file>', 'BTF of the kernel to plan for')
    .addOption(json())
    .action(async (path, options) => (await import('./commands/plan.js')).plan(path, options));
  example('plan', 'rawbpf plan fixtures/minimal.bpf.o');

  add('check', 'Whether programs find what they rely on in the types of other kernels. Needs no privilege.')
    .argument(...file)
    .requiredOption('--btf <file>', 'BTF of a kernel, raw or in a vmlinux; may be repeated', several)
    .addOption(json())
    .action(async (path, options) => (await import('./commands/check.js')).check(path, options));
  example('check', 'rawbpf check fixtures/opensnoop.bpf.o --btf 5.10.btf --btf /usr/lib/debug/vmlinux');

  add('load', 'Load an object into the kernel, report its programs, unload it.')
    .argument(...file)
    .option('--each', 'load every program alone, so that one refusal does not hide the others')
    .addOption(json())
    .action(async (path, options) => (await import('./commands/load.js')).load(path, options));
  example('load', 'rawbpf load --each fixtures/hello.bpf.o');

  add('run', 'Load an object, attach its programs, print its events until Ctrl-C.')
    .argument(...file)
    .option('--set <name=value>', 'set a global before load; may be repeated', assignment, [])
    .option('--trace', 'print what bpf_printk() writes, too (the default for an object without events)')
    .option('--syscalls', 'print every bpf(), perf_event_open() and ioctl() call on stderr, as strace would')
    .option('--count <n>', 'end after so many events', positive)
    .option('--duration <seconds>', 'end after so long', positiveSeconds)
    .addOption(new Option('--json', 'print one JSON document a line'))
    .action(async (path, options) => (await import('./commands/run.js')).run(path, options));
  example('run', 'rawbpf run fixtures/opensnoop.bpf.o --json --count 5 --set targ_uid=0');

  add('trace-pipe', 'Print what programs write with bpf_printk(), until Ctrl-C.')
    .option('--count <n>', 'end after so many lines', positive)
    .option('--duration <seconds>', 'end after so long', positiveSeconds)
    .addOption(new Option('--json', 'print one JSON document a line'))
    .action(async options => (await import('./commands/trace-pipe.js')).tracePipe(options));
  example('trace-pipe', 'rawbpf trace-pipe --duration 10');

  return program;

  function add(name: string, description: string): Command {
    return program.command(name).description(description);
  }

  function sub(
    parent: Command,
    name: string,
    description: string,
    line = `rawbpf ${parent.name()} ${name}`,
  ): Command {
    const command = parent.command(name).description(description);
    example(name, line, command);
    return command;
  }

  function example(
    name: string,
    line: string,
    command = program.commands.find(c => c.name() === name),
  ): void {
    command?.addHelpText('after', `\nExample:\n  ${line}`);
  }
}

/** The package's version. */
function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

/** One `--set NAME=VALUE`. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
}

function assignment(text: string, before: readonly Assignment[]): readonly Assignment[] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must read NAME=VALUE.');
  return [...before, { name, value }];
}

function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}

function positiveSeconds(text: string): number {
  const number = Number(text);
  if (!(number > 0) || number * 1000 >= 2 ** 31)
    throw new InvalidArgumentError('It must be a number of seconds.');
  return number;
}
