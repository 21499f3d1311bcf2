// Looks 99 times a second at what runs, and at Ctrl-C prints the stacks as flamegraph.pl reads them. An argument is the only process to look at.
//
//     node dist/examples/profile.js 1234 > out.folded; flamegraph.pl out.folded > out.svg
//
// What it teaches: a program at a clock's tick (a perf event), stacks that the kernel walks and keeps under a number, and names for their addresses:
// /proc/kallsyms for the kernel's, ELF symbols for those of programs and libraries. Node writes the names of JavaScript functions with `--perf-basic-prof`.
import { BpfObject, foldStacks, HashMap, kernelFrames, StackTraceMap, userFrames } from 'rawbpf';

type Key = { pid: number; user: number; kernel: number; comm: string };

using b = BpfObject.open(new URL('../../fixtures/profile.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();
b.program('on_tick').attachTo({ kind: 'perf_event', event: 'cpu-clock', frequency: 99 });
console.error('attached');
const goesOn = setInterval(() => {}, 2 ** 30);
await new Promise(resolve => process.once('SIGINT', resolve));
clearInterval(goesOn);

const stacks = b.map('stacks', StackTraceMap);
// A number below 0 says that there is no such stack: a thread of the kernel has none in user space.
const stack = (id: number) => (id < 0 ? [] : (stacks.get(id) ?? []));
const samples = [...b.map('counts', HashMap<Key, bigint>)].map(([{ pid, user, kernel, comm }, count]) => ({
  comm,
  user: userFrames(stack(user), pid),
  kernel: kernelFrames(stack(kernel)),
  count,
}));
for (const line of foldStacks(samples, { annotate: true })) console.log(line);
