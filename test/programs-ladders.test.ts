import t from 'tap';
import { BpfAttachType, BpfMapType, BpfProgType } from '../src/abi/index.js';
import { readFacts } from '../src/kernel/facts.js';
import { explainMapCreate } from '../src/maps/life/explain-map-create.js';
import { newestKernel } from '../src/object/index.js';
import { explainProgLoad } from '../src/programs/explain/explain-prog-load.js';
import { explainAttach } from '../src/programs/links/attach-refused.js';
import { explainToken } from '../src/programs/token.js';
import { Errno } from '../src/syscall/index.js';

const root = 'Name:\tnode\nCapEff:\t000001ffffffffff\n';
const ordinary = 'Name:\tnode\nCapEff:\t0000000000000000\n';
const initialUsers = '         0          0 4294967295\n';
const limits =
  'Limit  Soft Limit  Hard Limit  Units\nMax locked memory         8388608              8388608              bytes\n';

/** Facts of a process as its /proc would tell them. */
function factsOf(
  files: {
    status?: string;
    uidMap?: string;
    disabled?: string;
    limits?: string;
    lockdown?: string;
    kconfig?: readonly string[];
  },
  release = '6.18.0',
) {
  const kernel = {
    ...newestKernel({ release }),
    kconfig: files.kconfig && new Map(files.kconfig.map(option => [option, 'y'])),
    has: (feature: string) => feature !== 'memcg_accounting' || release >= '5.11',
  };
  const texts: Record<string, string | undefined> = {
    '/proc/self/status': files.status ?? root,
    '/proc/self/uid_map': files.uidMap ?? initialUsers,
    '/proc/sys/kernel/unprivileged_bpf_disabled': files.disabled ?? '2\n',
    '/proc/self/limits': files.limits ?? limits,
    '/sys/kernel/security/lockdown': files.lockdown,
  };
  return readFacts(kernel, path => texts[path]);
}

t.test('facts are read from /proc', async t => {
  const facts = factsOf({ lockdown: 'none [integrity] confidentiality\n' });
  t.ok(facts.may('CAP_BPF'));
  t.equal(facts.unprivilegedBpfDisabled, 2);
  t.equal(facts.memlock, 8388608);
  t.equal(facts.lockdown, 'integrity');
  t.notOk(facts.inUserNamespace);
  t.ok(factsOf({ uidMap: '0 1000 1\n' }).inUserNamespace);
  // Bit 21 is CAP_SYS_ADMIN, 39 CAP_BPF, 38 CAP_PERFMON.
  t.ok(
    factsOf({ status: 'CapEff:\t0000000000200000\n' }).may('CAP_PERFMON'),
    'CAP_SYS_ADMIN implies the others',
  );
  const bpfOnly = factsOf({ status: 'CapEff:\t0000008000000000\n' });
  t.ok(bpfOnly.may('CAP_BPF'));
  t.notOk(bpfOnly.may('CAP_PERFMON'));
  const unknown = readFacts(newestKernel(), () => undefined);
  t.ok(unknown.may('CAP_BPF'), 'what cannot be read is not held against the process');
  t.equal(unknown.memlock, undefined);
  t.notOk(unknown.inUserNamespace);
});

const program = (changes: Partial<Parameters<typeof explainProgLoad>[0]>) =>
  explainProgLoad({
    errno: 1,
    type: BpfProgType.BPF_PROG_TYPE_TRACEPOINT,
    attachType: 0,
    insnCount: 10,
    facts: factsOf({}),
    probe: () => true,
    ...changes,
  });

