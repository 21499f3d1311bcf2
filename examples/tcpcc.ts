// Gives the kernel another congestion control of TCP, `rawbpf_simple`, for as long as it runs, and prints what it did every second. Until Ctrl-C.
//
//     sysctl net.ipv4.tcp_congestion_control=rawbpf_simple      for all new connections
//     iperf3 -c HOST --congestion rawbpf_simple                 for one
//
// What it teaches: struct_ops, by which BPF programs are what the kernel calls at a place where it has a struct of functions. Five fields of
// `struct tcp_congestion_ops` are enough; the verifier knows which fields of a connection they may write. Globals are memory that both sides share.
import { readFileSync } from 'node:fs';
import { setInterval } from 'node:timers/promises';
import { BpfObject } from 'rawbpf';

using b = BpfObject.open(new URL('../../fixtures/tcpcc.bpf.o', import.meta.url)).load();
b.attach();
console.error('attached');
const available = '/proc/sys/net/ipv4/tcp_available_congestion_control';
console.log(`available: ${readFileSync(available, 'utf8').trim()}`);

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
try {
  for await (const _ of setInterval(1000, undefined, stop)) {
    const { connections, acks, losses, greatest_window } = b.globals;
    console.log(
      `${connections} connections, ${acks} acks, ${losses} losses, window up to ${greatest_window}`,
    );
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
