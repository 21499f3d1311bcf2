import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import {
  type AttachTarget,
  BpfObject,
  Kernel,
  type OpenOptions,
  type Program,
  RawbpfError,
} from '../src/index.js';
import { tracefsPath } from '../src/kernel/index.js';
import { Errno, errnoName, liveSys } from '../src/syscall/index.js';
import { failingSys } from './failing-sys.js';
import { openFds } from './open-fds.js';
import { removeProbes } from './probes-in-tracefs.js';
import { fixture } from './repository.js';

/** One program of test-links-kprobe, loaded, which counts in this process only. */
export interface ProbeObject extends Disposable {
  readonly program: Program;
  /** How often it has run since it was asked last. */
  runs(): number;
  /** Whether it runs at `cause`, which may take more than one: the kernel skips a program while its CPU is inside another one or a map. */
  runsAt(cause: () => void): boolean;
  /** The cookies of those runs. */
  cookies(): number[];
}

/** The kernel gives cookies to programs at perf events (5.15). */
export const hasCookies = (): boolean => Kernel.running(liveSys()).has('perf_link');

export function probeObject(name: string, options: OpenOptions = {}): ProbeObject {
  const obj = BpfObject.open(fixture('test-links-kprobe'), options);
  obj.globals['pid_filter'] = process.pid;
  obj.globals['with_cookie'] = Number(hasCookies());
  obj.load({ programs: [name] });
  const take = (global: string): bigint => {
    const value = obj.globals[global] as bigint;
    obj.globals[global] = 0n;
    return value;
  };
  return {
    program: obj.program(name),
    runs: () => Number(take('runs')),
    runsAt(cause) {
      take('runs');
      for (let tries = 0; tries < 50; tries++) {
        cause();
        if (take('runs') > 0n) return true;
      }
      return false;
    },
    cookies() {
      const bits = take('cookies');
      return Array.from({ length: 64 }, (_, bit) => bit).filter(bit => (bits >> BigInt(bit)) & 1n);
    },
    [Symbol.dispose]: () => obj.close(),
  };
}

/** Makes a folder and removes it: what the programs are attached to. */
export function touchFolder(t: Test): void {
  const parent = mkdtempSync(join(tmpdir(), 'rawbpf-probe-'));
  t.teardown(() => rmSync(parent, { recursive: true, force: true }));
  mkdirSync(join(parent, 'folder'));
  rmdirSync(join(parent, 'folder'));
}

/** Shows that an attached program runs when a folder is removed, and no more once the link is closed. */
export function runsUntilClosed(t: Test, probe: ProbeObject, link: { close(): void }): void {
  t.ok(
    probe.runsAt(() => touchFolder(t)),
    'it runs',
  );
  link.close();
  touchFolder(t);
  t.equal(probe.runs(), 0, 'no more once closed');
}

/** Shows that whichever call of attaching fails, the error is typed and what `left` lists, and the fds, are as before. */
export function leavesNothing(
  t: Test,
  name: string,
  target: AttachTarget,
  left: () => readonly string[] = () => [],
  errnos: readonly number[] = [Errno.EPERM, Errno.EINVAL, Errno.ENOMEM, Errno.EINTR, Errno.EAGAIN],
): void {
  for (const errno of errnos) {
    const failing = failingSys(liveSys());
    tracefsPath(failing.sys);
    removeProbes();
    using probe = probeObject(name, { sys: failing.sys });
    const before = [...openFds(), ...left()];
    let failures = 0;
    for (let n = 1; ; n++) {
      const { calls } = failing;
      failing.failAt(n, errno);
      try {
        probe.program.attachTo(target).close();
      } catch (error) {
        if (!(error instanceof RawbpfError)) throw error;
        failures++;
        // The call that failed may be the one to take a probe out of tracefs.
        removeProbes();
      }
      t.same([...openFds(), ...left()], before, `${errnoName(errno)} of call ${n} leaves nothing`);
      if (failing.calls - calls < n) break;
    }
    t.ok(failures > 0);
    t.same(failing.strayCloses, []);
  }
}
