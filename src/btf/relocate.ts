import { FormatError } from '../errors/index.js';
import { blobOf, stringBytes } from './blob.js';
import { Btf } from './btf.js';
import { mapStrings, mapTypeIds, wordCount } from './fields.js';
import type { BtfType } from './types.js';

/**
 * A module's BTF, made split BTF of a kernel that it was not built with: `.BTF` (`split`) is split from `.BTF.base` (`distilled`, see `distillBase`),
 * whose types are found in `vmlinux` by name, and by size where that matters, as btf__relocate() of libbpf and the kernel (6.11) do.
 * Where they give up, a struct is preferred to a forward declaration of the same name.
 *
 * Throws FormatError for a type that the kernel does not have or has several of: the module does not fit it.
 */
export function relocateBtf(distilled: Btf, split: Uint8Array, vmlinux: Btf): Btf {
  const { file } = distilled;
  const btf = Btf.parse(split, { base: distilled, file });
  const ids = new Uint32Array(btf.endId);
  const names = new Map<number, number>([[0, 0]]);
  const nameAt = (of: Btf, id: number): number => of.words[of.wordIndex(id)] as number;
  const embedded = embeddedIds(btf, distilled);
  for (let id = 1; id < distilled.endId; id++) {
    const found = findInKernel(distilled, id, vmlinux, embedded.has(id));
    ids[id] = found;
    names.set(nameAt(distilled, id), nameAt(vmlinux, found));
  }
  for (let id = btf.startId; id < btf.endId; id++) ids[id] = id - btf.startId + vmlinux.endId;

  const words = btf.words.slice();
  let current = btf.startId - 1;
  const fail = (reason: string): never => {
    throw new FormatError(reason, { file, section: '.BTF', field: `type ${current}` });
  };
  const newId = (id: number): number => ids[id] ?? fail(`refers to type ${id}, which is not there`);
  const newName = (offset: number): number => {
    if (offset >= btf.stringEnd && offset > 0) fail(`names string ${offset}, which is not there`);
    if (offset >= distilled.stringEnd) return offset - distilled.stringEnd + vmlinux.stringEnd;
    return names.get(offset) ?? fail(`names string ${offset} of .BTF.base, which is the name of no type`);
  };
  for (let at = 0; at < words.length; at += wordCount(words, at)) {
    current++;
    mapTypeIds(words, at, newId);
    mapStrings(words, at, newName);
  }
  return Btf.parse(blobOf(words, stringBytes(btf), btf.endian), { base: vmlinux, file });
}

/** Ids of the structs and unions of the base that structs of the split BTF hold, not only point to: these must not have changed in size. */
function embeddedIds(btf: Btf, distilled: Btf): Set<number> {
  const embedded = new Set<number>();
  for (let id = btf.startId; id < btf.endId; id++) {
    const type = btf.type(id);
    if (type.kind !== 'struct' && type.kind !== 'union') continue;
    for (const member of type.members) {
      const held = heldType(btf, member.type);
      if ((held.kind === 'struct' || held.kind === 'union') && held.id < distilled.endId)
        embedded.add(held.id);
    }
  }
  return embedded;
}

function heldType(btf: Btf, id: number): BtfType {
  let type = btf.resolved(id);
  for (let depth = 0; type.kind === 'array' && depth < 64; depth++) type = btf.resolved(type.type);
  return type;
}

function findInKernel(distilled: Btf, id: number, vmlinux: Btf, isEmbedded: boolean): number {
  const wanted = distilled.type(id);
  const fail = (reason: string): never => {
    throw new FormatError(reason, { file: distilled.file, section: '.BTF.base', field: `type ${id}` });
  };
  const what = `${wanted.kind === 'fwd' ? wanted.of : wanted.kind} ${wanted.name}`;
  if (wanted.name === '') fail(`an anonymous ${wanted.kind}, which a distilled base does not have`);
  const named = vmlinux.findAllByName(wanted.name).map(candidate => vmlinux.type(candidate));
  const found =
    candidatesFor(wanted, named, isEmbedded) ??
    fail(`a ${wanted.kind}, which a distilled base does not have`);
  if (found.length > 1) fail(`${what} could be type ${found[0]?.id} or ${found[1]?.id} of ${vmlinux.file}`);
  return (
    found[0]?.id ??
    fail(`${what} is not in ${vmlinux.file}, or of another size: the module was built for another kernel`)
  );
}

/** The types that the wanted one could be; undefined for a kind that cannot be asked for. */
function candidatesFor(
  wanted: BtfType,
  named: readonly BtfType[],
  isEmbedded: boolean,
): readonly BtfType[] | undefined {
  const compounds = named.filter(({ kind }) => kind === 'struct' || kind === 'union');
  switch (wanted.kind) {
    case 'int':
      return named.filter(
        type =>
          type.kind === 'int' &&
          type.size === wanted.size &&
          type.signed === wanted.signed &&
          type.char === wanted.char &&
          type.bool === wanted.bool,
      );
    case 'float':
      return named.filter(type => type.kind === 'float' && type.size === wanted.size);
    case 'enum':
      // A distilled base has no 64-bit enums: it is the size that tells.
      return named.filter(
        type => (type.kind === 'enum' || type.kind === 'enum64') && type.size === wanted.size,
      );
    case 'fwd': {
      const forwards = named.filter(type => type.kind === 'fwd' && type.of === wanted.of);
      const isOnly = compounds.length === 1 && compounds[0]?.kind === wanted.of;
      return isOnly ? compounds : forwards;
    }
    case 'struct':
    case 'union': {
      const needsSize = isEmbedded || compounds.length > 1;
      const same = compounds.filter(
        type => type.kind === wanted.kind && (!needsSize || ('size' in type && type.size === wanted.size)),
      );
      if (same.length > 0 || isEmbedded) return same;
      return named.filter(type => type.kind === 'fwd' && type.of === wanted.kind);
    }
    default:
      return undefined;
  }
}
