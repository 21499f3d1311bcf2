import { hostEndian } from '../abi/index.js';
import { Btf, type BtfType, type Codec, codec, encodeBtf } from '../btf/index.js';
import { Refusal } from './refusal.js';

/** Bytes, and whether it has a sign, of the integers of C and of the kernel. */
const integers = new Map<string, readonly [size: number, signed: boolean]>([
  ['char', [1, true]],
  ['bool', [1, false]],
  ['_Bool', [1, false]],
  ['short', [2, true]],
  ['unsigned short', [2, false]],
  ['int', [4, true]],
  ['unsigned', [4, false]],
  ['unsigned int', [4, false]],
  ['pid_t', [4, true]],
  ['uid_t', [4, false]],
  ['gid_t', [4, false]],
  ['dev_t', [4, false]],
  ['long', [8, true]],
  ['unsigned long', [8, false]],
  ['long long', [8, true]],
  ['unsigned long long', [8, false]],
  ['ssize_t', [8, true]],
  ['size_t', [8, false]],
  ['unsigned __int128', [16, false]],
  ['__int128', [16, true]],
  ...[8, 16, 32, 64].flatMap(bits =>
    ['u', 's'].flatMap(sign =>
      [`${sign}${bits}`, `__${sign}${bits}`].map(name => [name, [bits / 8, sign === 's']] as const),
    ),
  ),
]);

interface Placed {
  readonly id: number;
  readonly size: number;
  readonly align: number;
}

/**
 * What reads a struct that is declared as in C, laid out as compilers do: `u32 pid; char comm[16]`, with or without `struct NAME { … }` around it. Knows integers, arrays, pointers,
 * enums, and structs and unions within. Throws Refusal for anything else.
 */
export function declaredStruct(text: string): Codec {
  const declaration = new Declaration(text);
  const { id } = declaration.members('struct', declaration.name());
  declaration.end();
  return codec(Btf.parse(encodeBtf(declaration.types, hostEndian)), id);
}

/** Reads the words of a declaration one after another, and collects the types that it speaks of. */
class Declaration {
  readonly types: BtfType[] = [];
  readonly #text: string;
  readonly #words: string[];
  #at = 0;
  #closing = false;

  constructor(text: string) {
    this.#text = text;
    this.#words = text.replaceAll(/\/\*[\s\S]*?\*\//g, ' ').match(/\w+|[^\s\w]/g) ?? [];
  }

  /** Takes `struct NAME {`, if it begins so. */
  name(): string {
    if (!this.#skip('struct')) return '';
    const name = this.#next === '{' ? '' : this.#word();
    this.#expect('{');
    this.#closing = true;
    return name;
  }

  /** The members up to the brace that closes them, or the end. */
  members(kind: 'struct' | 'union', name: string): Placed {
    const members: { name: string; type: number; bitOffset: number; bitSize: number }[] = [];
    let [end, most, align] = [0, 0, 1];
    while (this.#next !== undefined && this.#next !== '}') {
      const type = this.#type();
      do {
        const { name, placed } = this.#declarator(type);
        const offset = kind === 'union' ? 0 : Math.ceil(end / placed.align) * placed.align;
        members.push({ name, type: placed.id, bitOffset: offset * 8, bitSize: 0 });
        end = offset + placed.size;
        most = Math.max(most, end);
        align = Math.max(align, placed.align);
      } while (this.#skip(','));
      if (!this.#skip(';') && this.#next !== undefined) this.#expect(';');
    }
    const size = Math.ceil(most / align) * align;
    return { id: this.#add({ kind, id: 0, name, size, kindFlag: false, members }), size, align };
  }

  end(): void {
    if (this.#closing) this.#expect('}');
    this.#skip(';');
    if (this.#next !== undefined) throw this.#refusal(`${this.#next} is not expected`);
  }

  get #next(): string | undefined {
    return this.#words[this.#at];
  }

  #type(): Placed {
    while (this.#skip('const') || this.#skip('volatile'));
    const kind = this.#next;
    if (kind === 'struct' || kind === 'union') {
      this.#at++;
      const name = this.#next === '{' ? '' : this.#word();
      this.#expect('{');
      const placed = this.members(kind, name);
      this.#expect('}');
      return placed;
    }
    if (this.#skip('enum')) {
      this.#word();
      return this.#integer('unsigned int');
    }
    for (const words of [3, 2, 1]) {
      const name = this.#words.slice(this.#at, this.#at + words).join(' ');
      if (!integers.has(name)) continue;
      this.#at += words;
      return this.#integer(name);
    }
    throw this.#refusal(
      `${this.#next ?? 'the end'} is no type that is known: use u8 to u64, s8 to s64, char, int, bool`,
    );
  }

  #declarator(type: Placed): { name: string; placed: Placed } {
    let placed = type;
    while (this.#skip('*'))
      placed = { id: this.#add({ kind: 'ptr', id: 0, name: '', type: placed.id }), size: 8, align: 8 };
    if (this.#next === ';' || this.#next === undefined) return { name: '', placed };
    const name = this.#word();
    const lengths: number[] = [];
    while (this.#skip('[')) {
      const length = Number(this.#word());
      if (!Number.isSafeInteger(length)) throw this.#refusal(`the length of ${name} is to be a number`);
      lengths.unshift(length);
      this.#expect(']');
    }
    for (const nelems of lengths) {
      const indexType = this.#integer('unsigned int').id;
      const id = this.#add({ kind: 'array', id: 0, name: '', type: placed.id, indexType, nelems });
      placed = { id, size: placed.size * nelems, align: placed.align };
    }
    return { name, placed };
  }

  #integer(name: string): Placed {
    const [size, signed] = integers.get(name) ?? [4, false];
    const [char, bool] = [name === 'char', /bool/i.test(name)];
    const id = this.#add({ kind: 'int', id: 0, name, size, bits: size * 8, offset: 0, signed, char, bool });
    return { id, size, align: size };
  }

  #add(type: BtfType): number {
    return this.types.push(type);
  }

  #word(): string {
    const word = this.#next;
    if (word === undefined || !/^\w+$/.test(word))
      throw this.#refusal(`a name is missing before ${word ?? 'the end'}`);
    this.#at++;
    return word;
  }

  #skip(word: string): boolean {
    if (this.#next !== word) return false;
    this.#at++;
    return true;
  }

  #expect(word: string): void {
    if (!this.#skip(word)) throw this.#refusal(`${word} is missing before ${this.#next ?? 'the end'}`);
  }

  #refusal(reason: string): Refusal {
    return new Refusal(`${JSON.stringify(this.#text)}: ${reason}`);
  }
}
