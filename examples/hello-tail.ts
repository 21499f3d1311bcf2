// Tail calls a program for each system call that has one. Until Ctrl-C; an argument is the only process to trace.
import { BpfObject, ProgArray, TracePipe } from 'rawbpf';

using b = BpfObject.open(new URL('../../fixtures/hello-tail.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();

// Numbers of x86-64.
const syscalls = b.map('syscall', ProgArray);
syscalls.set(59, b.program('hello_exec'));
for (const timer of [222, 223, 224, 225, 226]) syscalls.set(timer, b.program('hello_timer'));
// Too frequent to print.
for (const frequent of [0, 1, 21, 22, 25, 29, 56, 57, 79, 98, 102, 104, 105, 106, 107, 133, 138, 186])
  syscalls.set(frequent, b.program('ignore_opcode'));

using trace = TracePipe.open();
process.once('SIGINT', () => trace.close());
b.program('hello').attach();
console.error('attached');
for await (const line of trace) console.log(line.raw);
