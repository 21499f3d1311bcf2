import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import t from 'tap';
import { readPackage } from '../src/cli/package/read-package.js';
import { sourceDocs } from '../src/cli/package/source-docs.js';
import { FormatError } from '../src/errors/index.js';
import { waitingChild } from './child.js';
import { rawbpf, startRawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixture, fixtureBytes } from './repository.js';

const object = fixtureBytes('opensnoop');
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** As ecc writes it since 0.3, with what its loader takes besides. */
const current = () => ({
  bpf_object: base64(deflateSync(object)),
  bpf_object_size: object.length,
  meta: {
    bpf_skel: {
      data_sections: [
        {
          name: '.rodata',
          variables: [
            { name: 'targ_pid', type: 'pid_t', description: 'Process ID to trace' },
            {
              name: 'targ_failed',
              type: 'bool',
              cmdarg: { default: true, short: 'x', long: 'failed', help: 'only failed' },
            },
          ],
        },
        { name: '.bss', variables: [{ name: '__eunomia_dummy_event_ptr', type: 'struct event *' }] },
      ],
      doc: { version: '1.2', brief: 'Trace opens.', details: 'That is all.' },
      maps: [
        {
          ident: 'start',
          name: 'start',
          sample: { interval: 1000, type: 'log2_hist', unit: 'usecs', clear_map: true },
        },
        { ident: 'events', name: 'events', export_config: { btf_type_id: 7 } },
      ],
      obj_name: 'opensnoop_bpf',
      progs: [
        {
          name: 'a',
          attach: 'tc',
          link: true,
          tchook: { ifindex: 3, attach_point: 'BPF_TC_EGRESS' },
          tcopts: { handle: 1, priority: 2 },
        },
        { name: 'b', attach: 'xdp', link: true, ifindex: 4, flags: 0, xdpopts: { old_prog_fd: 0 } },
      ],
    },
    export_types: [{ name: 'event', size: 312, type_id: 7, members: [{ name: 'pid', type: 'int' }] }],
    eunomia_version: '0.3.4',
  },
});

const read = (document: unknown) => readPackage(Buffer.from(JSON.stringify(document)), 'package.json');

t.test('a package as ecc writes it now', async t => {
  const packed = read(current());
  t.same(packed.object, object);
  t.equal(packed.name, 'opensnoop_bpf');
  t.match(packed.doc, { brief: 'Trace opens.', version: '1.2', details: 'That is all.' });
  t.same(
    packed.variables.map(v => [v.name, v.description, v.value, v.long, v.short, v.isArgument]),
    [
      ['targ_pid', 'Process ID to trace', undefined, undefined, undefined, false],
      ['targ_failed', 'only failed', true, 'failed', 'x', true],
    ],
  );
  t.match(packed.maps, [
    { name: 'start', sample: { intervalMs: 1000, type: 'log2_hist', unit: 'usecs', clear: true } },
    { name: 'events', exportConfig: { typeId: 7 } },
  ]);
  t.match(packed.programs, [
    { name: 'a', ifindex: 3, direction: 'egress', handle: 1, priority: 2 },
    { name: 'b', ifindex: 4, flags: 0, direction: undefined },
  ]);
  t.match(packed.exported, { structs: [{ name: 'event', size: 312, typeId: 7 }] });
});

t.test('packages of before', async t => {
  const older = {
    bpf_object: `${base64(deflateSync(object)).slice(0, 76)}\n${base64(deflateSync(object)).slice(76)}`,
    meta: {
      bpf_skel: { maps: [], progs: null, data_sections: [], obj_name: 'client_bpf' },
      export_types: { export_btf: base64(new Uint8Array([1, 2])), structs: [{ id: 2, name: 'event' }] },
    },
  };
  const packed = read(older);
  t.same(packed.object, object, 'the size is newer, and base64 may come in lines');
  t.same(packed.exported, {
    btf: Buffer.from([1, 2]),
    structs: [{ name: 'event', declaration: undefined, typeId: 2, size: undefined }],
  });
  const first = {
    name: 'opensnoop',
    version: '0.1.0',
    description: 'Opens',
    data_sz: object.length,
    data: base64(object),
    maps: [],
    progs: [],
  };
  t.same(read(first).object, object, 'the first ones have the object as it is');
  const fields = [
    { Name: 'pid', Type: 'int', LLVMType: 'i32', FieldOffset: 0 },
    { Name: 'comm', Type: 'char [16]', LLVMType: '[16 x i8]', FieldOffset: 32 },
  ];
  const event = { 'Struct Name': 'event', Size: 160, DataSize: 160, Alignment: 32, Fields: fields };
  const maps = [{ name: 'events', type: 'BPF_MAP_TYPE_PERF_EVENT_ARRAY', export_data_types: event }];
  t.match(read({ ...first, maps }).exported?.structs, [
    { name: 'event', declaration: 'int pid; char comm[16];', size: 20 },
  ]);
  t.match(read(first).doc, { description: 'Opens', version: '0.1.0' });
});

