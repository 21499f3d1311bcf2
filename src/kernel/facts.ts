import { readFileSync } from 'node:fs';
import type { KernelView } from '../object/index.js';

/** Bits of the capability sets (include/uapi/linux/capability.h). CAP_PERFMON and CAP_BPF came with Linux 5.8. */
const capabilityBits = {
  CAP_NET_ADMIN: 12,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;

export type Capability = keyof typeof capabilityBits;

/** What this process may do and what this kernel forbids: the specific facts by which a refusal is explained. */
export interface Facts {
  readonly kernel: KernelView;
  /** True when the process has the capability, or CAP_SYS_ADMIN, which implies all of them. */
  may(capability: Capability): boolean;
  /** Those that the process has, of the ones that BPF programs may need; `all` when they cannot be told. */
  readonly held: readonly Capability[] | 'all';
  /** True when a seccomp filter looks at the process's system calls, as in most containers. */
  readonly seccomp: boolean;
  /** True when the capabilities count only inside a user namespace (a rootless container), where bpf() does not heed them. */
  readonly inUserNamespace: boolean;
  /** `kernel.unprivileged_bpf_disabled`: 0 allows unprivileged bpf(), 1 and 2 do not. */
  readonly unprivilegedBpfDisabled: number | undefined;
  /** Soft limit of RLIMIT_MEMLOCK in bytes; undefined when unlimited or unknown. */
  readonly memlock: number | undefined;
  /** The kernel's lockdown mode: `none`, `integrity`, `confidentiality`. */
  readonly lockdown: string | undefined;
}

/** Reads the facts; a file that cannot be read leaves its fact unknown. */
export function readFacts(kernel: KernelView, read: (path: string) => string | undefined = readText): Facts {
  const status = read('/proc/self/status') ?? '';
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1];
  const capabilities = effective === undefined ? undefined : BigInt(`0x${effective}`);
  const has = (c: Capability) =>
    capabilities === undefined || ((capabilities >> BigInt(capabilityBits[c])) & 1n) === 1n;
  const uidMap = read('/proc/self/uid_map')?.trim().split(/\s+/);
  const disabled = read('/proc/sys/kernel/unprivileged_bpf_disabled');
  const memlock = /^Max locked memory\s+(\d+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  return {
    kernel,
    held: capabilities === undefined ? 'all' : (Object.keys(capabilityBits) as Capability[]).filter(has),
    seccomp: /^Seccomp:\s*2$/m.test(status),
    may: capability => has('CAP_SYS_ADMIN') || has(capability),
    inUserNamespace: uidMap !== undefined && uidMap.join(' ') !== '0 0 4294967295',
    unprivilegedBpfDisabled: disabled === undefined ? undefined : Number(disabled),
    memlock: memlock === undefined ? undefined : Number(memlock),
    lockdown: /\[(\w+)\]/.exec(read('/sys/kernel/security/lockdown') ?? '')?.[1],
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
