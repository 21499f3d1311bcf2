import { type BpfMap, openMap } from '../../../maps/index.js';
import { Refusal } from '../../refusal.js';
import type { Words } from '../../words.js';
import { takeMap } from '../map/select.js';

/** A map that is there already, in place of one of the object: that of an index or name. */
interface Replacement {
  readonly which: number | string;
  readonly map: BpfMap;
}

/** What follows the object and the path of `prog load`. Closing it closes the maps. */
export interface LoadWords extends Disposable {
  readonly type: string | undefined;
  readonly maps: readonly Replacement[];
  readonly pinmaps: string | undefined;
  readonly autoattach: boolean;
}

/** Takes `type TYPE`, `map idx N|name NAME MAP`, `pinmaps FOLDER`, `autoattach`, in any order. Throws Refusal, and what opening a map throws. */
export function takeLoad(words: Words): LoadWords {
  let type: string | undefined;
  let pinmaps: string | undefined;
  let autoattach = false;
  const maps: Replacement[] = [];
  const close = () => {
    for (const { map } of maps) map.close();
  };
  try {
    while (words.next !== undefined)
      if (words.skip('type')) type = words.take('the type');
      else if (words.skip('map')) maps.push({ which: takeWhich(words), map: openMap(takeMap(words)) });
      else if (words.skip('pinmaps')) pinmaps = words.take('the folder for maps');
      else if (words.skip('autoattach')) autoattach = true;
      else words.end();
  } catch (error) {
    close();
    throw error;
  }
  return { type, maps, pinmaps, autoattach, [Symbol.dispose]: close };
}

function takeWhich(words: Words): number | string {
  if (words.skip('name')) return words.take('the name of a map of the object');
  if (!words.skip('idx'))
    throw new Refusal(`map: say idx NUMBER or name NAME, not ${words.take('idx or name')}`);
  const text = words.take('the number of a map of the object');
  if (!/^\d+$/.test(text)) throw new Refusal(`map idx ${text}: must be a number`);
  return Number(text);
}
