// Says hello for every execve(). Until Ctrl-C; an argument is the only process to greet.
import { BpfObject, RawbpfError, TracePipe } from 'rawbpf';

using b = BpfObject.open(new URL('../../fixtures/hello.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();
using trace = TracePipe.open();
try {
  b.program('hello').attach();
} catch (error) {
  if (!(error instanceof RawbpfError)) throw error;
  console.error(`no kprobe (${error.message}), so the tracepoint`);
  b.program('hello_tp').attach();
}
process.once('SIGINT', () => trace.close());
console.error('attached');
for await (const line of trace) console.log(line.raw);
