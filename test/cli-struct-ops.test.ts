import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Kernel, versionCode } from '../src/kernel/index.js';
import { liveSys } from '../src/syscall/index.js';
import { ownBpffs } from './bpffs.js';
import { CliSession } from './cli-session.js';
import { compile } from './compile.js';
import { needs, run, which } from './live.js';
import { fixture } from './repository.js';
import { until } from './until.js';

const name = `cli${process.pid}`;
/** A congestion control of a name of this process's own, as the kernel and the map have it. */
const source = (section: string): string => `
struct sock;
struct tcp_congestion_ops {
  char name[16];
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*ssthresh)(struct sock *sk);
  u32 (*undo_cwnd)(struct sock *sk);
};
SEC("struct_ops/cong_avoid") void avoid(u64 *ctx) {}
SEC("struct_ops/ssthresh") u32 threshold_of_a_long_name(u64 *ctx) { return 2; }
SEC("struct_ops/undo_cwnd") u32 undo(u64 *ctx) { return 2; }
SEC("${section}") struct tcp_congestion_ops ${name} = {
  .name = "${name}", .cong_avoid = (void *)avoid, .ssthresh = (void *)threshold_of_a_long_name, .undo_cwnd = (void *)undo,
};
`;

const kernel = Kernel.running(liveSys());

function isAble(t: Test): boolean {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'clang'] })) return false;
  if (kernel.btf?.findByName('bpf_struct_ops_tcp_congestion_ops', 'struct')) return true;
  t.plan(0, 'this kernel has no struct_ops for TCP congestion control (CONFIG_NET, Linux 5.6)');
  return false;
}

const available = (): readonly string[] =>
  readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').trim().split(' ');

t.test('register, list, dump, unregister', async t => {
  if (!isAble(t)) return;
  const session = new CliSession(t);
  // Nothing else would take it back when the test ends early.
  t.teardown(() => spawnSync(which('bpftool') ?? '', ['struct_ops', 'unregister', 'name', name]));
  const { status, stderr } = await session.run('struct-ops', 'register', compile(t, source('.struct_ops')));
  t.equal(status, 0, stderr);
  const [, id = ''] = /^rawbpf: registered tcp_congestion_ops \w+ id (\d+)\n$/.exec(stderr) ?? [];
  t.ok(available().includes(name), 'it stays when the command has ended');

  // An array in later ones than bpftool 7.1.
  const shown = [JSON.parse(run('bpftool', '-j', 'struct_ops', 'show', 'id', id))].flat();
  t.same(await session.json(t, 'struct-ops', 'show', 'id', id), shown);
  t.same(await session.json(t, 'struct_ops', 'list', 'name', name), shown);
  t.match(await session.done(t, 'struct-ops', 'list'), `${id}: ${name.padEnd(15)} tcp_congestion_ops\n`);
  const ours = JSON.parse(await session.done(t, 'struct-ops', 'dump', 'id', id));
  // With -j, bpftool 7.1 prints the two objects one behind the other, which is no JSON.
  const [info, value] = run('bpftool', '-j', 'struct_ops', 'dump', 'id', id).split(/(?<=^\{.*?\}\}),?(?=\{)/);
  t.same(ours, [JSON.parse(info ?? ''), JSON.parse(value ?? '')]);
  t.match(ours[1], {
    bpf_struct_ops_tcp_congestion_ops: {
      data: { ssthresh: /^u32 \(struct sock \*\) threshold_of_a_long_name\/prog_id:\d+$/, name },
    },
  });

  const gone = await session.run('struct-ops', 'unregister', 'name', name, '--json');
  t.match(gone, {
    status: 0,
    stdout: 'null\n',
    stderr: `rawbpf: unregistered tcp_congestion_ops ${name} id ${id}\n`,
  });
  t.notOk(available().includes(name));
  await session.refused(t, /the kernel has no such struct_ops map/, 'struct-ops', 'unregister', 'name', name);
  await session.refused(t, /the kernel has no such struct_ops map/, 'struct-ops', 'dump', 'id', '1');
  await session.refused(t, /no struct_ops in it/, 'struct-ops', 'register', fixture('minimal'));
});

t.test('one of a link stays with its pin', async t => {
  if (!isAble(t)) return;
  if (kernel.versionCode < versionCode('6.4')) return t.plan(0, 'links of struct_ops came with Linux 6.4');
  const session = new CliSession(t);
  const pins = ownBpffs(t);
  const object = compile(t, source('.struct_ops.link'));
  await session.refused(t, /give a folder of a bpf file system/, 'struct-ops', 'register', object);
  const { status, stderr } = await session.run('struct-ops', 'register', object, pins);
  t.equal(status, 0, stderr);
  t.match(stderr, /registered tcp_congestion_ops \w+ map id \d+ link id \d+/);
  t.ok(available().includes(name));
  await session.refused(t, /a link registers it: detach that/, 'struct-ops', 'unregister', 'name', name);
  rmSync(join(pins, name));
  await until(() => !available().includes(name));
  t.notOk(available().includes(name));
});
