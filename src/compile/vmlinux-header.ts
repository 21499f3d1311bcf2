import { type BtfTypes, dumpC } from '../btf/index.js';
import { Kernel } from '../kernel/index.js';
import { liveSys } from '../syscall/index.js';
import { CompileError } from './compile-error.js';
import type { Store } from './store.js';

/** To be raised when {@link dumpC} writes something else of the same BTF. */
const dumpVersion = 'dumpC 1';

/** Path of a `vmlinux.h` with the types of `btf`; made once for each BTF. */
export function vmlinuxHeader(store: Store, btf: BtfTypes): string {
  const source = [dumpVersion, btf.base?.bytes ?? '', btf.bytes];
  return store.header('vmlinux.h', source, () => [...dumpC(btf)].join('\n'));
}

/** Throws CompileError where the running kernel shows no BTF. */
export function kernelBtf(source: string): BtfTypes {
  const missing =
    'includes vmlinux.h, but the running kernel shows no BTF to make it from: give that of a kernel';
  let btf: BtfTypes | undefined;
  try {
    btf = Kernel.running(liveSys()).btf;
  } catch (cause) {
    throw new CompileError(source, `${missing} (${(cause as Error).message})`, '', { cause });
  }
  if (!btf) throw new CompileError(source, missing);
  return btf;
}
