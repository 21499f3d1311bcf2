import { Argument, type Command } from 'commander';
import { addCommand, addNoun, bpffs, json, jsonLines } from './command.js';
import { positiveSeconds } from './values.js';

const selector = 'id ID, name NAME, tag TAG or pinned PATH; a number alone is an id, a path alone a pin';

export function addProgCommands(program: Command): void {
  const prog = addNoun(program, 'prog', 'The loaded programs of the kernel.');
  addLooking(prog);
  addRunning(prog);
  addKeeping(prog);
}

function addLooking(prog: Command): void {
  addCommand(prog, 'show', {
    description: 'Programs, what they use and who holds them: all, or those of a selector.',
    example: 'rawbpf prog show name handle_exec',
  })
    .alias('list')
    .argument('[program...]', selector)
    .addOption(bpffs())
    .addOption(json())
    .action(async (words, options) =>
      (await import('../commands/prog/show.js')).showPrograms(words, options),
    );
  addCommand(prog, 'dump', {
    description:
      'The code of programs, under its source lines: instructions after the verifier (xlated), or machine code (jited).',
    example: 'rawbpf prog dump xlated id 7 linum',
  })
    .addArgument(new Argument('<form>', 'which code').choices(['xlated', 'jited']))
    .argument(
      '<words...>',
      `${selector}; then linum: file, line and column; opcodes: the bytes; visual: control flow for dot(1); file FILE: the bytes as they are`,
    )
    .addOption(json())
    .action(async (form, words, options) =>
      (await import('../commands/prog/dump.js')).dumpPrograms(form, words, options),
    );
}

function addRunning(prog: Command): void {
  addCommand(prog, 'run', {
    description: 'Run a program by request, without attaching it, on what is in files.',
    example: 'rawbpf prog run id 7 data_in packet.bin data_out - repeat 1000',
  })
    .argument(
      '<words...>',
      `${selector}; then data_in FILE, data_out FILE, ctx_in FILE, ctx_out FILE (- is stdin or stdout), repeat N`,
    )
    .addOption(json())
    .action(async (words, options) => (await import('../commands/prog/run.js')).runProgram(words, options));
  addCommand(prog, 'stat', {
    description: 'Count how often programs run and how long, until Ctrl-C.',
    example: 'rawbpf prog stat --duration 5',
  })
    .argument('[program...]', selector)
    .option('--duration <seconds>', 'end after so long', positiveSeconds)
    .addOption(jsonLines())
    .action(async (words, options) => (await import('../commands/prog/stat.js')).countRuns(words, options));
}

function addKeeping(prog: Command): void {
  addCommand(prog, 'pin', {
    description: 'Keep a program loaded, by a file of a bpf file system, until that is removed.',
    example: 'rawbpf prog pin id 7 /sys/fs/bpf/drop',
  })
    .argument('<words...>', `${selector}; then the path of the pin`)
    .action(async words => (await import('../commands/prog/pin.js')).pinProgram(words));
  const rest =
    'then type TYPE: of all programs; map idx N|name NAME MAP: a map to use in place of one; pinmaps FOLDER; autoattach: pins links';
  for (const [name, which, path] of [
    ['load', 'first', 'the path of the pin'],
    ['loadall', 'all', 'the folder of the pins'],
  ] as const)
    addCommand(prog, name, {
      description: `Load an object and pin ${which === 'first' ? 'its first program' : 'its programs'}.`,
      example: `rawbpf prog ${name} fixtures/minimal.bpf.o /sys/fs/bpf/minimal autoattach`,
    })
      .argument('<object>', 'a compiled BPF object (.bpf.o)')
      .argument('<words...>', `${path}; ${rest}`)
      .action(async (object, words) =>
        (await import('../commands/prog/load.js')).loadAndPin(which, [object, ...words]),
      );
  for (const how of ['attach', 'detach'] as const)
    addCommand(prog, how, {
      description:
        how === 'attach'
          ? 'Attach a program to a sockmap or, a flow dissector, to this network namespace; it stays when this ends.'
          : 'Take a program off where prog attach put it.',
      example: `rawbpf prog ${how} name verdict msg_verdict name sockets`,
    })
      .argument(
        '<words...>',
        `${selector}; then stream_parser, stream_verdict, skb_verdict or msg_verdict, and the map; or flow_dissector`,
      )
      .action(async words => (await import('../commands/prog/attach.js')).attachProgram(how, words));
}
