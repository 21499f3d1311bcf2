import { ArrayMap, HashMap } from '../maps/index.js';
import type { BpfObject } from '../programs/index.js';
import { heading, json } from './output.js';
import { table } from './table.js';

/** The entries of an object's hashes and arrays: a JSON document a map, or a table. Data sections are not among them. */
export function* mapContents(object: BpfObject, asJson: boolean): Generator<string> {
  for (const { name, internal } of object.spec.maps) {
    const map = object.maps[name];
    if (internal || !(map instanceof HashMap || map instanceof ArrayMap)) continue;
    const entries = [...map.entries()].map(([key, value]) => ({ key, value }));
    if (asJson) yield json({ map: name, entries });
    else
      yield `${heading(name)}\n${table(
        ['key', 'value'],
        entries.map(e => [json(e.key), json(e.value)]),
      )}`;
  }
}
