import type { BtfType } from '../types.js';

const KEYWORDS = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return ' +
    'short signed sizeof static struct switch typedef union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Complex ' +
    '_Generic _Imaginary _Noreturn _Static_assert _Thread_local asm typeof'
  ).split(' '),
);

/**
 * Names that C can tell apart. Types of one kernel may share a name where each is local to a file; the second gets `___2`, as libbpf names it
 * (CO-RE ignores what follows three underscores). Tags have a name space of their own; typedefs share theirs with enumerators.
 */
export class Names {
  readonly #tags = new NameSpace();
  readonly #identifiers = new NameSpace();
  readonly #ofType = new Map<number, string>();

  /** Name of a struct, union, enum (without its keyword), forward declaration, typedef or odd base type. */
  of(type: BtfType): string {
    if (type.name === '') return '';
    let name = this.#ofType.get(type.id);
    if (name === undefined) {
      name = this.#find(type);
      this.#ofType.set(type.id, name);
    }
    return name;
  }

  /** Name of an enumerator, which every declaration of its enum makes anew. */
  enumerator(name: string): string {
    return this.#identifiers.take(identifier(name));
  }

  #find(type: BtfType): string {
    const name = identifier(type.name);
    switch (type.kind) {
      case 'struct':
      case 'union':
        return this.#tags.take(name);
      case 'enum':
      case 'enum64':
        return type.values.length > 0 ? this.#tags.take(name) : name;
      case 'fwd':
        return name;
      default:
        return this.#identifiers.take(name);
    }
  }
}

class NameSpace {
  /** How often each name was asked for. */
  readonly #taken = new Map<string, number>();

  take(name: string): string {
    for (;;) {
      const count = (this.#taken.get(name) ?? 0) + 1;
      this.#taken.set(name, count);
      if (count === 1) return name;
      const numbered = `${name}___${count}`;
      if (this.#taken.has(numbered)) continue;
      this.#taken.set(numbered, 1);
      return numbered;
    }
  }
}

/** The name where it is a C identifier; else (C++, Rust) one made out of it. */
export function identifier(name: string): string {
  if (KEYWORDS.has(name)) return `${name}_`;
  if (/^[A-Za-z_]\w*$/.test(name)) return name;
  const plain = name.replace(/\W/g, '_');
  return /^\d/.test(plain) ? `_${plain}` : plain;
}
