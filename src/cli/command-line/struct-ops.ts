import type { Command } from 'commander';
import { addCommand, addNoun, json } from './command.js';

const selector = 'id N, name NAME, or a number alone';

export function addStructOpsCommands(program: Command): void {
  const ops = addNoun(
    program,
    'struct-ops',
    'Structs of the kernel whose functions are programs, such as congestion controls of TCP.',
  ).alias('struct_ops');
  addCommand(ops, 'show', { description: 'Those that the kernel has.', example: 'rawbpf struct-ops list' })
    .alias('list')
    .argument('[which...]', selector)
    .addOption(json())
    .action(async (words, options) =>
      (await import('../commands/struct-ops/show.js')).showStructOps(words, options),
    );
  addCommand(ops, 'dump', {
    description: 'Their members as JSON, programs by name.',
    example: 'rawbpf struct-ops dump name cubic',
  })
    .argument('[which...]', selector)
    .addOption(json())
    .action(async words => (await import('../commands/struct-ops/dump.js')).dumpStructOps(words));
  addCommand(ops, 'register', {
    description: 'Load an object and leave its structs with the kernel.',
    example: 'rawbpf struct-ops register cubic.bpf.o /sys/fs/bpf',
  })
    .argument('<object>', 'a compiled BPF object (.bpf.o)')
    .argument('[link-dir]', 'where to pin the links of those of section .struct_ops.link')
    .addOption(json())
    .action(async (file, folder, options) =>
      (await import('../commands/struct-ops/register.js')).registerStructOps(file, folder, options),
    );
  addCommand(ops, 'unregister', {
    description: 'Take a struct back from the kernel.',
    example: 'rawbpf struct-ops unregister name cubic',
  })
    .argument('<which...>', selector)
    .addOption(json())
    .action(async (words, options) =>
      (await import('../commands/struct-ops/register.js')).unregisterStructOps(words, options),
    );
}
