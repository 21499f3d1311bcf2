import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import {
  bpf,
  FakeSys,
  MapElem,
  SYSCALL_CHANNEL,
  type SyscallEvent,
  subscribeSyscalls,
  traced,
} from '../src/syscall/index.js';

const create = { map_type: 1, key_size: 4, value_size: 4, max_entries: 4 };

function collect(): { events: SyscallEvent[]; stop: () => void } {
  const events: SyscallEvent[] = [];
  return { events, stop: subscribeSyscalls(event => events.push(event)) };
}

t.test('every call is published, with copies from before and after it', async t => {
  const sys = traced(new FakeSys());
  const { events, stop } = collect();
  const fd = bpf(sys, BpfCmd.BPF_MAP_CREATE, create);
  const elem = new MapElem(sys, fd, 4, 4);
  elem.key.set([1]);
  elem.value.set([7]);
  elem.update(0);
  elem.value.set([0]);
  elem.lookup();
  elem.value.set([9]);
  sys.close(fd);
  stop();
  sys.close(fd);
  t.same(
    events.map(event => [event.name, event.name === 'bpf' ? event.cmd : undefined, event.result]),
    [
      ['bpf', BpfCmd.BPF_MAP_CREATE, fd],
      ['bpf', BpfCmd.BPF_MAP_UPDATE_ELEM, 0],
      ['bpf', BpfCmd.BPF_MAP_LOOKUP_ELEM, 0],
      ['close', undefined, 0],
    ],
  );
  const lookup = events[2]!;
  if (lookup.name !== 'bpf') throw new Error('no lookup');
  t.equal(lookup.size, 32);
  t.ok(lookup.durationNs >= 0);
  const [key, value] = lookup.memory;
  t.same(
    [key?.before, value?.before, value?.after].map(bytes => bytes?.[0]),
    [1, 0, 7],
  );
});

t.test('calls other than bpf()', async t => {
  const sys = traced(new FakeSys());
  const { events, stop } = collect();
  const fd = sys.perfEventOpen(new Uint8Array(112), -1, 0, -1, 8);
  sys.ioctl(fd, 0x2400, 0);
  const mapping = sys.mmap(fd, 4096, 1, 1, 0);
  sys.mmap(-9, 4096, 1, 1, 0);
  sys.setMemlock(1n);
  const pidfd = sys.pidfdOpen(7);
  sys.interfaceIndex('lo');
  const file = sys.openToAppend('/a/file');
  sys.write(file, new Uint8Array([97]));
  sys.close(fd);
  stop();
  t.match(events, [
    { name: 'perf_event_open', pid: -1, cpu: 0, groupFd: -1, flags: 8, result: fd },
    { name: 'ioctl', fd, request: 0x2400, arg: 0, result: 0 },
    { name: 'mmap', fd, length: 4096, result: 0, address: (mapping as { address: bigint }).address },
    { name: 'mmap', fd: -9 },
    { name: 'prlimit64', bytes: 1n },
    { name: 'pidfd_open', pid: 7, result: pidfd },
    { name: 'if_nametoindex', interface: 'lo', result: 1 },
    { name: 'openat', path: '/a/file', result: file },
    { name: 'write', fd: file, bytes: new Uint8Array([97]), result: 1 },
    { name: 'close', fd },
  ]);
  t.equal(events.length, 10);
});

t.test('without a subscriber nothing is copied, and the arguments pass as they are', async t => {
  const inner = new FakeSys();
  const seen: unknown[] = [];
  inner.bpf = (...args) => seen.push(args);
  const sys = traced(inner);
  const args = [0, new Uint8Array(72), 72, [], 4096] as const;
  sys.bpf(...args);
  t.same(seen, [args]);
  t.equal((seen[0] as unknown[])[1], args[1]);
});

t.test('the channel has the name that it is known by', async t => {
  const events: unknown[] = [];
  const listener = (event: unknown) => events.push(event);
  subscribe('rawbpf:syscall', listener);
  t.equal(SYSCALL_CHANNEL, 'rawbpf:syscall');
  traced(new FakeSys()).close(99);
  unsubscribe('rawbpf:syscall', listener);
  t.match(events, [{ name: 'close', fd: 99, result: -9 }]);
});

t.test('huge memory is copied only in part', async t => {
  const sys = traced(new FakeSys());
  const { events, stop } = collect();
  bpf(sys, BpfCmd.BPF_BTF_LOAD, { btf: new Uint8Array(3 << 20), btf_size: 3 << 20 });
  stop();
  const [event] = events;
  if (event?.name !== 'bpf') throw new Error('no event');
  t.equal(event.memory[0]?.length, 3 << 20);
  t.equal(event.memory[0]?.before.length, 1 << 20);
});
