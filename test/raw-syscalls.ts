import { createRequire } from 'node:module';

/** System calls that only tests make, by their numbers on x86-64 and arm64, which agree on these. */
const numbers = {
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  pidfd_open: 434,
  pidfd_getfd: 438,
} as const;

type Argument = number | string | null;

/** Makes a system call; strings are passed by pointer. Throws with the errno when it fails. */
export function rawSyscall(name: keyof typeof numbers, ...args: readonly Argument[]): number {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const types = args.map(arg => (typeof arg === 'number' ? 'long' : 'str'));
  const call = koffi.load(null).func(`long syscall(long number, ${types.join(', ')})`);
  const result = Number(call(numbers[name], ...args));
  if (result < 0) throw new Error(`${name}(${args.join(', ')}): errno ${koffi.errno()}`);
  return result;
}

export const FSCONFIG_SET_STRING = 1;
export const FSCONFIG_CMD_CREATE = 6;
