import { FormatError } from '../../errors/index.js';
import type { BtfType, BtfTypes } from '../types.js';
import { isCType } from './dump-c-base-types.js';
import { isInlined } from './dump-c-layout.js';

/** One thing to print: a type's declaration, or (`forward`) `struct x;` ahead of it. */
export interface Step {
  readonly type: BtfType;
  readonly forward: boolean;
}

/** Something that has to be printed first: the type's name only, or (`complete`) all that its size depends on. */
interface Need {
  readonly id: number;
  readonly complete: boolean;
}

/** A type seen on a walk through a declaration. `open`: its members stand here, whatever its name. */
interface Reference extends Need {
  readonly open: boolean;
  readonly depth: number;
}

/** A type on the way to being printed, and what it still waits for. */
interface Frame {
  readonly type: BtfType;
  readonly needs: readonly Need[];
  next: number;
  /** A typedef is printed when its target has a name, and complete when that is complete. */
  readonly done: number;
}

const NAMED = 1;
const COMPLETE = 2;
const NAMING = 4;
const COMPLETING = 8;
/** For types without a declaration: what they are made of was printed, for use by name (and as complete types). */
const SEEN = 16;
const SEEN_COMPLETE = 32;

const DECLARATIONS = new Set<BtfType['kind']>(['struct', 'union', 'enum', 'enum64', 'fwd', 'typedef']);

/** C compilers give up at 256 nested brackets. */
const MAX_NESTING = 250;

/**
 * The order in which C wants the declarations: what a type holds by value is defined before it, what it points to is at least named. Kept
 * with a stack of its own, because chains of types are as long as the file likes.
 */
export class DeclarationOrder {
  readonly #btf: BtfTypes;
  readonly #state: Uint8Array;
  readonly #frames: Frame[] = [];
  /** What the walks through declarators may still look at; sharing makes small BTF describe very long C. */
  #budget: number;

  constructor(btf: BtfTypes) {
    this.#btf = btf;
    this.#state = new Uint8Array(btf.endId);
    this.#budget = 200_000 + btf.endId * 100;
  }

  /** The steps that print the type `id` and all it needs that was not printed before. Throws FormatError for types that C has no order for. */
  *steps(id: number): Generator<Step, void, undefined> {
    for (const need of this.#roots(id)) yield* this.#print(need);
  }

  /** A type without a declaration of its own stands for those that it is made of. */
  #roots(id: number): readonly Need[] {
    if (this.#isDeclaration(id)) return [{ id, complete: true }];
    switch (this.#btf.type(id).kind) {
      case 'int':
      case 'float':
      case 'func':
      case 'var':
      case 'datasec':
      case 'decl_tag':
        return [];
      default:
        return this.#walk({ id, complete: true, open: false, depth: 0 }, id, true).filter(
          need => need.complete,
        );
    }
  }

