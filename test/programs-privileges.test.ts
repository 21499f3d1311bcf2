import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { Kernel, liveSys } from '../src/index.js';
import { sibling } from './lifecycle-kit.js';
import { needs } from './live.js';
import { FSCONFIG_CMD_CREATE, FSCONFIG_SET_STRING, rawSyscall } from './raw-syscalls.js';

// Under emulation everything is slow.
t.setTimeout(900_000);

const node = [process.execPath, ...(import.meta.url.endsWith('.ts') ? process.execArgv : [])];
/** KERNEL_VERSION(6, 9, 0) */
const tokens = 0x060900;
/** Linux 6.10, from which on uprobe links are used. */
const uprobeLinks = 0x060a00;

t.test('a token lets a process in a user namespace load what it delegates', async t => {
  if (!needs(t, { bpf: true, tools: ['unshare'] })) return;
  const kernel = Kernel.running(liveSys());
  if (kernel.versionCode < tokens) {
    t.plan(0, `Linux ${kernel.release} has no BPF tokens: they came with 6.9`);
    return;
  }
  if (skippedBetween(t)) return;
  const child = spawn(
    'unshare',
    ['--user', '--map-root-user', '--mount', ...node, sibling('./token-child')],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  const said = new Map<string, Record<string, unknown>>();
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line) as Record<string, unknown>;
    if (typeof message['fs'] !== 'number') said.set(String(message['name']), message);
    else {
      delegate(Number(message['pid']), message['fs']);
      child.stdin.write('\n');
    }
  }
  t.same(await ended, [0, null]);
  t.match(said.get('none'), {
    code: 'ERR_RAWBPF_SYSCALL',
    message: /in a user namespace.*delegate a BPF token/,
  });
  t.match(said.get('token'), { maps: Number, programs: ['hello'], features: true });
  t.match(said.get('environment'), { programs: ['hello'] });
  t.match(said.get('not delegated'), {
    code: 'ERR_RAWBPF_SYSCALL',
    message: /EPERM.*the BPF token does not delegate BPF_PROG_TYPE_CGROUP_SKB.*delegate_progs/,
  });
  t.match(said.get('no bpffs'), {
    code: 'ERR_RAWBPF_SYSCALL',
    message: /BPF token of \/proc: .*not the root of a bpf file system/,
  });
});

/** Says what the file system that the child is about to mount delegates, which takes privileges on the host. */
function delegate(pid: number, fd: number): void {
  const pidfd = rawSyscall('pidfd_open', pid, 0);
  const fs = rawSyscall('pidfd_getfd', pidfd, fd, 0);
  const set = (name: string, value: string): number =>
    rawSyscall('fsconfig', fs, FSCONFIG_SET_STRING, name, value, 0);
  set('delegate_cmds', 'any');
  set('delegate_maps', 'any');
  set('delegate_progs', 'kprobe:tracepoint:socket_filter:raw_tracepoint');
  set('delegate_attachs', 'any');
  rawSyscall('fsconfig', fs, FSCONFIG_CMD_CREATE, null, null, 0);
  closeSync(fs);
  closeSync(pidfd);
}

interface Tried {
  readonly name: string;
  readonly step: string;
  readonly seen?: number;
  readonly code?: string;
  readonly message?: string;
}

/** The programs tried by a process of an ordinary user with these capabilities only. */
function triedWith(
  t: Test,
  capabilities: readonly string[],
  programs: readonly string[],
): Map<string, Tried> {
  const set = ['-all', ...capabilities.map(name => `+${name}`)].join(',');
  const child = [...node, sibling('./privileged-child'), ...programs];
  const options = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const caps = ['inh-caps', 'ambient-caps', 'bounding-set'].map(name => `--${name}=${set}`);
  const { stdout, stderr, status } = spawnSync('setpriv', [...options, ...caps, ...child], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  const lines = stdout.trim().split('\n');
  const tried = lines.map(line => JSON.parse(line) as Tried);
  t.match(tried[0], { name: 'process', uid: 65534 }, 'an ordinary user');
  return new Map(tried.map(each => [each.name, each]));
}

/** Starting a process takes seconds where the processor is emulated, and these answers do not differ between kernels since 5.8. */
function skippedInGuest(t: Test): boolean {
  if (process.env['IN_VM'] === undefined) return false;
  t.plan(0, 'the same on all kernels since 5.8: tried on the machine itself only');
  return true;
}

/** The same of what is tried in the oldest guest and in the newest. */
function skippedBetween(t: Test): boolean {
  const { versionCode } = Kernel.running(liveSys());
  if (process.env['IN_VM'] === undefined || versionCode < 0x051000 || versionCode >= 0x070000) return false;
  t.plan(0, 'the same on all kernels since 5.8: tried in the guests with the oldest and the newest');
  return true;
}

const tracing = ['by_raw_tp', 'by_tp_btf', 'by_iter'];

t.test('CAP_BPF and CAP_PERFMON are enough to trace without tracefs', async t => {
  if (!needs(t, { bpf: true, tools: ['setpriv'] })) return;
  if (skippedBetween(t)) return;
  const programs = [...tracing, 'by_uprobe', 'by_xdp', 'by_tracepoint'];
  const tried = triedWith(t, ['bpf', 'perfmon'], programs);
  for (const name of tracing)
    t.match(tried.get(name), { step: 'done' }, `${name}: ${tried.get(name)?.message ?? 'done'}`);
  for (const name of ['by_raw_tp', 'by_tp_btf'])
    t.equal(tried.get(name)?.seen, 1, `${name} ran and wrote to a map`);
  if (Kernel.running(liveSys()).versionCode >= uprobeLinks)
    t.match(
      tried.get('by_uprobe'),
      { step: 'done', seen: 1 },
      `by_uprobe: ${tried.get('by_uprobe')?.message ?? 'done'}`,
    );
  t.match(tried.get('by_xdp'), {
    step: 'load',
    code: 'ERR_RAWBPF_SYSCALL',
    message: /xdp programs need CAP_NET_ADMIN besides CAP_BPF/,
  });
  t.match(tried.get('by_tracepoint'), { step: 'attach' }, 'only root reads the ids of tracepoints');
});

t.test('CAP_BPF alone is enough for what lets no address out', async t => {
  if (!needs(t, { bpf: true, tools: ['setpriv'] })) return;
  if (skippedInGuest(t)) return;
  const tried = triedWith(t, ['bpf'], [...tracing, 'leak']);
  for (const name of tracing)
    t.match(
      tried.get(name),
      { step: 'load', message: /programs need CAP_PERFMON besides CAP_BPF/ },
      tried.get(name)?.message ?? '',
    );
  t.match(tried.get('leak'), {
    code: 'ERR_RAWBPF_VERIFIER',
    message: /R0 leaks addr as return value, at test-privileges\.bpf\.c:\d+: return \(long\)skb;/,
  });
});

t.test('without capabilities bpf() is closed', async t => {
  if (!needs(t, { bpf: true, tools: ['setpriv'] })) return;
  if (skippedInGuest(t)) return;
  const tried = triedWith(t, [], ['by_raw_tp']);
  t.match(tried.get('by_raw_tp'), { step: 'load', message: /the process lacks CAP_BPF/ });
});
