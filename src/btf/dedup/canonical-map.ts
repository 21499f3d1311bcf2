import { KIND } from '../kinds.js';
import type { TypeGraph } from './type-graph.js';

const unmapped = 0xffffffff;

/** The type that stands for each one: itself for a canonical type. A forward declaration is mapped to the struct that it turned out to be. */
export class CanonicalMap {
  readonly #graph: TypeGraph;
  readonly #to: Uint32Array;

  constructor(graph: TypeGraph) {
    this.#graph = graph;
    this.#to = new Uint32Array(graph.endId).fill(unmapped);
    for (let id = 0; id < graph.startId; id++) this.#to[id] = id;
    // A variable and its section are never taken for others.
    for (let id = graph.startId; id < graph.endId; id++) {
      const kind = graph.kind(id);
      if (kind === KIND.var || kind === KIND.datasec) this.#to[id] = id;
    }
  }

  isMapped(id: number): boolean {
    return this.#to[id] !== unmapped;
  }

  isCanonical(id: number): boolean {
    return this.#to[id] === id;
  }

  set(id: number, to: number): void {
    this.#to[id] = to;
  }

  /** The end of the chain that begins at a type. */
  resolve(id: number): number {
    let hops = 0;
    for (let to = this.#to[id] as number; to !== unmapped && to !== id; to = this.#to[id] as number) {
      id = to;
      if (++hops > this.#to.length) throw this.#graph.error(id, 'stands for itself in a circle');
    }
    return id;
  }

  /** What a forward declaration turned out to be; any other type itself. */
  resolveForward(id: number): number {
    if (this.#graph.kind(id) !== KIND.fwd) return id;
    const resolved = this.resolve(id);
    return this.#graph.kind(resolved) === KIND.fwd ? id : resolved;
  }
}
