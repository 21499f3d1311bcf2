import type { Command } from 'commander';
import { addCommand, addNoun, json } from './command.js';

export function addNetCommands(program: Command): void {
  const net = addNoun(program, 'net', 'The programs of the network: XDP, tc, flow dissector, netfilter.');
  addCommand(net, 'list', {
    description: 'What runs at the interfaces of this network namespace, and at the namespace.',
    example: 'rawbpf net list dev eth0',
  })
    .alias('show')
    .argument('[dev...]', 'dev NAME: of one interface only')
    .addOption(json())
    .action(async (rest, options) => (await import('../commands/net/list.js')).listNet(rest, options));
}
