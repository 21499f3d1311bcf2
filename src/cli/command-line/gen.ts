import type { Command } from 'commander';
import { addCommand, addNoun } from './command.js';

export function addGenCommands(program: Command): void {
  const gen = addNoun(program, 'gen', 'Files made of objects.');
  addCommand(gen, 'min-core-btf', {
    description: 'The part of a kernel’s BTF that objects need to be relocated, for kernels that show none.',
    example: 'rawbpf gen min-core-btf fixtures/opensnoop.bpf.o --btf 5.4.btf -o 5.4.min.btf',
  })
    .argument('<files...>', 'compiled BPF objects (.bpf.o)')
    .requiredOption(
      '--btf <file>',
      'BTF of the kernel, raw or in a vmlinux, or `vmlinux` for the running one',
    )
    .requiredOption('-o, --output <file>', 'the BTF to write')
    .action(async (paths, options) =>
      (await import('../commands/gen-min-core-btf.js')).genMinCoreBtf(paths, options),
    );
}
