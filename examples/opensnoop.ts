// Prints every file that is opened. Until Ctrl-C; an argument is the only process to watch.
import { BpfObject, PerfEventArray } from 'rawbpf';

type Event = { pid: number; comm: string; ret: number; fname: string };

using object = BpfObject.open(new URL('../../fixtures/opensnoop.bpf.o', import.meta.url));
object.globals.targ_tgid = Number(process.argv[2] ?? 0);
object.load();
const events = object.map('events', PerfEventArray).reader<Event>();
events.onLost(count => console.error(`lost ${count} events`));
process.once('SIGINT', () => events.close());
object.attach();

console.error('attached');
console.log('PID     COMM               FD ERR PATH');
for await (const { pid, comm, ret, fname } of events) {
  const [fd, error] = ret >= 0 ? [ret, 0] : [-1, -ret];
  console.log(
    `${String(pid).padEnd(7)} ${comm.padEnd(16)} ${String(fd).padStart(4)} ${String(error).padStart(3)} ${fname}`,
  );
}
