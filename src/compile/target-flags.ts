import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** By node's name: what bpf_tracing.h calls the architecture, and where Debian keeps its `asm/` headers, which the BPF target does not search. */
const architectures: Readonly<Record<string, { readonly name: string; readonly multiarch?: string }>> = {
  x64: { name: 'x86', multiarch: 'x86_64-linux-gnu' },
  ia32: { name: 'x86', multiarch: 'i386-linux-gnu' },
  arm64: { name: 'arm64', multiarch: 'aarch64-linux-gnu' },
  arm: { name: 'arm', multiarch: 'arm-linux-gnueabihf' },
  riscv64: { name: 'riscv', multiarch: 'riscv64-linux-gnu' },
  s390x: { name: 's390', multiarch: 's390x-linux-gnu' },
  ppc64: { name: 'powerpc', multiarch: 'powerpc64le-linux-gnu' },
  loong64: { name: 'loongarch', multiarch: 'loongarch64-linux-gnu' },
  mips64el: { name: 'mips', multiarch: 'mips64el-linux-gnuabi64' },
};

/** What every source is compiled with: for BPF, with BTF, for programs that see this machine's registers. */
export function targetFlags(): string[] {
  const flags = ['-g', '-O2', '-target', 'bpf', '-mcpu=v3'];
  // Hardened compilers guard the stack by default, with a function that BPF does not have.
  flags.push('-fno-stack-protector');
  const architecture = architectures[process.arch];
  if (!architecture) return flags;
  // Empty, as sources that define it themselves do.
  flags.push(`-D__TARGET_ARCH_${architecture.name}=`);
  const headers = join('/usr/include', architecture.multiarch ?? '');
  if (architecture.multiarch && existsSync(headers)) flags.push('-idirafter', headers);
  return flags;
}
