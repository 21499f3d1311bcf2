import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ownBpffs } from './bpffs.js';
import { needs, run } from './live.js';
import { ownCgroup } from './own-cgroup.js';

/** More of them where there is time: `RAWBPF_KILLS=1000`. */
const kills = Number(process.env['RAWBPF_KILLS'] ?? 40);
/** Side by side, because a process that is killed waits for the kernel most of the time: each perf event takes it a grace period. */
const lanes = 4;
/** Milliseconds: longer than one round of the child takes. */
const longest = 60;
const child = fileURLToPath(new URL('killed-child.js', import.meta.url));

t.setTimeout(1_500_000);

t.test(`a process killed ${kills} times while it loads and attaches leaves nothing attached`, async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const cgroup = ownCgroup(t).folder;
  await Promise.all(Array.from({ length: lanes }, (_, lane) => killMany(t, cgroup, lane)));
  await gone(t, 'nothing of it is left');
  t.equal(run('bpftool', 'cgroup', 'show', cgroup), '', 'nor attached to the cgroup');
});

t.test('what was pinned on purpose stays', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = ownBpffs(t);
  const pin = join(folder, 'killed');
  await kill(await start(ownCgroup(t).folder, pin));
  t.ok(existsSync(pin));
  await gone(t, 'the pinned link and its program alone', 1);
  rmSync(pin);
  await gone(t, 'nothing of it is left without the pin');
});

/** Every so many-th of the kills. */
async function killMany(t: Test, cgroup: string, lane: number): Promise<void> {
  let inTime = 0;
  let all = 0;
  for (let i = lane; i < kills; i += lanes) {
    const child = await start(cgroup);
    // Spread evenly over a round of the child, so that each stage is met.
    await sleep((i / kills) * longest);
    all++;
    if (child.exitCode === null) inTime++;
    await kill(child);
  }
  t.equal(inTime, all, 'each was alive to be killed');
}

/** A child that has loaded and attached once, and goes on. */
async function start(cgroup: string, pin?: string): Promise<ChildProcess> {
  const started = spawn(process.execPath, [child, cgroup, ...(pin ? [pin] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([once(started.stdout, 'data'), once(started, 'exit')]);
  return started;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = child.exitCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGKILL');
  await exited;
}

/** Waits until no more programs of the child are there than `expected`; the kernel frees them a moment after their last holder. */
async function gone(t: Test, message: string, expected = 0): Promise<void> {
  for (let waited = 0; waited < 10_000 && left().length > expected; waited += 50) await sleep(50);
  t.equal(left().length, expected, `${message}: ${JSON.stringify(left())}`);
}

function left(): unknown[] {
  const programs = JSON.parse(run('bpftool', '-j', 'prog', 'list')) as { name?: string }[];
  return programs.filter(({ name }) => name?.startsWith('killed_'));
}
