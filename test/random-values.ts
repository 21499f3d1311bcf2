import type { Btf, FormatValueOptions } from '../src/btf/index.js';
import type { Case } from './format-value-peer.js';

/** The same numbers on every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** What a type is made of, as far as libbpf has its own ways with it. */
export interface Parts {
  readonly oddEnum: boolean;
  readonly arrays: boolean;
  readonly bytes: boolean;
  readonly nested: boolean;
  readonly bitFields: boolean;
}

export function partsOf(btf: Btf, id: number): Parts {
  const parts = { oddEnum: false, arrays: false, bytes: false, nested: false, bitFields: false };
  const seen = new Set<number>();
  const visit = (at: number, depth: number): void => {
    const type = btf.resolved(at);
    if (type.kind === 'enum' || type.kind === 'enum64')
      parts.oddEnum ||= type.signed || (type.kind === 'enum' && type.size === 8);
    if (type.kind === 'array') {
      parts.arrays = true;
      parts.bytes ||= btf.sizeOf(type.type) === 1;
      visit(type.type, depth);
    }
    if (type.kind === 'var') visit(type.type, depth);
    if (type.kind === 'datasec') for (const variable of type.vars) visit(variable.type, depth);
    if ((type.kind !== 'struct' && type.kind !== 'union') || seen.has(type.id)) return;
    seen.add(type.id);
    parts.nested ||= depth > 0;
    for (const member of type.members) {
      parts.bitFields ||= member.bitSize > 0;
      visit(member.type, depth + 1);
    }
  };
  visit(id, 0);
  return parts;
}

/** Random values of random types; `zeroes` of their bytes are zero. */
export function* randomCases(
  btf: Btf,
  count: number,
  zeroes: number,
  wanted: (parts: Parts) => boolean,
  only: FormatValueOptions = {},
): Generator<Case, void, undefined> {
  const next = random(count);
  while (count > 0) {
    const id = btf.startId + Math.floor(next() * (btf.endId - btf.startId));
    const size = sizeOf(btf, id);
    if (size === undefined || size === 0 || size > 2000 || btf.type(id).kind === 'datasec') continue;
    if (!wanted(partsOf(btf, id))) continue;
    count--;
    const bytes = Uint8Array.from({ length: size }, () =>
      next() < zeroes ? 0 : 1 + Math.floor(next() * 255),
    );
    const options = { compact: next() < 0.5, skipNames: next() < 0.5, emitZeroes: next() < 0.5, ...only };
    yield { id, bytes, options };
  }
}

function sizeOf(btf: Btf, id: number): number | undefined {
  try {
    return btf.sizeOf(id);
  } catch {
    return undefined;
  }
}
