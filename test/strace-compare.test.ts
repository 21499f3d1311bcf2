import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { needs, run, which } from './live.js';

/** What runs TypeScript, when this is TypeScript. */
const execArgv = import.meta.url.endsWith('.ts') ? process.execArgv : [];
const syscalls =
  'bpf,perf_event_open,ioctl,mmap,close,prlimit64,pidfd_open,socket,sendto,recvfrom,setsockopt,fsopen,fsconfig,fsmount,openat,write,epoll_create1,epoll_ctl';
/** Commands whose attr strace 6.1 shows as an address, which rawbpf prints as later ones do. */
const undecoded = /^bpf\(BPF_(PROG_BIND_MAP|ENABLE_STATS|ITER_CREATE|LINK_DETACH|TOKEN_CREATE), /;

interface Traces {
  readonly ours: string[];
  readonly theirs: string[];
}

/** Runs a script that prints rawbpf's trace of itself under strace; what each of the two traces says. */
function traces(t: Test, script: string, ...options: string[]): Traces {
  const path = fileURLToPath(new URL(script + extname(import.meta.url), import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'trace');
  const verbose = options.includes('--verbose') ? ['-v'] : [];
  const command = [...verbose, '-o', file, '-e', `trace=${syscalls}`, process.execPath, ...execArgv, path];
  const { status, stdout, stderr } = spawnSync(which('strace')!, [...command, ...options], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const lines = (text: string): string[] => text.split('\n').filter(Boolean).map(withoutAddresses);
  return { ours: lines(stdout), theirs: lines(readFileSync(file, 'utf8')) };
}

function withoutAddresses(line: string): string {
  return line.replace(/0x[0-9a-f]{7,}/g, '0xADDRESS');
}

/** Calls that nothing but rawbpf makes, so that the traces have them in common one to one. */
function isOurs(line: string): boolean {
  return /^(bpf|perf_event_open|pidfd_open|fs(open|config|mount)|prlimit64\(0, RLIMIT_MEMLOCK)\b|^ioctl\(-?\d+, PERF_/.test(
    line,
  );
}

/** The line as strace 6.1 prints it, where that is less than what rawbpf prints. */
function asStrace61(line: string): string {
  if (!undecoded.test(line)) return line;
  const [, command, size, result] = /^bpf\((\w+), .*, (\d+)\) += (.*)$/.exec(line)!;
  const known = command === 'BPF_TOKEN_CREATE' ? '0x24 /* BPF_??? */' : command;
  // Its address had as many digits as strace's, which the columns need.
  return `bpf(${known}, 0xADDRESS, ${size}) = ${result}`;
}

function onceSpaced(line: string): string {
  return undecoded.test(line) || line.startsWith('bpf(0x24 ') ? line.replace(/\) += /, ') = ') : line;
}

function strace61(t: Test): boolean {
  if (!needs(t, { bpf: true, tools: ['strace'] })) return false;
  const version = /version (\S+)/.exec(run('strace', '--version'))?.[1];
  if (version === '6.1') return true;
  t.plan(0, `strace is ${version}, and what is compared with is 6.1`);
  return false;
}

t.test('every call reads as in strace', async t => {
  if (!strace61(t)) return;
  const { ours, theirs } = traces(t, './strace-calls');
  t.same(ours.filter(isOurs).map(asStrace61), theirs.filter(isOurs).map(onceSpaced));
  t.ok(ours.filter(isOurs).length > 250, 'enough calls were made');
  for (const line of ours.filter(line => !isOurs(line))) t.ok(theirs.includes(line), line);
});

t.test('every call reads as in strace -v, but for the structs of BPF_OBJ_GET_INFO_BY_FD', async t => {
  if (!strace61(t)) return;
  const { ours, theirs } = traces(t, './strace-calls', '--verbose');
  const withoutInfo = (line: string): string =>
    line.replace(/info=\{type=.*\}\}\}, 16/, 'info=0xADDRESS}}, 16');
  t.same(ours.filter(isOurs).map(asStrace61), theirs.filter(isOurs).map(onceSpaced).map(withoutInfo));
  t.ok(
    ours.some(line => line.includes('insns=[{code=BPF_ALU64|BPF_K|BPF_MOV')),
    'instructions were printed',
  );
});

for (const name of ['minimal', 'opensnoop', 'hello-tail', 'hello-ring'])
  t.test(`loading and attaching ${name} reads as in strace`, async t => {
    if (!strace61(t)) return;
    const { ours, theirs } = traces(t, './strace-load', name);
    t.same(ours.filter(isOurs).map(asStrace61), theirs.filter(isOurs).map(onceSpaced));
    for (const command of ['BPF_BTF_LOAD', 'BPF_MAP_CREATE', 'BPF_PROG_LOAD'])
      t.ok(
        ours.some(line => line.startsWith(`bpf(${command}, `)),
        command,
      );
  });

t.test('the calls around buffers of events read as in strace', async t => {
  if (!strace61(t)) return;
  const { ours, theirs } = traces(t, './strace-events');
  t.same(ours.filter(isOurs).map(asStrace61), theirs.filter(isOurs).map(onceSpaced));
  // The event loop makes such calls, too, between ours.
  let at = 0;
  for (const line of ours.filter(line => !isOurs(line))) {
    const found = theirs.indexOf(line, at);
    t.ok(found >= 0, line);
    if (found >= 0) at = found + 1;
  }
  for (const part of ['ADD, ', 'DEL, ', 'events=EPOLLIN,', 'events=EPOLLOUT|EPOLLET'])
    t.ok(
      ours.some(line => line.startsWith('epoll_ctl(') && line.includes(part)),
      part,
    );
});
