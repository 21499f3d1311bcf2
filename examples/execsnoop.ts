// Prints every program that is executed, with its arguments. Until Ctrl-C; an argument is the only process to watch.
//
// What it teaches: a pair of tracepoints, one where a system call begins and one where it ends. The arguments are there at the beginning only, whether it
// worked is known at the end, so a hash map keeps the one for the other, by thread. A parent's id comes out of the kernel's own structs (CO-RE).
// Records wait in a ring buffer, in the order in which things happened on all CPUs.
import { BpfObject, RingBuf } from 'rawbpf';

type Event = { pid: number; ppid: number; uid: number; ret: number; comm: string; args: string };

using b = BpfObject.open(new URL('../../fixtures/execsnoop.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();
const events = b.map('events', RingBuf).reader<Event>();
process.once('SIGINT', () => events.close());
b.attach();

console.error('attached');
console.log('PCOMM            PID     PPID    RET ARGS');
for await (const { pid, ppid, ret, comm, args } of events) {
  const ids = `${String(pid).padEnd(7)} ${String(ppid).padEnd(7)}`;
  console.log(`${comm.padEnd(16)} ${ids} ${String(ret).padStart(3)} ${args.trimEnd()}`);
}
