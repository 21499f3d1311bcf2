// Prints who calls execve(), out of a ring buffer. Until Ctrl-C; an argument is the only process to show.
import { BpfObject, RingBuf } from 'rawbpf';

type Data = { pid: number; uid: number; command: string; message: string };

using b = BpfObject.open(new URL('../../fixtures/hello-ring.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();
const reader = b.map('output', RingBuf).reader<Data>();
process.once('SIGINT', () => reader.close());
b.attach();
console.error('attached');
for await (const { pid, uid, command, message } of reader) console.log(pid, uid, command, message);
