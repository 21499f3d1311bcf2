import { binds, types, visibilities } from './symbols.js';
import type { ElfSymbolBind, ElfSymbolType, ElfSymbolVisibility, Endian } from './types.js';

/** The fields of one `Elf64_Sym`, its name as an offset in the string table. */
interface Fields {
  readonly name: number;
  readonly bind: ElfSymbolBind;
  readonly type: ElfSymbolType;
  readonly visibility: ElfSymbolVisibility;
  readonly shndx: number;
  readonly value: number;
  readonly size: number;
}

/** Writes one `Elf64_Sym` at byte `at`. */
export function encodeSymbol(view: DataView, at: number, endian: Endian, symbol: Fields): void {
  const le = endian === 'little';
  view.setUint32(at, symbol.name, le);
  view.setUint8(at + 4, (number(binds, symbol.bind) << 4) | number(types, symbol.type));
  view.setUint8(at + 5, visibilities.indexOf(symbol.visibility));
  view.setUint16(at + 6, symbol.shndx, le);
  view.setBigUint64(at + 8, BigInt(symbol.value), le);
  view.setBigUint64(at + 16, BigInt(symbol.size), le);
}

function number<T>(names: readonly (T | number)[], value: T | number): number {
  return typeof value === 'number' ? value : names.indexOf(value);
}