t.test('BPF_PROG_LOAD: EPERM', async t => {
  t.match(
    program({ facts: factsOf({ status: ordinary }) })?.reason,
    'lacks CAP_BPF (and kernel.unprivileged_bpf_disabled is 2)',
  );
  t.equal(
    program({ facts: factsOf({ status: ordinary, disabled: '0\n' }) })?.reason,
    'the process lacks CAP_BPF',
  );
  t.match(program({ facts: factsOf({ uidMap: '0 1000 1' }) })?.reason, 'user namespace');
  t.match(program({ facts: factsOf({ status: 'CapEff:\t0000008000000000\n' }) })?.reason, 'need CAP_PERFMON');
  const xdp = {
    type: BpfProgType.BPF_PROG_TYPE_XDP,
    facts: factsOf({ status: 'CapEff:\t000000c000000000\n' }),
  };
  t.match(program(xdp)?.reason, 'xdp programs need CAP_NET_ADMIN');
  t.match(program({ facts: factsOf({}, '5.10.0') })?.reason, 'RLIMIT_MEMLOCK is 8388608 bytes');
  t.match(
    program({ facts: factsOf({ lockdown: 'none integrity [confidentiality]' }) })?.reason,
    'locked down (confidentiality)',
  );
  const fentry = { type: BpfProgType.BPF_PROG_TYPE_TRACING, attachType: BpfAttachType.BPF_TRACE_FENTRY };
  t.match(program(fentry)?.missing, { feature: 'fentry programs', since: undefined });
  t.match(program({ type: BpfProgType.BPF_PROG_TYPE_EXT })?.missing, { feature: 'freplace programs' });
  t.match(program({})?.reason, 'a security module');
});

t.test('BPF_PROG_LOAD: other errnos', async t => {
  const type = BpfProgType.BPF_PROG_TYPE_NETFILTER;
  t.same(program({ errno: 22, type, probe: () => false })?.missing, {
    feature: 'netfilter programs',
    since: '6.4',
  });
  t.equal(program({ errno: 22, type, probe: () => true }), undefined);
  t.equal(program({ errno: 22, type, probe: () => undefined }), undefined);
  t.match(program({ errno: 7, insnCount: 1_000_001 })?.reason, '1 to 1000000 instructions, this one 1000001');
  t.match(program({ errno: 7 })?.reason, 'older than a field');
  t.match(program({ errno: 524 })?.reason, 'JIT');
  t.match(program({ errno: 12 })?.reason, 'memory');
  t.equal(program({ errno: 9 }), undefined);
});

t.test('BPF_PROG_LOAD: what the kernel was built without', async t => {
  const refused = (type: number, kconfig: readonly string[], errno: number = Errno.EINVAL) =>
    program({ errno, type, facts: factsOf({ kconfig }), probe: () => undefined });
  const { BPF_PROG_TYPE_LSM: lsm, BPF_PROG_TYPE_CGROUP_SYSCTL: sysctl } = BpfProgType;
  t.match(refused(lsm, ['CONFIG_DEBUG_INFO_BTF']), {
    reason: 'it was built without CONFIG_BPF_LSM',
    missing: { feature: 'lsm programs' },
  });
  t.match(refused(lsm, []), { reason: /CONFIG_DEBUG_INFO_BTF and CONFIG_BPF_LSM/ });
  t.match(refused(sysctl, ['CONFIG_NET']), { reason: /CONFIG_CGROUP_BPF/ });
  t.equal(refused(sysctl, ['CONFIG_CGROUP_BPF']), undefined, 'it has all that is needed');
  t.match(program({ errno: Errno.ENOSYS })?.missing?.feature, 'CONFIG_BPF_SYSCALL');
});

t.test(
  'capabilities that the process has stand beside those that it needs; a seccomp filter is named',
  async t => {
    const bpfOnly = factsOf({ status: 'CapEff:\t0000008000000000\n' });
    t.same(bpfOnly.held, ['CAP_BPF']);
    t.match(
      program({ facts: bpfOnly })?.reason,
      'tracepoint programs need CAP_PERFMON besides CAP_BPF; it has CAP_BPF',
    );
    const netOnly = factsOf({ status: 'CapEff:\t0000000000001000\n' });
    t.match(program({ facts: netOnly })?.reason, /lacks CAP_BPF .*; it has CAP_NET_ADMIN$/);
    t.match(program({ facts: factsOf({ status: `${root}Seccomp:\t2\n` }) }), {
      reason: /its seccomp filter or a security module/,
      advice: /seccomp profile/,
    });
  },
);

t.test('BPF_TOKEN_CREATE', async t => {
  t.match(explainToken(Errno.EOPNOTSUPP, '/x')?.reason, 'the initial one');
  t.match(explainToken(Errno.EPERM, '/x')?.reason, '/x was mounted for another one');
  t.match(explainToken(Errno.ENOENT, '/x'), {
    reason: '/x is not there or delegates nothing',
    advice: /delegate_cmds/,
  });
  t.match(explainToken(Errno.EINVAL, '/x')?.advice, '6.9');
  t.equal(explainToken(Errno.ENOMEM, '/x'), undefined);
});

