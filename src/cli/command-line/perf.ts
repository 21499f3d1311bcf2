import type { Command } from 'commander';
import { addCommand, addNoun, json } from './command.js';

export function addPerfCommands(program: Command): void {
  const perf = addNoun(program, 'perf', 'Programs at perf events: tracepoints, kprobes, uprobes.');
  addCommand(perf, 'list', {
    description: 'Which program runs at which tracepoint or function, and the process and fd that hold it.',
    example: 'rawbpf perf list --json',
  })
    .alias('show')
    .addOption(json())
    .action(async options => (await import('../commands/perf/list.js')).listPerf(options));
}
