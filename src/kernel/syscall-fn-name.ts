import { liveSys } from '../syscall/index.js';
import { Kernel } from './kernel.js';
import { syscallSymbol } from './syscall-symbol.js';

/** The running kernel's function behind a system call, as BCC's `get_syscall_fnname()`: `clone` → `__x64_sys_clone`. Throws UnsupportedPlatformError where there is no Linux. */
export function syscallFnName(name: string): string {
  return syscallSymbol(Kernel.running(liveSys()), name);
}