  *#print(root: Need): Generator<Step, void, undefined> {
    yield* this.#enter(root);
    for (let frame = this.#frames.at(-1); frame; frame = this.#frames.at(-1)) {
      const need = frame.needs[frame.next++];
      if (need) {
        yield* this.#enter(need, frame);
        continue;
      }
      this.#frames.pop();
      const { type, done } = frame;
      const state = this.#state[type.id]!;
      this.#state[type.id] = (state & ~(done === COMPLETE ? COMPLETING : NAMING)) | done;
      if (type.kind !== 'typedef' || done === NAMED) yield { type, forward: false };
    }
  }

  *#enter({ id, complete }: Need, from?: Frame): Generator<Step, void, undefined> {
    const state = this.#state[id]!;
    if (state & COMPLETE || (!complete && state & NAMED)) return;
    const type = this.#btf.type(id);
    if (type.kind === 'typedef') {
      const needs = this.#walk({ id: type.type, complete, open: false, depth: 0 }, id);
      // Its target first, where that is wanted as well: a name alone would take a forward declaration.
      if (complete) needs.push({ id, complete: false });
      this.#open(type, complete ? COMPLETE : NAMED, needs);
    } else if (type.kind !== 'struct' && type.kind !== 'union') {
      this.#state[id] = COMPLETE;
      yield { type, forward: false };
    } else if (complete) {
      this.#open(type, COMPLETE, this.#walk({ id, complete, open: true, depth: 0 }, id));
    } else if (from?.type !== type) {
      // A definition's own name is known inside it.
      this.#state[id] = state | NAMED;
      yield { type, forward: true };
    }
  }

  #open(type: BtfType, done: number, needs: Need[]): void {
    const busy = done === COMPLETE ? COMPLETING : NAMING;
    if (this.#state[type.id]! & busy)
      throw this.#error(type.id, `${type.kind} ${type.name || '(anon)'} contains itself`);
    this.#state[type.id]! |= busy;
    this.#frames.push({ type, needs, next: 0, done });
  }

  /** What has to stand before a declaration, the complete types first: they may bring the names along. `once` passes over what an earlier such walk has seen. */
  #walk(root: Reference, owner: number, once = false): Need[] {
    const complete: Need[] = [];
    const named: Need[] = [];
    const stack = [root];
    for (let at = stack.pop(); at; at = stack.pop()) {
      if (this.#budget-- <= 0)
        throw this.#error(owner, 'its declaration has no end, or is millions of types long');
      const { id, depth } = at;
      if (once && this.#isSeen(at)) continue;
      const type = this.#btf.type(id);
      switch (type.kind) {
        case 'void':
          break;
        case 'int':
        case 'float':
          if (!isCType(type)) complete.push({ id, complete: true });
          break;
        case 'ptr':
          stack.push({ id: type.type, complete: false, open: false, depth });
          break;
        case 'const':
        case 'volatile':
        case 'restrict':
        case 'type_tag':
          stack.push({ ...at, id: type.type });
          break;
        case 'typedef':
          if (at.open) stack.push({ ...at, id: type.type });
          else (at.complete ? complete : named).push({ id, complete: at.complete });
          break;
        case 'array':
          stack.push({ id: type.type, complete: true, open: false, depth });
          break;
        case 'func_proto':
          for (let i = type.params.length - 1; i >= 0; i--)
            stack.push({ id: type.params[i]!.type, complete: false, open: false, depth });
          stack.push({ id: type.type, complete: false, open: false, depth });
          break;
        case 'struct':
        case 'union':
          if (type.name && !at.open) {
            (at.complete ? complete : named).push({ id, complete: at.complete });
            break;
          }
          if (depth > MAX_NESTING)
            throw this.#error(owner, `it nests more than ${MAX_NESTING} anonymous types`);
          for (let i = type.members.length - 1; i >= 0; i--) {
            const member = type.members[i]!;
            stack.push({
              id: member.type,
              complete: true,
              open: isInlined(this.#btf, member),
              depth: depth + 1,
            });
          }
          break;
        case 'enum':
        case 'enum64':
          if (type.name) complete.push({ id, complete: true });
          break;
        case 'fwd':
          named.push({ id, complete: true });
          break;
        default:
          throw this.#error(owner, `a ${type.kind} (type ${id}) cannot be part of a declaration`);
      }
    }
    return [...complete, ...named];
  }

  #isDeclaration(id: number): boolean {
    return DECLARATIONS.has(this.#btf.type(id).kind);
  }

  #isSeen({ id, complete, open }: Reference): boolean {
    if (open || this.#isDeclaration(id)) return false;
    const bit = complete ? SEEN_COMPLETE : SEEN;
    const seen = (this.#state[id]! & bit) !== 0;
    this.#state[id]! |= bit;
    return seen;
  }

  #error(id: number, reason: string): FormatError {
    return new FormatError(`type ${id} cannot be written in C: ${reason}`, {
      section: '.BTF',
      field: `type ${id}`,
    });
  }
}
