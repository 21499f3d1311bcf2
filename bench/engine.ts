import { BpfObject, Kernel } from 'rawbpf';
import { liveSys, type Sys } from 'rawbpf/syscall';

/** What one run of the engine took: nanoseconds, and for some the bytes by which the process's memory peaked. */
export type EngineTask = (file: string) => number;

const clock = (): number => Number(process.hrtime.bigint());

/** Opens the running kernel's BTF and finds `task_struct`, as a load of an object with CO-RE relocations begins. */
export const openBtf: EngineTask = () => {
  // Of a Sys of its own, because what is known of a kernel is kept with the Sys that asked it.
  const sys: Sys = Object.create(liveSys());
  const start = clock();
  const id = Kernel.running(sys).btf?.findByName('task_struct', 'struct');
  const spent = clock() - start;
  if (id === undefined) throw new Error('no task_struct in the BTF of this kernel');
  return spent;
};

export const openObject: EngineTask = file => {
  const start = clock();
  const object = BpfObject.open(file);
  const spent = clock() - start;
  object.close();
  return spent;
};

let inBpf = 0;
let timed: Sys | undefined;

/** Opens and loads; the time spent in bpf(2) is the kernel's, and left out. */
export const loadObject: EngineTask = file => {
  timed ??= timedSys();
  inBpf = 0;
  const start = clock();
  const object = BpfObject.open(file, { sys: timed }).load();
  const spent = clock() - start - inBpf;
  object.close();
  if (inBpf === 0) throw new Error('the calls of bpf(2) were not seen');
  return spent;
};

function timedSys(): Sys {
  const live = liveSys();
  const bpf: Sys['bpf'] = (...args) => {
    const start = clock();
    const result = live.bpf(...args);
    inBpf += clock() - start;
    return result;
  };
  return Object.assign(Object.create(live) as Sys, { bpf });
}

export const tasks = { btf: openBtf, open: openObject, load: loadObject };