/** A package with another value, or none, in one place: `meta.bpf_skel.maps[0].name`. */
function broken(path: string, value: unknown): unknown {
  const document: unknown = structuredClone(current());
  const names = path.split(/[.[\]]+/).filter(Boolean);
  const last = names.pop() ?? '';
  const holder = names.reduce((at, name) => (at as Record<string, unknown>)[name], document);
  (holder as Record<string, unknown>)[last] = value;
  return document;
}

t.test('damaged packages', async t => {
  const skeleton = 'meta.bpf_skel';
  const argument = `${skeleton}.data_sections[0].variables[1].cmdarg`;
  const cases: [field: string, value: unknown, RegExp][] = [
    ['bpf_object', 7, /to be a string/],
    ['bpf_object', 'ab*d', /not base64: there is "\*" at 2/],
    ['bpf_object', '', /empty/],
    ['bpf_object', current().bpf_object.slice(0, 400), /zlib/],
    ['bpf_object', undefined, /no package of ecc/],
    ['bpf_object_size', 5, /says 5 bytes, but the object has \d+/],
    ['meta', undefined, /missing/],
    [skeleton, undefined, /missing/],
    [`${skeleton}.maps`, {}, /array/],
    [`${skeleton}.progs[1].name`, undefined, /missing/],
    [`${skeleton}.progs[0].tchook.attach_point`, 'X', /BPF_TC_INGRESS/],
    [`${argument}.short`, 'xy', /one letter/],
    [`${argument}.long`, 'a b', /a word/],
    [`${argument}.default`, [], /number, a string/],
    [`${skeleton}.maps[0].sample.type`, 'pie', /log2_hist/],
    [`${skeleton}.maps[0].sample.interval`, undefined, /missing/],
    ['meta.export_types[0].name', undefined, /missing/],
  ];
  for (const [field, value, message] of cases) {
    const what = `${field} ${JSON.stringify(value)?.slice(0, 20)}`;
    try {
      read(broken(field, value));
      t.fail(what);
    } catch (error) {
      t.ok(error instanceof FormatError, what);
      const { field: told, file, message: text } = error as FormatError;
      t.same([told, file], [field, 'package.json'], what);
      t.match(text, message, what);
    }
  }
  t.throws(() => read(current().meta), { field: 'bpf_object', message: /without the object/ });
  t.throws(() => readPackage(Buffer.from('{"a":'), 'x.json'), { message: /x\.json: is not JSON/ });
  t.throws(() => readPackage(new Uint8Array([0x7b, 0xff]), 'x.json'), { message: /is not JSON/ });
});

t.test('rawbpf package writes what ecc writes', async t => {
  const output = join(t.testdir(), 'package.json');
  const { status, stderr } = rawbpf('package', fixture('opensnoop'), '-o', output);
  t.equal(status, 0, stderr);
  const { bpf_object, ...document } = JSON.parse(readFileSync(output, 'utf8'));
  t.same(inflateSync(Buffer.from(bpf_object, 'base64')), object);
  const tracepoint = (name: string) => ({
    attach: `tracepoint/syscalls/${name}`,
    link: true,
    name: `tracepoint__syscalls__${name}`,
  });
  // ecc's own package of this program (examples/bpftools/opensnoop of eunomia-bpf) has these members, with its names.
  t.same(document, {
    bpf_object_size: object.length,
    meta: {
      bpf_skel: {
        data_sections: [
          {
            name: '.rodata',
            variables: [
              { name: 'targ_pid', type: 'pid_t' },
              { name: 'targ_tgid', type: 'pid_t' },
              { name: 'targ_uid', type: 'uid_t' },
              { name: 'targ_failed', type: '_Bool' },
            ],
          },
        ],
        maps: [
          { ident: 'start', name: 'start' },
          { ident: 'events', name: 'events' },
          { ident: 'rodata', mmaped: true, name: 'opensnoo.rodata' },
        ],
        obj_name: 'opensnoop_bpf',
        progs: ['sys_enter_open', 'sys_enter_openat', 'sys_exit_open', 'sys_exit_openat'].map(tracepoint),
      },
      eunomia_version: '0.3.4',
      export_types: document.meta.export_types,
    },
  });
  const [event, ...others] = document.meta.export_types;
  t.same(others, []);
  t.match(event, { name: 'event', size: Number, type_id: Number });
  t.same(event.members.at(-1), { name: 'fname', type: 'char[255]' });
  const refused = rawbpf('package', output, '-o', output);
  t.equal(refused.status, 1);
  t.match(refused.stderr, /one of the inputs/);
});

