import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Btf } from '../btf/index.js';
import { MAP_PRIVATE, PROT_READ, type Sys } from '../syscall/index.js';

const path = '/sys/kernel/btf/vmlinux';

/** BTF of the running kernel, mapped where that works (Linux 6.16), else read; undefined where the kernel shows none. Throws FormatError for a damaged one. */
export function vmlinuxBtf(sys: Sys): Btf | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const mapping = sys.mmap(fd, size, PROT_READ, MAP_PRIVATE, 0);
    const bytes = typeof mapping === 'number' ? readWhole(fd, size) : new Uint8Array(mapping.buffer, 0, size);
    return Btf.parse(bytes, { file: path });
  } finally {
    closeSync(fd);
  }
}

/** sysfs gives a page a read(), so this reads until the end into one buffer. */
function readWhole(fd: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const got = readSync(fd, bytes, at, size - at, at);
    if (got === 0) break;
    at += got;
  }
  return bytes.subarray(0, at);
}
