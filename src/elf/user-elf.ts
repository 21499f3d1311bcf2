import { FormatError } from '../errors/index.js';
import { PF_X, PT_LOAD, SHN_XINDEX, SHT_NOBITS } from './constants.js';
import { notElf } from './not-elf.js';
import type { ReadAt } from './read-at.js';
import type { Endian } from './types.js';

/** A part of the file that is mapped when the program starts (`PT_LOAD`). */
export interface UserSegment {
  readonly offset: number;
  readonly vaddr: number;
  readonly memsz: number;
  readonly executable: boolean;
}

export interface UserSection {
  readonly name: string;
  /** `SHT_*`. */
  readonly type: number;
  readonly addr: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly entsize: number;
}

/** A program or library of user space: 32 or 64 bits, either byte order. Addresses are those of the file, before it is moved in memory. */
export interface UserElf {
  readonly file: string;
  readonly endian: Endian;
  readonly bits: 32 | 64;
  /** `e_type`: 2 is ET_EXEC, 3 is ET_DYN (a library, or a program that can be anywhere in memory). */
  readonly type: number;
  /** `e_machine`. */
  readonly machine: number;
  readonly segments: readonly UserSegment[];
  /** Empty when the file was stripped of its section table. */
  readonly sections: readonly UserSection[];
  /** A section's bytes, read now. Throws FormatError when the file ends before them. */
  read(section: UserSection): Uint8Array;
  /** Bytes from the start of the file, checked to be there. */
  readAt(offset: number, length: number): Uint8Array;
}

const [ET_EXEC, ET_DYN] = [2, 3];

/** Reads the headers of a program or library. Throws FormatError for anything else, and for a damaged one. */
export function openUserElf(input: ReadAt, file: string): UserElf {
  const ident = input.readAt(0, 64);
  const magic = [0x7f, 0x45, 0x4c, 0x46];
  if (magic.some((byte, i) => ident[i] !== byte))
    throw new FormatError(notElf(input.readAt(0, 256)), { file });
  const [elfClass, data] = [ident[4], ident[5]];
  if (elfClass !== 1 && elfClass !== 2)
    throw new FormatError(`unknown ELF class ${elfClass}`, { file, offset: 4, field: 'EI_CLASS' });
  if (data !== 1 && data !== 2)
    throw new FormatError(`unknown byte order ${data}`, { file, offset: 5, field: 'EI_DATA' });

  const bits = elfClass === 1 ? 32 : 64;
  const le = data === 1;
  const readAt = (offset: number, length: number, section = '', field = ''): Uint8Array => {
    if (!Number.isSafeInteger(offset + length) || offset + length > input.size)
      throw new FormatError(
        `bytes ${offset} to ${offset + length} are past the end of the file (${input.size} bytes): the file is cut short or damaged`,
        { file, ...(section ? { section } : {}), ...(field ? { field } : {}) },
      );
    const bytes = input.readAt(offset, length);
    if (bytes.length !== length) throw new FormatError('the file became shorter while it was read', { file });
    return bytes;
  };
  const header = new Fields(readAt(0, bits === 64 ? 64 : 52, '', 'ELF header'), le, bits);
  const type = header.u16(16);
  if (type !== ET_EXEC && type !== ET_DYN)
    throw new FormatError(`a file of ELF type ${type}, neither a program nor a library`, {
      file,
      field: 'e_type',
    });
  const table = (name: string, at: number, size: number, count: number): Fields[] => {
    const least = name === 'e_phoff' ? (bits === 64 ? 56 : 32) : bits === 64 ? 64 : 40;
    if (count > 0 && size < least)
      throw new FormatError(`entries of ${size} bytes, not ${least}`, { file, field: name });
    const bytes = readAt(at, size * count, '', name);
    return Array.from(
      { length: count },
      (_, i) => new Fields(bytes.subarray(i * size, (i + 1) * size), le, bits),
    );
  };
  const end = bits === 64 ? 52 : 40;
  const segments = table('e_phoff', header.word(28, 32), header.u16(end + 2), header.u16(end + 4))
    .filter(row => row.u32(0) === PT_LOAD)
    .map(row => ({
      offset: row.word(4, 8),
      vaddr: row.word(8, 16),
      memsz: row.word(20, 40),
      executable: (row.u32(bits === 64 ? 4 : 24) & PF_X) !== 0,
    }));
  return {
    file,
    endian: le ? 'little' : 'big',
    bits,
    type,
    machine: header.u16(18),
    segments,
    sections: readUserSections(header, table, (offset, size, field) => readAt(offset, size, '', field)),
    read: section =>
      section.type === SHT_NOBITS
        ? new Uint8Array()
        : readAt(section.offset, section.size, section.name, 'sh_size'),
    readAt,
  };
}

/** Where an address is in the file; undefined when no part of the file is mapped there. */
export function fileOffset(elf: UserElf, address: number): number | undefined {
  const segment = segmentAt(elf, address);
  return segment && address - segment.vaddr + segment.offset;
}

/** The segment with an address in it. */
export function segmentAt(elf: UserElf, address: number): UserSegment | undefined {
  return elf.segments.find(({ vaddr, memsz }) => address >= vaddr && address < vaddr + memsz);
}

function readUserSections(
  header: Fields,
  table: (name: string, at: number, size: number, count: number) => Fields[],
  readAt: (offset: number, length: number, field: string) => Uint8Array,
): UserSection[] {
  const shoff = header.word(32, 40);
  if (shoff === 0) return [];
  const end = header.bits === 64 ? 52 : 40;
  const size = header.u16(end + 6);
  // A file of very many sections has the numbers in the first of them.
  const [first] = table('e_shoff', shoff, size, 1) as [Fields];
  const count = header.u16(end + 8) || first.word(20, 32);
  const named = header.u16(end + 10);
  const shstrndx = named === SHN_XINDEX ? first.u32(first.bits === 64 ? 40 : 24) : named;
  const rows = table('e_shoff', shoff, size, count);
  const names = rows[shstrndx];
  const strings = names ? readAt(names.word(16, 24), names.word(20, 32), 'e_shstrndx') : new Uint8Array();
  return rows.map(row => ({
    name: textAt(strings, row.u32(0)),
    type: row.u32(4),
    addr: row.word(12, 16),
    offset: row.word(16, 24),
    size: row.word(20, 32),
    link: row.u32(row.bits === 64 ? 40 : 24),
    entsize: row.word(36, 56),
  }));
}

const utf8 = new TextDecoder();

/** The text at an offset up to its NUL; empty where there is none. */
export function textAt(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return offset >= bytes.length || end < 0 ? '' : utf8.decode(bytes.subarray(offset, end));
}

/** The names that a table of symbols refers to. Throws FormatError where the file does not have them. */
export function stringsOf(elf: UserElf, section: UserSection): Uint8Array {
  const strtab = elf.sections[section.link];
  if (strtab) return elf.read(strtab);
  throw new FormatError(`section ${section.link} does not exist`, {
    file: elf.file,
    section: section.name,
    field: 'sh_link',
  });
}

/** Numbers of a header or table row, whose words are of the file's class. */
export class Fields {
  readonly bits: 32 | 64;
  readonly #view: DataView;
  readonly #le: boolean;

  constructor(bytes: Uint8Array, le: boolean, bits: 32 | 64) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#le = le;
    this.bits = bits;
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#le);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#le);
  }

  /** A word, by its offset in a 32-bit and in a 64-bit file. Numbers too large to be exact are beyond the end of any file. */
  word(at32: number, at64: number): number {
    return this.bits === 64 ? Number(this.#view.getBigUint64(at64, this.#le)) : this.u32(at32);
  }
}
