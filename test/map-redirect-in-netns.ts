/** A test of its own network namespace, started by map-redirect.test.ts; `XSK_FD` is an AF_XDP socket. */
import { cpus } from 'node:os';
import t from 'tap';
import { CpuMap, DevMap, DevMapHash, XskMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { dumped, hexWords } from './dumped.js';
import { run } from './live.js';
import { fixture } from './repository.js';
import { testRunPacket } from './test-run.js';

const [XDP_DROP, XDP_REDIRECT] = [1, 4];
const open = (): BpfObject => BpfObject.open(fixture('test-map-net')).load();

run('ip', 'link', 'add', 'rawbpf0', 'type', 'veth', 'peer', 'name', 'rawbpf1');
run('ip', 'link', 'set', 'rawbpf0', 'up');
run('ip', 'link', 'set', 'rawbpf1', 'up');
const ifindex = (name: string): number =>
  (JSON.parse(run('ip', '-j', 'link', 'show', name)) as [{ ifindex: number }])[0].ifindex;
const [first, second] = [ifindex('rawbpf0'), ifindex('rawbpf1')];

t.test('devices by index', async t => {
  using object = open();
  const map = object.map('devices', DevMap);
  const onDevice = object.program('on_device');
  t.same([...map], []);
  map.set(0, first).set(1, 'rawbpf1').set(2, { ifindex: 'rawbpf0', program: onDevice });
  const programId = onDevice.info().id;
  t.same(
    [...map],
    [
      [0, { ifindex: first }],
      [1, { ifindex: second }],
      [2, { ifindex: first, programId }],
    ],
  );
  t.same(map.get(3), undefined);
  for (const [index, device] of [
    [0, first],
    [1, second],
    [3, 0],
  ] as const) {
    object.globals['wanted'] = index;
    t.equal(testRunPacket(object.program('which_device')), device);
    t.equal(testRunPacket(object.program('to_device')), device ? XDP_REDIRECT : XDP_DROP);
  }
  const theirs = dumped(map).map(({ value }) => value);
  t.same(
    theirs.slice(0, 3).map(hexWords),
    [
      [first, 0],
      [second, 0],
      [first, programId],
    ],
    'as bpftool dumps it',
  );
  t.equal(map.delete(0), true);
  t.equal(testRunPacket(object.program('to_device')), XDP_DROP);
  t.throws(() => map.set(0, 'rawbpf2'), { errnoName: 'ENODEV', message: /devices: value: ifindex: rawbpf2/ });
  t.throws(() => map.set(0, 4000), /EINVAL.*no interface of this network namespace/);
  t.throws(() => map.set(4, first), /E2BIG/);
  t.throws(() => map.set(0, 0), { name: 'TypeError', message: /ifindex: 0 is neither/ });
  t.throws(() => map.set(0, 'a\0b'), { name: 'TypeError', message: /not a name/ });
  t.throws(() => map.set(0, { ifindex: first, programId } as never), {
    name: 'TypeError',
    message: /programId.*by its fd/,
  });
  t.throws(() => map.set(0, { ifindex: first, program: 'x' as never }), {
    name: 'TypeError',
    message: /value: program/,
  });
  t.throws(() => map.set(0, { ifindex: first, program: object.program('on_cpu') }), /EINVAL/);
  const bare = object.map('bare_devices', DevMap);
  bare.set(3, 'rawbpf0');
  t.same([...bare], [[3, { ifindex: first }]]);
  t.throws(() => bare.set(0, { ifindex: first, program: onDevice }), {
    name: 'TypeError',
    message: /no room for one/,
  });
});

t.test('devices by any number', async t => {
  using object = open();
  const map = object.map('device_hash', DevMapHash);
  map.set(5000, 'rawbpf0').set(second, second);
  t.same(
    new Map(map),
    new Map([
      [5000, { ifindex: first }],
      [second, { ifindex: second }],
    ]),
  );
  object.globals['wanted'] = 5000;
  t.equal(testRunPacket(object.program('to_hashed_device')), XDP_REDIRECT);
  t.equal(map.delete(5000), true);
  t.equal(map.delete(5000), false);
  t.equal(testRunPacket(object.program('to_hashed_device')), XDP_DROP);
  run('ip', 'link', 'del', 'rawbpf0');
  t.same([...map], [], 'an interface that went away');
});

t.test('CPUs', async t => {
  using object = open();
  const map = object.map('cpus', CpuMap);
  const onCpu = object.program('on_cpu');
  t.same([...map], []);
  map.set(0, 192);
  object.globals['wanted'] = 0;
  t.equal(testRunPacket(object.program('to_cpu')), XDP_REDIRECT);
  t.same([...map], [[0, { qsize: 192 }]]);
  map.set(0, { qsize: 64, program: onCpu });
  t.same(map.get(0), { qsize: 64, programId: onCpu.info().id });
  t.same(hexWords(dumped(map)[0]?.value), [64, onCpu.info().id], 'as bpftool dumps it');
  t.throws(() => map.set(0, 0), { name: 'TypeError', message: /cpus: value: qsize: 0/ });
  t.throws(() => map.set(0, 100000), /EOVERFLOW/);
  t.throws(() => map.set(cpus().length + 100, 10), /E2BIG/);
  t.throws(
    () => map.set(0, { qsize: 64, program: object.program('on_device') }),
    /ENOMEM.*section xdp\/cpumap/,
  );
  t.equal(map.delete(0), true);
  t.equal(testRunPacket(object.program('to_cpu')), XDP_DROP);
});

t.test('AF_XDP sockets', async t => {
  using object = open();
  const map = object.map('xsks', XskMap);
  object.globals['wanted'] = 2;
  t.equal(testRunPacket(object.program('to_socket')), XDP_DROP);
  map.set(2, Number(process.env['XSK_FD']));
  t.equal(testRunPacket(object.program('to_socket')), XDP_REDIRECT);
  map.delete(2);
  t.equal(testRunPacket(object.program('to_socket')), XDP_DROP);
  t.throws(() => map.set(2, map.fd), /ENOTSOCK/);
  t.throws(() => map.set(4, Number(process.env['XSK_FD'])), /E2BIG/);
  t.throws(() => map.set(2, 'x' as never), { name: 'TypeError' });
});
