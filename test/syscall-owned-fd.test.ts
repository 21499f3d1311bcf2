import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { FakeSys, OwnedFd, setForgottenFdHandler } from '../src/syscall/index.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects until `done`; finalizers run between turns of the event loop. */
async function collectUntil(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 50 && !done(); turn++) {
    collectGarbage();
    await new Promise(resolve => setImmediate(resolve));
  }
}

const open = (sys: FakeSys): OwnedFd => new OwnedFd(sys, sys.kernel.open({ kind: 'mount' }));

t.test('closed once', async t => {
  const sys = new FakeSys();
  const fd = open(sys);
  t.equal(fd.value, 3);
  fd.close();
  fd.close();
  t.equal(sys.calls.filter(call => call.name === 'close').length, 1);
  t.equal(fd.closed, true);
  t.throws(() => fd.value, /file descriptor 3 is closed/);
});

t.test('closed by using', async t => {
  const sys = new FakeSys();
  {
    using fd = open(sys);
    t.ok(fd.value);
  }
  t.same(sys.openFds, []);
});

t.test('a forgotten one is closed and reported; one that was closed is not', async t => {
  const sys = new FakeSys();
  const forgotten: number[] = [];
  setForgottenFdHandler(fd => forgotten.push(fd));
  (() => {
    open(sys);
    open(sys).close();
  })();
  await collectUntil(() => sys.openFds.length === 0);
  t.same(sys.openFds, []);
  t.same(forgotten, [3]);
});
