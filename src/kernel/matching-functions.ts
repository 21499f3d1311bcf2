import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sys } from '../syscall/index.js';
import { kernelFunctions } from './kallsyms.js';
import { TracefsError, tracefsPath } from './tracefs.js';

/** Functions by their addresses, or, where those are not to be had, by their names. */
export type MatchingFunctions =
  | { readonly addresses: BigUint64Array }
  | { readonly names: readonly string[] };

/**
 * The functions that can be probed whose names match a pattern of `*` and `?`: of `available_filter_functions_addrs` (Linux 6.5) in tracefs, before that of
 * `available_filter_functions` and `/proc/kallsyms`, without tracefs of that alone, some of which the kernel may refuse. Throws TracefsError when none matches.
 */
export function matchingFunctions(sys: Sys, pattern: string): MatchingFunctions {
  const tracefs = folderOf(sys);
  const withAddresses = tracefs && read(join(tracefs, 'available_filter_functions_addrs'));
  const found =
    withAddresses === undefined
      ? fromKallsyms(pattern, tracefs && read(join(tracefs, 'available_filter_functions')))
      : fromAddresses(pattern, withAddresses);
  const count = 'names' in found ? found.names.length : found.addresses.length;
  if (count === 0)
    throw new TracefsError(
      `this kernel has no function that can be probed and matches ${pattern}: ${tracefs ? 'available_filter_functions in tracefs' : '/proc/kallsyms'} lists those that there are`,
    );
  return found;
}

/** Lines are `ffffffff81000000 vfs_rmdir`, of modules with ` [ext4]` after it. */
export function fromAddresses(pattern: string, lines: string): MatchingFunctions {
  const matches = lines.matchAll(new RegExp(`^([0-9a-f]+) ${globSource(pattern)}(?:[ \\t].*)?$`, 'gm'));
  return { addresses: BigUint64Array.from([...matches], ([, hex]) => BigInt(`0x${hex}`)) };
}

/** Lines are `vfs_rmdir`; without them every function is taken for one that can be probed. */
export function fromKallsyms(pattern: string, lines: string | undefined): MatchingFunctions {
  const glob = globSource(pattern);
  const available =
    lines === undefined
      ? undefined
      : new Set([...lines.matchAll(new RegExp(`^(${glob})(?:[ \\t].*)?$`, 'gm'))].map(([, name]) => name));
  const whole = new RegExp(`^${glob}$`);
  // Some kernels leave the suffix of LTO out of the one file and not of the other.
  const isAvailable = (name: string): boolean =>
    !available || available.has(name) || available.has(name.replace(/\.llvm\..*/, ''));
  const found = [...kernelFunctions(name => whole.test(name) && isAvailable(name))];
  // Addresses are 0 where kptr_restrict hides them.
  if (found.length > 0 && found.every(({ address }) => address !== 0n))
    return { addresses: BigUint64Array.from(found, ({ address }) => address) };
  return { names: [...new Set(found.map(({ name }) => name))] };
}

function globSource(pattern: string): string {
  return pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replace(/\*+/g, '\\S*')
    .replaceAll('?', '\\S');
}

function folderOf(sys: Sys): string | undefined {
  try {
    return tracefsPath(sys);
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
