import { KIND } from '../kinds.js';
import type { Budget } from './budget.js';
import type { Shapes } from './shapes.js';
import type { TypeGraph } from './type-graph.js';

/** Structs inside of structs are followed this far. */
const depthLimit = 16;

/** Whether two types of one compilation unit say the same, down to a depth; no forward declarations are resolved (libbpf: btf_dedup_identical_types). */
export class IdenticalTypes {
  readonly #graph: TypeGraph;
  readonly #shapes: Shapes;
  readonly #budget: Budget;

  constructor(graph: TypeGraph, shapes: Shapes, budget: Budget) {
    this.#graph = graph;
    this.#shapes = shapes;
    this.#budget = budget;
  }

  test(a: number, b: number, depth = depthLimit): boolean {
    if (depth <= 0) return false;
    const shapes = this.#shapes;
    for (;;) {
      this.#budget.spend();
      const kind = this.#graph.kind(a);
      if (kind !== this.#graph.kind(b)) return false;
      switch (kind) {
        case KIND.void:
          return true;
        case KIND.int:
        case KIND.fwd:
        case KIND.float:
          return shapes.equal(a, b);
        case KIND.enum:
        case KIND.enum64:
          return shapes.alikeEnum(a, b);
        case KIND.array:
          return shapes.alikeArray(a, b) && this.#same(a, b, 4, depth) && this.#same(a, b, 3, depth);
        case KIND.struct:
        case KIND.union:
          return shapes.alikeStruct(a, b) && this.#sameTypes(a, b, 3, depth);
        case KIND.func_proto:
          return shapes.alikeProto(a, b) && this.#same(a, b, 2, depth) && this.#sameTypes(a, b, 2, depth);
        case KIND.var:
        case KIND.datasec:
        case KIND.decl_tag:
          return false;
        default:
          if (!shapes.sameInfo(a, b)) return false;
          a = this.#word(a, 2);
          b = this.#word(b, 2);
      }
    }
  }

  #sameTypes(a: number, b: number, each: number, depth: number): boolean {
    const count = this.#graph.vlen(a);
    for (let i = 0; i < count; i++) if (!this.#same(a, b, 4 + i * each, depth)) return false;
    return true;
  }

  #same(a: number, b: number, word: number, depth: number): boolean {
    const [c, d] = [this.#word(a, word), this.#word(b, word)];
    return c === d || this.test(c, d, depth - 1);
  }

  #word(id: number, word: number): number {
    const { words, at } = this.#graph;
    return words[(at[id] as number) + word] as number;
  }
}
