import type { Command } from 'commander';
import { addCommand, json } from './command.js';

export function addLinkCommands(program: Command): void {
  const link = addCommand(program, 'link', {
    description:
      'One object made of several: what one declares extern, another defines. And, by list, show and detach: the links of the kernel.',
    example: 'rawbpf link main.bpf.o library.bpf.o -o program.bpf.o',
  })
    .argument('<files...>', 'compiled BPF objects (.bpf.o)')
    .option('-o, --output <file>', 'the object to write (required)')
    .action(async (paths, options) => {
      if (options.output === undefined)
        link.error("error: required option '-o, --output <file>' not specified");
      await (await import('../commands/link.js')).link(paths, options);
    });
  const which = ['<link>', 'its id, or the path where it is pinned'] as const;
  addCommand(link, 'list', {
    description: 'The BPF links of the kernel: what is attached to what.',
    example: 'rawbpf link list',
  })
    .addOption(json())
    .action(async options => (await import('../commands/links.js')).listAllLinks(options));
  addCommand(link, 'show', { description: 'One link.', example: 'rawbpf link show 7' })
    .argument(...which)
    .addOption(json())
    .action(async (which, options) => (await import('../commands/links.js')).showLink(which, options));
  addCommand(link, 'detach', {
    description: 'Take a program off where a link attaches it.',
    example: 'rawbpf link detach /sys/fs/bpf/guard',
  })
    .argument(...which)
    .action(async which => (await import('../commands/links.js')).detachLink(which));
}