const map = (changes: Partial<Parameters<typeof explainMapCreate>[0]>) =>
  explainMapCreate({
    errno: 22,
    type: BpfMapType.BPF_MAP_TYPE_HASH,
    keySize: 4,
    valueSize: 8,
    maxEntries: 16,
    facts: factsOf({}),
    pageSize: 4096,
    probe: () => true,
    ...changes,
  });

t.test('BPF_MAP_CREATE', async t => {
  t.match(map({ maxEntries: 0 })?.reason, 'max_entries is 0');
  const ring = { type: BpfMapType.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0 };
  t.match(map({ ...ring, maxEntries: 5000 })?.reason, 'a power of two and a multiple of 4096; it is 5000');
  t.match(map({ ...ring, maxEntries: 12288 })?.reason, 'a power of two');
  t.match(map({ ...ring, maxEntries: 4096, valueSize: 8 })?.reason, 'no key and no value');
  t.same(map({ ...ring, maxEntries: 4096, probe: () => false })?.missing, {
    feature: 'ringbuf maps',
    since: '5.8',
  });
  t.match(map({ type: BpfMapType.BPF_MAP_TYPE_ARRAY, keySize: 8 })?.reason, '4-byte index, not 8');
  t.match(map({ type: BpfMapType.BPF_MAP_TYPE_PROG_ARRAY })?.reason, '4-byte fd, not 8');
  t.match(map({ valueSize: 0 })?.reason, 'needs a key and a value');
  const storage = { type: BpfMapType.BPF_MAP_TYPE_TASK_STORAGE, maxEntries: 0, probe: () => undefined };
  t.equal(map(storage), undefined, 'a local storage map has no entries, and no probe tells of it');
  t.match(map({ errno: 1, facts: factsOf({ status: ordinary }) })?.reason, 'lacks CAP_BPF');
  t.match(map({ errno: 1, facts: factsOf({}, '5.10.0') })?.reason, 'RLIMIT_MEMLOCK');
  const devmap = { errno: 1, type: BpfMapType.BPF_MAP_TYPE_DEVMAP };
  t.match(
    map({ ...devmap, facts: factsOf({ status: 'CapEff:\t0000008000000000\n' }) })?.reason,
    'CAP_NET_ADMIN',
  );
  t.match(map({ errno: 7 })?.reason, 'a value of 8 bytes');
  t.match(map({ errno: 12 })?.advice, 'max_entries');
  t.match(map({ errno: 524, probe: () => false })?.missing, { feature: 'hash maps', since: '3.19' });
  t.equal(map({ errno: 9 }), undefined);
});

const attach = (changes: Partial<Parameters<typeof explainAttach>[0]>, status = root, paranoid = 4) =>
  explainAttach(
    { syscall: 'bpf', kind: 'tracepoint', target: 'sched/sched_switch', errno: 22, ...changes },
    factsOf({ status }),
    paranoid,
  )?.reason;

t.test('attaching', async t => {
  const open = { syscall: 'perf_event_open' } as const;
  t.match(attach({ ...open, errno: 13 }, ordinary), 'lacks CAP_PERFMON and kernel.perf_event_paranoid is 4');
  t.match(attach({ ...open, errno: 13 }), 'a security module');
  t.match(attach({ ...open, errno: 1 }, `${root}Seccomp:\t2\n`), 'its seccomp filter');
  const perfmon = 'CapEff:\t000000c000000000\n';
  t.match(attach({ ...open, errno: 13 }, perfmon), 'perf_event_paranoid is 4, at which kernels of Debian');
  t.match(attach({ ...open, errno: 13 }, perfmon, 2), 'a security module');
  t.match(attach({ ...open, errno: 24 }), 'too many files');
  t.equal(attach({ ...open, errno: 22 }), undefined);
  t.match(attach({ kind: 'raw_tracepoint', target: 'sys_entre', errno: 2 }), 'no raw tracepoint sys_entre');
  t.match(attach({ errno: 13 }), 'reads beyond the fields of this tracepoint');
  t.match(attach({ errno: 22 }), 'a program of this type cannot run at a tracepoint');
  t.match(attach({ errno: 17 }), 'attached there already');
  t.match(attach({ errno: 7 }), '64 programs');
  t.match(attach({ errno: 1 }, ordinary), 'lacks CAP_BPF');
  t.equal(attach({ errno: 9 }), undefined);
});
