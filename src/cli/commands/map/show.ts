import { listMaps, type MapInfo, openMap } from '../../../maps/index.js';
import { exactJson } from '../../exact-json.js';
import { print, printLines } from '../../output.js';
import { Words } from '../../words.js';
import { mapHolders, mapRecord, mapText } from './record.js';
import { selected, takeMap } from './select.js';

export interface ShowOptions {
  readonly json?: boolean;
  readonly bpffs?: boolean;
}

/** `rawbpf map show [SELECTOR]`: all maps of the kernel, or those that are named. */
export async function showMaps(
  given: readonly string[],
  { json, bpffs = false }: ShowOptions,
): Promise<void> {
  const infos = given.length === 0 ? [...listMaps()] : infosOf(new Words(given));
  const held = mapHolders({ pins: bpffs });
  if (!json) return await printLines(infos.map(info => mapText(info, held)));
  const records = infos.map(info => mapRecord(info, held));
  await print(exactJson(given.length > 0 && records.length === 1 ? records[0] : records));
}

function infosOf(words: Words): MapInfo[] {
  const source = takeMap(words);
  words.end();
  return selected(source).map(one => {
    using map = openMap(one, { access: 'read' });
    return map.info();
  });
}
