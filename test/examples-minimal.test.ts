import { join } from 'node:path';
import t from 'tap';
import { node, nodeAs } from './cli-process.js';
import { needs } from './live.js';
import { repository } from './repository.js';
import { traceLock } from './trace-lock.js';

const minimal = join(repository, 'dist/examples/minimal.js');

t.test('shows its calls and what the child’s writes trace', async t => {
  if (!needs(t, { bpf: true })) return;
  await traceLock(t);
  const { status, stdout, stderr } = node(minimal);
  t.equal(status, 0, stderr);
  t.equal(stderr, '');
  const [, pid] = /in process (\d+):/.exec(stdout) ?? [];
  for (const call of [
    /^bpf\(BPF_BTF_LOAD, .*\) = \d+$/m,
    /^bpf\(BPF_MAP_CREATE, \{map_type=BPF_MAP_TYPE_ARRAY, .*map_name="minimal\.rodata".*\) = \d+$/m,
    /^bpf\(BPF_PROG_LOAD, \{prog_type=BPF_PROG_TYPE_TRACEPOINT, .*prog_name="handle_tp".*\) = \d+$/m,
    /^perf_event_open\(\{type=PERF_TYPE_TRACEPOINT, .*\) = \d+$/m,
    /^bpf\(BPF_LINK_CREATE, .*\) = \d+$/m,
    /^ioctl\(\d+, PERF_EVENT_IOC_ENABLE, 0\) += 0$/m,
  ])
    t.match(stdout, call);
  const traced = stdout.match(new RegExp(`-${pid} .*BPF triggered sys_enter_write from PID ${pid}\\.`, 'g'));
  t.equal(traced?.length, 3, stdout);
  for (const line of [1, 2, 3]) t.match(stdout, `the child writes line ${line}`);
});

t.test('without root: says so, prints the plan, and that is no failure', async t => {
  if (!needs(t, { linux: true })) return;
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const { status, stdout, stderr } = nodeAs(user, minimal);
  t.equal(status, 0, stderr);
  t.equal(stderr, '');
  t.match(stdout.split('\n')[0], /not root/);
  t.match(stdout, /^bpf\(BPF_PROG_LOAD, \{prog_type=BPF_PROG_TYPE_TRACEPOINT, /m);
});
