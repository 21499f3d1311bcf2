import { Btf } from '../btf/index.js';
import { parseElf } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import { readInput } from './read-input.js';

const kernelBtf = '/sys/kernel/btf/vmlinux';

/** BTF out of an ELF file (an object, a vmlinux), a file of raw BTF, or the running kernel (`vmlinux`). */
export function readBtf(source: string, base?: Btf): Btf {
  const file = source === 'vmlinux' ? kernelBtf : source;
  const bytes = readInput(file);
  const options = { file, ...(base ? { base } : {}) };
  if (!isElf(bytes)) return Btf.parse(bytes, options);
  const section = parseElf(bytes, file).section('.BTF');
  if (!section) throw new FormatError('no section .BTF: compile with clang -g', { file });
  return Btf.parse(section.data, options);
}

function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}
