import type { Command } from 'commander';
import { addCommand, addNoun, json } from './command.js';

const attachType = [
  '<attach_type>',
  'xdp, xdpgeneric, xdpdrv, xdpoffload, tcx_ingress or tcx_egress',
] as const;

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
  addCommand(net, 'attach', {
    description: 'Attach a loaded program to an interface. It stays attached until it is detached.',
    example: 'rawbpf net attach xdpgeneric pinned /sys/fs/bpf/drop dev eth0 overwrite',
  })
    .argument(...attachType)
    .argument(
      '<program...>',
      'id ID, name NAME, tag TAG or pinned PATH; then dev NAME; then overwrite (xdp): instead of another, or prepend (tcx): before others',
    )
    .action(async (type, rest) => (await import('../commands/net/attach.js')).attachProgram(type, rest));
  addCommand(net, 'detach', {
    description: 'Detach the program that is attached to an interface without a link.',
    example: 'rawbpf net detach xdp dev eth0',
  })
    .argument(...attachType)
    .argument('<dev...>', 'dev NAME')
    .action(async (type, rest) => (await import('../commands/net/attach.js')).detachProgram(type, rest));
}
