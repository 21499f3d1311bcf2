import { Argument, type Command } from 'commander';
import { addCommand, addNoun, json } from './command.js';

export function addFeatureCommands(program: Command): void {
  const feature = addNoun(program, 'feature', 'What the kernel can do with BPF.');
  addCommand(feature, 'probe', {
    description:
      'Settings, program and map types, helpers by program type; of what is missing, the Linux version that brought it.',
    example: 'rawbpf feature probe kernel --json',
  })
    .argument(
      '[what...]',
      'kernel (default) or dev NAME: what a network device takes; full: also helpers of which asking makes the kernel write to its log; macros [prefix PREFIX]: a C header',
    )
    .addOption(json())
    .action(async (rest, options) =>
      (await import('../commands/feature/probe.js')).probeFeatures(rest, options),
    );
  addCommand(feature, 'list_builtins', {
    description: 'The names that rawbpf knows, whatever the kernel has.',
    example: 'rawbpf feature list_builtins helpers',
  })
    .addArgument(
      new Argument('<group>', 'which').choices([
        'prog_types',
        'map_types',
        'attach_types',
        'link_types',
        'helpers',
      ]),
    )
    .addOption(json())
    .action(async (group, options) =>
      (await import('../commands/feature/list-builtins.js')).listBuiltins(group, options),
    );
}
