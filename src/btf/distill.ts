import { FormatError } from '../errors/index.js';
import { blobOf } from './blob.js';
import { Btf } from './btf.js';
import { dedupStrings } from './dedup/dedup-strings.js';
import { TypeGraph } from './dedup/type-graph.js';
import { mapTypeIds } from './fields.js';
import { BtfMerger } from './merge.js';
import type { BtfType } from './types.js';

/** A module's BTF that outlives the kernel it was built for: `.BTF.base` and the `.BTF` split from it. */
export interface DistilledBtf {
  readonly base: Uint8Array;
  readonly split: Uint8Array;
}

/**
 * Makes split BTF independent of the very base it was split from, as libbpf's btf__distill_base() does (Linux 6.11): the new base has only the types that are
 * used, structs, unions and enums without their members, by which `relocateBtf` finds them in another kernel. Anonymous types and those that
 * refer to others move to the end of the split BTF.
 *
 * Throws TypeError for BTF without a base, FormatError for a use of a base type that no module can make (a function, a variable).
 */
export function distillBase(btf: Btf): DistilledBtf {
  const { base: oldBase, endian } = btf;
  if (!oldBase) throw new TypeError(`${btf.file} is not split from a base`);
  const used = usedOfBase(btf, oldBase);
  const ids = new Map<number, number>([[0, 0]]);

  const baseMerger = new BtfMerger(endian);
  for (const id of used) {
    const distilled = distil(btf.type(id));
    if (distilled) ids.set(id, baseMerger.addType(distilled));
  }
  const base = Btf.parse(baseMerger.bytes(), { file: btf.file });

  for (let id = btf.startId; id < btf.endId; id++) ids.set(id, id - btf.startId + base.endId);
  const moved = used.filter(id => !ids.has(id));
  for (const [index, id] of moved.entries()) ids.set(id, base.endId + btf.endId - btf.startId + index);
  const splitMerger = new BtfMerger(endian, base);
  const newId = (id: number): number => ids.get(id) as number;
  for (let id = btf.startId; id < btf.endId; id++) splitMerger.addType(btf.type(id), newId);
  for (const id of moved) splitMerger.addType(btf.type(id), newId);
  const split = Btf.parse(splitMerger.bytes(), { base, file: btf.file });
  return { base: base.bytes, split: withBaseStrings(split) };
}

/** Ids of the base's types that the split BTF needs, ascending: those it refers to and those that they refer to in turn, but not the members of named structs. */
function usedOfBase(btf: Btf, base: Btf): number[] {
  const used = new Set<number>();
  const open: number[] = [];
  const refer = (id: number): number => {
    if (id !== 0 && id < btf.startId && !used.has(id)) {
      used.add(id);
      open.push(id);
    }
    return id;
  };
  const graph = new TypeGraph(btf);
  for (let id = btf.startId; id < btf.endId; id++) mapTypeIds(graph.words, graph.at[id] as number, refer);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const type = base.type(id);
    if (type.kind === 'func' || type.kind === 'var' || type.kind === 'datasec' || type.kind === 'decl_tag')
      throw new FormatError(`refers to a ${type.kind} of its base`, {
        file: btf.file,
        section: '.BTF',
        field: `type ${id}`,
      });
    const isNamed = (type.kind === 'struct' || type.kind === 'union') && type.name !== '';
    if (!isNamed) mapTypeIds(graph.words, graph.at[id] as number, refer);
  }
  return [...used].sort((a, b) => a - b);
}

/** What the base has of a type; undefined for one that moves to the split BTF. */
function distil(type: BtfType): BtfType | undefined {
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'fwd':
      return type;
    case 'struct':
    case 'union':
      return type.name ? { ...type, members: [], kindFlag: false } : undefined;
    case 'enum':
    case 'enum64':
      return type.name ? { ...type, kind: 'enum', values: [], signed: false } : undefined;
    default:
      return undefined;
  }
}

function withBaseStrings(btf: Btf): Uint8Array {
  const graph = new TypeGraph(btf);
  const strings = dedupStrings(btf, graph);
  return blobOf(graph.words.subarray(graph.words.length - btf.words.length), strings, btf.endian);
}
