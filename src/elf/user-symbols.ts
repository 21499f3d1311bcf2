import { SHN_UNDEF, SHT_DYNSYM, SHT_SYMTAB } from './constants.js';
import { symbolVersions } from './symbol-versions.js';
import { fileOffset, stringsOf, textAt, type UserElf } from './user-elf.js';

/** A function of a program or library. */
export interface UserFunction {
  /** Without its version. */
  readonly name: string;
  /** E.g. `GLIBC_2.14`, where it has one. */
  readonly version: string | undefined;
  /** True unless programs linked now get another version. */
  readonly isDefault: boolean;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly size: number;
  readonly weak: boolean;
  /** The code that is run is picked when the program starts (`STT_GNU_IFUNC`); the offset is that of the function that picks. */
  readonly indirect: boolean;
}

const [STT_FUNC, STT_GNU_IFUNC] = [2, 10];
const STB_WEAK = 2;

/** The bytes of a name that is looked for, in the table of names that holds it. */
export type NameTest = (names: Uint8Array, at: number) => boolean;

/** A test for one name, with or without a version behind it. Comparing bytes spares making strings of all names. */
export function named(name: string): NameTest {
  const wanted = new TextEncoder().encode(name);
  return (names, at) => {
    for (let i = 0; i < wanted.length; i++) if (names[at + i] !== wanted[i]) return false;
    const end = names[at + wanted.length];
    return end === 0 || end === 0x40;
  };
}

/** The functions defined in `.dynsym` or `.symtab` whose names pass the test, in the table's order. Throws FormatError for a damaged table. */
export function userFunctions(elf: UserElf, table: 'dynsym' | 'symtab', test: NameTest): UserFunction[] {
  const type = table === 'dynsym' ? SHT_DYNSYM : SHT_SYMTAB;
  const section = elf.sections.find(s => s.type === type);
  if (!section) return [];
  const bytes = elf.read(section);
  const names = stringsOf(elf, section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const le = elf.endian === 'little';
  const wide = elf.bits === 64;
  const size = wide ? 24 : 16;
  const [info, shndx, value, extent] = wide ? [4, 6, 8, 16] : [12, 14, 4, 8];
  const word = (at: number): number => (wide ? Number(view.getBigUint64(at, le)) : view.getUint32(at, le));
  let versions: ReturnType<typeof symbolVersions> | undefined;

  const found: UserFunction[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    const kind = view.getUint8(at + info) & 0xf;
    if (kind !== STT_FUNC && kind !== STT_GNU_IFUNC) continue;
    if (view.getUint16(at + shndx, le) === SHN_UNDEF) continue;
    const nameAt = view.getUint32(at, le);
    if (!test(names, nameAt)) continue;
    const offset = fileOffset(elf, word(at + value));
    if (offset === undefined) continue;
    // Linkers write versions into the names of .symtab, but not into those of .dynsym.
    const [name = '', mark = '', version] = textAt(names, nameAt).split(/(@@?)(.*)/s);
    versions ??= table === 'dynsym' ? symbolVersions(elf) : () => ({ name: undefined, hidden: false });
    const own = versions(at / size);
    found.push({
      name,
      version: own.name ?? version,
      isDefault: !own.hidden && mark !== '@',
      offset,
      size: word(at + extent),
      weak: view.getUint8(at + info) >> 4 === STB_WEAK,
      indirect: kind === STT_GNU_IFUNC,
    });
  }
  return found;
}
