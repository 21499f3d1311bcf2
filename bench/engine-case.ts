import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildCilium } from './cilium.js';
import { type Case, NotAtHand, type Peer } from './compare.js';
import { tasks } from './engine.js';
import { largestTool } from './libbpf-tools.js';
import type { Peers } from './peers.js';
import { fixture, repository } from './repository.js';

/** What a peer, or a task alone in a process, prints: nanoseconds, and the bytes by which the peak of memory grew at the first time. */
interface Measured {
  readonly first: number;
  readonly warm: number;
  readonly bytes: number;
}

type Task = keyof typeof tasks;
type Run = (times: number) => Measured;

/** How often a task runs before it counts as warm, and how often it is measured then. */
const repeats: Readonly<Record<Task, { readonly unmeasured: number; readonly measured: number }>> = {
  btf: { unmeasured: 20, measured: 15 },
  open: { unmeasured: 1000, measured: 300 },
  load: { unmeasured: 500, measured: 100 },
};

/** Opening the BTF of the running kernel and finding `task_struct` in it. */
export function btfVmlinux(peers: Peers): Case[] {
  const program = peers.build('btf');
  const libbpf: Run = times => measure([program, 'task_struct', String(times)]);
  const cilium = ciliumRun(peers, 'btf', 'task_struct');
  return [
    warm('btf-vmlinux', 'btf', '', 'libbpf', libbpf),
    first('btf-vmlinux', 'btf', '', 'libbpf', libbpf),
    memory('btf-vmlinux', 'btf', '', 'libbpf', libbpf),
    warm('btf-vmlinux', 'btf', '', 'cilium', cilium),
    first('btf-vmlinux', 'btf', '', 'cilium', cilium),
  ];
}

/** Parsing an object: what is in it, without a kernel. */
export function objectOpen(peers: Peers): Case[] {
  return opening(peers, 'object-open', fixture('opensnoop'));
}

/** The same of the largest object of libbpf-tools. */
export function objectOpenLarge(peers: Peers): Case[] {
  return opening(peers, 'object-open-large', largestTool());
}

function opening(peers: Peers, name: string, file: string): Case[] {
  const libbpf = objectRun(peers, 'open', file);
  return [
    warm(name, 'open', file, 'libbpf', libbpf),
    first(name, 'open', file, 'libbpf', libbpf),
    warm(name, 'open', file, 'cilium', ciliumRun(peers, 'open', file)),
  ];
}

/** Opening and loading an object, without the time that the kernel takes for bpf(2). */
export function objectLoad(peers: Peers): Case[] {
  return loading(peers, 'object-load', fixture('opensnoop'));
}

/** The same of one with CO-RE relocations, for which the kernel's BTF is opened: by libbpf for each object, by rawbpf once. */
export function objectLoadCore(peers: Peers): Case[] {
  return loading(peers, 'object-load-core', fixture('test-core'));
}

function loading(peers: Peers, name: string, file: string): Case[] {
  const libbpf = objectRun(peers, 'load', file);
  return [warm(name, 'load', file, 'libbpf', libbpf), first(name, 'load', file, 'libbpf', libbpf)];
}

/** In a process that has done it before, its code compiled. */
function warm(name: string, task: Task, file: string, peer: Peer, theirs: Run): Case {
  const { unmeasured, measured } = repeats[task];
  return {
    name,
    peer,
    unit: 'µs, warm',
    ours: () => {
      // A round of its own runs before those that count.
      const spent = Array.from({ length: unmeasured + measured }, () => tasks[task](file)).slice(unmeasured);
      return (spent.sort((a, b) => a - b)[measured >> 1] as number) / 1000;
    },
    theirs: () => theirs(measured).warm / 1000,
  };
}

/** The first time in a process: both get their memory then, and ours is not compiled yet. */
function first(name: string, task: Task, file: string, peer: Peer, theirs: Run): Case {
  return {
    name,
    peer,
    unit: 'µs, first',
    ours: () => alone(task, file).first / 1000,
    theirs: () => theirs(1).first / 1000,
  };
}

/** By how much the peak of the process's memory grew, the first time. */
function memory(name: string, task: Task, file: string, peer: Peer, theirs: Run): Case {
  return {
    name,
    peer,
    unit: 'MB added',
    ours: () => alone(task, file).bytes / 1e6,
    theirs: () => theirs(1).bytes / 1e6,
  };
}

function alone(task: Task, file: string): Measured {
  return measure([process.execPath, join(repository, 'dist/bench/alone.js'), task, file]);
}

function objectRun(peers: Peers, task: Task, file: string): Run {
  const program = peers.build('object');
  return times => measure([program, task, file, String(times)]);
}

function ciliumRun(peers: Peers, task: Task, argument: string): Run {
  return times => {
    const program = buildCilium(peers.folder);
    try {
      return measure([program, task, argument, String(times)]);
    } catch (error) {
      throw new NotAtHand(`it fails: ${String((error as { stderr?: string }).stderr).trim()}`);
    }
  };
}

function measure([program = '', ...args]: readonly string[]): Measured {
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
}
