import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import ts from 'typescript';
import { BpfMapType } from '../src/abi/index.js';
import { codec } from '../src/btf/index.js';
import { generateModule } from '../src/gen/index.js';
import { eventTypeId, type ObjectSpec, parseObject } from '../src/object/index.js';
import { node } from './cli-process.js';
import { compile as compileC } from './compile.js';
import { needs } from './live.js';
import { fixture, fixtureBytes, repository } from './repository.js';

const fixtures = readdirSync(join(repository, 'fixtures'))
  .filter(name => name.endsWith('.bpf.o'))
  .map(name => basename(name, '.bpf.o'));

/** A project that has rawbpf as its only package; `files` are its modules. */
function project(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = t.testdir({});
  const index = fileURLToPath(new URL('../src/index.js', import.meta.url));
  const installed = join(folder, 'node_modules/rawbpf');
  mkdirSync(installed, { recursive: true });
  mkdirSync(join(folder, 'node_modules/@types'));
  writeFileSync(join(installed, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
  for (const name of ['index.js', 'index.d.ts'])
    writeFileSync(join(installed, name), `export * from ${JSON.stringify(index)};\n`);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** What tsc says of a project's modules, at its strictest; their JavaScript is beside them. */
function compile(folder: string): string[] {
  const program = ts.createProgram(
    readdirSync(folder)
      .filter(name => name.endsWith('.ts'))
      .map(name => join(folder, name)),
    {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
      typeRoots: [join(repository, 'node_modules/@types')],
      skipLibCheck: true,
      strict: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      verbatimModuleSyntax: true,
    },
  );
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ file, start = 0, messageText }) => {
    const place = file
      ? `${basename(file.fileName)}:${file.getLineAndCharacterOfPosition(start).line + 1}: `
      : '';
    return place + ts.flattenDiagnosticMessageText(messageText, '\n');
  });
}

const generated = (name: string): [ObjectSpec, string] => {
  const spec = parseObject(fixtureBytes(name), { file: fixture(name) });
  return [spec, generateModule(spec, { object: fixtureBytes(name) })];
};

/** A value as source. */
function literal(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, member]) => `${JSON.stringify(name)}: ${literal(member)}`)
      .join(', ')} }`;
  return JSON.stringify(value);
}

const {
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
} = BpfMapType;
const keyed: readonly number[] = [
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
];

/** A module that is correct only if the types of a generated one are those of the values that codecs make. */
function valuesOf(spec: ObjectSpec, name: string): string {
  const { btf, globals, maps } = spec;
  if (!btf) return 'export {};\n';
  const zero = (typeId: number) => literal(codec(btf, typeId).read(new Uint8Array(btf.sizeOf(typeId))));
  const lines = [
    `import type { Globals, Maps } from './${name}.js';`,
    "import type { KeyValueMap, PercpuMap } from 'rawbpf';",
    'export type Key<M> = M extends KeyValueMap<infer K, infer _> ? K : never;',
    'export type Value<M> = M extends PercpuMap<infer _, infer V> ? V : M extends KeyValueMap<infer _, infer V> ? V : never;',
    'export type Event<M> = M extends AsyncIterable<infer T> ? T : never;',
    'export type Named = Maps;',
    `export const globals: Globals = { ${globals.map(g => `${JSON.stringify(g.name)}: ${zero(g.typeId)}`).join(', ')} };`,
  ];
  for (const [i, map] of maps.entries()) {
    const of = `Maps[${JSON.stringify(map.name)}]`;
    const event = eventTypeId(spec, map);
    // A user ring is written by programs like this one, not read.
    if (event !== undefined && map.type !== BpfMapType.BPF_MAP_TYPE_USER_RINGBUF)
      lines.push(`export const event${i}: Event<${of}> = ${zero(event)};`);
    if (map.internal || !keyed.includes(map.type)) continue;
    if (map.keyTypeId) lines.push(`export const key${i}: Key<${of}> = ${zero(map.keyTypeId)};`);
    if (map.valueTypeId) lines.push(`export const value${i}: Value<${of}> = ${zero(map.valueTypeId)};`);
  }
  return `${lines.join('\n')}\n`;
}

t.test('modules of all fixtures compile, and have the types of the values that codecs make', async t => {
  const files: Record<string, string> = {};
  for (const name of fixtures) {
    const [spec, text] = generated(name);
    files[`${name}.ts`] = text;
    files[`${name}-values.ts`] = valuesOf(spec, name);
    t.notMatch(text, /: unknown;/, name);
  }
  t.ok(Object.keys(files).length > 60);
  t.ok(
    Object.values(files).some(
      text => text.includes('export const key') && text.includes('export const event'),
    ),
  );
  t.same(compile(project(t, files)), []);
});

const user = `
import { openSync } from 'node:fs';
import { type HashMap, MapError } from 'rawbpf';
import { attach, type event, load, open } from './opensnoop.js';

