import { readFileSync } from 'node:fs';
import {
  type BpfMap,
  type CreateMapOptions,
  createMap,
  type MapSource,
  openMap,
} from '../../../maps/index.js';
import type { MapFlag, MapTypeName } from '../../../object/index.js';
import { Refusal } from '../../refusal.js';
import { complain } from '../../report-error.js';
import { Words } from '../../words.js';
import { type ElementOptions, printDone } from './element.js';
import { openSelected, takeMap } from './select.js';

/** Characters of a map's name that the kernel keeps. */
const longestName = 15;

/** `rawbpf map create PATH type TYPE key N value N entries N name NAME [flags N] [inner_map SELECTOR]`: a map that its pin keeps. */
export async function create(given: readonly string[], options: ElementOptions): Promise<void> {
  const words = new Words(given);
  const path = words.take('the path to pin it at');
  const { wanted, inner: like } = takeTemplate(words);
  if (wanted.name.length > longestName)
    complain(`warning: the kernel keeps ${longestName} characters of the name ${wanted.name}`);
  using inner = like && openMap(like, { access: 'read' });
  using map = created({ ...wanted, ...(inner ? { inner } : {}) });
  map.pin(path);
  await printDone(options);
}

/** `rawbpf map pin SELECTOR PATH` */
export async function pin(given: readonly string[], options: ElementOptions): Promise<void> {
  const words = new Words(given);
  using map = openSelected(words);
  const path = words.take('the path to pin it at');
  words.end();
  map.pin(path);
  await printDone(options);
}

/** `rawbpf map freeze SELECTOR` */
export async function freeze(given: readonly string[], options: ElementOptions): Promise<void> {
  const words = new Words(given);
  using map = openSelected(words);
  words.end();
  map.freeze();
  await printDone(options);
}

interface Wanted extends CreateMapOptions {
  readonly name: string;
}

/** Throws Refusal for what describes no map. */
function created(wanted: CreateMapOptions): BpfMap {
  try {
    return createMap(wanted);
  } catch (error) {
    if (error instanceof TypeError) throw new Refusal(error.message, { cause: error });
    throw error;
  }
}

const settings = ['type', 'key', 'value', 'entries', 'name', 'flags', 'offload_dev'] as const;
type Setting = (typeof settings)[number];

function takeTemplate(words: Words): { readonly wanted: Wanted; readonly inner: MapSource | undefined } {
  const given = new Map<Setting, string>();
  let inner: MapSource | undefined;
  while (words.next !== undefined) {
    if (words.skip('inner_map')) {
      inner = takeMap(words);
      continue;
    }
    const word = words.take('a setting');
    const setting = settings.find(setting => setting === word);
    if (!setting) throw new Refusal(`${word}: ${settings.join(', ')} or inner_map comes here`);
    if (given.has(setting)) throw new Refusal(`${setting} is there twice`);
    given.set(setting, words.take(`what follows ${setting}`));
  }
  const [type, name] = [given.get('type'), given.get('name')];
  if (type === undefined || name === undefined)
    throw new Refusal('say at least what to create: type TYPE name NAME');
  const size = (setting: 'key' | 'value') => numberOr(given.get(setting));
  const [key, value] = [size('key'), size('value')];
  const entries = given.get('entries');
  const flags = given.get('flags');
  const device = given.get('offload_dev');
  const wanted: Wanted = {
    type: type as MapTypeName,
    name,
    ...(key === undefined ? {} : { key }),
    ...(value === undefined ? {} : { value }),
    ...(entries === undefined ? {} : { maxEntries: count(entries) }),
    ...(flags === undefined ? {} : { flags: flagsOf(flags) }),
    ...(device === undefined ? {} : { ifindex: ifindexOf(device) }),
  };
  return { wanted, inner };
}

/** A size in bytes, or the name of a plain type (`u32`), which the kernel is told. */
function numberOr(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d/.test(text) ? count(text) : text;
}

function flagsOf(text: string): number | MapFlag[] {
  return /^\d/.test(text) ? count(text) : (text.split(',') as MapFlag[]);
}

function count(text: string): number {
  const number = Number(text);
  if (text === '' || !Number.isSafeInteger(number) || number < 0 || number > 0xffffffff)
    throw new Refusal(`${text}: a number from 0 to 4294967295 comes here`);
  return number;
}

function ifindexOf(device: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
  } catch (error) {
    throw new Refusal(`${device}: there is no network device of this name`, { cause: error });
  }
}
