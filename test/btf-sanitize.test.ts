import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfCmd, hostEndian } from '../src/abi/index.js';
import { Btf, type BtfType, type BtfTypes, dumpRaw, encodeBtf } from '../src/btf/index.js';
import { Kernel } from '../src/kernel/index.js';
import {
  type FeatureName,
  type KernelView,
  newestKernel,
  parseObject,
  planLoad,
} from '../src/object/index.js';
import { sanitizeBtf } from '../src/object/plan/btf-sanitize.js';
import { bpf, liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { fixtureBytes, repository } from './repository.js';

/** Oldest first: a kernel that lacks one lacks all that came after it. */
const kinds: readonly FeatureName[] = [
  'btf_func',
  'btf_datasec',
  'btf_func_global',
  'btf_empty_datasec',
  'btf_float',
  'btf_decl_tag',
  'btf_type_tag',
  'btf_enum64',
  'btf_qmark_datasec',
  'btf_tag_kind_flag',
];

const without = (...missing: readonly FeatureName[]): KernelView => ({
  ...newestKernel(),
  has: feature => !missing.includes(feature),
});

const int = { kind: 'int', size: 4, bits: 32, offset: 0, signed: true, char: false, bool: false } as const;
const types: readonly BtfType[] = [
  { id: 1, name: 'int', ...int },
  {
    id: 2,
    name: '',
    kind: 'func_proto',
    type: 0,
    params: [{ name: 'ctx', type: 1 }],
  },
  { id: 3, name: 'handle', kind: 'func', type: 2, linkage: 'global' },
  { id: 4, name: 'counter', kind: 'var', type: 1, linkage: 'global' },
  { id: 5, name: '?.struct_ops', kind: 'datasec', size: 4, vars: [{ type: 4, offset: 0, size: 4 }] },
  { id: 6, name: 'float', kind: 'float', size: 4 },
  { id: 7, name: 'arg:ctx', kind: 'decl_tag', type: 4, componentIdx: -1, kindFlag: false },
  { id: 8, name: 'used', kind: 'decl_tag', type: 4, componentIdx: -1, kindFlag: true },
  { id: 9, name: 'user', kind: 'type_tag', type: 1, kindFlag: false },
  { id: 10, name: 'address_space(1)', kind: 'type_tag', type: 1, kindFlag: true },
  { id: 11, name: 'negative', kind: 'enum', size: 4, signed: true, values: [{ name: 'N', value: -1 }] },
  { id: 12, name: 'large', kind: 'enum64', size: 8, signed: true, values: [{ name: 'L', value: -1n }] },
  { id: 13, name: '', kind: 'ptr', type: 9 },
  { id: 14, name: '', kind: 'ptr', type: 10 },
  { id: 15, name: '', kind: 'func_proto', type: 0, params: [{ name: '', type: 1 }] },
  { id: 16, name: '.bss', kind: 'datasec', size: 8, vars: [] },
];
const all = Btf.parse(encodeBtf(types, hostEndian));

const dump = (btf: BtfTypes, ...missing: readonly FeatureName[]): string[] => [
  ...dumpRaw(Btf.parse(sanitizeBtf(btf, without(...missing)))),
];

t.test('what stands for a kind that a kernel does not know', async t => {
  t.equal(sanitizeBtf(all, without()), all.bytes, 'nothing to do');
  const changed = (...missing: readonly FeatureName[]) => {
    const before = new Set(dumpRaw(all));
    return dump(all, ...missing).filter(line => !before.has(line));
  };
  t.same(changed('btf_func_global'), ["[3] FUNC 'handle' type_id=2 linkage=static"]);
  t.same(changed('btf_func'), [
    "[2] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1",
    "\t'ctx' val=1",
    "[3] TYPEDEF 'handle' type_id=2",
    "[15] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1",
    "\t'param' val=1",
  ]);
  t.same(changed('btf_datasec'), [
    "[4] INT 'counter' size=1 bits_offset=0 nr_bits=8 encoding=(none)",
    "[5] STRUCT '__struct_ops' size=4 vlen=1",
    "\t'counter' type_id=4 bits_offset=0",
    "[16] STRUCT '_bss' size=8 vlen=0",
  ]);
  t.same(changed('btf_empty_datasec'), ["[16] STRUCT '_bss' size=8 vlen=0"]);
  t.same(changed('btf_qmark_datasec'), ["[5] DATASEC '_.struct_ops' size=4 vlen=1"]);
  t.same(changed('btf_float'), ["[6] STRUCT '(anon)' size=4 vlen=0"]);
  t.same(changed('btf_tag_kind_flag'), [
    "[8] INT 'used' size=1 bits_offset=0 nr_bits=8 encoding=(none)",
    "[10] CONST '(anon)' type_id=1",
  ]);
  t.match(changed('btf_decl_tag'), [/^\[7\] INT 'arg:ctx' size=1 /, /^\[8\] INT 'used' size=1 /]);
  t.same(changed('btf_type_tag'), ["[9] CONST '(anon)' type_id=1", "[10] CONST '(anon)' type_id=1"]);
  t.same(changed('btf_enum64'), [
    "[11] ENUM 'negative' encoding=UNSIGNED size=4 vlen=1",
    "\t'N' val=4294967295",
    "[12] UNION 'large' size=8 vlen=1",
    "\t'L' type_id=17 bits_offset=0",
    "[17] INT 'enum64_placeholder' size=1 bits_offset=0 nr_bits=8 encoding=(none)",
  ]);
});

/** Checks that the running kernel takes a blob; its verdict is in the log. */
function takes(t: Test, btf: Uint8Array, name: string): void {
  const log = new Uint8Array(1 << 16);
  const attr = { btf, btf_size: btf.length, btf_log_buf: log, btf_log_size: log.length, btf_log_level: 1 };
  const fd = bpf(liveSys(), BpfCmd.BPF_BTF_LOAD, attr);
  if (fd >= 0) liveSys().close(fd);
  const text = new TextDecoder().decode(log).replace(/\0.*/s, '').split('\n').slice(-3).join(' ');
  t.ok(fd >= 0, `${name}${fd < 0 ? `: ${fd} ${text}` : ''}`);
}

/** BTF of the objects as a loader has it, data sections filled in. */
function fixtures(): [name: string, btf: BtfTypes][] {
  return readdirSync(join(repository, 'fixtures'))
    .filter(file => file.endsWith('.bpf.o'))
    .flatMap(file => {
      const { btf } = parseObject(fixtureBytes(basename(file, '.bpf.o')), { file });
      return btf ? [[file, btf] as [string, BtfTypes]] : [];
    });
}

t.test('this kernel takes what is made for it', async t => {
  if (!needs(t, { bpf: true })) return;
  const kernel = Kernel.running(liveSys());
  for (const [name, btf] of fixtures()) takes(t, sanitizeBtf(btf, kernel), name);
  takes(t, sanitizeBtf(all, kernel), 'one of each kind');
});

t.test('this kernel takes what is made for older ones', async t => {
  if (!needs(t, { bpf: true })) return;
  const kernel = Kernel.running(liveSys());
  for (const [name, btf] of [...fixtures(), ['one of each kind', all] as const])
    for (const [i, kind] of kinds.entries()) {
      const missing = kinds.filter((kind, k) => k >= i || !kernel.has(kind));
      takes(t, sanitizeBtf(btf, without(...missing)), `${name}, before ${kind}`);
    }
});

t.test('a map is not told of a section that is none any more', async t => {
  const spec = parseObject(fixtureBytes('test-module'), { file: 'test-module' });
  const valueType = (kernel: KernelView) => {
    const map = planLoad(spec, kernel).steps.find(step => step.makes === 'map:.rodata');
    return map?.attr['btf_value_type_id'];
  };
  const btf = spec.btf as BtfTypes;
  const rodata = btf.findByName('.rodata', 'datasec') as number;
  t.match(btf.type(rodata), { vars: [] }, 'it has no variables');
  t.equal(valueType(without()), rodata);
  t.equal(valueType(without('btf_empty_datasec')), 0);
});
