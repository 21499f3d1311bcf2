import { Argument, type Command } from 'commander';
import { addCommand } from './command.js';

/** `create` makes the whole command line, to complete against. */
export function addCompletionCommands(program: Command, create: () => Command): void {
  addCommand(program, 'completion', {
    description: `A script that makes a shell complete rawbpf's commands, options, names and ids. bash: source <(rawbpf completion bash), in ~/.bashrc.
zsh: the same, in ~/.zshrc after compinit. fish: rawbpf completion fish > ~/.config/fish/completions/rawbpf.fish.`,
    example: 'rawbpf completion bash',
  })
    .summary('A script that makes a shell complete commands, options, names and ids.')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .action(async shell => (await import('../completion/scripts.js')).printScript(shell));
  // What the scripts call: the words of the command line up to the cursor, the last of which is begun.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async words => (await import('../completion/complete.js')).printCandidates(create(), words));
}
