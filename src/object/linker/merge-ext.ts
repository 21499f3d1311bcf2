import type { BtfExt, FuncInfo } from '../../btf/index.js';
import { FormatError } from '../../errors/index.js';
import type { BtfStrings } from './btf-strings.js';
import type { LinkInput } from './input.js';
import type { Layout, OutputSection } from './layout.js';

type Located = Pick<FuncInfo, 'insnOffset'>;
/** One of the three tables of `.BTF.ext`. */
interface Table<R extends Located> {
  records(ext: BtfExt): ReadonlyMap<string, readonly R[]>;
  /** 32-bit words of a record. */
  readonly width: number;
  /** Appends the words that follow the offset of the instruction. */
  write(record: R, input: LinkInput, words: number[]): void;
}

const headerSize = 32;
const magic = 0xeb9f;

/**
 * `.BTF.ext` of the output (`struct btf_ext_header`, tools/lib/bpf/libbpf_internal.h): func_info, line_info and CO-RE relocations of all
 * inputs, moved with their sections. Their strings are added to `strings`. Undefined when there are none.
 */
export function mergeExt(
  inputs: readonly LinkInput[],
  layout: Layout,
  typeId: (input: LinkInput, id: number) => number,
  strings: BtfStrings,
  endian: 'little' | 'big',
): Uint8Array | undefined {
  const encode = <R extends Located>(table: Table<R>) => encodeTable(table, inputs, layout, strings);
  const tables = [
    encode({
      records: ext => ext.funcInfo,
      width: 2,
      write: (record, input, words) => words.push(typeId(input, record.typeId)),
    }),
    encode({
      records: ext => ext.lineInfo,
      width: 4,
      write: ({ file, text, lineCol }, _, words) =>
        words.push(strings.offset(file), strings.offset(text), lineCol),
    }),
    encode({
      records: ext => ext.coreRelocations,
      width: 4,
      write: (record, input, words) =>
        words.push(typeId(input, record.typeId), strings.offset(record.access), record.kind),
    }),
  ];
  const size = tables.reduce((sum, words) => sum + words.length * 4, 0);
  if (size === 0) return undefined;

  const bytes = new Uint8Array(headerSize + size);
  const view = new DataView(bytes.buffer);
  const le = endian === 'little';
  view.setUint16(0, magic, le);
  view.setUint8(2, 1);
  view.setUint32(4, headerSize, le);
  let at = headerSize;
  for (const [i, words] of tables.entries()) {
    view.setUint32(8 + i * 8, at - headerSize, le);
    view.setUint32(12 + i * 8, words.length * 4, le);
    for (const word of words) {
      view.setUint32(at, word, le);
      at += 4;
    }
  }
  return bytes;
}

/** The words of a table: the size of a record, then by section its name, the number of records and the records. */
function encodeTable<R extends Located>(
  { records, width, write }: Table<R>,
  inputs: readonly LinkInput[],
  layout: Layout,
  strings: BtfStrings,
): number[] {
  const sections = new Map<OutputSection, number[]>();
  for (const input of inputs)
    for (const [name, own] of input.ext ? records(input.ext) : []) {
      const place = layout.place(input.section(name));
      if (!place)
        throw new FormatError(`describes section ${name}, which is not there`, {
          file: input.file,
          section: '.BTF.ext',
        });
      const words = sections.get(place.target) ?? [];
      sections.set(place.target, words);
      for (const record of own) {
        words.push(place.offset + record.insnOffset);
        write(record, input, words);
      }
    }

  const table: number[] = [];
  for (const [{ name }, words] of sections) {
    if (words.length === 0) continue;
    if (table.length === 0) table.push(width * 4);
    table.push(strings.offset(name), words.length / width);
    for (const word of words) table.push(word);
  }
  return table;
}
