import { type Btf, dumpC, dumpJson, dumpRaw } from '../../../btf/index.js';
import { openBtf } from '../../../kernel/index.js';
import { openProgram, type ProgramSource } from '../../../programs/index.js';
import { exactJson } from '../../exact-json.js';
import { printLines } from '../../output.js';
import { readBtf } from '../../read-btf.js';
import { Refusal } from '../../refusal.js';
import { takeSelector } from '../../selector.js';
import { Words } from '../../words.js';
import { openSelected } from '../map/select.js';

const formats = ['c', 'raw', 'json'] as const;
type Format = (typeof formats)[number];

export interface BtfDumpOptions {
  readonly format?: Format;
  readonly base?: string;
  readonly json?: boolean;
}

/** `rawbpf btf dump SOURCE`: every type, or those asked for, as bpftool prints them. */
export async function btfDump(given: readonly string[], options: BtfDumpOptions): Promise<void> {
  const words = new Words(given);
  const { btf, roots } = takeSource(words, options.base);
  const { format = options.format ?? (options.json ? 'json' : 'raw'), ids } = takeChoice(words);
  if (ids.length > 0 && roots) throw new Refusal('root_id: the types of the map are asked for already');
  const wanted = ids.length > 0 ? ids : roots;
  for (const id of wanted ?? [])
    if (id >= btf.endId) throw new Refusal(`root_id ${id}: the ids of ${btf.file} end at ${btf.endId - 1}`);
  await printLines(dump(btf, format, wanted ? { roots: wanted } : {}));
}

function dump(btf: Btf, format: Format, options: { readonly roots?: readonly number[] }): Iterable<string> {
  switch (format) {
    case 'c':
      return dumpC(btf, options);
    case 'json':
      return [exactJson(dumpJson(btf, options))];
    case 'raw':
      return dumpRaw(btf, options);
  }
}

interface Source {
  readonly btf: Btf;
  /** Only these types. */
  readonly roots?: readonly number[];
}

function takeSource(words: Words, base: string | undefined): Source {
  const word = words.take('what to dump');
  switch (word) {
    case 'id':
      return { btf: openBtf(number(words.take('the id'), 'id')) };
    case 'prog':
      return { btf: programBtf(words) };
    case 'map':
      return mapBtf(words);
    default: {
      const file = word === 'file' ? words.take('the file') : word;
      return { btf: readBtf(file, base === undefined ? undefined : readBtf(base)) };
    }
  }
}

function programBtf(words: Words): Btf {
  using program = openProgram(
    takeSelector(words, 'program', ['id', 'name', 'tag', 'pinned']) as ProgramSource,
  );
  const { btfId } = program.info();
  if (btfId === 0) throw new Refusal(`program ${program.name}: it was loaded without BTF`);
  return openBtf(btfId);
}

function mapBtf(words: Words): Source {
  using map = openSelected(words, 'read');
  const { btfId, keyTypeId, valueTypeId, name } = map.info();
  if (btfId === 0) throw new Refusal(`map ${name}: it was created without BTF`);
  const btf = openBtf(btfId);
  if (words.skip('all')) return { btf };
  const part = ['key', 'value', 'kv'].find(part => words.skip(part));
  const roots = part === 'key' ? [keyTypeId] : part === 'value' ? [valueTypeId] : [keyTypeId, valueTypeId];
  return { btf, roots: roots.filter(id => id !== 0) };
}

/** What bpftool takes after the source: `format c`, `root_id 7`. */
function takeChoice(words: Words): { readonly format?: Format; readonly ids: readonly number[] } {
  let format: Format | undefined;
  const ids: number[] = [];
  while (words.next !== undefined) {
    if (words.skip('format')) format = formatOf(words.take('the format'));
    else if (words.skip('root_id')) ids.push(number(words.take('the id of a type'), 'root_id'));
    // As they are is the one order that there is.
    else if (!words.skip('unsorted')) throw new Refusal(`${words.next}: format or root_id comes here`);
  }
  return { ...(format ? { format } : {}), ids };
}

function formatOf(word: string): Format {
  const format = formats.find(format => format === word);
  if (!format) throw new Refusal(`format ${word}: it is one of ${formats.join(', ')}`);
  return format;
}

function number(word: string, what: string): number {
  if (!/^\d+$/.test(word)) throw new Refusal(`${what} ${word}: it is a number`);
  return Number(word);
}
