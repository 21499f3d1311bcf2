import type { Command } from 'commander';
import { addCommand, jsonLines } from './command.js';
import { assignment, positive, positiveSeconds, several } from './values.js';

/** The commands that go on until Ctrl-C. */
export function addRunCommands(program: Command): void {
  const run = addCommand(program, 'run', {
    description:
      'Load an object, attach its programs, print its events until Ctrl-C, or its maps where it has no events.',
    example: 'rawbpf run fixtures/opensnoop.bpf.o --targ-failed --count 5 --json',
  })
    .usage('[options] <file> [flags of the object]')
    .argument('[file]', 'an object (.bpf.o), C source (.bpf.c), or a package.json of ecc')
    .argument('[flags...]', 'its global variables: --pid-filter 1; rawbpf run FILE --help lists them')
    .helpOption(false)
    .allowUnknownOption()
    .option('--set <name=value>', 'set a global before load; may be repeated', assignment)
    .option('--program <name>', 'load and attach only this program; may be repeated', several)
    .option(
      '--attach <program=section>',
      'attach a program as if its section were this one (kprobe/vfs_read, perf_event/cpu-clock@49, xdp/eth0); may be repeated',
      assignment,
    )
    .option(
      '--event <map=struct>',
      'the type of a map’s events, where BTF does not tell: a struct in its BTF, or members (events="u32 pid; char comm[16];")',
      assignment,
    )
    .option('--trace', 'print what bpf_printk() writes, too (the default for an object without events)')
    .option('--maps', 'print the maps, too (the default for an object with neither)')
    .option('--interval <seconds>', 'print the maps so often (on a terminal: every second)', positiveSeconds)
    .option('--timestamp', 'print the time of each event, or print of the maps')
    .option('--syscalls', 'print every bpf(), perf_event_open() and ioctl() call on stderr, as strace would')
    .option('--count <n>', 'end after so many events, or prints of the maps', positive)
    .option('--duration <seconds>', 'end after so long', positiveSeconds)
    .option('-o, --output <file>', 'write to a file what else is printed on stdout')
    .addOption(jsonLines())
    .option('-h, --help', 'show this, with the flags of the file when one is named')
    .action(async (path, words, options) =>
      (await import('../commands/run/run.js')).run(path, words, options, run),
    );

  addCommand(program, 'package', {
    description: 'Write an object as a package.json of eunomia-bpf, which rawbpf run and ecli run take.',
    example: 'rawbpf package fixtures/opensnoop.bpf.o -o package.json',
  })
    .argument('<file>', 'an object (.bpf.o), or C source (.bpf.c), whose comments go with it')
    .requiredOption('-o, --output <file>', 'the package to write')
    .action(async (path, options) => (await import('../commands/package.js')).packageObject(path, options));

  addCommand(program, 'trace-pipe', {
    description: 'Print what programs write with bpf_printk(), until Ctrl-C.',
    example: 'rawbpf trace-pipe --duration 10',
  })
    .option('--count <n>', 'end after so many lines', positive)
    .option('--duration <seconds>', 'end after so long', positiveSeconds)
    .addOption(jsonLines())
    .action(async options => (await import('../commands/trace-pipe.js')).tracePipe(options));
}
