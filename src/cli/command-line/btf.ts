import { type Command, Option } from 'commander';
import { addCommand, addNoun, json } from './command.js';

export function addBtfCommands(program: Command): void {
  const btf = addNoun(program, 'btf', 'BTF: the types of an object, of the kernel, or of what is loaded.');
  addCommand(btf, 'show', {
    description: 'The BTF that the kernel holds, and which programs and maps it is of.',
    example: 'rawbpf btf list',
  })
    .alias('list')
    .argument('[btf...]', 'id N')
    .addOption(json())
    .action(async (words, options) => (await import('../commands/btf/list.js')).listAllBtf(words, options));
  addCommand(btf, 'dump', {
    description: 'Print every type, or those asked for.',
    example: 'rawbpf btf dump vmlinux --format json',
  })
    .argument(
      '<source...>',
      'an object, a file of raw BTF, or `vmlinux` for the running kernel; or id N, prog PROG, map MAP [key|value|kv|all], file FILE; then [format c|raw|json] [root_id N]',
    )
    .addOption(new Option('--format <format>', 'how (default: "raw")').choices(['c', 'raw', 'json']))
    .addOption(json())
    .option('--base <file>', 'the BTF that this one (of a kernel module) is split from')
    .action(async (words, options) => (await import('../commands/btf/dump.js')).btfDump(words, options));
}
