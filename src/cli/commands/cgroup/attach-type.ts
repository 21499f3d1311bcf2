import { BpfAttachType } from '../../../abi/index.js';
import { attachTypeName } from '../../../object/index.js';
import { Refusal } from '../../refusal.js';

/** Attach types of cgroups: the number, libbpf's name, and the shorter one that bpftool takes, too. */
const types: readonly (readonly [type: number, name: string, short: string])[] = Object.values(BpfAttachType)
  .map(type => [type, attachTypeName(type)] as const)
  .filter(([, name]) => /^(lsm_)?cgroup/.test(name))
  .map(([type, name]) => [type, name, shortName(name)]);

/** `connect4` of `cgroup_inet4_connect`, `ingress` of `cgroup_inet_ingress`; those of unix sockets have none. */
function shortName(name: string): string {
  if (name.startsWith('cgroup_unix_') || name === 'lsm_cgroup') return name;
  return name.replace('cgroup_', '').replace(/^(?:inet|udp)(4|6)?_(.+)$/, '$2$1');
}

/** The attach type of a name, or of what a short name begins with. Throws Refusal. */
export function cgroupAttachType(word: string): number {
  const found =
    types.find(([, name]) => name === word) ?? types.find(([, , short]) => short.startsWith(word));
  if (found && word !== '') return found[0];
  throw new Refusal(
    `${word}: no attach type of cgroups has this name; there is ${types.map(([, name]) => name).join(', ')}`,
  );
}
