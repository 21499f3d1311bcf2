import type { Command } from 'commander';
import { addCommand, addNoun, objectFile } from './command.js';

export function addIterCommands(program: Command): void {
  const iter = addNoun(
    program,
    'iter',
    'Iterators: programs that go over objects of the kernel and write text.',
  );
  addCommand(iter, 'pin', {
    description:
      'Load an iterator and pin it: to read the file (cat) is to run it. It stays until the file is removed.',
    example: 'rawbpf iter pin tasks.bpf.o /sys/fs/bpf/tasks && cat /sys/fs/bpf/tasks',
  })
    .argument(...objectFile)
    .argument('<path>', 'where, on a bpf file system')
    .argument('[map...]', 'map MAP: the map to go over, by id ID, name NAME, pinned PATH')
    .option('--program <name>', 'which iterator, where there are several (default: the first)')
    .action(async (file, path, rest, options) =>
      (await import('../commands/iter/pin.js')).pinIterator(file, path, rest, options),
    );
}
