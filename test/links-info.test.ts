import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfAttachType, PerfTypeId } from '../src/abi/index.js';
import { BpfObject, type LinkInfo, listLinks, type Program } from '../src/index.js';
import { createLink, type LinkCreateFields } from '../src/programs/links/bpf-link.js';
import { Link } from '../src/programs/links/link.js';
import { linkPerfEvent } from '../src/programs/links/open-perf-event.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { ownCgroup } from './test-cgroup.js';

interface Theirs {
  readonly id: number;
  readonly type: string;
  readonly prog_id: number;
  readonly [field: string]: unknown;
}

/** Attaches one program of the object and compares the link's info with what bpftool says of it, where it knows the type. */
function compare(
  t: Test,
  program: string,
  attach: (program: Program, object: BpfObject) => Link,
  look: (info: LinkInfo, theirs: Theirs, t: Test) => void,
): void {
  t.test(program, async t => {
    using object = BpfObject.open(fixture('test-links-life')).load({ programs: [program], pinRoot: false });
    using link = attach(object.program(program), object);
    const info = link.info();
    const theirs = JSON.parse(run('bpftool', '-j', 'link', 'show', 'id', String(info.id))) as Theirs;
    t.equal(info.id, theirs.id);
    t.equal(info.progId, theirs.prog_id);
    t.equal(info.progId, object.program(program).info().id);
    // An older bpftool writes the number of a type that it does not know.
    t.equal(typeof theirs.type === 'number' ? info.type : info.typeName, theirs.type);
    t.same(
      [...listLinks()].find(({ id }) => id === info.id),
      info,
      'it is listed',
    );
    look(info, theirs, t);
  });
}

function raw(program: Program, kind: Link['kind'], fields: LinkCreateFields): Link {
  if (kind === 'struct_ops' || kind === 'unknown') throw new TypeError(kind);
  return new Link(createLink(program, { kind, target: 'it' }, fields), program);
}

function withFolder<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

t.test('info tells what bpftool tells, by type', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  compare(
    t,
    'on_tracepoint',
    program =>
      program.attachTo({ kind: 'tracepoint', category: 'syscalls', name: 'sys_enter_getpgid', cookie: 77n }),
    (info, _theirs, t) =>
      t.match(info, { typeName: 'perf_event', event: 'tracepoint', name: 'sys_enter_getpgid', cookie: 77n }),
  );
  compare(
    t,
    'on_raw_tracepoint',
    program => program.attachTo({ kind: 'raw_tracepoint', name: 'sys_enter', cookie: 5n }),
    (info, theirs, t) => t.match(info, { typeName: 'raw_tracepoint', name: theirs['tp_name'], cookie: 5n }),
  );
  compare(
    t,
    'on_typed',
    program => raw(program, 'tracing', { tracing: { cookie: 6n } }),
    (info, theirs, t) => t.match(info, { typeName: 'raw_tracepoint', name: theirs['tp_name'], cookie: 6n }),
  );
  compare(
    t,
    'first',
    program =>
      withFolder(ownCgroup(), target_fd =>
        raw(program, 'cgroup', { target_fd, attach_type: BpfAttachType.BPF_CGROUP_INET_EGRESS }),
      ),
    (info, theirs, t) =>
      t.match(info, {
        typeName: 'cgroup',
        attachType: BpfAttachType.BPF_CGROUP_INET_EGRESS,
        attachTypeName: theirs['attach_type'],
        cgroupId: BigInt(theirs['cgroup_id'] as number),
      }),
  );
  compare(
    t,
    'on_lookup',
    program => withFolder('/proc/self/ns/net', target_fd => raw(program, 'netns', { target_fd })),
    (info, theirs, t) =>
      t.match(info, {
        typeName: 'netns',
        netnsIno: statSync('/proc/self/ns/net').ino,
        attachTypeName: theirs['attach_type'],
      }),
  );
  compare(
    t,
    'on_netfilter',
    program => raw(program, 'netfilter', { netfilter: { pf: 2, hooknum: 1, priority: -5, flags: 0 } }),
    (info, _theirs, t) => t.match(info, { typeName: 'netfilter', pf: 2, hooknum: 1, priority: -5, flags: 0 }),
  );
  compare(
    t,
    'over_tasks',
    program => raw(program, 'iter', { iter_info: words(0, process.pid), iter_info_len: 8 }),
    (info, theirs, t) =>
      t.match(info, { typeName: 'iter', target: theirs['target_name'], pid: process.pid, tid: undefined }),
  );
  compare(
    t,
    'over_cgroups',
    program =>
      withFolder(ownCgroup(), fd =>
        raw(program, 'iter', { iter_info: words(2, fd, 0, 0), iter_info_len: 16 }),
      ),
    (info, theirs, t) =>
      t.match(info, {
        typeName: 'iter',
        target: 'cgroup',
        cgroupId: BigInt(theirs['cgroup_id'] as number),
        order: 2,
        mapId: undefined,
      }),
  );
  compare(
    t,
    'over_elements',
    (program, object) =>
      raw(program, 'iter', { iter_info: words(object.map('elements').fd), iter_info_len: 4 }),
    (info, theirs, t) => t.match(info, { typeName: 'iter', mapId: theirs['map_id'], cgroupId: undefined }),
  );
  compare(
    t,
    'on_event',
    program =>
      new Link(
        linkPerfEvent(program, {
          kind: 'perf_event',
          target: 'page-faults',
          attr: { type: PerfTypeId.PERF_TYPE_SOFTWARE, config: 2, sample_period: 1_000_000 },
          cookie: 8n,
        }),
        program,
      ),
    (info, _theirs, t) =>
      t.match(info, {
        typeName: 'perf_event',
        event: 'event',
        perfType: PerfTypeId.PERF_TYPE_SOFTWARE,
        config: 2n,
        cookie: 8n,
      }),
  );
  // No process runs the copy, so that probes in it cost nobody anything.
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-links-info-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'true');
  copyFileSync('/bin/true', binary);
  const numbers = (...values: bigint[]) => new Uint8Array(BigUint64Array.from(values).buffer);
  compare(
    t,
    'on_functions',
    program =>
      raw(program, 'uprobe_multi', {
        uprobe_multi: {
          path: binary,
          offsets: numbers(0x2000n, 0x2010n),
          cookies: numbers(1n, 0xfedcba9876543210n),
          cnt: 2,
          flags: 1,
          pid: process.pid,
        },
      }),
    (info, _theirs, t) =>
      t.match(info, {
        typeName: 'uprobe_multi',
        path: binary,
        pid: process.pid,
        retprobe: true,
        places: [
          { offset: 0x2000n, refCtrOffset: 0n, cookie: 1n },
          { offset: 0x2010n, refCtrOffset: 0n, cookie: 0xfedcba9876543210n },
        ],
      }),
  );
});
