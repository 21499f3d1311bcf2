import t from 'tap';
import { Btf, type BtfKind } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { fixtureBytes } from './repository.js';

const blob = parseElf(fixtureBytes('test-types')).section('.BTF')?.data ?? new Uint8Array();

/** Ids of the types of a name by looking at every type. */
function named(btf: Btf, name: string, kind?: BtfKind): number[] {
  const ids: number[] = [];
  for (let id = btf.startId; id < btf.endId; id++) {
    const type = btf.type(id);
    if (type.name === name && (kind === undefined || type.kind === kind)) ids.push(id);
  }
  return ids;
}

t.test('types are found by name, by the first look-ups as by later ones', async t => {
  const all = Btf.parse(blob);
  const later = Btf.parse(blob);
  for (let i = 0; i < 20; i++) later.findByName('nothing of this name');
  const seen = new Set<string>();
  for (let id = all.startId; id < all.endId; id++) {
    const { name, kind } = all.type(id);
    if (!name || seen.has(name)) continue;
    seen.add(name);
    const fresh = Btf.parse(blob);
    for (const btf of [fresh, later]) {
      t.same(btf.findAllByName(name), named(all, name), name);
      t.same(btf.findAllByName(name, kind), named(all, name, kind), `${kind} ${name}`);
      t.equal(btf.findByName(name, kind), named(all, name, kind)[0]);
    }
  }
  t.ok(seen.size > 20);
});

t.test('what is not there is not found', async t => {
  for (const looks of [0, 20]) {
    const btf = Btf.parse(blob);
    for (let i = 0; i < looks; i++) btf.findByName(`x${i}`);
    t.equal(btf.findByName(''), undefined);
    t.equal(btf.findByName('int', 'struct'), undefined);
    t.equal(btf.findByName('in'), undefined, 'the beginning of a name');
    t.equal(btf.findByName('nt'), undefined, 'the end of a name');
  }
});

t.test('a split blob finds its own types, then those of its base', async t => {
  const base = Btf.parse(blob);
  // The same bytes once more: as a split blob its types are named by strings of the base.
  const split = Btf.parse(blob, { base });
  for (const looks of [0, 20]) {
    for (let i = 0; i < looks; i++) split.findByName(`x${i}`);
    const [id = 0] = base.findAllByName('int', 'int');
    t.same(split.findAllByName('int', 'int'), [id + split.startId - 1, id]);
    t.equal(split.findByName('int', 'int'), id + split.startId - 1);
  }
});
