import { readFileSync } from 'node:fs';
import { hostEndian } from '../abi/index.js';

/** `AT_PAGESZ` of include/uapi/linux/auxvec.h. */
const AT_PAGESZ = 6n;
let size: number | undefined;

/** Bytes of a page of memory, as the kernel told this process when it began. Throws when /proc hides that and the architecture has several. */
export function pageSize(): number {
  size ??= fromAuxv() ?? (process.arch === 'x64' ? 4096 : undefined);
  if (size === undefined) throw new Error('/proc/self/auxv does not tell the page size');
  return size;
}

function fromAuxv(): number | undefined {
  let auxv: Uint8Array;
  try {
    auxv = readFileSync('/proc/self/auxv');
  } catch {
    return undefined;
  }
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  const word = (at: number): bigint => view.getBigUint64(at, hostEndian === 'little');
  for (let at = 0; at + 16 <= auxv.length; at += 16) if (word(at) === AT_PAGESZ) return Number(word(at + 8));
  return undefined;
}
