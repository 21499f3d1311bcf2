import { existsSync, readFileSync } from 'node:fs';
import { release, version } from 'node:os';

/** A kernel's version, as a person reads it and as `KERNEL_VERSION(a, b, c)` packs it. */
export interface KernelVersion {
  readonly release: string;
  readonly code: number;
}

/**
 * The version that the running kernel was built from. uname(2) is not it everywhere: Ubuntu's release counts its own builds, and
 * Debian's ends in `.0`; both say the true one elsewhere, and `kern_version` of kprobes must be it before Linux 5.0
 * (get_kernel_version in tools/lib/bpf/libbpf_probes.c).
 */
export function runningVersion(): KernelVersion {
  const ubuntu = existsSync('/proc/version_signature') ? readFileSync('/proc/version_signature', 'utf8') : '';
  const exact = /^\S+ \S+ (\d+\.\d+\.\d+)/.exec(ubuntu)?.[1] ?? /Debian (\d+\.\d+\.\d+)/.exec(version())?.[1];
  return { release: release(), code: versionCode(exact ?? release()) };
}

/** Packs `5.10.2`, `6.18` or `6.1.0-56-amd64`; the third number saturates at 255, as in the kernel. */
export function versionCode(text: string): number {
  const [major = 0, minor = 0, patch = 0] = text.split(/[.-]/).map(part => Number.parseInt(part, 10) || 0);
  return (major << 16) | (minor << 8) | Math.min(patch, 255);
}
