import { createHash } from 'node:crypto';
import t from 'tap';
import { BpfCmd, hostEndian } from '../src/abi/index.js';
import { Btf, extractTypes } from '../src/btf/index.js';
import { BpfObject, type MapSettings, type Plan, programHash } from '../src/index.js';
import { assemble, exit, ldMapFd, mov } from '../src/insn/index.js';
import type { PlanStep } from '../src/object/index.js';
import { fixture } from './repository.js';

const plan = (maps: Record<string, MapSettings>): Plan =>
  BpfObject.open(fixture('test-map-life')).plan({ maps });

function created({ steps }: Plan, map: string): PlanStep | undefined {
  return steps.find(step => step.cmd === BpfCmd.BPF_MAP_CREATE && step.makes === `map:${map}`);
}

t.test('settings of maps are planned for without a kernel', async t => {
  const settings: MapSettings = {
    type: 'lru_hash',
    keySize: 8,
    maxEntries: 5,
    flags: ['no_common_lru'],
    mapExtra: 1,
    numaNode: 0,
  };
  t.match(created(plan({ counts: settings }), 'counts')?.attr, {
    map_type: 9,
    key_size: 8,
    value_size: 8,
    max_entries: 5,
    map_flags: 2 | 4,
    map_extra: 1n,
    numa_node: 0,
    btf_key_type_id: 0,
    btf_value_type_id: 0,
  });
  const ordinary = created(plan({}), 'counts')?.attr;
  t.same(created(plan({ counts: {} }), 'counts')?.attr, ordinary);
  t.not(ordinary?.['btf_key_type_id'], 0);
});

t.test('maps that are reused, left out or pinned', async t => {
  const reused = plan({ counts: { reuse: { fd: 7 } }, optional: { autocreate: false } });
  t.equal(created(reused, 'counts'), undefined);
  t.equal(created(reused, 'optional'), undefined);
  const [program] = reused.steps.filter(step => step.makes === 'prog:count_optional');
  t.same(program?.poisoned?.map(p => p.missing).slice(0, 1), ['map optional: it was not to be created']);
  const calls = plan({ '.bss': { pin: '/sys/fs/bpf/life' } })
    .steps.filter(step => /\.bss/.test(step.what))
    .map(step => [step.what, step.unlessReused]);
  t.same(calls, [
    ['map .bss pinned at /sys/fs/bpf/life', undefined],
    ['map .bss', 'map:.bss'],
    ['pin .bss at /sys/fs/bpf/life', 'map:.bss'],
  ]);
});

t.test('settings that do not fit', async t => {
  const refused = (maps: Record<string, MapSettings>, message: RegExp) =>
    t.throws(() => plan(maps), { name: 'ObjectError', message });
  refused({ conts: {} }, /map conts: there is none of this name; there is counts, shared, /);
  refused({ '.bss': { valueSize: 4096 } }, /map \.bss: holds variables, which settle its size: 8 bytes/);
  refused({ counts: { pin: '/x', reuse: { fd: 3 } } }, /reused or taken from a pin, not both/);
  refused({ counts: { exclusive: 'nobody' } }, /exclusive: there is no program nobody/);
  refused({ counts: { inner: { maxEntries: 1 } } }, /does not say what its inner maps are like/);
  t.throws(() => plan({ counts: { type: 'harsh' as 'hash' } }), TypeError);
});

t.test('the hash of a program is SHA-256 of its instructions, without fds', async t => {
  for (const count of [1, 6, 7, 8, 15, 100]) {
    const insns = assemble([...Array.from({ length: count }, (_, i) => mov(1, i)), exit()], hostEndian);
    const hex = Buffer.from(programHash(insns)).toString('hex');
    t.equal(hex, createHash('sha256').update(insns).digest('hex'), `${insns.length} bytes`);
  }
  const [one, other] = [3, 4].map(fd => assemble([ldMapFd(1, fd), exit()], hostEndian));
  t.same(programHash(one!), programHash(other!));
});

t.test('types are copied with what they are made of, and no more', async t => {
  const { btf } = BpfObject.open(fixture('opensnoop')).spec;
  const { bytes, ids } = extractTypes(btf!, [btf!.findByName('event', 'struct')!], 'little');
  const small = Btf.parse(bytes, { file: 'small' });
  const id = ids.get(btf!.findByName('event', 'struct')!)!;
  t.equal(small.sizeOf(id), btf!.sizeOf(btf!.findByName('event', 'struct')!));
  t.ok(small.endId < btf!.endId);
  t.equal(small.findByName('.maps', 'datasec'), undefined);
});
