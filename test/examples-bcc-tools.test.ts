import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { attachedExample } from './attached-example.js';
import { waitingChild } from './child.js';
import { node } from './cli-process.js';
import { needs, run } from './live.js';
import { inNetns } from './netns.js';
import { repository } from './repository.js';

const examples = 'execsnoop biolatency profile gethostlatency pythongc xdpcount tcpcc ps'.split(' ');

t.test('each is at most 80 lines, and says what it teaches', async t => {
  for (const name of examples) {
    const text = readFileSync(join(repository, `examples/${name}.ts`), 'utf8');
    t.ok(text.trimEnd().split('\n').length <= 80, name);
    t.match(text, /^(\/\/.*\n)+\/\/ What it teaches: /, name);
  }
});

/** A process that the example watches does something, until the example has printed it. */
async function watches(
  t: Test,
  name: string,
  script: string,
  prints: (pid: number) => RegExp,
): Promise<void> {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const child = waitingChild(script);
  t.teardown(() => child.close());
  const example = await attachedExample(t, name, String(child.pid));
  await child.release();
  await example.until(({ stdout }) => prints(child.pid).test(stdout));
  t.match(await example.end(), prints(child.pid));
}

t.test('execsnoop: programs with their arguments', async t => {
  const script = 'exec /bin/sh -c "exec /bin/echo one \'two three\'"';
  const row = (pid: number, comm: string, args: string) => `${comm} +${pid} +${process.pid} +0 ${args}\n`;
  await watches(
    t,
    'execsnoop',
    script,
    pid =>
      new RegExp(
        row(pid, 'sh', "/bin/sh -c exec /bin/echo one 'two three'") +
          row(pid, 'echo', '/bin/echo one two three'),
      ),
  );
});

t.test('gethostlatency: names that libc looks up', async t => {
  await watches(
    t,
    'gethostlatency',
    'exec getent ahosts localhost',
    pid => new RegExp(`^${pid} +getent +\\d+\\.\\d\\d +0 localhost$`, 'm'),
  );
});

const python = '/usr/bin/python3';
const hasProbes = (() => {
  try {
    return readFileSync(python).includes('gc__start');
  } catch {
    return false;
  }
})();

t.test(
  'pythongc: collections, and what they freed',
  { skip: hasProbes ? false : `needs a ${python} with static probes, as Debian's has` },
  async t => {
    // Each of the 12 lists holds itself.
    const script =
      'import gc; gc.disable(); gc.collect(); [(lambda a: a.append(a))([]) for _ in range(12)]; gc.collect()';
    const prints = (pid: number) => new RegExp(`^${pid} +2 +12 +\\d+$`, 'm');
    await watches(t, 'pythongc', `exec ${python} -c '${script}'`, prints);
  },
);

const busy = `
  const fs = require('fs');
  function busyFunction() { for (let i = 0; i < 100; i++) fs.readFileSync('/proc/self/stat'); }
  process.stdin.once('data', () => {
    // Of the processor's time: the machine may be busy otherwise.
    while (process.cpuUsage().user + process.cpuUsage().system < 1.5e6) busyFunction();
    console.log('done');
  });`;

t.test('profile: the stacks of a process, as flamegraph.pl reads them', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const child = spawn(process.execPath, ['--perf-basic-prof', '-e', busy], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => {
    child.kill('SIGKILL');
    rmSync(`/tmp/perf-${child.pid}.map`, { force: true });
  });
  const example = await attachedExample(t, 'profile', String(child.pid));
  child.stdin.write('go\n');
  await once(child.stdout, 'data');
  const lines = (await example.end()).trimEnd().split('\n');
  for (const line of lines) t.match(line, /^node(;[^;]+)* \d+$/);
  const counts = lines.map(line => Number(line.slice(line.lastIndexOf(' ') + 1)));
  t.same(
    counts,
    [...counts].sort((a, b) => b - a),
    'the most frequent first',
  );
  const whole = lines.filter(line => /;_ZN4node5StartEiPPc;.*busyFunction.*;\w+_\[k\] \d+$/.test(line));
  t.not(whole.length, 0, `stacks from main() through JavaScript into the kernel, of ${lines.length}`);
});

t.test('biolatency: requests to a disk, by the time they took', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'losetup', 'dd'] })) return;
  const file = join(tmpdir(), `rawbpf-disk-${process.pid}`);
  writeFileSync(file, Buffer.alloc(1 << 20));
  t.teardown(() => rmSync(file));
  const path = run('losetup', '--find', '--show', file).trim();
  t.teardown(() => void run('losetup', '--detach', path));
  const disk = basename(path);
  const example = await attachedExample(t, 'biolatency', disk);
  run('dd', `if=${path}`, 'of=/dev/null', 'bs=4k', 'count=100', 'iflag=direct');
  const text = await example.end();
  t.match(text, new RegExp(`^\ndisk = ${disk}\n     usecs               : count     distribution\n`));
  const counts = [...text.matchAll(/^ +\d+ -> \d+ +: (\d+) /gm)].map(([, count]) => Number(count));
  // Others may have a look at a new disk, too.
  t.ok(counts.reduce((sum, count) => sum + count) >= 100, text);
});

t.test('tcpcc: a congestion control that connections can choose', async t => {
  await inNetns(t, 'examples-tcpcc-in-netns');
});

t.test('xdpcount: the packets that come in', async t => {
  await inNetns(t, 'examples-xdpcount-in-netns');
});

/** Lines of columns with one space between; names as the kernel's struct has them, of 15 bytes, which /proc makes longer for the kernel's own threads. */
function rows(text: string): string[] {
  const lines = text.trimEnd().split('\n').slice(1);
  return lines.flatMap(line => {
    const [, ids, name = ''] = /^((?: *\d+){4}) (.*)$/.exec(line) ?? [];
    return ids === undefined ? [] : `${ids.trim().replace(/ +/g, ' ')} ${name.slice(0, 15).trim()}`;
  });
}

t.test('ps: the processes that ps(1) lists', async t => {
  if (!needs(t, { bpf: true, tools: ['ps'] })) return;
  const ps = () => rows(run('ps', '-eo', 'pid,ppid,euid,nlwp,comm'));
  const before = ps();
  const { stdout, stderr, status } = node(join(repository, 'dist/examples/ps.js'));
  const after = new Set(ps());
  t.equal(status, 0, stderr);
  const ours = new Set(rows(stdout));
  // /proc has other names for the kernel's workers than their structs; and a vendor's kernel may keep the first process to itself.
  const lasting = before.filter(row => after.has(row) && !/ kworker|^1 /.test(row));
  t.ok(lasting.some(row => row.startsWith(`${process.pid} `)));
  t.same(
    lasting.filter(row => !ours.has(row)),
    [],
  );
});
