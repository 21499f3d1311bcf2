import { type Command, Option } from 'commander';
import { addCommand, addNoun } from './command.js';

export function addBtfCommands(program: Command): void {
  const btf = addNoun(program, 'btf', 'BTF: the types of an object or of the kernel.');
  addCommand(btf, 'dump', {
    description: 'Print every type.',
    example: 'rawbpf btf dump vmlinux --format json',
  })
    .argument('<source>', 'an object, a file of raw BTF, or `vmlinux` for the running kernel')
    .addOption(new Option('--format <format>', 'how').choices(['c', 'raw', 'json']).default('raw'))
    .option('--base <file>', 'the BTF that this one (of a kernel module) is split from')
    .action(async (source, options) => (await import('../commands/btf-dump.js')).btfDump(source, options));
}
