import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { sibling } from './lifecycle-kit.js';
import { needs } from './live.js';
import { repository } from './repository.js';
import { cachedPeer } from './third-party.js';

/** On x86-64 and on arm64. */
const numbers = { bpf: [321, 280], perf_event_open: [298, 241] } as const;

t.test('a seccomp filter that forbids a call is named', async t => {
  if (!needs(t, { bpf: true, tools: ['gcc'], headers: ['linux/seccomp.h', 'bpf/libbpf.h'] })) return;
  const without = cachedPeer(join(repository, 'test/peers/without-calls.c'));
  const node = [process.execPath, ...(import.meta.url.endsWith('.ts') ? process.execArgv : [])];
  for (const [name, each] of Object.entries(numbers)) {
    const number = String(each[process.arch === 'x64' ? 0 : 1]);
    const said = execFileSync(without, [number, ...node, sibling('./seccomp-child'), name], {
      encoding: 'utf8',
    });
    t.match(said, `${name}(`);
    t.match(said, /EPERM.*its seccomp filter or a security module/);
    t.match(said, /allow bpf\(\) and perf_event_open\(\) in the container's seccomp profile/);
  }
});
