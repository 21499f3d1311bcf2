import { spawnSync } from 'node:child_process';
import t from 'tap';
import { sibling } from './lifecycle-kit.js';
import { scenarios } from './lifecycle-scenarios.js';
import { needs } from './live.js';

// Whatever is done to what is closed or forgotten: an error or nothing, never a crash. Each in a process of its own.
t.setTimeout(300_000);
const execArgv = import.meta.url.endsWith('.ts') ? process.execArgv : [];

for (const name of Object.keys(scenarios))
  t.test(name, async t => {
    if (!needs(t, { bpf: true })) return;
    const args = [...execArgv, sibling('./lifecycle-child'), name];
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 60_000,
    });
    t.same([status, signal], [0, null], stderr);
    t.match(stdout, /^done$/m);
  });
