/** `node latency.js TICKER TIMES`: as `latency poll` of bench/peers/latency.c, on the event loop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { BpfObject, RingBuf } from 'rawbpf';
import { fixture } from './repository.js';

const [ticker = '', times = ''] = process.argv.slice(2);
using object = BpfObject.open(fixture('test-ring-bench')).load();
/** Of `struct record` in test-ring-bench.bpf.c. */
const nsOffset = 8;
const took: number[] = [];
let view: DataView | undefined;
using _reader = object
  .map('ring', RingBuf)
  .raw()
  .on((bytes, offset) => {
    const now = process.hrtime.bigint();
    view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    took.push(Number(now - view.getBigUint64(offset + nsOffset, true)));
  });
const child = spawn(ticker, ['tick', times], {
  stdio: ['ignore', 'ignore', 'inherit', object.program('emit_ring').fd],
});
await once(child, 'exit');
while (took.length < Number(times)) await new Promise(resolve => setTimeout(resolve, 1));
took.sort((a, b) => a - b);
console.log(JSON.stringify({ median: took[took.length >> 1], p99: took[Math.trunc(took.length * 0.99)] }));
