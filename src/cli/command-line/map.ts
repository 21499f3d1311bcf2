import { type Command, Option } from 'commander';
import { addCommand, addNoun, json, jsonLines } from './command.js';
import { positive, positiveSeconds } from './values.js';

const selector = 'id N, name NAME, pinned PATH, or a number or a path alone';
const data = 'bytes (1 2 0x3; hex 01 02 03), or one word: JSON by the map’s BTF, or a number';

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
  addElementCommands(map);
  addWholeMapCommands(map);
}

/** The commands about one element. */
function addElementCommands(map: Command): void {
  const load = () => import('../commands/map/element.js');
  addCommand(map, 'lookup', {
    description: 'The value of a key.',
    example: `rawbpf map lookup name flows key '{"saddr": 1, "port": 80}'`,
  })
    .argument('<words...>', `MAP key DATA; MAP: ${selector}; DATA: ${data}`)
    .addOption(json())
    .action(async (words, options) => (await load()).lookUp(words, options));
  addCommand(map, 'update', {
    description: `Write a value. DATA of as many numbers as there are bytes is bytes; else one word is JSON or, where it is none, text.
Into maps of maps go maps, and into prog arrays programs, by their selector. A map with a value for each CPU gets it for all.`,
    example: `rawbpf map update pinned /sys/fs/bpf/counts key 501 value '{"packets": 1}' noexist`,
  })
    .summary('Write a value.')
    .argument('<words...>', `MAP key DATA value DATA [any|noexist|exist]; DATA: ${data}`)
    .addOption(json())
    .action(async (words, options) => (await load()).update(words, options));
  addCommand(map, 'delete', { description: 'Delete a key.', example: 'rawbpf map delete id 7 key 1 0 0 0' })
    .argument('<words...>', `MAP key DATA; DATA: ${data}`)
    .addOption(json())
    .action(async (words, options) => (await load()).deleteKey(words, options));
  addCommand(map, 'getnext', {
    description: 'The key after a key, or the first one.',
    example: 'rawbpf map getnext id 7 key hex 01 00 00 00',
  })
    .argument('<words...>', `MAP [key DATA]; DATA: ${data}`)
    .addOption(json())
    .action(async (words, options) => (await load()).getNext(words, options));
  addCommand(map, 'peek', {
    description: 'The next value of a queue or stack, which stays.',
    example: 'rawbpf map peek name jobs',
  })
    .argument('<map...>', selector)
    .addOption(json())
    .action(async (words, options) => (await load()).lookUp(words, options));
  for (const [name, kind] of [
    ['push', 'stack'],
    ['enqueue', 'queue'],
  ] as const)
    addCommand(map, name, {
      description: `Put a value into a ${kind}; exist drops the oldest when it is full.`,
      example: `rawbpf map ${name} name jobs value 1 0 0 0`,
    })
      .argument('<words...>', `MAP value DATA [any|exist]; DATA: ${data}`)
      .addOption(json())
      .action(async (words, options) => (await load()).update(words, options));
  for (const [name, kind] of [
    ['pop', 'stack'],
    ['dequeue', 'queue'],
  ] as const)
    addCommand(map, name, {
      description: `Take a value out of a ${kind}.`,
      example: `rawbpf map ${name} name jobs`,
    })
      .argument('<map...>', selector)
      .addOption(json())
      .action(async (words, options) => (await load()).pop(words, options));
}

/** The commands about a map as a whole. */
function addWholeMapCommands(map: Command): void {
  const load = () => import('../commands/map/manage.js');
  addCommand(map, 'create', {
    description: 'Create a map, which its pin keeps.',
    example: 'rawbpf map create /sys/fs/bpf/counts type hash key u32 value u64 entries 1024 name counts',
  })
    .argument(
      '<words...>',
      'PATH type TYPE key SIZE value SIZE entries N name NAME [flags N] [inner_map MAP] [offload_dev NAME]; SIZE: bytes, or a type (u8 to u64, s8 to s64, int, bool), which the kernel is told; flags: a number, or names with commas between (no_prealloc)',
    )
    .addOption(json())
    .action(async (words, options) => (await load()).create(words, options));
  addCommand(map, 'pin', {
    description: 'Pin a map at a path of a bpf file system.',
    example: 'rawbpf map pin id 7 /sys/fs/bpf/counts',
  })
    .argument('<words...>', `MAP PATH; MAP: ${selector}`)
    .addOption(json())
    .action(async (words, options) => (await load()).pin(words, options));
  addCommand(map, 'freeze', {
    description: 'Make a map read-only for user space, for good.',
    example: 'rawbpf map freeze name settings',
  })
    .argument('<map...>', selector)
    .addOption(json())
    .action(async (words, options) => (await load()).freeze(words, options));
  addCommand(map, 'event-pipe', {
    description: `The events of a perf event array or a ring buffer, until Ctrl-C.
They are taken: who else reads the map does not get them, and of a perf event array gets no more at all.`,
    example: 'rawbpf map event-pipe name events --btf opensnoop.bpf.o --type event',
  })
    .alias('event_pipe')
    .summary('The events of a perf event array or a ring buffer, until Ctrl-C.')
    .argument('<map...>', selector)
    .option('--type <name>', 'what the events are, a type of --btf')
    .option('--btf <file>', 'an object, or a file of raw BTF, with the type of the events')
    .option('--count <n>', 'end after so many events', positive)
    .option('--duration <seconds>', 'end after so long', positiveSeconds)
    .addOption(jsonLines())
    .action(async (words, options) =>
      (await import('../commands/map/event-pipe.js')).eventPipe(words, options),
    );
}
