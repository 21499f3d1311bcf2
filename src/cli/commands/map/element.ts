import { BpfMapType, hostEndian } from '../../../abi/index.js';
import { type MapBytes, MapOfMaps, openMap, ProgArray, type UpdateMode } from '../../../maps/index.js';
import { openProgram, type ProgramSource } from '../../../programs/index.js';
import { exactJson, exactJsonLine } from '../../exact-json.js';
import { print } from '../../output.js';
import { Refusal } from '../../refusal.js';
import { takeSelector } from '../../selector.js';
import { Words } from '../../words.js';
import { takeKeyData, takeMode, takeValueData } from './data.js';
import { EntryPrinter, hexBytes, labelled } from './entry.js';
import { openSelected, takeMap } from './select.js';

export interface ElementOptions {
  readonly json?: boolean;
}

/** `rawbpf map lookup|peek SELECTOR [key DATA]` */
export async function lookUp(given: readonly string[], options: ElementOptions): Promise<void> {
  const words = new Words(given);
  using map = openSelected(words, 'read');
  const key = takeKey(words, map);
  await printFound(map, key, map.get(key), options);
}

/** `rawbpf map pop|dequeue SELECTOR` */
export async function pop(given: readonly string[], options: ElementOptions): Promise<void> {
  const words = new Words(given);
  using map = openSelected(words);
  const key = takeKey(words, map);
  await printFound(map, key, map.lookupAndDelete(key), options);
}

/** `rawbpf map getnext SELECTOR [key DATA]` */
export async function getNext(given: readonly string[], { json }: ElementOptions): Promise<void> {
  const words = new Words(given);
  using map = openSelected(words, 'read');
  const key = words.next === undefined ? undefined : takeKey(words, map);
  const next = map.nextKey(key);
  if (!next)
    throw new Refusal(`map ${map.name}: no key comes after ${key ? 'that one' : 'none: it is empty'}`);
  if (json) await print(exactJsonLine({ key: key ? hexBytes(key) : null, next_key: hexBytes(next) }));
  else await print(`${key ? labelled('key', key) : 'key: None'}\n${labelled('next key', next)}`);
}

/** `rawbpf map delete SELECTOR key DATA` */
export async function deleteKey(given: readonly string[], options: ElementOptions): Promise<void> {
  const words = new Words(given);
  using map = openSelected(words);
  const key = takeKey(words, map);
  if (!map.delete(key)) throw new Refusal(`map ${map.name}: it has no such key`);
  await printDone(options);
}

/** `rawbpf map update|push|enqueue SELECTOR [key DATA] [value DATA] [any|noexist|exist]` */
export async function update(given: readonly string[], options: ElementOptions): Promise<void> {
  const words = new Words(given);
  using map = openSelected(words);
  const { key, write, mode } = takeElement(words, map);
  write(key, mode);
  await printDone(options);
}

/** What bpftool prints of a command that prints nothing: `null` where it is to be JSON. */
export async function printDone({ json }: ElementOptions): Promise<void> {
  if (json) await print('null');
}

interface Element {
  readonly key: Uint8Array;
  readonly mode: UpdateMode;
  write(key: Uint8Array, mode: UpdateMode): void;
}

/** Key, value and mode, in any order, each once. */
function takeElement(words: Words, map: MapBytes): Element {
  let key: Uint8Array | undefined;
  let write: Element['write'] | undefined;
  let mode: UpdateMode | undefined;
  while (words.next !== undefined) {
    if (key === undefined && words.skip('key')) key = takeKeyData(words, map);
    else if (write === undefined && words.skip('value')) write = takeValue(words, map);
    else if (mode === undefined) mode = takeMode(words) ?? unexpected(words);
    else unexpected(words);
  }
  if (key === undefined && map.keySize > 0) throw new Refusal(`map ${map.name}: say which key: key DATA`);
  if (write === undefined) throw new Refusal(`map ${map.name}: say what to write: value DATA`);
  return { key: key ?? new Uint8Array(0), write, mode: mode ?? 'any' };
}

function unexpected(words: Words): never {
  throw new Refusal(`${words.next}: key, value, any, noexist or exist comes here, each once`);
}

function takeKey(words: Words, map: MapBytes): Uint8Array {
  const isGiven = words.skip('key');
  if (!isGiven && words.next !== undefined) throw new Refusal(`${words.next}: key DATA comes here`);
  if (!isGiven && map.keySize > 0) throw new Refusal(`map ${map.name}: say which key: key DATA`);
  const key = isGiven ? takeKeyData(words, map) : new Uint8Array(0);
  words.end();
  return key;
}

/** Takes the value of an update: a map or a program by its selector where the map has such, else DATA. */
function takeValue(words: Words, map: MapBytes): Element['write'] {
  switch (map.type) {
    case BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS: {
      const source = takeMap(words);
      return (key, mode) => {
        using outer = openMap({ id: map.id }, { kind: MapOfMaps });
        using inner = openMap(source);
        outer.set(key, inner, mode);
      };
    }
    case BpfMapType.BPF_MAP_TYPE_PROG_ARRAY: {
      const source = takeSelector(words, 'program', ['id', 'name', 'tag', 'pinned']) as ProgramSource;
      return key => {
        using jumps = openMap({ id: map.id }, { kind: ProgArray });
        using program = openProgram(source);
        jumps.set(new DataView(key.buffer, key.byteOffset).getUint32(0, hostEndian === 'little'), program);
      };
    }
    default: {
      const value = takeValueData(words, map);
      return (key, mode) => void map.set(key, value, mode);
    }
  }
}

async function printFound(
  map: MapBytes,
  key: Uint8Array,
  value: Uint8Array | undefined,
  { json }: ElementOptions,
): Promise<void> {
  if (value === undefined) {
    if (json) await print('null');
    throw new Refusal(`map ${map.name}: ${map.keySize > 0 ? 'it has no such key' : 'it is empty'}`);
  }
  const printer = new EntryPrinter(map);
  if (json) await print(exactJsonLine(printer.record(key, value)));
  else if (printer.isTyped) await print(exactJson(printer.formatted(key, value)));
  else await print(printer.text(key, value));
}
