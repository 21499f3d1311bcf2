import { readdirSync, readlinkSync } from 'node:fs';
import t, { type Test } from 'tap';
import { RawbpfError } from '../src/errors/index.js';
import { BpfObject } from '../src/index.js';
import { FakeSys, liveSys, type Sys } from '../src/syscall/index.js';
import { failingSys } from './failing-sys.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

/** How the n-th call fails. A refused PROG_LOAD is tried again with a log, so that one failure alone passes unnoticed. */
interface Failure {
  readonly errno: number;
  /** Calls after it that fail, too. */
  readonly more: number;
}

interface Outcome {
  /** Calls made. */
  readonly calls: number;
  readonly error: unknown;
}

/** Loads and attaches with the n-th call failing, and holds that nothing leaks, whatever comes of it. */
function attempt(
  t: Test,
  inner: Sys,
  name: string,
  programs: readonly string[] | undefined,
  n: number,
  { errno, more }: Failure,
): Outcome {
  const failing = failingSys(inner);
  const at = `${name}: call ${n} answers ${errno}${more ? ', and those after it' : ''}`;
  const obj = BpfObject.open(fixture(name), { sys: failing.sys });
  failing.failAt(n, errno, more);
  let error: unknown;
  try {
    obj.load(programs ? { programs } : {});
    const loaded = [...failing.open];
    try {
      obj.attach();
    } catch (e) {
      error = e;
      t.strictSame([...failing.open], loaded, `${at}: a failed attach leaves what load made`);
    }
  } catch (e) {
    error = e;
    t.strictSame([...failing.open], [], `${at}: a failed load leaves nothing`);
  }
  obj.close();
  if (error !== undefined && !(error instanceof RawbpfError)) t.fail(`${at}: ${String(error)}`);
  if (failing.open.size > 0) t.fail(`${at}: left open ${JSON.stringify([...failing.open])}`);
  if (failing.strayCloses.length > 0) t.fail(`${at}: closed ${failing.strayCloses}, which was not open`);
  return { calls: failing.calls, error };
}

/** Every call in turn, until there is none left to fail. */
function everyCall(
  t: Test,
  sys: () => Sys,
  name: string,
  failure: Failure,
  programs?: readonly string[],
): void {
  let failures = 0;
  for (let n = 1; ; n++) {
    const { calls, error } = attempt(t, sys(), name, programs, n, failure);
    if (error !== undefined) failures++;
    if (calls < n) {
      t.equal(error, undefined, `${name}: with nothing failing it loads and attaches`);
      t.ok(failures >= 3, `${name}: ${failures} of ${n - 1} calls decide when they answer ${failure.errno}`);
      return;
    }
  }
}

t.test('whichever call fails, nothing leaks: a fake kernel', async t => {
  for (const errno of [1, 12, 22])
    for (const more of [0, Number.POSITIVE_INFINITY]) {
      everyCall(t, () => new FakeSys(), 'hello-tail', { errno, more });
      everyCall(t, () => new FakeSys(), 'test-types', { errno, more });
    }
});

t.test('whichever call fails, nothing leaks: this kernel', async t => {
  if (!needs(t, { bpf: true })) return;
  const obj = BpfObject.open(fixture('minimal')).load();
  const sawFds = bpfFds().length >= 3;
  obj.close();
  everyCall(t, liveSys, 'opensnoop', { errno: 1, more: 0 });
  everyCall(t, liveSys, 'opensnoop', { errno: 22, more: Number.POSITIVE_INFINITY });
  everyCall(t, liveSys, 'hello', { errno: 22, more: 0 }, ['hello_tp']);
  t.ok(sawFds, 'they are seen when they are there');
  t.same(bpfFds(), [], 'no fd of BPF or perf is open');
});

/** What the fds of this process that have to do with BPF are. */
function bpfFds(): string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return /bpf|btf|perf_event/.test(target) ? [target] : [];
    } catch {
      return []; // The fd of the listing itself.
    }
  });
}
