// Prints who calls execve(), out of a ring buffer. Until Ctrl-C; an argument is the only process to show.
import { BpfObject, RingBuf } from 'rawbpf';

type Data = { pid: number; uid: number; command: string; message: string };

using b = BpfObject.open(new URL('../../fixtures/hello-ring.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();
const reader = b.map('output', RingBuf).reader();
process.once('SIGINT', () => reader.close());
b.attach();
console.error('attached');
for await (const event of reader) {
  const { pid, uid, command, message } = event as Data;
  console.log(pid, uid, command, message);
}
