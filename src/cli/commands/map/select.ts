import {
  listMaps,
  type MapAccess,
  type MapBytes,
  MapError,
  type MapSource,
  openMapBytes,
} from '../../../maps/index.js';
import { takeSelector } from '../../selector.js';
import type { Words } from '../../words.js';

/** Takes what names one map. Throws Refusal. */
export function takeMap(words: Words): MapSource {
  return takeSelector(words, 'map', ['id', 'name', 'pinned']) as MapSource;
}

/** Takes what names one map and opens it. Throws MapError for a name that several maps have. */
export function openSelected(words: Words, access?: MapAccess): MapBytes {
  return openMapBytes(takeMap(words), access ? { access } : {});
}

/** Where each of the maps is that a selector names: several may have a name. Throws MapError when none has. */
export function selected(source: MapSource): readonly MapSource[] {
  if (!('name' in source)) return [source];
  const kept = source.name.slice(0, 15);
  const found = [...listMaps()].filter(info => info.name === kept).map(({ id }) => ({ id }));
  if (found.length === 0) throw new MapError(`map ${source.name}`, 'the kernel has no map of this name');
  return found;
}
