import { KIND, kindFlagOf } from '../kinds.js';
import type { Budget } from './budget.js';
import type { CanonicalMap } from './canonical-map.js';
import { IdenticalTypes } from './identical-types.js';
import type { Shapes } from './shapes.js';
import type { TypeGraph } from './type-graph.js';

const none = 0xffffffff;

/**
 * Whether two types are the same, and all that they refer to (libbpf: btf_dedup_is_equiv). The graphs are walked side by side and the pairs remembered:
 * a type of one that would have to be two of the other ends the comparison, one that is met again closes a circle. A forward declaration is
 * equivalent to a struct or union of its name.
 */
export class Equivalence {
  readonly #graph: TypeGraph;
  readonly #shapes: Shapes;
  readonly #map: CanonicalMap;
  readonly #budget: Budget;
  readonly #identical: IdenticalTypes;
  /** Supposed counterpart of types of the canonical graph, and the types that have one. */
  readonly #counterpart: Uint32Array;
  readonly #paired: Uint32Array;
  #pairedCount = 0;
  /** Pairs still to be compared: a candidate, then a canonical type. Arrays keep their length, which is slow to set for each of many comparisons. */
  readonly #open: number[] = [];
  #openCount = 0;
  /** The graphs agree only if a forward declaration of the base, which must not change, were a struct. */
  #changesBase = false;

  constructor(graph: TypeGraph, shapes: Shapes, map: CanonicalMap, budget: Budget) {
    this.#graph = graph;
    this.#shapes = shapes;
    this.#map = map;
    this.#budget = budget;
    this.#identical = new IdenticalTypes(graph, shapes, budget);
    this.#paired = new Uint32Array(graph.endId);
    this.#counterpart = new Uint32Array(graph.endId).fill(none);
  }

  /** Compares a type to a canonical one. When they agree, what that says of forward declarations and other structs goes into the map. */
  test(candidate: number, canonical: number): boolean {
    for (let i = 0; i < this.#pairedCount; i++) this.#counterpart[this.#paired[i] as number] = none;
    this.#pairedCount = 0;
    this.#changesBase = false;
    this.#openCount = 0;
    this.#leavePair(candidate, canonical);
    while (this.#openCount > 0) {
      const to = this.#open[--this.#openCount] as number;
      if (!this.#agree(this.#open[--this.#openCount] as number, to)) return false;
    }
    this.#record();
    return !this.#changesBase;
  }

  /** Compares one pair; what they refer to is left open. */
  #agree(candidate: number, canonical: number): boolean {
    this.#budget.spend();
    if (this.#map.resolve(candidate) === this.#map.resolve(canonical)) return true;
    canonical = this.#map.resolveForward(canonical);
    const known = this.#counterpart[canonical] as number;
    // Compilers describe some types twice in one unit, so another type that says the same will do.
    if (known !== none) return known === candidate || this.#identical.test(known, candidate);
    this.#paired[this.#pairedCount++] = canonical;
    this.#counterpart[canonical] = candidate;

    const { words, at } = this.#graph;
    if (words[at[candidate] as number] !== words[at[canonical] as number]) return false;
    const kind = this.#graph.kind(candidate);
    const canonicalKind = this.#graph.kind(canonical);
    if (kind !== canonicalKind) return this.#forwardOf(candidate, canonical, kind, canonicalKind);
    switch (kind) {
      case KIND.int:
      case KIND.fwd:
      case KIND.float:
        return this.#shapes.equal(candidate, canonical);
      case KIND.enum:
      case KIND.enum64:
        return this.#shapes.alikeEnum(candidate, canonical);
      case KIND.array:
        if (!this.#shapes.alikeArray(candidate, canonical)) return false;
        this.#leaveOpen(candidate, canonical, 3);
        this.#leaveOpen(candidate, canonical, 4);
        return true;
      case KIND.struct:
      case KIND.union:
        if (!this.#shapes.alikeStruct(candidate, canonical)) return false;
        for (let i = this.#graph.vlen(candidate) - 1; i >= 0; i--)
          this.#leaveOpen(candidate, canonical, 4 + i * 3);
        return true;
      case KIND.func_proto:
        if (!this.#shapes.alikeProto(candidate, canonical)) return false;
        for (let i = this.#graph.vlen(candidate) - 1; i >= 0; i--)
          this.#leaveOpen(candidate, canonical, 4 + i * 2);
        this.#leaveOpen(candidate, canonical, 2);
        return true;
      case KIND.var:
      case KIND.datasec:
      case KIND.decl_tag:
        throw this.#graph.error(candidate, 'is part of a type, which no such type can be');
      default:
        if (!this.#shapes.sameInfo(candidate, canonical)) return false;
        this.#leaveOpen(candidate, canonical, 2);
        return true;
    }
  }

  #forwardOf(candidate: number, canonical: number, kind: number, canonicalKind: number): boolean {
    if (kind === KIND.fwd) return this.#declaredKind(candidate) === canonicalKind;
    if (canonicalKind !== KIND.fwd || this.#declaredKind(canonical) !== kind) return false;
    if (canonical < this.#graph.startId) this.#changesBase = true;
    return true;
  }

  #declaredKind(forward: number): number {
    const { words, at } = this.#graph;
    return kindFlagOf(words[(at[forward] as number) + 1] as number) ? KIND.union : KIND.struct;
  }

  /** The types that a word of both names. The last left open is the next compared. */
  #leaveOpen(candidate: number, canonical: number, word: number): void {
    const { words, at } = this.#graph;
    this.#leavePair(
      words[(at[candidate] as number) + word] as number,
      words[(at[canonical] as number) + word] as number,
    );
  }

  #leavePair(candidate: number, canonical: number): void {
    this.#open[this.#openCount++] = candidate;
    this.#open[this.#openCount++] = canonical;
  }

  #record(): void {
    const map = this.#map;
    for (const id of this.#paired.subarray(0, this.#pairedCount)) {
      const target = map.resolve(this.#counterpart[id] as number);
      const canonical = map.resolve(id);
      const targetKind = this.#graph.kind(target);
      const canonicalKind = this.#graph.kind(canonical);
      if (targetKind !== KIND.fwd && canonicalKind === KIND.fwd) map.set(canonical, target);
      if (this.#changesBase) continue;
      if (targetKind === KIND.fwd && canonicalKind !== KIND.fwd) map.set(target, canonical);
      const isCompound = targetKind === KIND.struct || targetKind === KIND.union;
      if (isCompound && canonicalKind !== KIND.fwd && map.isMapped(canonical) && !map.isMapped(target))
        map.set(target, canonical);
    }
  }
}
