import { Argument, type Command } from 'commander';
import { addCommand, addNoun, json } from './command.js';

export function addProgCommands(program: Command): void {
  const prog = addNoun(program, 'prog', 'The loaded programs of the kernel.');
  addCommand(prog, 'list', { description: 'All of them.', example: 'rawbpf prog list' })
    .addOption(json())
    .action(async options => (await import('../commands/programs.js')).listAllPrograms(options));
  addCommand(prog, 'show', { description: 'One program.', example: 'rawbpf prog show 7' })
    .argument('<program>', 'its id, or the path where it is pinned')
    .addOption(json())
    .action(async (which, options) => (await import('../commands/programs.js')).showProgram(which, options));
  addCommand(prog, 'dump', {
    description:
      'The code of a program: instructions after the verifier, or machine code, under the source lines.',
    example: 'rawbpf prog dump xlated 7 linum',
  })
    .addArgument(new Argument('<form>', 'which code').choices(['xlated', 'jited']))
    .argument('<program>', 'its id, or the path where it is pinned')
    .addArgument(
      new Argument('[details...]', 'linum: file, line and column; opcodes: the bytes').choices([
        'linum',
        'opcodes',
      ]),
    )
    .action(async (form, which, details: string[]) =>
      (await import('../commands/prog-dump.js')).dumpProgram(form, which, {
        linum: details.includes('linum'),
        opcodes: details.includes('opcodes'),
      }),
    );
}
