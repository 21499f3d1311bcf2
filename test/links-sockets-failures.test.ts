import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { queryCgroup } from '../src/index.js';
import { everyCallFails } from './every-call-fails.js';
import { needs } from './live.js';
import { ownCgroup } from './own-cgroup.js';
import { fixture } from './repository.js';

t.test('whichever call of attaching without a link fails, nothing is left', async t => {
  if (!needs(t, { bpf: true })) return;
  const { folder } = ownCgroup(t);
  const made: string[] = [];
  t.teardown(() => {
    for (const path of made) rmdirSync(path);
  });
  // One for each try: where detaching is what fails, the program stays with its cgroup.
  const fresh = (): string => {
    const path = join(folder, String(made.length));
    mkdirSync(path);
    made.push(path);
    return path;
  };
  for (const attachFlag of ['allow_multi', 'none'] as const) {
    const calls = everyCallFails(
      t,
      attachFlag,
      fixture('test-links-cgroup'),
      { programs: ['one', 'two'] },
      object => {
        const cgroup = fresh();
        try {
          const link = object.program('one').attachTo({ kind: 'cgroup', cgroup, attachFlag });
          link.update(object.program('two'));
        } catch (error) {
          for (const link of object.program('one').links) link.close();
          if (queryCgroup(cgroup).length > 0)
            t.fail(`${attachFlag}: ${(error as Error).message}: left attached`);
          throw error;
        }
      },
    );
    t.ok(calls >= 4, `each of ${calls} calls failed in turn`);
  }
});

t.test('whichever call of attaching to a socket fails, it is free for the next', async t => {
  if (!needs(t, { bpf: true })) return;
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.teardown(() => socket.close());
  await once(socket, 'listening');
  const file = fixture('test-links-sockets');
  const calls = everyCallFails(t, 'socket', file, { programs: ['filter'] }, object =>
    object.program('filter').attachTo({ kind: 'socket', socket }),
  );
  t.ok(calls >= 2, `each of ${calls} calls failed in turn`);
});
