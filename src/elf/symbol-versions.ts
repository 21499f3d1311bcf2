import { SHT_GNU_verdef, SHT_GNU_versym } from './constants.js';
import { Fields, textAt, type UserElf } from './user-elf.js';

/** The version of a symbol of `.dynsym`. */
export interface SymbolVersion {
  /** E.g. `GLIBC_2.14`; undefined where the file defines none for it. */
  readonly name: string | undefined;
  /** Not the default: programs linked now do not get it (`memcpy@GLIBC_2.2.5`, where the default is `memcpy@@GLIBC_2.14`). */
  readonly hidden: boolean;
}

const HIDDEN = 0x8000;

/** Reads `.gnu.version` and `.gnu.version_d`: the version of a symbol by its index. Files without them have none. */
export function symbolVersions(elf: UserElf): (index: number) => SymbolVersion {
  const versym = elf.sections.find(section => section.type === SHT_GNU_versym);
  if (!versym) return () => ({ name: undefined, hidden: false });
  const indexes = elf.read(versym);
  const view = new DataView(indexes.buffer, indexes.byteOffset, indexes.byteLength);
  const names = versionNames(elf);
  return index => {
    if (2 * index + 2 > view.byteLength) return { name: undefined, hidden: false };
    const version = view.getUint16(2 * index, elf.endian === 'little');
    return { name: names.get(version & ~HIDDEN), hidden: (version & HIDDEN) !== 0 };
  };
}

/** Names of the versions that the file defines: a chain of `Elf64_Verdef`, each with the offset of its first `Elf64_Verdaux`, which are the same in 32-bit files. */
function versionNames(elf: UserElf): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const verdef = elf.sections.find(section => section.type === SHT_GNU_verdef);
  const strtab = verdef && elf.sections[verdef.link];
  if (!verdef || !strtab) return names;
  const bytes = elf.read(verdef);
  const strings = elf.read(strtab);
  const fields = new Fields(bytes, elf.endian === 'little', elf.bits);
  for (let at = 0; at + 20 <= bytes.length; ) {
    const aux = at + fields.u32(at + 12);
    if (aux + 8 <= bytes.length) names.set(fields.u16(at + 4), textAt(strings, fields.u32(aux)));
    const next = fields.u32(at + 16);
    if (next === 0) break;
    at += next;
  }
  return names;
}
