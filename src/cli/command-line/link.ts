import type { Command } from 'commander';
import { addCommand, bpffs, json } from './command.js';

const selector = 'id ID or pinned PATH; a number alone is an id, a path alone a pin';

export function addLinkCommands(program: Command): void {
  const link = addCommand(program, 'link', {
    description:
      'One object made of several: what one declares extern, another defines. And, by show, detach and pin: the links of the kernel.',
    example: 'rawbpf link main.bpf.o library.bpf.o -o program.bpf.o',
  })
    .argument('<files...>', 'compiled BPF objects (.bpf.o)')
    .option('-o, --output <file>', 'the object to write (required)')
    .action(async (paths, options) => {
      if (options.output === undefined)
        link.error("error: required option '-o, --output <file>' not specified");
      await (await import('../commands/link.js')).link(paths, options);
    });
  addCommand(link, 'show', {
    description: 'The links of the kernel, what is attached to what, and who holds them: all, or one.',
    example: 'rawbpf link show',
  })
    .alias('list')
    .argument('[link...]', selector)
    .addOption(bpffs())
    .addOption(json())
    .action(async (words, options) => (await import('../commands/link/show.js')).showLinks(words, options));
  addCommand(link, 'detach', {
    description: 'Take a program off where a link attaches it.',
    example: 'rawbpf link detach pinned /sys/fs/bpf/guard',
  })
    .argument('<link...>', selector)
    .action(async words => (await import('../commands/link/detach.js')).detachLink(words));
  addCommand(link, 'pin', {
    description: 'Keep what a link attaches attached, by a file of a bpf file system, until that is removed.',
    example: 'rawbpf link pin id 7 /sys/fs/bpf/guard',
  })
    .argument('<words...>', `${selector}; then the path of the pin`)
    .action(async words => (await import('../commands/link/pin.js')).pinLink(words));
}
