import type { StackBuildId, StackTrace } from '../maps/index.js';
import type { Frame } from './frame.js';
import { KernelSymbols } from './kernel-symbols.js';
import { binaryFile, processSymbols } from './symbols.js';

export interface UserFramesOptions {
  /** Programs and libraries in which places known by build id are looked for, when no running process has them. */
  readonly files?: readonly string[];
}

/**
 * The frames of a kernel stack, innermost first: one of a StackTraceMap, or what bpf_get_stack() wrote, up to its first 0. But for the innermost, addresses are
 * those that calls return to, so that the symbol is that of the byte before, as in the kernel's own traces. Throws KernelSymbolsError.
 */
export function kernelFrames(stack: StackTrace): Frame[] {
  return addresses(stack).map((address, i) => {
    const back = i === 0 ? 0n : 1n;
    const frame = KernelSymbols.shared().find(address - back);
    return { ...frame, address, offset: frame.offset + back };
  });
}

/** The frames of a process's stack, innermost first; as {@link kernelFrames}. Stacks of build ids keep their names when the process has ended, where its files are given. */
export function userFrames(stack: StackTrace, pid: number, { files = [] }: UserFramesOptions = {}): Frame[] {
  if (!isOfBuildIds(stack)) return processSymbols(pid).find(addresses(stack), i => i > 0);
  return stack.map((place, i) =>
    place.status === 'ip'
      ? processSymbols(pid).find([place.ip], () => i > 0)[0]!
      : frameInFile(place.buildId, place.offset, pid, files, i > 0),
  );
}

function frameInFile(
  buildId: string,
  address: bigint,
  pid: number,
  files: readonly string[],
  isReturn: boolean,
): Frame {
  const given = files.map(path => ({ path, binary: binaryFile(path) }));
  const file =
    processSymbols(pid).withBuildId(buildId) ?? given.find(({ binary }) => binary?.buildId === buildId);
  const back = isReturn ? 1 : 0;
  const found = file?.binary?.find(Number(address) - back);
  const offset = found ? BigInt(found.offset + back) : address;
  return { kind: 'user', address, name: found?.name, offset, module: file?.path ?? buildId };
}

function isOfBuildIds(stack: StackTrace): stack is readonly StackBuildId[] {
  return typeof stack[0] === 'object';
}

function addresses(stack: StackTrace): readonly bigint[] {
  const all = stack.map(place => (typeof place === 'bigint' ? place : place.status === 'ip' ? place.ip : 0n));
  const end = all.indexOf(0n);
  return end < 0 ? all : all.slice(0, end);
}
