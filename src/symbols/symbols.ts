import { BinaryFiles } from './binary-files.js';
import { frameText, type SymbolTextOptions } from './frame.js';
import { KernelSymbols } from './kernel-symbols.js';
import { ProcessSymbols } from './process-symbols.js';
import { Recent } from './recent.js';

const files = new BinaryFiles();
const processes = new Recent<number, ProcessSymbols>(64);

/**
 * The kernel's symbol at an address, as BCC's `ksym()` writes it: `vfs_read`, `vfs_read+0x1f`, `vfs_read [kernel]`, or `[unknown]`. Reads `/proc/kallsyms` at the
 * first call; `KernelSymbols.read()` has what was loaded since. Throws KernelSymbolsError where the kernel hides its addresses.
 */
export function ksym(address: bigint | number, options?: SymbolTextOptions): string {
  return frameText(KernelSymbols.shared().find(BigInt(address)), options);
}

/** The address of a symbol of the kernel (BCC's `ksymname()`), or of a module; undefined where there is none. Throws as {@link ksym} does. */
export function ksymName(name: string, module?: string): bigint | undefined {
  return KernelSymbols.shared().address(name, module);
}

/**
 * A process's symbol at an address, as BCC's `sym()` writes it: `malloc`, `malloc+0x12`, `malloc [libc.so.6]`, or `[unknown]`. Out of `.symtab` and `.dynsym` of
 * what the process has mapped, as its mount namespace has it, debug files (`/usr/lib/debug/.build-id`), the vdso, and `/tmp/perf-PID.map`. Names of C++ stay
 * mangled. What a process has mapped is asked again when it executes another program. Needs to be root or its user.
 */
export function usym(address: bigint | number, pid: number, options?: SymbolTextOptions): string {
  const [frame] = processSymbols(pid).find([BigInt(address)]);
  return frameText(frame!, options);
}

/** The symbols of a process; those of the 64 that were asked for last are kept. */
export function processSymbols(pid: number): ProcessSymbols {
  return processes.get(pid, () => new ProcessSymbols(pid, files));
}

/** A program's or library's file, read once. */
export function binaryFile(path: string): ReturnType<BinaryFiles['file']> {
  return files.file(path);
}
