import { SHN_UNDEF, SHT_DYNSYM, SHT_SYMTAB } from './constants.js';
import { stringsOf, textAt, type UserElf } from './user-elf.js';

/** The function that an address is in. */
export interface FunctionAt {
  /** Without its version, as the compiler wrote it: names of C++ are mangled. */
  readonly name: string;
  /** Its first address. */
  readonly start: number;
}

const [STT_FUNC, STT_GNU_IFUNC] = [2, 10];
const [STB_LOCAL, STB_WEAK] = [0, 2];

/** The names of a program's or library's functions by their addresses in the file (`st_value`). Holds 24 bytes for each, and the file's table of names. */
export class FunctionTable {
  readonly #names: Uint8Array;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  /** The greatest end up to here, so that a search backwards knows when no function can reach the address any more. */
  readonly #reach: Float64Array;
  readonly #nameAt: Uint32Array;
  /** `STB_*`. */
  readonly #binding: Uint8Array;

  /** Of `.symtab`, or of `.dynsym` where the file was stripped. Throws FormatError for a damaged table. */
  static of(elf: UserElf): FunctionTable {
    const section =
      elf.sections.find(s => s.type === SHT_SYMTAB) ?? elf.sections.find(s => s.type === SHT_DYNSYM);
    if (!section) return new FunctionTable(new Uint8Array(), []);
    return new FunctionTable(stringsOf(elf, section), readRows(elf, elf.read(section)));
  }

  private constructor(names: Uint8Array, rows: Row[]) {
    rows.sort((a, b) => a.start - b.start);
    this.#names = names;
    this.#starts = Float64Array.from(rows, row => row.start);
    this.#ends = Float64Array.from(rows, (row, i) =>
      // A function written in assembler may have no size: it goes up to the next.
      row.size > 0 ? row.start + row.size : (rows[i + 1]?.start ?? row.start),
    );
    let reach = 0;
    this.#reach = this.#ends.map(end => {
      reach = Math.max(reach, end);
      return reach;
    });
    this.#nameAt = Uint32Array.from(rows, row => row.nameAt);
    this.#binding = Uint8Array.from(rows, row => row.binding);
  }

  get size(): number {
    return this.#starts.length;
  }

  /**
   * The function with an address in it: of several the one that begins last, and of several names for one place one that other files see,
   * then one with fewer underscores in front (`write`, not `__write`). Undefined between functions.
   */
  find(address: number): FunctionAt | undefined {
    let best = -1;
    for (let i = this.#after(address) - 1; i >= 0 && this.#reach[i]! > address; i--) {
      if (best >= 0 && this.#starts[i] !== this.#starts[best]) break;
      if (this.#ends[i]! > address && (best < 0 || this.#isBetter(i, best))) best = i;
    }
    if (best < 0) return undefined;
    return { name: this.#name(best), start: this.#starts[best]! };
  }

  #isBetter(one: number, other: number): boolean {
    const [a, b] = [this.#name(one), this.#name(other)];
    const [isLocal, otherIsLocal] = [this.#binding[one] === STB_LOCAL, this.#binding[other] === STB_LOCAL];
    if (isLocal !== otherIsLocal) return otherIsLocal;
    const [least, most] = [leadingUnderscores(a), leadingUnderscores(b)];
    if (least !== most) return least < most;
    if (this.#binding[one] !== this.#binding[other]) return this.#binding[other] === STB_WEAK;
    return a < b;
  }

  #name(index: number): string {
    return textAt(this.#names, this.#nameAt[index]!).replace(/@.*$/s, '');
  }

  #after(address: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Row {
  readonly start: number;
  readonly size: number;
  readonly nameAt: number;
  readonly binding: number;
}

function readRows(elf: UserElf, bytes: Uint8Array): Row[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const le = elf.endian === 'little';
  const wide = elf.bits === 64;
  const size = wide ? 24 : 16;
  const [info, shndx, value, extent] = wide ? [4, 6, 8, 16] : [12, 14, 4, 8];
  const u32 = (at: number): number => view.getUint32(at, le);
  const word = (at: number): number =>
    wide ? u32(at + (le ? 0 : 4)) + u32(at + (le ? 4 : 0)) * 2 ** 32 : u32(at);
  const rows: Row[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    const kind = bytes[at + info]!;
    const type = kind & 0xf;
    if (type !== STT_FUNC && type !== STT_GNU_IFUNC) continue;
    if (view.getUint16(at + shndx, le) === SHN_UNDEF) continue;
    rows.push({
      start: word(at + value),
      size: word(at + extent),
      nameAt: u32(at),
      binding: kind >> 4,
    });
  }
  return rows;
}

function leadingUnderscores(name: string): number {
  return /^_*/.exec(name)![0].length;
}
