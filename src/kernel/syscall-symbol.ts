import { existsSync } from 'node:fs';
import type { Kernel } from './kernel.js';

/** Prefix of system call entry functions since CONFIG_ARCH_HAS_SYSCALL_WRAPPER (Linux 4.17), by `process.arch`. */
const wrappers: Readonly<Record<string, string>> = {
  x64: '__x64_',
  arm64: '__arm64_',
  riscv64: '__riscv_',
  s390x: '__s390x_',
};

/**
 * Whether a kprobe on a system call finds it under the name of its architecture, which is what programs ask by `LINUX_HAS_SYSCALL_WRAPPER`; no on
 * a kernel without kprobes (probe_kern_syscall_wrapper in libbpf).
 */
export function wrapsProbedSyscalls(kernel: Kernel): boolean {
  return existsSync('/sys/bus/event_source/devices/kprobe/type') && hasSyscallWrapper(kernel);
}

/** Whether the kernel enters system calls through functions of their own name per architecture: `__x64_sys_bpf`. */
function hasSyscallWrapper(kernel: Kernel): boolean {
  const prefix = wrappers[process.arch];
  if (prefix === undefined) return false;
  // A function's BTF costs a lookup; reading kallsyms for the same fact costs 200,000 lines.
  return kernel.btf
    ? kernel.btf.findByName(`${prefix}sys_bpf`, 'func') !== undefined
    : kernel.versionCode >= 0x041100;
}

/** The kernel function behind a system call, for a kprobe: `execve` → `__x64_sys_execve`, or `__se_sys_execve` on kernels without wrappers (arch_specific_syscall_pfx in libbpf). */
export function syscallSymbol(kernel: Kernel, name: string): string {
  return `${hasSyscallWrapper(kernel) ? wrappers[process.arch] : '__se_'}sys_${name}`;
}
