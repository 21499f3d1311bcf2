import type { Btf } from './btf.js';
import { KIND_NAMES, kindFlagOf, kindOf, vlenOf } from './kinds.js';
import type { BtfLinkage, BtfMember, BtfType } from './types.js';

const FUNC_LINKAGE: readonly BtfLinkage[] = ['static', 'global', 'extern'];

/** Decodes the type whose `struct btf_type` begins at word `at`. */
export function decodeType(btf: Btf, id: number, at: number): BtfType {
  const w = btf.words;
  const name = btf.string(w[at]!);
  const info = w[at + 1]!;
  const third = w[at + 2]!;
  const vlen = vlenOf(info);
  const kindFlag = kindFlagOf(info);
  const kind = KIND_NAMES[kindOf(info)]!;
  const body = at + 3;
  switch (kind) {
    case 'void':
      return { kind, id: 0, name: '' };
    case 'int': {
      const encoding = w[body]!;
      return {
        kind,
        id,
        name,
        size: third,
        bits: encoding & 0xff,
        offset: (encoding >> 16) & 0xff,
        signed: (encoding & 0x1000000) !== 0,
        char: (encoding & 0x2000000) !== 0,
        bool: (encoding & 0x4000000) !== 0,
      };
    }
    case 'ptr':
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
      return { kind, id, name, type: third };
    case 'type_tag':
      return { kind, id, name, type: third, kindFlag };
    case 'array':
      return { kind, id, name, type: w[body]!, indexType: w[body + 1]!, nelems: w[body + 2]! };
    case 'struct':
    case 'union':
      return {
        kind,
        id,
        name,
        size: third,
        kindFlag,
        members: elements(vlen, body, 3, i => member(btf, i, kindFlag)),
      };
    case 'enum':
      return {
        kind,
        id,
        name,
        size: third,
        signed: kindFlag,
        values: elements(vlen, body, 2, i => ({
          name: btf.string(w[i]!),
          value: kindFlag ? w[i + 1]! | 0 : w[i + 1]!,
        })),
      };
    case 'enum64':
      return {
        kind,
        id,
        name,
        size: third,
        signed: kindFlag,
        values: elements(vlen, body, 3, i => {
          const value = (BigInt(w[i + 2]!) << 32n) | BigInt(w[i + 1]!);
          return { name: btf.string(w[i]!), value: kindFlag ? BigInt.asIntN(64, value) : value };
        }),
      };
    case 'fwd':
      return { kind, id, name, of: kindFlag ? 'union' : 'struct' };
    case 'func':
      return { kind, id, name, type: third, linkage: FUNC_LINKAGE[vlen] ?? vlen };
    case 'func_proto':
      return {
        kind,
        id,
        name,
        type: third,
        params: elements(vlen, body, 2, i => ({ name: btf.string(w[i]!), type: w[i + 1]! })),
      };
    case 'var':
      return { kind, id, name, type: third, linkage: FUNC_LINKAGE[w[body]!] ?? w[body]! };
    case 'datasec':
      return {
        kind,
        id,
        name,
        size: third,
        vars: elements(vlen, body, 3, i => ({ type: w[i]!, offset: w[i + 1]!, size: w[i + 2]! })),
      };
    case 'float':
      return { kind, id, name, size: third };
    case 'decl_tag':
      return { kind, id, name, type: third, componentIdx: w[body]! | 0, kindFlag };
  }
}

function elements<T>(count: number, start: number, words: number, one: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => one(start + i * words));
}

function member(btf: Btf, at: number, kindFlag: boolean): BtfMember {
  const offset = btf.words[at + 2]!;
  return {
    name: btf.string(btf.words[at]!),
    type: btf.words[at + 1]!,
    bitOffset: kindFlag ? offset & 0xffffff : offset,
    bitSize: kindFlag ? offset >>> 24 : 0,
  };
}
