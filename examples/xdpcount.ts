// Counts the packets that come in at a network interface, by protocol, every second. Until Ctrl-C: `xdpcount eth0`.
//
// What it teaches: XDP, a program that sees each packet before the kernel's network code does, and could drop or redirect it; this one passes all on. Each
// CPU counts in a value of its own, so that none waits for another, and sumPercpu() adds them up here. The numbers of protocols are those of /etc/protocols.
import { setInterval } from 'node:timers/promises';
import { BpfObject, PercpuArrayMap, sumPercpu } from 'rawbpf';

type Traffic = { packets: bigint; bytes: bigint };

const [, , name] = process.argv;
if (!name) throw new Error('name a network interface: xdpcount eth0');
const protocols: Record<number, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6', 256: 'not IP' };

using b = BpfObject.open(new URL('../../fixtures/xdpcount.bpf.o', import.meta.url)).load();
b.program('count').attachTo({ kind: 'xdp', interface: name });
console.error('attached');

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
try {
  for await (const _ of setInterval(1000, undefined, stop)) {
    const seen = [...b.map('protocols', PercpuArrayMap<number, Traffic>)]
      .map(([protocol, values]) => ({ protocol, ...sumPercpu(values) }))
      .filter(({ packets }) => packets > 0n)
      .map(
        ({ protocol, packets, bytes }) => `${protocols[protocol] ?? protocol}: ${packets} (${bytes} bytes)`,
      );
    console.log(seen.join('\t') || 'nothing yet');
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