/** Never called: each line is one that tsc must refuse. */
export function wrong(): void {
  const object = open();
  // @ts-expect-error: of another type
  object.globals.targ_pid = 'one';
  // @ts-expect-error: no such global
  object.globals.targ_pids = 1;
  // @ts-expect-error: no such map
  object.map('begin');
  // @ts-expect-error: no such program
  object.program('sys_enter_open');
  // @ts-expect-error: a key of another type
  object.maps.start.get('1');
  // @ts-expect-error: a value that lacks a member
  object.maps.start.set(1, { fname: 1n });
  // @ts-expect-error: 64 bits are a bigint
  object.maps.start.set(1, { fname: 1, flags: 0 });
  // @ts-expect-error: another kind of map
  const hash: HashMap<number, number> = object.maps.events;
  // @ts-expect-error: events have no such member
  object.maps.events.on(({ name }) => console.log(name, hash));
  // @ts-expect-error: no such program
  load({ programs: ['sys_enter_open'] });
  // @ts-expect-error: no such map
  load({ maps: { begin: { maxEntries: 1 } } });
  // @ts-expect-error: of another type
  load({ globals: { targ_failed: 1 } });
}

const wanted = ['tracepoint__syscalls__sys_enter_openat', 'tracepoint__syscalls__sys_exit_openat'] as const;
using object = load({
  globals: { targ_tgid: process.pid, targ_failed: true },
  maps: { start: { maxEntries: 64 } },
  programs: wanted,
});
const links = attach(object);
object.maps.start.set(0xffffffff, { fname: 5n, flags: 6 });
const { fname, flags }: { fname: bigint; flags: number } = object.maps.start.get(0xffffffff)!;
const reader = object.map('events').reader();
try {
  openSync('/there/is/none', 'r');
} catch {}
let seen: event | undefined;
for await (const event of reader) {
  seen = event;
  if (event.fname === '/there/is/none') break;
}
console.log(JSON.stringify({
  links: Object.entries(links).filter(([, link]) => link).map(([name]) => name),
  start: [String(fname), flags],
  maxEntries: object.maps.start.maxEntries,
  targ_tgid: object.globals.targ_tgid === process.pid,
  event: seen && { pid: seen.pid === process.pid, ret: seen.ret, fname: seen.fname, ts: typeof seen.ts },
  known: object.maps.start instanceof MapError,
}));
`;

t.test('a module loads its object, and tsc refuses what the object does not have', async t => {
  const [spec] = generated('opensnoop');
  const folder = project(t, {
    'opensnoop.ts': generateModule(spec, { object: './opensnoop.bpf.o' }),
    'embedded.ts': generated('opensnoop')[1],
    'user.ts': user,
    'same.ts': user.replaceAll('./opensnoop.js', './embedded.js'),
  });
  writeFileSync(join(folder, 'opensnoop.bpf.o'), fixtureBytes('opensnoop'));
  t.same(compile(folder), []);
  await t.test('used in a kernel', async t => {
    if (!needs(t, { bpf: true })) return;
    for (const name of ['user.js', 'same.js']) {
      const { status, stdout, stderr } = node(join(folder, name));
      t.equal(stderr, '');
      t.equal(status, 0);
      t.same(JSON.parse(stdout), {
        links: ['tracepoint__syscalls__sys_enter_openat', 'tracepoint__syscalls__sys_exit_openat'],
        start: ['5', 6],
        maxEntries: 64,
        targ_tgid: true,
        event: { pid: true, ret: -2, fname: '/there/is/none', ts: 'bigint' },
        known: false,
      });
    }
  });
});

const typesUser = `
import { type bits, color, load } from './types.js';

