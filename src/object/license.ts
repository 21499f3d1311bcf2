import type { ElfFile } from '../elf/index.js';
import { FormatError } from '../errors/index.js';

/** libbpf keeps 63 characters (`char license[64]`). */
const maxLicense = 63;

/** The text of section `license`; empty when there is none, which the kernel takes for not GPL-compatible. */
export function readLicense(elf: ElfFile): string {
  const data = elf.section('license')?.data ?? new Uint8Array(0);
  const end = data.indexOf(0);
  return new TextDecoder().decode(data.subarray(0, Math.min(end < 0 ? data.length : end, maxLicense)));
}

/** The kernel version in section `version`, which old kernels insisted on for kprobes; undefined when there is none. */
export function readVersion(elf: ElfFile): number | undefined {
  const section = elf.section('version');
  if (!section) return undefined;
  const { data } = section;
  if (data.length !== 4)
    throw new FormatError(`${data.length} bytes, where a kernel version has 4`, {
      file: elf.file,
      section: section.name,
    });
  return new DataView(data.buffer, data.byteOffset, 4).getUint32(0, elf.endian === 'little');
}
