import t from 'tap';
import { BpfCmd, hostEndian } from '../src/abi/index.js';
import { Btf, type BtfType, dumpRaw, encodeBtf } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { bpf, liveSys, OwnedFd } from '../src/syscall/index.js';
import { needs, run } from './live.js';
import { intType as int } from './make-types.js';
import { fixtureBytes } from './repository.js';

function typesOf(btf: Btf): BtfType[] {
  return Array.from({ length: btf.endId - btf.startId }, (_, i) => btf.type(btf.startId + i));
}

function fixtureBtf(name: string): Btf {
  return Btf.parse(parseElf(fixtureBytes(name), name).section('.BTF')?.data ?? new Uint8Array());
}

t.test('types survive being encoded, in both byte orders', async t => {
  for (const name of ['test-types', 'test-subprog', 'opensnoop']) {
    const btf = fixtureBtf(name);
    for (const endian of ['little', 'big'] as const) {
      const again = Btf.parse(encodeBtf(typesOf(btf), endian));
      t.equal(again.endian, endian);
      t.same([...dumpRaw(again)], [...dumpRaw(btf)], `${name}, ${endian}`);
    }
  }
});

t.test('the kernel takes what is encoded, and bpftool reads it back', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  // A DATASEC out of a compiler has no size yet, and the kernel refuses that.
  const types = typesOf(fixtureBtf('test-types')).filter(type => type.kind !== 'datasec');
  const btf = encodeBtf(types, hostEndian);
  const result = bpf(liveSys(), BpfCmd.BPF_BTF_LOAD, { btf, btf_size: btf.length });
  t.ok(result >= 0, `BPF_BTF_LOAD: ${result}`);
  using fd = new OwnedFd(liveSys(), result);
  const id = /btf_id:\s*(\d+)/.exec(run('cat', `/proc/${process.pid}/fdinfo/${fd.value}`))?.[1] ?? '';
  const dump = run('bpftool', 'btf', 'dump', 'id', id, 'format', 'raw').trimEnd().split('\n');
  t.same(dump, [...dumpRaw(Btf.parse(btf))]);
});

t.test('split BTF: ids and strings go on where the base ends', async t => {
  const base = Btf.parse(encodeBtf([int], hostEndian));
  const module = encodeBtf([{ id: 0, name: '', kind: 'ptr', type: 1 }], hostEndian);
  const split = Btf.parse(module, { base });
  t.equal(split.startId, 2);
  t.match(split.type(2), { kind: 'ptr', type: 1 });
  t.equal(split.findByName('int'), 1);
  t.equal(split.sizeOf(2), 8);
  t.throws(() => split.type(3), { code: 'ERR_RAWBPF_FORMAT' });
});