using object = load({ globals: { ro_u64: 2n ** 63n, ro_name: 'name', ro_packed: { tag: 1, value: 5n, tail: 6 } } });
object.globals.rw_u64 = 7n;
object.maps.by_name.set('green', color.GREEN);
object.maps.anonymous.set(1, { left: 2, right: 3 });
const cpus: bigint[] = object.maps.per_cpu.get(0)!;
const bit: bits = object.maps.bit_array.get(0)!;
object.maps.bit_array.set(0, { ...bit, a: 1, e: 5n, h: true });
const { a, e, h }: { a: number; e: bigint; h: boolean } = object.maps.bit_array.get(0)!;
const text: string = object.globals.ro_name + object.spec.name;
// @ts-expect-error: bits of more than 32 are a bigint
object.maps.bit_array.get(0)!.e satisfies number;
const shown = [object.globals.ro_u64, object.globals.ro_packed.value, object.globals.rw_u64, cpus[0], a, e, h, text];
console.log(shown.map(String).join(' '), [...object.maps.by_name].join(), object.maps.anonymous.get(1));
`;

t.test('a module has bit-fields, enums, per-CPU values and structs', async t => {
  const folder = project(t, { 'types.ts': generated('test-types')[1], 'user.ts': typesUser });
  t.same(compile(folder), []);
  await t.test('used in a kernel', async t => {
    if (!needs(t, { bpf: true })) return;
    t.same(node(join(folder, 'user.js')), {
      status: 0,
      stdout: '9223372036854775808 5 7 0 1 5 true nametest-types green,5 { left: 2, right: 3 }\n',
      stderr: '',
    });
  });
});

const awkward = `
struct HashMap { int a; };
struct string { char text[4]; struct HashMap map; };
typedef struct { long class; } Maps;
typedef union { unsigned int word; unsigned char bytes[4]; } number;
enum choice { NONE, SOME = -1 };
typedef struct { enum choice choice : 3; unsigned long long wide : 40; _Bool flag : 1; } choice;
struct { __uint(type, 1); __uint(max_entries, 1); __type(key, struct string); __type(value, Maps); } open SEC(".maps");
struct { __uint(type, 27); __uint(max_entries, 4096); } Globals SEC(".maps");
number default_;
choice load;
const volatile Maps object;
enum choice (*pointer)(void);
choice grid[2][3];
SEC("raw_tp/one-two") int attach(void *ctx) { return default_.word + load.choice + object.class + grid[0][0].flag + (long)pointer; }
`;

t.test('names that TypeScript or the module has a use for', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const file = compileC(t, awkward);
  const spec = parseObject(readFileSync(file), { file });
  // As rustc names what has parameters.
  const renamed = { ...spec, programs: spec.programs.map(p => ({ ...p, name: 'attach<u32>*/' })) };
  const text = generateModule(renamed, { object: './it\'s "quoted".bpf.o' });
  const use = `
import { type choice, choice_2, load, type Maps_2, type number_, type string_ } from './awkward.js';
export function use(): void {
  using object = load({ globals: { object: { class: 1n } } });
  const key: string_ = { text: 'abc', map: { a: 1 } };
  const value: Maps_2 = { class: 2n };
  object.maps.open.set(key, value);
  const member: choice = object.globals.load;
  const one: choice_2 = member.choice + choice_2.SOME;
  const fields: { choice: number; wide: bigint; flag: boolean } = member;
  const word: number_ = { word: 1, bytes: [1, 0, 0, 0] };
  object.globals.default_ = word;
  const pointer: bigint = object.globals.pointer;
  const grid: { wide: bigint }[][] = object.globals.grid;
  object.program('attach<u32>*/').attach();
  console.log(fields, pointer, grid, one);
}
`;
  t.same(compile(project(t, { 'awkward.ts': text, 'use.ts': use })), []);
});
