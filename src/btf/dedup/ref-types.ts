import { mapTypeIds } from '../fields.js';
import type { CanonicalMap } from './canonical-map.js';
import type { TypeGraph } from './type-graph.js';

/** A type whose references are being mapped, and the next of them. */
interface Visit {
  readonly id: number;
  readonly refs: readonly number[];
  next: number;
}

/**
 * Calls `settle` for every type that has no canonical type yet, after all those it refers to: its references then are canonical ids, and `settle` puts it into the map.
 * Throws FormatError for types that refer to one another in a circle without a struct in it.
 */
export function settleRefTypes(graph: TypeGraph, map: CanonicalMap, settle: (id: number) => void): void {
  const inProgress = new Uint8Array(graph.endId);
  const stack: Visit[] = [];
  const visit = (id: number): void => {
    if (map.isMapped(id)) return;
    if (inProgress[id]) throw graph.error(id, 'refers to itself with no struct or typedef between');
    inProgress[id] = 1;
    const refs: number[] = [];
    mapTypeIds(graph.words, graph.at[id] as number, ref => {
      refs.push(ref);
      return ref;
    });
    stack.push({ id, refs, next: 0 });
  };
  const canonical = (id: number): number => map.resolve(id);
  for (let id = graph.startId; id < graph.endId; id++) {
    visit(id);
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as Visit;
      if (top.next < top.refs.length) visit(top.refs[top.next++] as number);
      else {
        mapTypeIds(graph.words, graph.at[top.id] as number, canonical);
        settle(top.id);
        stack.pop();
      }
    }
  }
}
