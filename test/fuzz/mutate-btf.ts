import { mutateBytes, mutateField, wrongNumber } from './mutate-bytes.js';
import type { Random } from './random.js';

const headerLength = 24;
/** Words after `struct btf_type`, by kind: fixed, and for each of vlen elements. */
const fixedWords = [0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0];
const eachWords = [0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3];
const [int, ptr, array, struct, union, typedef, constant, funcProto, typeTag] = [
  1, 2, 3, 4, 5, 8, 10, 13, 18,
];

interface Layout {
  readonly view: DataView;
  readonly little: boolean;
  /** Byte offset of each type. */
  readonly types: readonly number[];
  readonly typesEnd: number;
  readonly stringLength: number;
}

function layout(bytes: Uint8Array): Layout | undefined {
  if (bytes.length < headerLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint16(0, true) === 0xeb9f;
  const start = view.getUint32(4, little) + view.getUint32(8, little);
  const typesEnd = Math.min(start + view.getUint32(12, little), bytes.length);
  const types: number[] = [];
  for (let at = start; at + 12 <= typesEnd && types.length < 1 << 18; ) {
    types.push(at);
    const info = view.getUint32(at + 4, little);
    const kind = (info >>> 24) & 31;
    at += 4 * (3 + (fixedWords[kind] ?? 0) + (eachWords[kind] ?? 0) * (info & 0xffff));
  }
  return types.length > 0
    ? { view, little, types, typesEnd, stringLength: view.getUint32(20, little) }
    : undefined;
}

/** Damages a BTF blob in place, or returns another: header, names, kinds, vlen, references between types, offsets and sizes of members. */
export function mutateBtf(random: Random, bytes: Uint8Array): Uint8Array {
  const found = layout(bytes);
  if (!found) return mutateBytes(random, bytes);
  const { view, little, types, typesEnd, stringLength } = found;
  const type = random.pick(types);
  const word = (at: number): number => (at + 4 <= bytes.length ? view.getUint32(at, little) : 0);
  const set = (at: number, value: number): void => {
    if (at + 4 <= typesEnd) view.setUint32(at, value, little);
  };
  const info = word(type + 4);
  const vlen = info & 0xffff;
  const kind = (info >>> 24) & 31;
  const each = eachWords[kind] ?? 0;
  const element = type + 12 + 4 * each * random.below(vlen);
  switch (random.below(14)) {
    case 0:
      mutateField(random, view, random.pick([0, 2, 3, 4, 8, 12, 16, 20]), 4, little, bytes.length);
      break;
    case 1:
      set(type, wrongNumber(random, word(type), stringLength));
      break;
    case 2:
      set(type + 4, (info & 0x80ffffff) | (random.below(21) << 24));
      break;
    case 3:
      set(type + 4, (info & 0xff000000) | (wrongNumber(random, vlen, vlen + 4) & 0xffffff));
      break;
    case 4:
      set(type + 4, (info ^ 0x80000000) >>> 0);
      break;
    case 5:
      set(type + 8, wrongNumber(random, word(type + 8), types.length));
      break;
    case 6:
    case 7:
      if (each) set(element + 4 * random.below(each), wrongNumber(random, word(element), types.length));
      else set(type + 12 + 4 * random.below(3), wrongNumber(random, word(type + 8), types.length));
      break;
    case 8:
      selfReference(random, found, type, random.below(types.length) + 1);
      break;
    case 9:
    case 10:
      for (let i = random.below(12); i >= 0; i--) {
        const index = random.below(types.length);
        selfReference(random, found, types[index] as number, index + 1 + random.below(3));
      }
      break;
    case 11:
      for (let i = 0; i < 40; i++) set(type + 8 + 12 * i, random.below(types.length));
      break;
    case 12: {
      // Names without an end: every one reaches to the end of the section.
      const strings = word(4) + word(16);
      for (let at = strings + 1; at + 1 < Math.min(strings + stringLength, bytes.length); at++)
        if (bytes[at] === 0 && random.below(4) !== 0) bytes[at] = 0x61;
      break;
    }
    default:
      return mutateBytes(random, bytes);
  }
  return bytes;
}

/** Makes a type of some kind that refers to `id`, which may be itself, in the place of another one. */
function selfReference(random: Random, { view, little, typesEnd }: Layout, at: number, id: number): void {
  const info = view.getUint32(at + 4, little);
  const vlen = info & 0xffff;
  const kind = (info >>> 24) & 31;
  const room = 3 + (fixedWords[kind] ?? 0) + (eachWords[kind] ?? 0) * vlen;
  const words =
    room === 3
      ? [random.pick([ptr, typedef, constant, typeTag]) << 24, id]
      : room === 4
        ? [int << 24, random.pick([0, 1, 4, 16, 255]), random.u32()]
        : room === 6 && random.below(2)
          ? [array << 24, 0, id, id, random.pick([0, 1, 2, 0x7fffffff, 0xffffffff])]
          : compound(random, room - 3, id);
  for (const [i, value] of words.entries())
    if (at + 8 + 4 * i <= typesEnd) view.setUint32(at + 4 + 4 * i, value >>> 0, little);
}

/** In so many words, a struct or union whose members are all of one type, anonymous ones too; or a prototype with such parameters. */
function compound(random: Random, words: number, id: number): number[] {
  const count = Math.floor(words / (words % 3 === 0 ? 3 : 2));
  if (words % 3 !== 0)
    return [(funcProto << 24) | count, id, ...Array.from({ length: count }, () => [0, id]).flat()];
  const bitField = random.below(3) === 0;
  const info = ((bitField ? 0x80000000 : 0) | (random.pick([struct, union]) << 24) | count) >>> 0;
  const members = Array.from({ length: count }, () => [
    random.pick([0, 1, 5]),
    id,
    bitField ? random.u32() : random.pick([0, 0, 8, 32, random.below(256)]),
  ]);
  return [info, random.pick([0, 1, 8, 64, 0xffffffff]), ...members.flat()];
}
