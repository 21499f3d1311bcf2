import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Kernel } from '../src/kernel/index.js';
import { openMap, StructOpsMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { liveSys } from '../src/syscall/index.js';
import { compile } from './compile.js';
import { needs, run } from './live.js';

/** A congestion control that only halves, of a name of this process's own. */
const source = (section: string): string => `
struct sock;
struct tcp_congestion_ops {
  char name[16];
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*ssthresh)(struct sock *sk);
  u32 (*undo_cwnd)(struct sock *sk);
};
SEC("struct_ops/cong_avoid") void avoid(u64 *ctx) {}
SEC("struct_ops/ssthresh") u32 ssthresh(u64 *ctx) { return 2; }
SEC("struct_ops/undo_cwnd") u32 undo(u64 *ctx) { return 2; }
SEC("${section}") struct tcp_congestion_ops halving = {
  .name = "${name}", .cong_avoid = (void *)avoid, .ssthresh = (void *)ssthresh, .undo_cwnd = (void *)undo,
};
`;
const name = `rawbpf${process.pid}`;

const available = (): readonly string[] =>
  readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').trim().split(' ');

function isAble(t: Test): boolean {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'clang'] })) return false;
  if (Kernel.running(liveSys()).btf?.findByName('bpf_struct_ops_tcp_congestion_ops', 'struct')) return true;
  t.plan(0, 'this kernel has no struct_ops for TCP congestion control (CONFIG_NET, Linux 5.6)');
  return false;
}

t.test('a congestion control is registered, and taken back', async t => {
  if (!isAble(t)) return;
  using object = BpfObject.open(compile(t, source('.struct_ops'))).load();
  const map = object.map('halving', StructOpsMap);
  t.equal(map.state, 'init');
  t.equal(map.unregister(), false);
  t.notOk(available().includes(name));
  map.register();
  t.equal(map.state, 'inuse');
  t.ok(available().includes(name), 'the kernel offers it');
  const ssthresh = BigInt(object.program('ssthresh').info().id);
  t.match(map.value(), { data: { name, ssthresh } });
  const shown = run('bpftool', 'struct_ops', 'dump', 'id', String(map.id));
  t.match(shown, `ssthresh/prog_id:${ssthresh}"`, 'as bpftool');
  t.match(shown, /"state": "BPF_STRUCT_OPS_STATE_INUSE"/);
  t.throws(() => map.register(), { errnoName: 'EBUSY', message: /is, or was, registered/ });
  {
    using other = BpfObject.open(compile(t, source('.struct_ops'))).load();
    t.throws(() => other.map('halving', StructOpsMap).register(), {
      errnoName: 'EEXIST',
      message: /of its name/,
    });
  }
  using again = openMap({ id: map.id }, { kind: StructOpsMap });
  t.equal(again.state, 'inuse');
  t.match(again.value(), map.value());
  t.throws(() => again.register(), { name: 'TypeError', message: /object/ });
  t.equal(map.unregister(), true);
  t.equal(map.unregister(), false);
  t.notOk(available().includes(name));
  t.not(map.state, 'inuse');
});

t.test('closing takes back what was registered', async t => {
  if (!isAble(t)) return;
  const object = BpfObject.open(compile(t, source('.struct_ops'))).load();
  object.map('halving', StructOpsMap).register();
  t.ok(available().includes(name));
  object.close();
  object.close();
  t.notOk(available().includes(name));
  t.throws(() => object.map('halving'), { code: 'ERR_RAWBPF_STATE' });
});

t.test('what a link must register says so', async t => {
  if (!isAble(t)) return;
  using object = BpfObject.open(compile(t, source('.struct_ops.link'))).load();
  t.throws(() => object.map('halving', StructOpsMap).register(), {
    name: 'TypeError',
    message: /attachStructOps/,
  });
});
