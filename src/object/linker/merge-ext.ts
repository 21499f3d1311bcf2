import type { BtfExt, FuncInfo } from '../../btf/index.js';
import { FormatError } from '../../errors/index.js';
import type { BtfStrings } from './btf-strings.js';
import type { LinkInput } from './input.js';
import type { Layout, OutputSection } from './layout.js';

/** Type ids of the output by those of an input. */
type Ids = (input: LinkInput, typeId: number) => number;
type Words = readonly number[];
type Located = Pick<FuncInfo, 'insnOffset'>;
type RecordsOf<R> = (ext: BtfExt) => ReadonlyMap<string, readonly R[]>;

const headerSize = 32;
const magic = 0xeb9f;

/**
 * `.BTF.ext` of the output (`struct btf_ext_header`, tools/lib/bpf/libbpf_internal.h): func_info, line_info and CO-RE relocations of all
 * inputs, moved with their sections. Their strings are added to `strings`. Undefined when there are none.
 */
export function mergeExt(
  inputs: readonly LinkInput[],
  layout: Layout,
  ids: Ids,
  strings: BtfStrings,
  endian: 'little' | 'big',
): Uint8Array | undefined {
  const collect = <R extends Located>(records: RecordsOf<R>, words: (record: R, input: LinkInput) => Words) =>
    tableWords(collectRecords(inputs, layout, records, words), strings);
  const tables = [
    collect(
      ext => ext.funcInfo,
      ({ typeId }, input) => [ids(input, typeId)],
    ),
    collect(
      ext => ext.lineInfo,
      ({ file, text, lineCol }) => [strings.offset(file), strings.offset(text), lineCol],
    ),
    collect(
      ext => ext.coreRelocations,
      ({ typeId, access, kind }, input) => [ids(input, typeId), strings.offset(access), kind],
    ),
  ];
  if (tables.every(table => table.length === 0)) return undefined;

  const places: number[] = [];
  let end = 0;
  for (const table of tables) {
    places.push(end, table.length * 4);
    end += table.length * 4;
  }
  const bytes = new Uint8Array(headerSize + end);
  const view = new DataView(bytes.buffer);
  const le = endian === 'little';
  view.setUint16(0, magic, le);
  view.setUint8(2, 1);
  for (const [i, word] of [headerSize, ...places, ...tables.flat()].entries())
    view.setUint32(4 + i * 4, word, le);
  return bytes;
}

function collectRecords<R extends Located>(
  inputs: readonly LinkInput[],
  layout: Layout,
  records: RecordsOf<R>,
  words: (record: R, input: LinkInput) => Words,
): Map<OutputSection, Words[]> {
  const found = new Map<OutputSection, Words[]>();
  for (const input of inputs)
    for (const [name, own] of input.ext ? records(input.ext) : []) {
      const place = layout.place(input.section(name));
      if (!place)
        throw new FormatError(`describes section ${name}, which is not there`, {
          file: input.file,
          section: '.BTF.ext',
        });
      const list = found.get(place.target) ?? [];
      found.set(place.target, list);
      for (const record of own) list.push([place.offset + record.insnOffset, ...words(record, input)]);
    }
  return found;
}

function tableWords(sections: ReadonlyMap<OutputSection, readonly Words[]>, strings: BtfStrings): number[] {
  const all: number[] = [];
  for (const [{ name }, records] of sections) {
    const [first] = records;
    if (!first) continue;
    if (all.length === 0) all.push(first.length * 4);
    all.push(strings.offset(name), records.length);
    for (const record of records) all.push(...record);
  }
  return all;
}
