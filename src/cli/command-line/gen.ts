import type { Command } from 'commander';
import { addCommand, addNoun } from './command.js';

export function addGenCommands(program: Command): void {
  const gen = addNoun(program, 'gen', 'Files made of objects; of a file alone, a TypeScript module.');
  addCommand(gen, 'module', {
    isDefault: true,
    description:
      'A TypeScript module for an object: its programs, maps, globals and events by name and type.',
    example: 'rawbpf gen fixtures/opensnoop.bpf.o -o opensnoop.ts',
  })
    .argument('<file>', 'a compiled BPF object (.bpf.o), or C source (.c) to compile')
    .option('-o, --output <file>', 'the module to write; without it, it is printed')
    .option('--embed', 'put the object into the module, instead of its path (always so for C source)')
    .action(async (file, options) => (await import('../commands/gen/module.js')).genModule(file, options));
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
      (await import('../commands/gen/min-core-btf.js')).genMinCoreBtf(paths, options),
    );
}
