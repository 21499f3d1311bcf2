import type { Command } from 'commander';
import { addCommand, json } from './command.js';

/** `create` makes the whole command line, anew for each command of the file. */
export function addBatchCommand(program: Command, create: () => Command): void {
  addCommand(program, 'batch', {
    description:
      'Commands out of a file, one a line, as written after `rawbpf`; # begins a comment. Ends at the first that fails.',
    example: "printf 'prog list\\nmap list\\n' | rawbpf batch --json -",
  })
    .argument('<file...>', 'the file; - is standard input')
    .addOption(json())
    .action(async (words, options) =>
      (await import('../commands/batch/batch.js')).runBatch(words, options, create),
    );
}
