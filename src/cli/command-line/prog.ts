import { Argument, type Command } from 'commander';
import { addCommand, addNoun, bpffs, json } from './command.js';

/** `id 7`, `name opensnoop`, `tag 0123456789abcdef`, `pinned /sys/fs/bpf/x`; a number or a path alone. */
const selector = 'id ID, name NAME, tag TAG or pinned PATH; a number alone is an id, a path alone a pin';

export function addProgCommands(program: Command): void {
  const prog = addNoun(program, 'prog', 'The loaded programs of the kernel.');
  addCommand(prog, 'show', {
    description: 'Programs, who holds them and what they use: all, or those of a selector.',
    example: 'rawbpf prog show name handle_exec',
  })
    .alias('list')
    .argument('[program...]', selector)
    .addOption(bpffs())
    .addOption(json())
    .action(async (words, options) =>
      (await import('../commands/prog/show.js')).showPrograms(words, options),
    );
  addCommand(prog, 'dump', {
    description:
      'The code of programs, under its source lines: instructions after the verifier (xlated), or machine code (jited).',
    example: 'rawbpf prog dump xlated id 7 linum',
  })
    .addArgument(new Argument('<form>', 'which code').choices(['xlated', 'jited']))
    .argument(
      '<words...>',
      `${selector}; then linum: file, line and column; opcodes: the bytes; visual: control flow for dot(1); file FILE: the bytes as they are`,
    )
    .addOption(json())
    .action(async (form, words, options) =>
      (await import('../commands/prog/dump.js')).dumpPrograms(form, words, options),
    );
}
