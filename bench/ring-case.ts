import { BpfObject, type EventReader, RingBuf } from 'rawbpf';
import { bpf, liveSys } from 'rawbpf/syscall';
import { BpfCmd, BpfFlags } from '../src/abi/index.js';
import type { Case } from './compare.js';
import { measured, type Peers } from './peers.js';
import { fixture } from './repository.js';

/** Records of 64 bytes that one run of the program writes; with their headers they almost fill the ring. */
const records = 200_000;
const fills = 5;

type Sample = { seq: bigint; ns: bigint; pid: number; cpu: number; comm: string; path: string };

/** Draining a ring buffer that is full: each record as bytes of which one word is read, or decoded and every field read. */
export function ringDrain(peers: Peers, how: 'raw' | 'decoded'): Case {
  const program = peers.build('ring');
  const file = fixture('test-ring-bench');
  const object = BpfObject.open(file).load();
  const ring = object.map('ring', RingBuf);
  let received = 0;
  let sum = 0;
  const raw = (bytes: Uint8Array): void => {
    received++;
    sum += bytes[0] as number;
  };
  const decoded = ({ seq, ns, pid, cpu, comm, path }: Sample): void => {
    received++;
    sum += Number(seq) + Number(ns) + pid + cpu + comm.length + path.length;
  };
  const drain = how === 'raw' ? drainer(ring.raw().reader(), raw) : drainer(ring.reader<Sample>(), decoded);
  // Nothing is to wake up: the clock runs for draining alone.
  const args = new Uint8Array(BigUint64Array.of(BigInt(records), BigInt(BpfFlags.BPF_RB_NO_WAKEUP)).buffer);
  const fill = {
    prog_fd: object.program('emit_ring').fd,
    ctx_in: args,
    ctx_size_in: args.length,
  };
  return {
    name: `ring-${how}`,
    unit: 'ns/record',
    theirs: () => measured(program, file, how, records, fills),
    ours: () => {
      received = sum = 0;
      let spent = 0n;
      for (let i = 0; i < fills; i++) {
        const result = bpf(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, fill);
        if (result < 0) throw new Error(`BPF_PROG_TEST_RUN: ${result}`);
        const start = process.hrtime.bigint();
        drain();
        spent += process.hrtime.bigint() - start;
      }
      if (received !== records * fills || sum === 0)
        throw new Error(`${received} records of ${records * fills}`);
      return Number(spent) / received;
    },
    [Symbol.dispose]: () => object.close(),
  };
}

function drainer<T>(reader: EventReader<T>, callback: (event: T) => void): () => number {
  return () => reader.consume(callback);
}
