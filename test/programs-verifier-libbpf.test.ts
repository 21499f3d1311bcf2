import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { VerifierError } from '../src/index.js';
import { needs } from './live.js';
import { repository } from './repository.js';
import { cachedPeer } from './third-party.js';
import { faultBytes, faultNames, loadFault } from './verifier-faults.js';

t.setTimeout(300_000);

t.test('the line that an error names as the fault is in the log that libbpf prints', async t => {
  if (!needs(t, { bpf: true, tools: ['gcc'], headers: ['bpf/libbpf.h'] })) return;
  const libbpf = cachedPeer(join(repository, 'test/peers/load-one.c'));
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-faults-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  let compared = 0;
  for (const name of faultNames()) {
    // A log of a million instructions takes libbpf long; the goldens have what it says.
    if (/^too_many/.test(name)) continue;
    const path = join(folder, 'faults.bpf.o');
    writeFileSync(path, faultBytes(name));
    const { status, stdout } = spawnSync(libbpf, [path, name], { encoding: 'utf8', maxBuffer: 1 << 28 });
    const ours = loadFault(name);
    t.equal(status, ours === undefined ? 0 : 1, `${name}: ${ours ?? 'loads'}`);
    // What stands for a failed relocation each loader chooses itself.
    if (!(ours instanceof VerifierError) || ours.reached) continue;
    const { reason, instruction } = ours.fault;
    const lines = stdout.split('\n').map(line => line.trim());
    t.ok(reason !== undefined && ours.message.includes(reason), `${name}: the message has ${reason}`);
    // A reason of two lines is told as one.
    const parts = lines.includes(String(reason)) ? [] : String(reason).split('; ');
    for (const part of parts) t.ok(lines.includes(part), `${name}: ${part}`);
    if (instruction !== undefined)
      t.ok(
        lines.some(line => line.startsWith(instruction)),
        `${name}: ${instruction}`,
      );
    compared++;
  }
  t.ok(compared > 25, `${compared} programs`);
});
