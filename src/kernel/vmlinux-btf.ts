import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { Btf } from '../btf/index.js';
import { parseElf } from '../elf/index.js';
import { MAP_PRIVATE, PROT_READ, type Sys } from '../syscall/index.js';

const sysfsPath = '/sys/kernel/btf/vmlinux';

/** Where packages put an uncompressed vmlinux, in the order in which libbpf looks (btf__load_vmlinux_btf). */
function vmlinuxPaths(release: string): string[] {
  return [
    `/boot/vmlinux-${release}`,
    `/lib/modules/${release}/vmlinux-${release}`,
    `/lib/modules/${release}/build/vmlinux`,
    `/usr/lib/modules/${release}/kernel/vmlinux`,
    `/usr/lib/debug/boot/vmlinux-${release}`,
    `/usr/lib/debug/boot/vmlinux-${release}.debug`,
    `/usr/lib/debug/lib/modules/${release}/vmlinux`,
  ];
}

/**
 * BTF of the running kernel: as the kernel shows it (Linux 5.4, CONFIG_DEBUG_INFO_BTF), mapped where that works (Linux 6.16), else read; or out of its
 * vmlinux file, where packages put that. Undefined where there is neither. Throws FormatError for a damaged one.
 */
export function vmlinuxBtf(sys: Sys, release: string): Btf | undefined {
  return fromSysfs(sys) ?? fromFiles(vmlinuxPaths(release));
}

function fromSysfs(sys: Sys): Btf | undefined {
  let fd: number;
  try {
    fd = openSync(sysfsPath, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const mapping = sys.mmap(fd, size, PROT_READ, MAP_PRIVATE, 0);
    const bytes = typeof mapping === 'number' ? readWhole(fd, size) : new Uint8Array(mapping.buffer, 0, size);
    return Btf.parse(bytes, { file: sysfsPath });
  } finally {
    closeSync(fd);
  }
}

/** The first of the files that is there and has BTF. */
export function fromFiles(paths: readonly string[]): Btf | undefined {
  for (const path of paths) {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path);
    } catch {
      continue;
    }
    const section = parseElf(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), path).section(
      '.BTF',
    );
    if (section) return Btf.parse(section.data, { file: path });
  }
  return undefined;
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
