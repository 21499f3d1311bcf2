// Counts execve() calls per user. Until Ctrl-C; an argument is the only process to count.
import { setInterval } from 'node:timers/promises';
import { BpfObject, HashMap } from 'rawbpf';

using b = BpfObject.open(new URL('../../fixtures/hello-map.bpf.o', import.meta.url));
b.globals.pid_filter = Number(process.argv[2] ?? 0);
b.load();
b.attach();
console.error('attached');

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
try {
  for await (const _ of setInterval(2000, undefined, stop)) {
    const counts = [...b.map('counter_table', HashMap)].map(([uid, count]) => `ID ${uid}: ${count}`);
    console.log(counts.join('\t'));
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
