// Prints who calls execve(), with a message for each user. Until Ctrl-C; an argument is the only process to show.
import { BpfObject, HashMap, PerfEventArray } from 'rawbpf';

type Data = { pid: number; uid: number; command: string; message: string };

using b = BpfObject.open(new URL('../../fixtures/hello-buffer-config.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();
const config = b.map('config', HashMap);
config.set(0, { message: 'Hey root!' });
config.set(501, { message: 'Hi user 501' });

const reader = b.map('output', PerfEventArray).reader<Data>();
process.once('SIGINT', () => reader.close());
b.attach();
console.error('attached');
for await (const { pid, uid, command, message } of reader) {
  console.log(pid, uid, command, message);
  config.set(uid, { message: 'Again!' });
}
