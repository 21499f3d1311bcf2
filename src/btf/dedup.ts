import { blobOf } from './blob.js';
import type { Btf } from './btf.js';
import { Budget } from './dedup/budget.js';
import { Candidates } from './dedup/candidates.js';
import { CanonicalMap } from './dedup/canonical-map.js';
import { dedupStrings } from './dedup/dedup-strings.js';
import { Equivalence } from './dedup/equivalence.js';
import { settleRefTypes } from './dedup/ref-types.js';
import { Shapes } from './dedup/shapes.js';
import { TypeGraph } from './dedup/type-graph.js';
import { mapTypeIds } from './fields.js';
import { KIND, kindFlagOf } from './kinds.js';

/** BTF freed of duplicates. */
export interface DedupedBtf {
  readonly bytes: Uint8Array;
  /** The id that stands for each type now, by the id it had less the blob's `startId`; of split BTF it may be one of the base. */
  readonly ids: Uint32Array;
}

/**
 * Removes duplicate types and strings, as libbpf's btf__dedup() does: types are the same when all that they refer to is, and a forward
 * declaration is the struct of its name where only one can be meant. Strings that no type names are dropped. Variables and their
 * sections all stay. Split BTF is compared to its base, too, which does not change. One difference: arrays as long as each other are not taken for the same when their elements differ.
 *
 * Throws FormatError for types that refer to what is not there or go round in a circle without a struct.
 */
export function dedupBtf(btf: Btf): DedupedBtf {
  const graph = new TypeGraph(btf);
  const strings = dedupStrings(btf, graph);
  const map = new Dedup(graph).run();
  return compact(graph, map, strings, btf.endian);
}

class Dedup {
  readonly #graph: TypeGraph;
  readonly #shapes: Shapes;
  readonly #map: CanonicalMap;
  readonly #candidates: Candidates;
  readonly #equivalence: Equivalence;

  constructor(graph: TypeGraph) {
    // The types of kernels take about 45 comparisons each.
    const budget = new Budget(400 * graph.endId + 1e6, graph.file);
    this.#graph = graph;
    this.#shapes = new Shapes(graph);
    this.#map = new CanonicalMap(graph);
    this.#candidates = new Candidates(graph.endId, budget);
    this.#equivalence = new Equivalence(graph, this.#shapes, this.#map, budget);
  }

  run(): CanonicalMap {
    const { startId, endId } = this.#graph;
    for (let id = 1; id < startId; id++) {
      const kind = this.#graph.kind(id);
      if (kind !== KIND.var && kind !== KIND.datasec) this.#candidates.add(this.#shapes.hash(id), id);
    }
    for (let id = startId; id < endId; id++) this.#plainType(id);
    for (let id = startId; id < endId; id++) this.#compoundType(id);
    this.#resolveForwards();
    settleRefTypes(this.#graph, this.#map, id => {
      const hash = this.#shapes.hash(id);
      this.#settle(
        id,
        hash,
        this.#find(hash, candidate => this.#shapes.equal(id, candidate)),
      );
    });
    return this.#map;
  }

  /** Types that refer to no others. */
  #plainType(id: number): void {
    const hash = this.#shapes.hash(id);
    switch (this.#graph.kind(id)) {
      case KIND.int:
      case KIND.fwd:
      case KIND.float:
        this.#settle(
          id,
          hash,
          this.#find(hash, candidate => this.#shapes.equal(id, candidate)),
        );
        break;
      case KIND.enum:
      case KIND.enum64:
        this.#settle(
          id,
          hash,
          this.#find(hash, candidate => this.#isEnum(id, candidate)),
        );
    }
  }

  #isEnum(id: number, candidate: number): boolean {
    if (this.#shapes.equal(id, candidate)) return true;
    if (!this.#shapes.alikeEnum(id, candidate)) return false;
    if (this.#shapes.isEnumForward(id)) return true;
    this.#map.set(candidate, id);
    return false;
  }

  /** Structs and unions; and typedefs, through which other languages than C refer in circles. */
  #compoundType(id: number): void {
    if (this.#map.isMapped(id)) return;
    const kind = this.#graph.kind(id);
    if (kind !== KIND.struct && kind !== KIND.union && kind !== KIND.typedef) return;
    const shapes = this.#shapes;
    const alike = (candidate: number) =>
      kind === KIND.typedef ? shapes.sameInfo(id, candidate) : shapes.alikeStruct(id, candidate);
    const hash = shapes.hash(id);
    // Only what is alike is tested: a forward declaration would pass, and then stand for a struct that stands for it.
    const found = this.#find(hash, candidate => alike(candidate) && this.#equivalence.test(id, candidate));
    this.#settle(id, hash, found);
  }

  #find(hash: number, fits: (candidate: number) => boolean): number | undefined {
    const candidates = this.#candidates;
    for (let entry = candidates.first(hash); entry !== 0; entry = candidates.after(entry))
      if (fits(candidates.id(entry))) return candidates.id(entry);
    return undefined;
  }

  #settle(id: number, hash: number, canonical: number | undefined): void {
    this.#map.set(id, canonical ?? id);
    if (canonical === undefined) this.#candidates.add(hash, id);
  }

  /** A forward declaration that no comparison met is the struct or union of its name, if there is one only. */
  #resolveForwards(): void {
    const { words, at, startId, endId } = this.#graph;
    const byName = new Map<number, number | undefined>();
    for (let id = 1; id < endId; id++) {
      const kind = this.#graph.kind(id);
      if ((kind !== KIND.struct && kind !== KIND.union) || !this.#map.isCanonical(id)) continue;
      const name = words[at[id] as number] as number;
      byName.set(name, byName.has(name) ? undefined : id);
    }
    for (let id = startId; id < endId; id++) {
      if (this.#graph.kind(id) !== KIND.fwd || !this.#map.isCanonical(id)) continue;
      const found = byName.get(words[at[id] as number] as number);
      const isUnion = kindFlagOf(words[(at[id] as number) + 1] as number);
      if (found !== undefined && this.#graph.kind(found) === (isUnion ? KIND.union : KIND.struct))
        this.#map.set(id, found);
    }
  }
}

/** The canonical types, numbered anew. */
function compact(
  graph: TypeGraph,
  map: CanonicalMap,
  strings: Uint8Array,
  endian: 'little' | 'big',
): DedupedBtf {
  const { words, at, startId, endId } = graph;
  const newIds = new Uint32Array(endId);
  let nextId = startId;
  let size = 0;
  for (let id = 0; id < endId; id++) {
    if (id < startId) newIds[id] = id;
    else if (map.isCanonical(id)) {
      newIds[id] = nextId++;
      size += graph.wordCount(id);
    }
  }
  const newId = (id: number): number => newIds[map.resolve(id)] as number;
  const kept = new Uint32Array(size);
  let end = 0;
  for (let id = startId; id < endId; id++) {
    if (!map.isCanonical(id)) continue;
    const start = at[id] as number;
    kept.set(words.subarray(start, start + graph.wordCount(id)), end);
    mapTypeIds(kept, end, newId);
    end += graph.wordCount(id);
  }
  const ids = Uint32Array.from({ length: endId - startId }, (_, index) => newId(startId + index));
  return { bytes: blobOf(kept, strings, endian), ids };
}
