import { FormatError } from '../errors/index.js';
import { decodeType } from './decode-type.js';
import { findFlavoured } from './flavour-search.js';
import { readHeader } from './header.js';
import { KIND, kindOf } from './kinds.js';
import { NameIndex } from './name-index.js';
import { scanTypes } from './scan.js';
import { StringSection } from './string-section.js';
import type { BtfKind, BtfType, BtfTypes } from './types.js';

/** How BTF is opened. */
export interface BtfOptions {
  /** The BTF that this one is split from: a module's is vmlinux. */
  readonly base?: Btf;
  /** The input's name, for messages. */
  readonly file?: string;
}

const MODIFIERS = new Set<BtfKind>(['typedef', 'const', 'volatile', 'restrict', 'type_tag']);
const voidType: BtfType = { kind: 'void', id: 0, name: '' };

/** BTF: raw bytes, a table of offsets and an index of names. Types are decoded when asked for (tools/lib/bpf/btf.c keeps them raw, too). */
export class Btf implements BtfTypes {
  readonly bytes: Uint8Array;
  readonly endian: 'little' | 'big';
  readonly base: Btf | undefined;
  readonly file: string;
  readonly startId: number;
  readonly endId: number;
  /** The type section as words in this machine's byte order. */
  readonly words: Uint32Array;
  /** Word index of each type, by id - startId. */
  readonly #offsets: Uint32Array;
  readonly #strings: StringSection;
  readonly #types = new Map<number, BtfType>();
  #index: NameIndex | undefined;
  #pointerSize: 4 | 8 | undefined;

  /** Opens a BTF blob of either byte order; the bytes are kept, not copied. Throws FormatError. */
  static parse(bytes: Uint8Array, options: BtfOptions = {}): Btf {
    return new Btf(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), options);
  }

  private constructor(bytes: Uint8Array, { base, file = '(BTF)' }: BtfOptions) {
    const header = readHeader(bytes, file);
    this.bytes = bytes;
    this.file = file;
    this.base = base;
    this.endian = header.endian;
    this.startId = base?.endId ?? 1;
    const strings = bytes.subarray(header.stringStart, header.stringStart + header.stringLength);
    this.#strings = new StringSection(strings, base ? base.#strings : undefined, file);
    const scanned = scanTypes(bytes, header, file);
    this.words = scanned.words;
    this.#offsets = scanned.offsets;
    this.endId = this.startId + this.#offsets.length;
  }

  /** One past the last offset of the joined string section. */
  get stringEnd(): number {
    return this.#strings.end;
  }

  type(id: number): BtfType {
    if (id === 0) return voidType;
    if (this.base && id < this.startId) return this.base.type(id);
    const known = this.#types.get(id);
    if (known) return known;
    const type = decodeType(this, id, this.wordIndex(id));
    this.#types.set(id, type);
    return type;
  }

  /** Index in `words` of a type of this blob. Throws FormatError for an id that is not in it. */
  wordIndex(id: number): number {
    const at = this.#offsets[id - this.startId];
    if (at === undefined)
      throw new FormatError(`there is no type with id ${id} (ids end at ${this.endId - 1})`, {
        file: this.file,
        section: '.BTF',
      });
    return at;
  }

  string(offset: number): string {
    return this.#strings.at(offset);
  }

  *idsOfKind(...kinds: readonly BtfKind[]): Generator<number> {
    const wanted = kinds.reduce((bits, kind) => bits | (1 << KIND[kind]), 0);
    for (let i = 0; i < this.#offsets.length; i++)
      if (wanted & (1 << kindOf(this.words[this.#offsets[i]! + 1]!))) yield this.startId + i;
  }

  findByName(name: string, kind?: BtfKind): number | undefined {
    for (const id of this.#named(name, kind)) return id;
    return this.base?.findByName(name, kind);
  }

  findAllByName(name: string, kind?: BtfKind): readonly number[] {
    return [...this.#named(name, kind), ...(this.base?.findAllByName(name, kind) ?? [])];
  }

  findFlavours(names: Iterable<string>): ReadonlyMap<string, readonly number[]> {
    const found = findFlavoured(this.words, this.#offsets, this.#strings, names);
    for (const [name, indexes] of found)
      found.set(
        name,
        indexes.map(index => this.startId + index),
      );
    return found;
  }

  *#named(name: string, kind: BtfKind | undefined): Generator<number> {
    this.#index ??= new NameIndex(this.words, this.#offsets, this.#strings);
    for (const index of this.#index.find(name, kind && KIND[kind])) yield this.startId + index;
  }

  resolve(id: number): number {
    for (let hops = 0; hops < 64; hops++) {
      const type = this.type(id);
      if (!MODIFIERS.has(type.kind)) return id;
      id = (type as { type: number }).type;
    }
    throw new FormatError(`type ${id}: typedefs and modifiers go round in a circle`, {
      file: this.file,
      section: '.BTF',
    });
  }

  resolved(id: number): BtfType {
    return this.type(this.resolve(id));
  }

  sizeOf(id: number): number {
    let count = 1;
    for (let depth = 0; depth < 64; depth++) {
      const type = this.resolved(id);
      if (type.kind === 'array') {
        count *= type.nelems;
        id = type.type;
      } else if (type.kind === 'var') id = type.type;
      else {
        const size = type.kind === 'ptr' ? this.pointerSize : 'size' in type ? type.size : undefined;
        if (size === undefined)
          throw this.#sizeless(id, `(${type.kind} ${type.name || 'anonymous'}) has no size`);
        // The kernel counts bytes in 32 bits (btf__resolve_size does, too).
        if (count * size > 0xffffffff) throw this.#sizeless(id, 'is part of an array of 4 GiB or more');
        return count * size;
      }
    }
    throw this.#sizeless(id, 'is of arrays nested too deep');
  }

  /** 4 for the types of a 32-bit kernel, by its `long` (libbpf: determine_ptr_size); else 8. */
  get pointerSize(): 4 | 8 {
    if (this.base) return this.base.pointerSize;
    this.#pointerSize ??= pointerSizeOf(this);
    return this.#pointerSize;
  }

  #sizeless(id: number, reason: string): FormatError {
    return new FormatError(`type ${id} ${reason}`, { file: this.file, section: '.BTF' });
  }
}

/** C has words of a type in any order: `long unsigned int` is what gcc calls it, `unsigned long` what clang does. */
function pointerSizeOf(btf: Btf): 4 | 8 {
  for (const id of btf.idsOfKind('int')) {
    const type = btf.type(id);
    const words = type.name.split(' ').filter(word => word !== 'unsigned' && word !== 'int');
    const isLong = words.length === 1 && words[0] === 'long';
    if (isLong && type.kind === 'int' && (type.size === 4 || type.size === 8)) return type.size;
  }
  return 8;
}
