import type { Command } from 'commander';
import { addCommand, jsonLines, objectFile } from './command.js';
import { assignment, positive, positiveSeconds } from './values.js';

/** The commands that go on until Ctrl-C. */
export function addRunCommands(program: Command): void {
  addCommand(program, 'run', {
    description: 'Load an object, attach its programs, print its events until Ctrl-C.',
    example: 'rawbpf run fixtures/opensnoop.bpf.o --json --count 5 --set targ_uid=0',
  })
    .argument(...objectFile)
    .option('--set <name=value>', 'set a global before load; may be repeated', assignment, [])
    .option('--trace', 'print what bpf_printk() writes, too (the default for an object without events)')
    .option('--syscalls', 'print every bpf(), perf_event_open() and ioctl() call on stderr, as strace would')
    .option('--count <n>', 'end after so many events', positive)
    .option('--duration <seconds>', 'end after so long', positiveSeconds)
    .addOption(jsonLines())
    .action(async (path, options) => (await import('../commands/run.js')).run(path, options));

  addCommand(program, 'trace-pipe', {
    description: 'Print what programs write with bpf_printk(), until Ctrl-C.',
    example: 'rawbpf trace-pipe --duration 10',
  })
    .option('--count <n>', 'end after so many lines', positive)
    .option('--duration <seconds>', 'end after so long', positiveSeconds)
    .addOption(jsonLines())
    .action(async options => (await import('../commands/trace-pipe.js')).tracePipe(options));
}
