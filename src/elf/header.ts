import { FormatError } from '../errors/index.js';
import { notElf } from './not-elf.js';
import type { Endian } from './types.js';

export const ehdrSize = 64;
export const shdrSize = 64;
const phdrSize = 56;

/** The fields of `Elf64_Ehdr` that the rest needs, in bounds of the file. */
export interface ElfHeader {
  readonly endian: Endian;
  readonly type: number;
  readonly machine: number;
  readonly flags: number;
  /** File offset of the section header table; all of its `shnum` rows are in the file. */
  readonly shoff: number;
  readonly shnum: number;
  /** Index of the section that holds section names; less than `shnum`. */
  readonly shstrndx: number;
}

/** Reads and bounds-checks the ELF header. Throws FormatError for anything but a 64-bit ELF file with a section table. */
export function readHeader(bytes: Uint8Array, file: string): ElfHeader {
  const bad = (reason: string, offset: number, field: string): FormatError =>
    new FormatError(reason, { file, offset, field });

  if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    throw new FormatError(notElf(bytes), { file });
  if (bytes.length < ehdrSize)
    throw bad(
      `the file ends inside the ELF header, after ${bytes.length} of ${ehdrSize} bytes`,
      bytes.length,
      'e_ident',
    );
  const [elfClass, data, version] = [bytes[4], bytes[5], bytes[6]];
  if (elfClass === 1) throw bad('a 32-bit ELF file; BPF objects are 64-bit', 4, 'EI_CLASS');
  if (elfClass !== 2) throw bad(`unknown ELF class ${elfClass}`, 4, 'EI_CLASS');
  if (data !== 1 && data !== 2) throw bad(`unknown byte order ${data}`, 5, 'EI_DATA');
  if (version !== 1) throw bad(`unknown ELF version ${version}`, 6, 'EI_VERSION');

  const le = data === 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number): number => view.getUint16(at, le);
  const phnum = u16(56);
  if (phnum !== 0) {
    if (u16(54) !== phdrSize)
      throw bad(`program headers of ${u16(54)} bytes, not ${phdrSize}`, 54, 'e_phentsize');
    tableEnd(view, 32, le, phnum * phdrSize, () =>
      bad(`${phnum} program headers do not fit in the file`, 32, 'e_phoff'),
    );
  }

  const shnum = u16(60);
  const shstrndx = u16(62);
  const shoff = Number(view.getBigUint64(40, le));
  if (shoff === 0) throw bad('no section header table: the file was stripped of its sections', 40, 'e_shoff');
  if (shnum === 0 || shstrndx === 0xffff)
    throw bad('extended section numbering (more than 65,279 sections) is not supported', 60, 'e_shnum');
  if (u16(58) !== shdrSize)
    throw bad(`section headers of ${u16(58)} bytes, not ${shdrSize}`, 58, 'e_shentsize');
  tableEnd(view, 40, le, shnum * shdrSize, end =>
    bad(
      `the section header table (${shnum} headers) ends at byte ${end}, past the file's ${bytes.length}: the file is cut short`,
      40,
      'e_shoff',
    ),
  );
  if (shstrndx >= shnum) throw bad(`section ${shstrndx} of ${shnum} does not exist`, 62, 'e_shstrndx');

  return {
    endian: le ? 'little' : 'big',
    type: u16(16),
    machine: u16(18),
    flags: view.getUint32(48, le),
    shoff,
    shnum,
    shstrndx,
  };
}

function tableEnd(
  view: DataView,
  field: number,
  le: boolean,
  size: number,
  fail: (end: bigint) => FormatError,
): void {
  const end = view.getBigUint64(field, le) + BigInt(size);
  if (end > BigInt(view.byteLength)) throw fail(end);
}
