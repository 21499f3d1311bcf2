import elfy from 'elfy';
import { FormatError } from '../errors/index.js';
import { SHT_NOBITS, SHT_NULL, SHT_STRTAB } from './constants.js';
import { type ElfHeader, shdrSize } from './header.js';
import { StringTable } from './string-table.js';
import type { ElfSection } from './types.js';

/**
 * Reads the section header table with elfy, the only file that does.
 *
 * elfy throws plain errors on bad offsets, so what it follows is checked before. It reads sh_addralign and sh_entsize at the wrong
 * offsets, keeps only the low flags it knows, hands out file bytes for `SHT_NOBITS`, and translates types to words: those are read here.
 */
export function readSections(bytes: Uint8Array, header: ElfHeader, file: string): ElfSection[] {
  const le = header.endian === 'little';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkNames(bytes, view, header, file);

  return elfySections(bytes, file).map((row, index) => {
    const at = header.shoff + index * shdrSize;
    const u64 = (offset: number): number => Number(view.getBigUint64(at + offset, le));
    const type = view.getUint32(at + 4, le);
    const { name, off: offset, size, link, info } = row;
    const inFile = type !== SHT_NOBITS && type !== SHT_NULL;
    if (inFile && offset + size > bytes.length)
      throw new FormatError(
        `bytes ${offset} to ${offset + size} are past the end of the file (${bytes.length} bytes): the file is cut short or damaged`,
        { file, section: name || `section ${index}`, field: 'sh_size' },
      );
    if (!Number.isSafeInteger(size))
      throw new FormatError('a size beyond all memory', { file, section: name, field: 'sh_size' });
    return {
      index,
      name,
      type,
      flags: u64(8),
      addr: view.getBigUint64(at + 16, le),
      offset,
      size,
      link,
      info,
      addralign: u64(48),
      entsize: u64(56),
      data: inFile ? bytes.subarray(offset, offset + size) : bytes.subarray(0, 0),
    };
  });
}

/** Checks that every section's name is in the section-name table, as elfy takes for granted. */
function checkNames(bytes: Uint8Array, view: DataView, header: ElfHeader, file: string): void {
  const le = header.endian === 'little';
  const row = header.shoff + header.shstrndx * shdrSize;
  const place = { file, section: `section ${header.shstrndx}` };
  const type = view.getUint32(row + 4, le);
  if (type !== SHT_STRTAB)
    throw new FormatError(`the table of section names (e_shstrndx) has type ${type}, not SHT_STRTAB (3)`, {
      ...place,
      field: 'sh_type',
    });
  const start = view.getBigUint64(row + 24, le);
  const end = start + view.getBigUint64(row + 32, le);
  if (end > BigInt(bytes.length))
    throw new FormatError(
      `the section names end at byte ${end}, past the end of the file (${bytes.length} bytes)`,
      {
        ...place,
        field: 'sh_offset',
      },
    );
  const names = new StringTable(bytes.subarray(Number(start), Number(end)), 'the section-name table');
  for (let index = 0; index < header.shnum; index++) {
    const at = header.shoff + index * shdrSize;
    names.at(view.getUint32(at, le), { file, section: `section ${index}`, offset: 0, field: 'sh_name' });
  }
}

function elfySections(bytes: Uint8Array, file: string): ReturnType<typeof elfy.parse>['body']['sections'] {
  try {
    return elfy.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).body.sections;
  } catch (cause) {
    throw new FormatError(`damaged ELF file: ${(cause as Error).message}`, { file }, { cause });
  }
}
