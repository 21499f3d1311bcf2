import { type Btf, type BtfStruct, type BtfType, typeName } from '../../btf/index.js';

/** Members of structs are compared, too (not behind a pointer, where the name has to do). */
type Exact = boolean;

/**
 * Compares types of two objects as libbpf does (src/linker.c, glob_sym_btf_matches): qualifiers and typedefs, signs of integers, lengths of arrays and
 * names of parameters may differ; behind a pointer, a forward declaration agrees with its struct.
 */
export class TypeMatcher {
  readonly #a: Btf;
  readonly #b: Btf;
  /** Pairs compared or being compared: types may refer to themselves. */
  readonly #seen = new Set<string>();

  constructor(a: Btf, b: Btf) {
    this.#a = a;
    this.#b = b;
  }

  /** What the second is and the first is not, as `it is … here and …`; undefined when they agree. */
  mismatch(aId: number, bId: number, exact: Exact = true): string | undefined {
    const [a, b] = [this.#a.resolved(aId), this.#b.resolved(bId)];
    const key = `${a.id} ${b.id} ${exact}`;
    if (this.#seen.has(key)) return undefined;
    this.#seen.add(key);

    if (!exact && (a.kind === 'fwd') !== (b.kind === 'fwd')) return this.#forward(a, b);
    if (a.kind !== b.kind) return this.#differ(a, b);
    switch (a.kind) {
      case 'struct':
      case 'union':
        if (a.name !== b.name) return this.#differ(a, b);
        return exact ? this.#members(a, b as BtfStruct) : undefined;
      case 'enum':
      case 'enum64':
      case 'fwd':
        if (a.name !== b.name) return this.#differ(a, b);
        return sizeOf(a) === sizeOf(b) ? undefined : this.#differ(a, b);
      case 'int':
      case 'float':
        return sizeOf(a) === sizeOf(b) ? undefined : this.#differ(a, b);
      case 'ptr':
        return this.mismatch(a.type, (b as typeof a).type, false);
      case 'array':
        return this.mismatch(a.type, (b as typeof a).type, exact);
      case 'var':
      case 'func':
        if (a.name !== b.name) return this.#differ(a, b);
        if ((a.linkage === 'static') !== ((b as typeof a).linkage === 'static')) return this.#differ(a, b);
        return this.mismatch(a.type, (b as typeof a).type, exact);
      case 'func_proto': {
        const [own, other] = [a.params, (b as typeof a).params];
        if (own.length !== other.length)
          return `it takes ${count(other.length, 'parameter')} here and ${own.length}`;
        for (const [i, { type }] of own.entries()) {
          const differs = this.mismatch(type, other[i]?.type ?? 0, exact);
          if (differs) return `parameter ${i + 1}: ${differs}`;
        }
        const differs = this.mismatch(a.type, (b as typeof a).type, exact);
        return differs && `what it returns: ${differs}`;
      }
      case 'void':
        return undefined;
      default:
        return this.#differ(a, b);
    }
  }

  #members(a: BtfStruct, b: BtfStruct): string | undefined {
    const of = `${a.kind} ${a.name || '(anon)'}`;
    if (a.members.length !== b.members.length)
      return `${of} has ${count(b.members.length, 'member')} here and ${a.members.length}`;
    for (const [i, own] of a.members.entries()) {
      const other = b.members[i] as typeof own;
      if (own.name !== other.name)
        return `member ${i + 1} of ${of} is ${other.name || '(anon)'} here and ${own.name || '(anon)'}`;
      const where = `${of}, member ${own.name || i + 1}`;
      if (own.bitOffset !== other.bitOffset || own.bitSize !== other.bitSize)
        return `${where}: it is at bit ${other.bitOffset} here and at bit ${own.bitOffset}`;
      const differs = this.mismatch(own.type, other.type);
      if (differs) return `${where}: ${differs}`;
    }
    return undefined;
  }

  #forward(a: BtfType, b: BtfType): string | undefined {
    const of = (type: BtfType) => (type.kind === 'fwd' ? type.of : type.kind);
    return a.name === b.name && of(a) === of(b) ? undefined : this.#differ(a, b);
  }

  #differ(a: BtfType, b: BtfType): string {
    if (a.kind !== b.kind && (isSymbol(a) || isSymbol(b)))
      return `it is a ${nouns[b.kind] ?? b.kind} here and a ${nouns[a.kind] ?? a.kind}`;
    const [here, there] = [typeName(this.#b, b.id), typeName(this.#a, a.id)];
    const size = (type: BtfType) => ('size' in type ? ` of ${type.size} bytes` : ` (${type.kind})`);
    return here === there
      ? `it is ${here}${size(b)} here and ${there}${size(a)}`
      : `it is ${here} here and ${there}`;
  }
}

const nouns: Partial<Record<BtfType['kind'], string>> = { var: 'variable', func: 'function' };

function isSymbol({ kind }: BtfType): boolean {
  return kind === 'var' || kind === 'func';
}

function sizeOf(type: BtfType): number | undefined {
  return 'size' in type ? type.size : undefined;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
