// Prints every host name that a process looks up with libc's getaddrinfo(), and how long that took. Until Ctrl-C; an argument is the only process to watch.
//
// What it teaches: a probe on a function of a library, at its begin and where it returns. The kernel puts a breakpoint into the file's code, so that all
// processes that have the library mapped are seen, those that start later, too. `uprobe/libc:getaddrinfo` names file and function; the offset comes out of ELF.
import { BpfObject, RingBuf } from 'rawbpf';

type Event = { pid: number; ret: number; duration_ns: bigint; comm: string; host: string };

using b = BpfObject.open(new URL('../../fixtures/gethostlatency.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();
const events = b.map('events', RingBuf).reader<Event>();
process.once('SIGINT', () => events.close());
b.attach();

console.error('attached');
console.log('PID     COMM              LATms RET HOST');
for await (const { pid, comm, ret, duration_ns, host } of events) {
  const ms = (Number(duration_ns) / 1e6).toFixed(2);
  console.log(
    `${String(pid).padEnd(7)} ${comm.padEnd(16)} ${ms.padStart(6)} ${String(ret).padStart(3)} ${host}`,
  );
}
