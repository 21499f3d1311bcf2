import type { Command } from 'commander';
import { addCommand, addNoun, json } from './command.js';

const folder = ['<cgroup>', 'folder of a cgroup of version 2'] as const;
const attachType = ['<attach_type>', 'such as cgroup_inet_ingress, or ingress'] as const;
const which = 'id ID, name NAME, tag TAG or pinned PATH';

export function addCgroupCommands(program: Command): void {
  const cgroup = addNoun(program, 'cgroup', 'The programs of cgroups.');
  addCommand(cgroup, 'show', {
    description: 'The programs of one cgroup.',
    example: 'rawbpf cgroup show /sys/fs/cgroup/system.slice effective',
  })
    .alias('list')
    .argument(...folder)
    .argument('[effective...]', 'effective: all that run for it, with those of the cgroups above')
    .addOption(json())
    .action(async (cgroup, rest, options) =>
      (await import('../commands/cgroup/show.js')).showCgroup(cgroup, rest, options),
    );
  addCommand(cgroup, 'tree', {
    description: 'The programs of all cgroups, or of those from one on.',
    example: 'rawbpf cgroup tree --json',
  })
    .argument('[root...]', 'where to begin (default: where cgroups are mounted); effective: as of show')
    .addOption(json())
    .action(async (rest, options) => (await import('../commands/cgroup/tree.js')).showTree(rest, options));
  addCommand(cgroup, 'attach', {
    description: 'Attach a loaded program to a cgroup. It stays attached until it is detached.',
    example: 'rawbpf cgroup attach /sys/fs/cgroup/user.slice egress pinned /sys/fs/bpf/guard multi',
  })
    .argument(...folder)
    .argument(...attachType)
    .argument(
      '<program...>',
      `${which}; then multi or override: others may be attached beside it, or below instead of it`,
    )
    .action(async (cgroup, type, rest) =>
      (await import('../commands/cgroup/attach.js')).attachProgram(cgroup, type, rest),
    );
  addCommand(cgroup, 'detach', {
    description: 'Detach a program that is attached without a link.',
    example: 'rawbpf cgroup detach /sys/fs/cgroup/user.slice egress id 7',
  })
    .argument(...folder)
    .argument(...attachType)
    .argument('<program...>', which)
    .action(async (cgroup, type, rest) =>
      (await import('../commands/cgroup/attach.js')).detachProgram(cgroup, type, rest),
    );
}
