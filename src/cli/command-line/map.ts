import { type Command, Option } from 'commander';
import { addCommand, addNoun, json } from './command.js';

const selector = 'id N, name NAME, pinned PATH, or a number or a path alone';

export function addMapCommands(program: Command): void {
  const map = addNoun(program, 'map', 'The maps of the kernel, and what is in them.');
  addCommand(map, 'show', {
    description: 'All maps, or those that are named: types, sizes, who holds them.',
    example: 'rawbpf map show name events',
  })
    .alias('list')
    .argument('[map...]', selector)
    .addOption(new Option('-f, --bpffs', 'where they are pinned, too'))
    .addOption(json())
    .action(async (words, options) => (await import('../commands/map/show.js')).showMaps(words, options));
  addCommand(map, 'dump', {
    description: 'Every element: by BTF what it means where the map has BTF, else its bytes.',
    example: 'rawbpf map dump name flows --json',
  })
    .argument('<map...>', selector)
    .addOption(json())
    .action(async (words, options) => (await import('../commands/map/dump.js')).dumpMaps(words, options));
}
