import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfCoreReloKind, hostEndian } from '../src/abi/index.js';
import {
  type AccessSpec,
  Btf,
  type BtfType,
  type CoreResolution,
  CoreResolver,
  dumpRaw,
  encodeBtf,
  minCoreBtf,
  parseBtfExt,
  typesUsedByCore,
} from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { needs, run } from './live.js';
import { intType as int } from './make-types.js';
import { repository } from './repository.js';

t.setTimeout(240_000);

const vmlinux = '/sys/kernel/btf/vmlinux';

/** What every CO-RE relocation of an object becomes against a kernel. */
function resolutions(object: string, kernel: Btf): CoreResolution[] {
  const elf = parseElf(readFileSync(object), object);
  const [btfData, extData] = [elf.section('.BTF')?.data, elf.section('.BTF.ext')?.data];
  if (!btfData || !extData) return [];
  const local = Btf.parse(btfData, { file: object });
  const resolver = new CoreResolver(local, [{ name: 'vmlinux', btf: kernel }]);
  return [...parseBtfExt(extData, local).coreRelocations.values()]
    .flat()
    .map(relocation => resolver.resolve(relocation));
}

function targets(found: readonly CoreResolution[]): AccessSpec[] {
  return found.flatMap(({ target, local }) => (target && target !== local ? [target] : []));
}

/** Checks that bpftool makes the same of them, and that their relocations come out the same against it. */
function compare(t: Test, kernel: Btf, ...objects: readonly string[]): void {
  const name = objects.map(object => basename(object)).join(', ');
  const resolved = (btf: Btf) => objects.flatMap(object => resolutions(object, btf));
  const found = resolved(kernel);
  const ours = Btf.parse(minCoreBtf(kernel, typesUsedByCore(targets(found))));
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-subset-'));
  try {
    const out = join(folder, 'min.btf');
    run('bpftool', 'gen', 'min_core_btf', vmlinux, out, ...objects);
    t.same([...dumpRaw(ours)], [...dumpRaw(Btf.parse(readFileSync(out)))], `${name}: ${ours.endId} types`);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const values = (of: readonly CoreResolution[]) =>
    of
      // Type ids differ, of course.
      .filter(({ relocation }) => relocation.kind !== BpfCoreReloKind.BPF_CORE_TYPE_ID_TARGET)
      .map(({ values: { poison, after } }) => ({ poison, after }));
  t.same(values(resolved(ours)), values(found), `${name}: relocations`);
}

t.test('the objects of the repository', async t => {
  if (!existsSync(vmlinux)) return t.plan(0, `needs ${vmlinux}`);
  if (!needs(t, { tools: ['bpftool'] })) return;
  const kernel = Btf.parse(readFileSync(vmlinux), { file: 'vmlinux' });
  const folder = join(repository, 'fixtures');
  const objects = readdirSync(folder).filter(name => name.endsWith('.bpf.o'));
  for (const object of objects) compare(t, kernel, join(folder, object));
  compare(t, kernel, ...objects.map(object => join(folder, object)));
});

const member = (name: string, type: number, bitOffset: number, bitSize = 0) => ({
  name,
  type,
  bitOffset,
  bitSize,
});
const target = Btf.parse(
  encodeBtf(
    [
      int, // 1
      { id: 0, kind: 'ptr', name: '', type: 3 }, // 2
      {
        id: 0,
        kind: 'struct',
        name: 'inner',
        size: 8,
        kindFlag: true,
        members: [member('a', 1, 0), member('b', 1, 32, 5)],
      }, // 3
      { id: 0, kind: 'array', name: '', type: 3, indexType: 1, nelems: 4 }, // 4
      { id: 0, kind: 'typedef', name: 'inner_t', type: 4 }, // 5
      {
        id: 0,
        kind: 'struct',
        name: 'outer',
        size: 48,
        kindFlag: false,
        members: [member('p', 2, 0), member('many', 5, 64), member('n', 1, 320)],
      }, // 6
      { id: 0, kind: 'typedef', name: 'outer_p', type: 8 }, // 7
      { id: 0, kind: 'ptr', name: '', type: 6 }, // 8
      { id: 0, kind: 'enum', name: 'color', size: 4, signed: false, values: [{ name: 'RED', value: 1 }] }, // 9
    ] as BtfType[],
    hostEndian,
  ),
);
const spec = (kind: number, rootTypeId: number, ...steps: number[]): AccessSpec => ({
  btf: target,
  kind,
  rootTypeId,
  accessors: [],
  steps,
  bitOffset: 0,
});

t.test('what each kind of relocation needs', async t => {
  const needed = (...specs: AccessSpec[]) =>
    [...typesUsedByCore(specs)].sort(([a], [b]) => a - b).map(([id, members]) => [id, ...members]);
  const kind = BpfCoreReloKind;
  t.same(needed(spec(kind.BPF_CORE_FIELD_BYTE_OFFSET, 6, 0, 2)), [[1], [6, 2]], 'a field');
  t.same(needed(spec(kind.BPF_CORE_FIELD_BYTE_OFFSET, 6, 0, 0)), [[2], [6, 0]], 'a pointer');
  const deep = [[1], [3, 1], [4], [5], [6, 1]];
  t.same(needed(spec(kind.BPF_CORE_FIELD_EXISTS, 6, 0, 1, 2, 1)), deep, 'a field of an element');
  t.same(needed(spec(kind.BPF_CORE_TYPE_EXISTS, 7)), [[6], [7], [8]], 'a type, through pointers');
  const whole = [[1], [2], [3, 0, 1], [4], [5], [6, 0, 1, 2]];
  t.same(needed(spec(kind.BPF_CORE_TYPE_MATCHES, 6)), whole, 'a type that is to match');
  t.same(needed(spec(kind.BPF_CORE_TYPE_MATCHES, 8)), [[6], [8]], 'one behind a pointer');
  t.same(needed(spec(kind.BPF_CORE_ENUMVAL_VALUE, 9, 0)), [[9]], 'a value');
  t.same(needed(spec(kind.BPF_CORE_TYPE_ID_LOCAL, 6)), [], 'nothing');
});

t.test('what is not needed becomes void', async t => {
  const used = typesUsedByCore([spec(BpfCoreReloKind.BPF_CORE_FIELD_BYTE_OFFSET, 6, 0, 0)]);
  const dump = [...dumpRaw(Btf.parse(minCoreBtf(target, used)))];
  t.same(dump, [
    "[1] PTR '(anon)' type_id=0",
    "[2] STRUCT 'outer' size=48 vlen=1",
    "\t'p' type_id=1 bits_offset=0",
  ]);
  t.throws(() => minCoreBtf(target, new Map([[99, new Set()]])), { code: 'ERR_RAWBPF_FORMAT' });
});
