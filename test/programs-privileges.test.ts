import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import t from 'tap';
import { Kernel, liveSys } from '../src/index.js';
import { sibling } from './lifecycle-kit.js';
import { needs } from './live.js';
import { FSCONFIG_CMD_CREATE, FSCONFIG_SET_STRING, rawSyscall } from './raw-syscalls.js';

const node = [process.execPath, ...(import.meta.url.endsWith('.ts') ? process.execArgv : [])];
/** KERNEL_VERSION(6, 9, 0) */
const tokens = 0x060900;

t.test('a token lets a process in a user namespace load what it delegates', async t => {
  if (!needs(t, { bpf: true, tools: ['unshare'] })) return;
  const kernel = Kernel.running(liveSys());
  if (kernel.versionCode < tokens) {
    t.plan(0, `Linux ${kernel.release} has no BPF tokens: they came with 6.9`);
    return;
  }
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
  t.match(said.get('not delegated'), { code: 'ERR_RAWBPF_SYSCALL', message: /EPERM.*token/ });
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
