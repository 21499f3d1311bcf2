import { BpfMapType } from '../../../abi/index.js';
import { type MapBytes, openMapBytes } from '../../../maps/index.js';
import { type BpfError, Errno, errnoMessage } from '../../../syscall/index.js';
import { exactJsonLine } from '../../exact-json.js';
import { printLines } from '../../output.js';
import { Words } from '../../words.js';
import { EntryPrinter, hexBytes, labelled } from './entry.js';
import { headerText, type MapRecord, mapHeader } from './record.js';
import { selected, takeMap } from './select.js';

export interface DumpOptions {
  readonly json?: boolean;
}

/** `rawbpf map dump SELECTOR`: every element of a map, or of all maps of a name. */
export async function dumpMaps(given: readonly string[], { json }: DumpOptions): Promise<void> {
  const words = new Words(given);
  const sources = selected(takeMap(words));
  words.end();
  const several = sources.length > 1;
  if (several && json) await printLines(['[']);
  for (const [i, source] of sources.entries()) {
    using map = openMapBytes(source, { access: 'read' });
    if (!json) await printLines(several ? [headerText(map.info()), ...textLines(map)] : textLines(map));
    else if (!several) await printLines(jsonLines(map));
    else await printLines(withHeader(map, i === sources.length - 1));
  }
  if (several && json) await printLines([']']);
}

function* withHeader(map: MapBytes, isLast: boolean): Generator<string> {
  yield `${exactJsonLine(mapHeader(map.info())).slice(0, -1)}, "elements":`;
  yield* jsonLines(map);
  yield isLast ? '}' : '},';
}

/** A JSON array, an element a line. */
function* jsonLines(map: MapBytes): Generator<string> {
  const printer = new EntryPrinter(map);
  let before: string | undefined;
  yield '[';
  for (const { key, value, error } of map.elements()) {
    if (!value && !error && isSparse(map)) continue;
    if (before !== undefined) yield `${before},`;
    before = exactJsonLine(value ? printer.record(key, value) : failed(key, error));
  }
  if (before !== undefined) yield before;
  yield ']';
}

function failed(key: Uint8Array, error: BpfError | undefined): MapRecord {
  return { key: hexBytes(key), value: { error: errnoMessage(error?.errno ?? Errno.ENOENT) } };
}

/** By BTF a JSON array of what the elements mean; else their bytes in hexadecimal. */
function* textLines(map: MapBytes): Generator<string> {
  const printer = new EntryPrinter(map);
  let count = 0;
  for (const { key, value, error } of map.elements()) {
    if (!value && !error && isSparse(map)) continue;
    if (!value) yield `${labelled('key', key)}  value: ${whyNot(error)}`;
    else yield printer.isTyped ? exactJsonLine(printer.formatted(key, value)) : printer.text(key, value);
    if (value) count++;
  }
  yield `Found ${count} element${count === 1 ? '' : 's'}`;
}

/** Maps whose empty places go without saying. */
function isSparse({ type }: MapBytes): boolean {
  return sparse.has(type);
}

const sparse: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_PROG_ARRAY,
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS,
]);

function whyNot(error: BpfError | undefined): string {
  if (error === undefined) return '<no entry>';
  return error.errno === Errno.ENOSPC ? '<cannot read>' : error.errnoName;
}
