import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { sibling } from './lifecycle-kit.js';
import { needs } from './live.js';

const args = [...(import.meta.url.endsWith('.ts') ? process.execArgv : []), sibling('./idle-child')];

t.test('readers that wait use no CPU', async t => {
  if (!needs(t, { bpf: true })) return;
  const { stdout, stderr } = spawnSync(process.execPath, [...args, '3'], { encoding: 'utf8' });
  const spent = Number(stdout.split('\n')[1]);
  // The timer that ends the measurement, and Node's own threads.
  t.ok(spent < 5_000, `${spent} µs in 3 s${stderr}`);
});

t.test('readers that wait make no calls', async t => {
  if (!needs(t, { bpf: true, tools: ['strace'] })) return;
  const child = spawn(process.execPath, [...args, '6'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await sleep(300);
  const strace = spawn('strace', ['-p', String(child.pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let calls = '';
  strace.stderr.setEncoding('utf8').on('data', text => {
    calls += text;
  });
  await sleep(2000);
  strace.kill('SIGINT');
  await once(strace, 'close');
  child.kill();
  // The main thread stays in the wait that strace found it in.
  const lines = calls.split('\n').filter(line => /\(/.test(line));
  t.ok(lines.length >= 1 && lines.every(line => /epoll_p?wait/.test(line)), calls);
  t.ok(lines.length <= 2, calls);
});
