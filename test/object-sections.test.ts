import t from 'tap';
import { BpfAttachType, BpfProgType } from '../src/abi/index.js';
import {
  attachTypeName,
  mapTypeName,
  matchSection,
  progTypeName,
  sectionRules,
} from '../src/object/index.js';
import { needs, run } from './live.js';

t.test('names match alone, with a target, or exactly', async t => {
  const cases: [name: string, pattern: string | undefined, target?: string][] = [
    ['tp/syscalls/sys_enter_write', 'tp+', 'syscalls/sys_enter_write'],
    ['tp', 'tp+'],
    ['tp/', 'tp+'],
    ['tpx/sched', undefined],
    ['tp+', undefined],
    ['kprobe/do_unlinkat', 'kprobe+', 'do_unlinkat'],
    ['kprobe.multi/tcp_*', 'kprobe.multi+', 'tcp_*'],
    ['uprobe.s//bin/true:main', 'uprobe.s+', '/bin/true:main'],
    ['socket', 'socket'],
    ['socket/1', undefined],
    ['xdp', 'xdp'],
    ['xdp/devmap', 'xdp/devmap'],
    ['xdp.frags/cpumap', 'xdp.frags/cpumap'],
    ['xdp/whatever', undefined],
    ['cgroup/sock', 'cgroup/sock'],
    ['cgroup/sock_create', 'cgroup/sock_create'],
    ['iter.s/task', 'iter.s+', 'task'],
    ['struct_ops.s/init', 'struct_ops.s+', 'init'],
    ['', undefined],
    ['.text', undefined],
  ];
  for (const [name, pattern, target] of cases) {
    const match = matchSection(name);
    t.equal(match?.rule.pattern, pattern, name);
    t.equal(match?.target, target, name);
  }
});

t.test('a rule tells type, attach type and flags', async t => {
  const rule = (name: string) => matchSection(name)?.rule;
  t.match(rule('raw_tp.w/x'), { type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, attachType: 0 });
  t.match(rule('fentry.s/x'), {
    type: BpfProgType.BPF_PROG_TYPE_TRACING,
    attachType: BpfAttachType.BPF_TRACE_FENTRY,
    sleepable: true,
    attachBtf: true,
  });
  t.match(rule('syscall'), { type: BpfProgType.BPF_PROG_TYPE_SYSCALL, sleepable: true, attachBtf: false });
  t.match(rule('xdp.frags'), {
    attachType: BpfAttachType.BPF_XDP,
    xdpFrags: true,
    attachTypeOptional: false,
  });
  t.match(rule('xdp'), { attachType: BpfAttachType.BPF_XDP, xdpFrags: false, attachTypeOptional: true });
  t.match(rule('cgroup/connect6'), {
    type: BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    attachType: BpfAttachType.BPF_CGROUP_INET6_CONNECT,
  });
  t.match(rule('fentry.multi/x'), { attachBtf: false, attachType: 59 });
  t.match(rule('lsm_cgroup/x'), {
    type: BpfProgType.BPF_PROG_TYPE_LSM,
    attachType: BpfAttachType.BPF_LSM_CGROUP,
  });
});

t.test('all rows of libbpf 1.8 are there, once', async t => {
  t.equal(sectionRules.length, 116);
  t.equal(new Set(sectionRules.map(r => r.pattern)).size, 116);
});

t.test("the names that this machine's libbpf knows are known", async t => {
  if (!needs(t, { tools: ['bpftool'] })) return;
  // bpftool lists them when it is given a type that it does not know.
  let message = '';
  try {
    run('bpftool', 'prog', 'load', '/dev/null', '/nowhere', 'type', 'no_such_type');
  } catch (error) {
    message = String((error as { stderr?: string }).stderr);
  }
  const listed = /supported section\(type\) names are: (.*)/.exec(message)?.[1]?.trim().split(/\s+/) ?? [];
  t.ok(listed.length > 80, `${listed.length} names`);
  const patterns = new Set(sectionRules.map(r => r.pattern));
  t.same(
    listed.filter(name => !patterns.has(name)),
    [],
  );
});

t.test("types have bpftool's names", async t => {
  t.equal(progTypeName(BpfProgType.BPF_PROG_TYPE_SCHED_CLS), 'sched_cls');
  t.equal(progTypeName(BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE), 'raw_tracepoint_writable');
  t.equal(mapTypeName(19), 'cgroup_storage');
  t.equal(mapTypeName(5), 'percpu_hash');
  t.equal(mapTypeName(34), 'insn_array');
  t.equal(attachTypeName(BpfAttachType.BPF_TRACE_FENTRY), 'trace_fentry');
  t.equal(attachTypeName(58), 'trace_fsession');
  t.equal(progTypeName(999), 'unknown (999)');
});
