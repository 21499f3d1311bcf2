import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfAttachType, PerfTypeId } from '../src/abi/index.js';
import { BpfObject, Kernel, type LinkInfo, listLinks, type Program } from '../src/index.js';
import { versionCode } from '../src/kernel/index.js';
import { createLink, type LinkCreateFields } from '../src/programs/links/bpf-link.js';
import { Link } from '../src/programs/links/link.js';
import { linkPerfEvent } from '../src/programs/links/probes/open-perf-event.js';
import { liveSys } from '../src/syscall/index.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { currentCgroup } from './test-cgroup.js';

// Guests without hardware virtualization take their time.
t.setTimeout(300_000);

interface Theirs {
  readonly id: number;
  readonly type: string;
  readonly prog_id: number;
  readonly [field: string]: unknown;
}

const kernel = Kernel.running(liveSys());
/** The value where this kernel is new enough to tell it, else undefined. */
const since = <T>(version: string, value: T): T | undefined =>
  kernel.versionCode >= versionCode(version) ? value : undefined;

/** Attaches one program of the object, on kernels from a version on that have such links, and compares the link's info with what bpftool says of it, where it knows the type. */
function compare(
  t: Test,
  version: string,
  program: string,
  attach: (program: Program, object: BpfObject) => Link,
  look: (info: LinkInfo, theirs: Theirs, t: Test) => void,
): void {
  t.test(program, async t => {
    if (!since(version, true)) return t.plan(0, `has links since Linux ${version}`);
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

/** What only this type of link has. */
function known({ id, type, progId, ...rest }: LinkInfo): object {
  return rest;
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
    '5.15',
    'on_tracepoint',
    program =>
      program.attachTo({ kind: 'tracepoint', category: 'syscalls', name: 'sys_enter_getpgid', cookie: 77n }),
    (info, _theirs, t) =>
      t.same(known(info), {
        typeName: 'perf_event',
        event: since('6.6', 'tracepoint'),
        ...(since('6.6', true) ? { name: 'sys_enter_getpgid' } : {}),
        cookie: since('6.9', 77n),
      }),
  );
  compare(
    t,
    '5.8',
    'on_raw_tracepoint',
    program =>
      program.attachTo({ kind: 'raw_tracepoint', name: 'sys_enter', cookie: since('6.10', 5n) ?? 0n }),
    (info, theirs, t) =>
      t.same(known(info), {
        typeName: 'raw_tracepoint',
        name: theirs['tp_name'],
        cookie: since('6.17', 5n),
      }),
  );
  compare(
    t,
    '5.18',
    'on_typed',
    program => raw(program, 'tracing', { tracing: { cookie: since('6.10', 6n) ?? 0n } }),
    (info, theirs, t) =>
      t.same(known(info), {
        typeName: 'raw_tracepoint',
        name: theirs['tp_name'],
        cookie: since('6.17', 6n),
      }),
  );
  compare(
    t,
    '5.8',
    'first',
    program =>
      withFolder(currentCgroup(), target_fd =>
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
    '5.9',
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
    '6.4',
    'on_netfilter',
    program => raw(program, 'netfilter', { netfilter: { pf: 2, hooknum: 1, priority: -5, flags: 0 } }),
    (info, _theirs, t) => t.match(info, { typeName: 'netfilter', pf: 2, hooknum: 1, priority: -5, flags: 0 }),
  );
  compare(
    t,
    '6.1',
    'over_tasks',
    program => raw(program, 'iter', { iter_info: words(0, process.pid), iter_info_len: 8 }),
    (info, theirs, t) =>
      t.match(info, { typeName: 'iter', target: theirs['target_name'], pid: process.pid, tid: undefined }),
  );
  compare(
    t,
    '6.1',
    'over_cgroups',
    program =>
      withFolder(currentCgroup(), fd =>
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
    '5.10',
    'over_elements',
    (program, object) =>
      raw(program, 'iter', { iter_info: words(object.map('elements').fd), iter_info_len: 4 }),
    (info, theirs, t) => t.match(info, { typeName: 'iter', mapId: theirs['map_id'], cgroupId: undefined }),
  );
  compare(
    t,
    '6.6',
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
        cookie: since('6.9', 8n),
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
    '6.8',
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
  const symbols = new Map(
    readFileSync('/proc/kallsyms', 'utf8')
      .split('\n')
      .map(line => line.split(/\s/))
      .map(([address, , name]) => [name, BigInt(`0x${address || 0}`)]),
  );
  if (symbols.has('register_kprobe'))
    compare(
      t,
      '5.15',
      'on_kernel_function',
      program => program.attachTo({ kind: 'kprobe', symbol: 'vfs_unlink', offset: 0, cookie: 9n }),
      (info, _theirs, t) => {
        if (info.typeName !== 'perf_event' || info.event !== 'kprobe') {
          t.notOk(since('6.6', true), 'it is told what the event is');
          return;
        }
        const { symbol, offset, missed, cookie } = info;
        t.same(
          { symbol, offset, missed, cookie },
          { symbol: 'vfs_unlink', offset: 0, missed: since('6.7', 0n), cookie: since('6.9', 9n) },
        );
        // The probe is behind the instruction that marks targets of indirect calls, where there is one.
        t.ok([0n, 4n].includes(info.address - symbols.get('vfs_unlink')!), `${info.address}`);
      },
    );
  else t.comment('no kprobe: this kernel has none (CONFIG_KPROBES)');
  if (!symbols.has('register_fprobe')) {
    t.comment('no kprobe_multi: this kernel has none (CONFIG_FPROBE)');
    return;
  }
  const addresses = [symbols.get('vfs_unlink')!, symbols.get('vfs_rmdir')!].sort((a, b) => (a < b ? -1 : 1));
  compare(
    t,
    '5.18',
    'on_kernel_functions',
    program =>
      raw(program, 'kprobe_multi', {
        kprobe_multi: {
          addrs: numbers(...addresses),
          cookies: numbers(3n, 4n),
          cnt: 2,
          flags: 1,
        },
      }),
    (info, _theirs, t) =>
      t.same(known(info), {
        typeName: 'kprobe_multi',
        flags: since('6.6', 1),
        retprobe: since('6.6', true),
        missed: since('6.7', 0n),
        functions: since(
          '6.6',
          addresses.map((address, i) => ({ address, cookie: since('6.9', BigInt(3 + i)) })),
        ),
      }),
  );
});
