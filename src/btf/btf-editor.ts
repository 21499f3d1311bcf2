import { kindOf, TRAILING, vlenOf } from './kinds.js';
import type { BtfTypes } from './types.js';

const headerSize = 24;
/** Offsets in `struct btf_header`. */
const header = { hdrLen: 4, typeOff: 8, typeLen: 12, strOff: 16, strLen: 20 };
const typeSize = 12;
const kindFlag = 0x80000000;
/** Bits of `info` that hold the number of members; kernels before 7.2 look at 16 of them. */
const vlenMask = 0xffffff;

/**
 * A copy of a BTF blob to change in place: what compilers leave to the loader, and what older kernels refuse.
 * The blob is one that parsed, so its sizes are not checked again. Types that are not changed stay byte for byte as they were; anything
 * but types and strings (the layout section of newer BTF, which the kernel does without) is dropped.
 */
export class BtfEditor {
  private readonly little: boolean;
  private readonly head: Uint8Array;
  private types: Uint8Array;
  private view: DataView;
  private strings: Uint8Array;
  /** Offset of each type, by id. */
  private readonly offsets = new Map<number, number>();
  private nextId: number;

  constructor(btf: BtfTypes) {
    this.little = btf.endian === 'little';
    const bytes = btf.bytes;
    const u32 = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const field = (at: number) => u32.getUint32(at, this.little);
    // Not slice(), which does not copy where the bytes are a Node Buffer.
    const copy = (start: number, length: number) => new Uint8Array(bytes.subarray(start, start + length));
    const section = (off: number, len: number) => copy(field(header.hdrLen) + field(off), field(len));
    this.head = copy(0, headerSize);
    this.types = section(header.typeOff, header.typeLen);
    this.strings = section(header.strOff, header.strLen);
    this.view = new DataView(this.types.buffer);
    this.nextId = btf.startId;
    for (let at = 0; at < this.types.length; at += typeSize + this.extraSize(at))
      this.offsets.set(this.nextId++, at);
  }

  /** The blob as changed. */
  get result(): Uint8Array {
    const out = new Uint8Array(headerSize + this.types.length + this.strings.length);
    out.set(this.head);
    out.set(this.types, headerSize);
    out.set(this.strings, headerSize + this.types.length);
    const view = new DataView(out.buffer);
    view.setUint32(header.hdrLen, headerSize, this.little);
    view.setUint32(header.typeOff, 0, this.little);
    view.setUint32(header.typeLen, this.types.length, this.little);
    view.setUint32(header.strOff, this.types.length, this.little);
    view.setUint32(header.strLen, this.strings.length, this.little);
    return out;
  }

  /** Offset of the type's name in the string section. */
  nameOf(id: number): number {
    return this.read(this.at(id));
  }

  setName(id: number, stringOffset: number): void {
    this.write(this.at(id), stringOffset);
  }

  /** Sets the kind; the number of members stays. */
  setKind(id: number, kind: number, { keepFlag = true } = {}): void {
    const info = this.read(this.at(id) + 4);
    this.write(this.at(id) + 4, (keepFlag ? info & kindFlag : 0) | (kind << 24) | (info & vlenMask));
  }

  /** Sets the number of members, up to 24 bits, which for a function is its linkage. */
  setVlen(id: number, vlen: number): void {
    this.write(this.at(id) + 4, (this.read(this.at(id) + 4) & ~vlenMask) | (vlen & vlenMask));
  }

  /** The size, or the type that this one refers to: they share a field. */
  setSizeOrType(id: number, value: number): void {
    this.write(this.at(id) + 8, value);
  }

  /** The 32-bit word with index `word` of what follows the 12 bytes that all kinds have. */
  extra(id: number, word: number): number {
    return this.read(this.at(id) + typeSize + word * 4);
  }

  setExtra(id: number, word: number, value: number): void {
    this.write(this.at(id) + typeSize + word * 4, value);
  }

  /** Appends a string and returns its offset. */
  addString(text: string): number {
    const offset = this.strings.length;
    this.strings = joined(this.strings, new TextEncoder().encode(`${text}\0`));
    return offset;
  }

  /** Changes characters of a string where it stands. */
  editString(offset: number, change: (character: string) => string): void {
    for (let i = offset; this.strings[i] !== 0 && i < this.strings.length; i++)
      this.strings[i] = change(String.fromCharCode(this.strings[i] as number)).charCodeAt(0);
  }

  /** Appends a type given as 32-bit words and returns its id. */
  addType(words: readonly number[]): number {
    const at = this.types.length;
    this.types = joined(this.types, new Uint8Array(words.length * 4));
    this.view = new DataView(this.types.buffer);
    for (const [i, word] of words.entries()) this.write(at + i * 4, word);
    this.offsets.set(this.nextId, at);
    return this.nextId++;
  }

  private at(id: number): number {
    const offset = this.offsets.get(id);
    if (offset === undefined) throw new RangeError(`no type ${id} in this BTF`);
    return offset;
  }

  private read(at: number): number {
    return this.view.getUint32(at, this.little);
  }

  private write(at: number, value: number): void {
    this.view.setUint32(at, value >>> 0, this.little);
  }

  /** Bytes of a type after the first 12. */
  private extraSize(at: number): number {
    const info = this.read(at + 4);
    const { fixed, each } = TRAILING[kindOf(info)] ?? { fixed: 0, each: 0 };
    return (fixed + each * vlenOf(info)) * 4;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
