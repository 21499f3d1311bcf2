// Prints every garbage collection of Python: how old the objects were, how many it freed, how long it took. Until Ctrl-C; an argument is the only process to watch, another one
// the Python to attach to.
//
// What it teaches: static probes (USDT), which a program's authors put where something is to be seen, with the arguments that tell of it. They are named in
// a note of the file, `readelf -n` lists them, and keep their names when the code changes. Python only tells while a counter in its memory says that
// somebody listens: attaching raises it. Needs a Python that was built with them, as Debian's and Fedora's is.
import { BpfObject, RingBuf } from 'rawbpf';

type Event = { pid: number; generation: number; collected: bigint; duration_ns: bigint };

const [, , pid = '0', binary = '/usr/bin/python3'] = process.argv;

using b = BpfObject.open(new URL('../../fixtures/pythongc.bpf.o', import.meta.url));
b.globals.pid_filter = Number(pid);
b.load();
const events = b.map('events', RingBuf).reader<Event>();
process.once('SIGINT', () => events.close());
b.program('gc_start').attachTo({ kind: 'usdt', binary, provider: 'python', name: 'gc__start' });
b.program('gc_done').attachTo({ kind: 'usdt', binary, provider: 'python', name: 'gc__done' });

console.error('attached');
console.log('PID     GEN COLLECTED     USECS');
for await (const { pid, generation, collected, duration_ns } of events) {
  const usecs = String(duration_ns / 1000n).padStart(9);
  console.log(
    `${String(pid).padEnd(7)} ${String(generation).padEnd(3)} ${String(collected).padEnd(9)} ${usecs}`,
  );
}