t.test('what the comments of a source say', async t => {
  const source = `
/// @brief Counts.
/// @details It counts calls,
/// and no more.
char LICENSE[] SEC("license") = "GPL";

/// Process ID to trace
const volatile int pid_target = 0;
/// @cmdarg {"default": false, "short": "f", "long": "failed"}
/// @description trace only failed events
const volatile bool targ_failed = false;
const volatile int bare = 0;

/// @sample {"interval": 1000, "type" : "log2_hist"}
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
} hists SEC(".maps");

/// @tchook {"ifindex":1, "attach_point":"BPF_TC_INGRESS"}
SEC("tc")
int tc_ingress(struct __sk_buff *ctx) {
  return 0;
}

/** Called at entry. */
SEC("kprobe/x")
int BPF_KPROBE(at_entry, int a)
{
  return 0;
}
`;
  const { doc, variables, maps, programs } = sourceDocs(source, 'x.bpf.c');
  t.same(doc, { brief: 'Counts.', details: 'It counts calls, and no more.' });
  t.same(
    [...variables],
    [
      ['pid_target', { description: 'Process ID to trace' }],
      [
        'targ_failed',
        { cmdarg: { default: false, short: 'f', long: 'failed' }, description: 'trace only failed events' },
      ],
    ],
  );
  t.same([...maps], [['hists', { sample: { interval: 1000, type: 'log2_hist' } }]]);
  t.same(
    [...programs],
    [
      ['tc_ingress', { tchook: { ifindex: 1, attach_point: 'BPF_TC_INGRESS' } }],
      ['at_entry', { description: 'Called at entry.' }],
    ],
  );
  t.throws(() => sourceDocs('/// @cmdarg {"a"\nint x = 0;\n', 'y.bpf.c'), {
    message: /y\.bpf\.c: .*line 1: @cmdarg: is not JSON/,
  });
});

t.test('the flags of a package, in its help', async t => {
  const file = join(t.testdir(), 'package.json');
  writeFileSync(file, JSON.stringify(current()));
  const { status, stdout, stderr } = rawbpf('run', file, '--help');
  t.equal(status, 0, stderr);
  t.match(stdout, /Trace opens\. \(1\.2\)/);
  t.match(stdout, /--targ-pid <number> +Process ID to trace \(pid_t, default 0\)/);
  t.match(stdout, /-x, --failed +only failed \(_Bool, default true\)/);
  t.match(stdout, /That is all\.\n/);
  t.notMatch(stdout, /dummy/);
});

t.test('a package of ours runs, and its events have the types it exports', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = t.testdir();
  const [file, missing] = [join(folder, 'package.json'), join(folder, 'missing')];
  t.equal(rawbpf('package', fixture('opensnoop'), '-o', file).status, 0);
  const child = waitingChild(`< ${missing}; true`);
  t.teardown(() => child.close());
  const run = startRawbpf('run', file, '--targ-tgid', String(child.pid), '--json', '--count', '1');
  await run.until(({ stderr }) => stderr.includes('attached'));
  await child.release();
  t.equal(await run.finished, 0, run.stderr);
  t.match(JSON.parse(run.stdout), { pid: child.pid, comm: 'sh', fname: missing, ret: -2 });
  const other = JSON.parse(readFileSync(file, 'utf8'));
  other.meta.export_types[0].size = 4;
  writeFileSync(file, JSON.stringify(other));
  const refused = rawbpf('run', file, '--duration', '0.1');
  t.equal(refused.status, 1);
  t.match(refused.stderr, /export_types: struct event: says 4 bytes, but it has \d+/);
});
