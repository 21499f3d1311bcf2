import type { Test } from 'tap';
import { Kernel } from '../src/kernel/index.js';
import { liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';

/** True where arenas can be tested; skips with the reason where not. */
export function needsArena(t: Test, tools: readonly string[] = []): boolean {
  if (!needs(t, { bpf: true, tools })) return false;
  const { release, versionCode } = Kernel.running(liveSys());
  if (versionCode >= 0x060900) return true;
  t.plan(0, `arenas need Linux 6.9, this is ${release}`);
  return false;
}
