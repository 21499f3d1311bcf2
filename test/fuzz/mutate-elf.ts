import { mutateBtf } from './mutate-btf.js';
import { mutateBytes, mutateField } from './mutate-bytes.js';
import { mutateExt } from './mutate-ext.js';
import type { Random } from './random.js';

/** Offset and size of the fields of `Elf64_Ehdr`, `Elf64_Shdr`, `Elf64_Sym`. */
const headerFields = [
  [4, 1],
  [5, 1],
  [6, 1],
  [16, 2],
  [18, 2],
  [20, 4],
  [32, 8],
  [40, 8],
  [48, 4],
  [52, 2],
  [54, 2],
  [56, 2],
  [58, 2],
  [60, 2],
  [62, 2],
] as const;
const sectionFields = [
  [0, 4],
  [4, 4],
  [8, 8],
  [16, 8],
  [24, 8],
  [32, 8],
  [40, 4],
  [44, 4],
  [48, 8],
  [56, 8],
] as const;
const symbolFields = [
  [0, 4],
  [4, 1],
  [5, 1],
  [6, 2],
  [8, 8],
  [16, 8],
] as const;
const [symtab, rela, rel, progbits] = [2, 4, 9, 1];

interface Section {
  /** Byte offset of its header. */
  readonly header: number;
  readonly name: string;
  readonly type: number;
  readonly code: boolean;
  readonly offset: number;
  readonly size: number;
}

interface Layout {
  readonly view: DataView;
  readonly little: boolean;
  readonly sections: readonly Section[];
}

function layout(bytes: Uint8Array): Layout | undefined {
  if (bytes.length < 64) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[5] !== 2;
  const u64 = (at: number): number => Number(view.getBigUint64(at, little));
  const table = u64(40);
  const count = view.getUint16(60, little);
  if (count === 0 || table + count * 64 > bytes.length) return undefined;
  const headers = Array.from({ length: count }, (_, i) => table + i * 64);
  const names = headers[view.getUint16(62, little)];
  const nameAt = (at: number): string => {
    const start = names === undefined ? bytes.length : u64(names + 24) + at;
    return String.fromCharCode(...bytes.subarray(start, Math.min(bytes.indexOf(0, start), start + 100)));
  };
  return {
    view,
    little,
    sections: headers.map(header => ({
      header,
      name: nameAt(view.getUint32(header, little)),
      type: view.getUint32(header + 4, little),
      code: (view.getUint32(header + (little ? 8 : 12), little) & 4) !== 0,
      offset: u64(header + 24),
      size: u64(header + 32),
    })),
  };
}

/** Damages an object in place, or returns another: headers, symbols, relocations, instructions, maps, BTF and its extension. */
export function mutateElf(random: Random, bytes: Uint8Array): Uint8Array {
  const found = layout(bytes);
  if (!found) return mutateBytes(random, bytes);
  const { view, little, sections } = found;
  const field = ([offset, size]: readonly [number, number], at: number, limit: number): void =>
    mutateField(random, view, at + offset, size, little, limit);
  const section = random.pick(sections);
  switch (random.below(10)) {
    case 0:
      field(random.pick(headerFields), 0, bytes.length);
      return bytes;
    case 1:
    case 2:
      field(random.pick(sectionFields), section.header, random.pick([sections.length, bytes.length]));
      return bytes;
    case 3: {
      const table = sections.find(s => s.type === symtab);
      const count = table ? table.size / 24 : 0;
      if (table)
        field(
          random.pick(symbolFields),
          table.offset + 24 * random.below(count),
          random.pick([count, 64, 1024]),
        );
      return bytes;
    }
    case 4: {
      const table = pickOr(
        random,
        sections.filter(s => s.type === rel || s.type === rela),
      );
      const entry = table?.type === rela ? 24 : 16;
      if (table)
        mutateField(
          random,
          view,
          table.offset + 4 * random.below((table.size / entry) * (entry / 4)),
          4,
          little,
          64,
        );
      return bytes;
    }
    case 5: {
      const code = pickOr(
        random,
        sections.filter(s => s.type === progbits && s.code),
      );
      if (code) mutateField(random, view, code.offset + 4 * random.below(code.size / 4), 4, little, 64);
      return bytes;
    }
    case 6:
    case 7:
      return inSection(
        random,
        bytes,
        sections.find(s => s.name === '.BTF'),
        mutateBtf,
      );
    case 8:
      return inSection(
        random,
        bytes,
        sections.find(s => s.name === '.BTF.ext'),
        mutateExt,
      );
    default:
      return mutateBytes(random, bytes);
  }
}

function pickOr<T>(random: Random, list: readonly T[]): T | undefined {
  return list.length > 0 ? random.pick(list) : undefined;
}

/** Damages the contents of one section; what no longer fits in it is left out. */
function inSection(
  random: Random,
  bytes: Uint8Array,
  section: Section | undefined,
  mutate: (random: Random, bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  if (!section || section.offset + section.size > bytes.length) return mutateBytes(random, bytes);
  const contents = mutate(random, bytes.slice(section.offset, section.offset + section.size));
  bytes.set(contents.subarray(0, section.size), section.offset);
  return bytes;
}
