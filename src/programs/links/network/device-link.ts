import { BpfAttachType } from '../../../abi/index.js';
import { lackOfNetAdmin, readFacts, versionCode } from '../../../kernel/index.js';
import { Errno } from '../../../syscall/index.js';
import type { RefusedAttach } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import { createLink } from '../bpf-link.js';
import type { LinkParts } from '../link.js';
import { type MprogOrder, orderFields } from '../mprog-order.js';
import { interfaceIndex, noSuchInterface } from './network-interface.js';

/** A network interface that runs programs of an order (kernel/bpf/mprog.c). */
export interface DevicePlace extends MprogOrder {
  readonly kind: 'tcx' | 'netkit';
  readonly interface: string | number;
}

const knownSince = {
  tcx: { feature: 'tcx links', since: '6.6' },
  netkit: { feature: 'netkit links', since: '6.7' },
};

/** Attaches by a BPF link of an `enum bpf_attach_type`. Throws UnsupportedFeatureError before Linux 6.6 (tcx), 6.7 (netkit), and BpfError. */
export function attachDevice(program: Attachable, place: DevicePlace, attachType: number): LinkParts {
  const { kind } = place;
  const target = String(place.interface);
  const what = `${program.file}: program ${program.name}: attach to ${kind} ${target}`;
  const target_ifindex = interfaceIndex(program.sys, place.interface, what);
  const order = orderFields(place);
  const { flags = 0, ...relative } = order ?? {};
  const explain = (errno: number) => explainDevice(program, place, errno);
  return createLink(
    program,
    { kind, target, explain },
    { target_ifindex, attach_type: attachType, flags, ...(order ? { [kind]: relative } : {}) },
  );
}

/** Why (kernel/bpf/tcx.c, drivers/net/netkit.c, kernel/bpf/mprog.c). */
export function explainDevice(
  program: Attachable,
  place: DevicePlace,
  errno: number,
): RefusedAttach['cause'] {
  const { kind, interface: name } = place;
  switch (errno) {
    case Errno.EPERM:
      return lackOfNetAdmin(readFacts(program.kernel));
    case Errno.ENODEV:
      return { reason: noSuchInterface(name) };
    case Errno.ENXIO:
      return { reason: `${name} is no netkit device`, advice: 'ip link add … type netkit makes one.' };
    case Errno.EACCES:
      return {
        reason: `${name} is the peer of a netkit device`,
        advice: 'Attach both netkit/primary and netkit/peer to the primary device.',
      };
    case Errno.EINVAL:
      return invalid(program, kind);
    case Errno.ESTALE:
      return {
        reason: 'the programs there have changed since the revision that was expected',
        advice: `List them again with ${kind === 'tcx' ? 'queryTcx' : 'queryNetkit'}() and attach by the new revision.`,
      };
    case Errno.ENOENT:
    case Errno.EBADF:
      return { reason: 'what it was to come beside is not attached there' };
    case Errno.ERANGE:
      return {
        reason: 'there are 64 programs already, the most that an interface takes, or none has that place',
      };
    default:
      return undefined;
  }
}

function invalid({ kernel, spec }: Attachable, kind: DevicePlace['kind']): RefusedAttach['cause'] {
  if (
    !kernel.has('tcx_link') ||
    (kind === 'netkit' && kernel.versionCode < versionCode(knownSince.netkit.since))
  )
    return { reason: `it is Linux ${kernel.release}`, missing: knownSince[kind] };
  if (kind === 'netkit' && kernel.kconfig && !kernel.kconfig.has('CONFIG_NETKIT'))
    return { reason: 'this kernel was built without CONFIG_NETKIT', missing: knownSince[kind] };
  return {
    reason: `a program of ${spec.section} cannot run there, or the place among the others contradicts what is there`,
  };
}

/** By the name of a section or option. */
export const deviceAttachTypes = {
  ingress: BpfAttachType.BPF_TCX_INGRESS,
  egress: BpfAttachType.BPF_TCX_EGRESS,
  primary: BpfAttachType.BPF_NETKIT_PRIMARY,
  peer: BpfAttachType.BPF_NETKIT_PEER,
} as const;

/** The attach type by option or else as the program was loaded, of those given. Throws TypeError when neither says. */
export function deviceAttachType(
  { file, name, spec }: Attachable,
  option: 'direction' | 'side',
  given: string | undefined,
  choices: readonly (keyof typeof deviceAttachTypes)[],
): number {
  const choice = choices.find(word =>
    given === undefined ? deviceAttachTypes[word] === spec.attachType : word === given,
  );
  if (choice) return deviceAttachTypes[choice];
  throw new TypeError(
    `${file}: program ${name}: ${option}: must be ${choices.map(word => `'${word}'`).join(' or ')}${given === undefined ? `, because section ${spec.section} does not say` : ''}`,
  );
}
