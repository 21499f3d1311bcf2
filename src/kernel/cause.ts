import type { Facts } from './facts.js';
import { versionCode } from './version.js';

/** Why the kernel refused a call, as far as it can be told. */
export interface Cause {
  /** One clause, e.g. `the process lacks CAP_BPF`. */
  readonly reason: string;
  /** What to do about it. */
  readonly advice?: string;
  /** Set when the kernel lacks something: what, and the version that brought it. */
  readonly missing?: { readonly feature: string; readonly since?: string };
}

/** The rung of every ladder that asks whether the process may call bpf() at all. */
export function lackOfPrivilege(facts: Facts): Cause | undefined {
  if (facts.inUserNamespace)
    return {
      reason: 'the process is in a user namespace, and bpf() wants capabilities in the initial one',
      advice:
        'Run it on the host or in a privileged container, or have the host delegate a BPF token (Linux 6.9).',
    };
  if (facts.may('CAP_BPF')) return undefined;
  const disabled = facts.unprivilegedBpfDisabled;
  return {
    reason: `the process lacks CAP_BPF${disabled ? ` (and kernel.unprivileged_bpf_disabled is ${disabled})` : ''}${heldBy(facts)}`,
    advice: 'Run it as root, or give it CAP_BPF and CAP_PERFMON (Linux 5.8; before that CAP_SYS_ADMIN).',
  };
}

/** `; it has CAP_BPF, CAP_PERFMON`: what to compare with what is needed. */
export function heldBy({ held }: Facts): string {
  return held === 'all' || held.length === 0 ? '' : `; it has ${held.join(', ')}`;
}

/** Set when a process that has the capabilities is refused by something that rawbpf cannot see into. */
export function lackOfPermission(facts: Facts): Cause {
  return facts.seccomp
    ? {
        reason:
          'the process has the capabilities, so its seccomp filter or a security module (SELinux, BPF LSM) forbids it',
        advice:
          "Containers set the filter: allow bpf() and perf_event_open() in the container's seccomp profile.",
      }
    : { reason: 'the process has the capabilities, so a security module (SELinux, BPF LSM) forbids it' };
}

/** Kernels before 5.11 charge maps and programs to RLIMIT_MEMLOCK and answer EPERM when it is used up. */
export function lackOfLockedMemory(facts: Facts): Cause | undefined {
  // Where bpf() itself is forbidden, asking the kernel says no, however new it is.
  const counts = facts.kernel.versionCode < versionCode('5.11') && !facts.kernel.has('memcg_accounting');
  if (facts.memlock === undefined || !counts) return undefined;
  return {
    reason: `RLIMIT_MEMLOCK is ${facts.memlock} bytes, and a kernel before 5.11 counts BPF memory against it`,
    advice:
      'Raise it: ulimit -l unlimited, or LimitMEMLOCK=infinity of the service; rawbpf may do so itself with CAP_SYS_RESOURCE.',
  };
}

/** EPERM of what changes the network. */
export function lackOfNetAdmin(facts: Facts): Cause | undefined {
  if (facts.may('CAP_NET_ADMIN')) return lackOfPrivilege(facts);
  return {
    reason: 'the process lacks CAP_NET_ADMIN in this network namespace',
    advice: 'Run it as root, or give it CAP_NET_ADMIN beside CAP_BPF.',
  };
}

/** EPERM of hooks whose programs are loaded with CAP_BPF and attached with CAP_NET_ADMIN. */
export function lackOfBpfOrNetAdmin(facts: Facts): Cause | undefined {
  return facts.may('CAP_NET_ADMIN') ? undefined : (lackOfPrivilege(facts) ?? lackOfNetAdmin(facts));
}
