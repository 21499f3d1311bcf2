import { readFileSync } from 'node:fs';
import { Kernel } from '../../../kernel/index.js';
import { liveSys } from '../../../syscall/index.js';

/** Settings of the running kernel that have to do with BPF: -1 where it cannot be read, as bpftool has it. */
export interface SystemConfig {
  readonly sysctls: Readonly<Record<Sysctl, number>>;
  /** Of options that have to do with BPF, in bpftool's order: null for one that is not set. Undefined when the kernel's config cannot be read. */
  readonly options: Readonly<Record<string, string | null>> | undefined;
}

const sysctls = {
  unprivileged_bpf_disabled: 'kernel',
  bpf_jit_enable: 'net/core',
  bpf_jit_harden: 'net/core',
  bpf_jit_kallsyms: 'net/core',
  bpf_jit_limit: 'net/core',
} as const;

export type Sysctl = keyof typeof sysctls;

/** Those of bpftool: BPF itself, cgroups, tracing, the network, and the unit of bpf_jiffies64(). */
const options = [
  ...['BPF', 'BPF_SYSCALL', 'HAVE_EBPF_JIT', 'BPF_JIT', 'BPF_JIT_ALWAYS_ON', 'DEBUG_INFO_BTF'],
  ...['DEBUG_INFO_BTF_MODULES', 'CGROUPS', 'CGROUP_BPF', 'CGROUP_NET_CLASSID', 'SOCK_CGROUP_DATA'],
  ...['BPF_EVENTS', 'KPROBE_EVENTS', 'UPROBE_EVENTS', 'TRACING', 'FTRACE_SYSCALLS'],
  ...['FUNCTION_ERROR_INJECTION', 'BPF_KPROBE_OVERRIDE', 'NET', 'XDP_SOCKETS', 'LWTUNNEL_BPF'],
  ...['NET_ACT_BPF', 'NET_CLS_BPF', 'NET_CLS_ACT', 'NET_SCH_INGRESS', 'XFRM', 'IP_ROUTE_CLASSID'],
  ...['IPV6_SEG6_BPF', 'BPF_LIRC_MODE2', 'BPF_STREAM_PARSER', 'NETFILTER_XT_MATCH_BPF', 'TEST_BPF', 'HZ'],
].map(name => `CONFIG_${name}`);

export function readSystemConfig(): SystemConfig {
  const { kconfig } = Kernel.running(liveSys());
  return {
    sysctls: Object.fromEntries(
      Object.entries(sysctls).map(([name, folder]) => [name, readNumber(`/proc/sys/${folder}/${name}`)]),
    ) as Record<Sysctl, number>,
    options: kconfig && Object.fromEntries(options.map(name => [name, kconfig.get(name) ?? null])),
  };
}

function readNumber(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch {
    return -1;
  }
}
