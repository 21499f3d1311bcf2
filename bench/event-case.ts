import {
  BpfObject,
  type EventCallback,
  PerfEventArray,
  type PerfReaderOptions,
  type RawCallback,
  RingBuf,
} from 'rawbpf';
import { bpf, liveSys } from 'rawbpf/syscall';
import { BpfCmd, BpfFlags } from '../src/abi/index.js';
import { pythonWithBcc } from './bcc.js';
import { buildCilium } from './cilium.js';
import { beside, type Case } from './compare.js';
import { measured, measuredWith, type Peers } from './peers.js';
import { fixture, repository } from './repository.js';

/** Records of 64 bytes that one run of the program writes; with their headers they almost fill the ring, or one CPU's perf buffer. */
const records = 200_000;
/** Each side fills and drains so often, and counts the fastest: memory that others use, too, slows single ones down by half, on either side. */
const fills = 9;
/** Until V8 has compiled it for good. */
const unmeasured = 30;
/** Pages of a perf buffer: 16 MiB. */
const pages = 4096;

type Buffer = 'ring' | 'perf';
type How = 'raw' | 'decoded';
type Sample = { seq: bigint; ns: bigint; pid: number; cpu: number; comm: string; path: string };

const file = fixture('test-ring-bench');

/** Draining a buffer that is full: each record as bytes of which one word is read, or decoded and every field read. */
export function eventDrain(peers: Peers, kind: Buffer, how: How): Case[] {
  const program = peers.build(kind);
  const args = [file, how, records, fills, ...(kind === 'perf' ? [pages] : [])];
  const libbpf = { ...ours(kind, how), theirs: () => measured(program, ...args) };
  const cilium = (): number =>
    withObject(kind, fds => measuredWith(fds, [buildCilium(peers.folder), kind, how, records, fills]));
  const script = `${repository}/bench/peers/bcc/peer.py`;
  const bcc = (): number =>
    withObject(kind, fds => measuredWith(fds, [pythonWithBcc(), script, kind, how, records, 2]));
  return [libbpf, beside(libbpf, 'cilium', cilium), beside(libbpf, 'bcc', bcc)];
}

function ours(kind: Buffer, how: How): Omit<Case, 'theirs'> {
  const object = BpfObject.open(file).load();
  let received = 0;
  let sum = 0;
  const raw = (bytes: Uint8Array, offset: number): void => {
    received++;
    sum += bytes[offset] as number;
  };
  const decoded = ({ seq, ns, pid, cpu, comm, path }: Sample): void => {
    received++;
    sum += pid + cpu + comm.length + path.length;
    // Adding bigints would take longer than all else.
    if (seq < 0n || ns === 0n) sum = Number.NaN;
  };
  const drain = drainer(object, kind, how === 'raw' ? { raw } : { decoded });
  const fill = filler(object, kind);
  for (let i = 0; i < unmeasured; i++) {
    fill();
    drain();
  }
  return {
    name: `${kind}-${how}`,
    unit: 'ns/record',
    ours: () => {
      received = sum = 0;
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < fills; i++) {
        fill();
        const start = process.hrtime.bigint();
        drain();
        best = Math.min(best, Number(process.hrtime.bigint() - start));
      }
      if (received !== records * fills || !(sum > 0))
        throw new Error(`${received} records of ${records * fills}`);
      return best / records;
    },
    [Symbol.dispose]: () => object.close(),
  };
}

function drainer(
  object: BpfObject,
  kind: Buffer,
  take: { raw: RawCallback } | { decoded: EventCallback<Sample> },
): () => void {
  const map = kind === 'ring' ? object.map('ring', RingBuf) : object.map('perf', PerfEventArray);
  const options: PerfReaderOptions = kind === 'ring' ? {} : { pages, wakeupEvents: 2 * records };
  if ('raw' in take) {
    const reader = map.raw().reader(options);
    return () => reader.consume(take.raw);
  }
  const reader = map.as<Sample>('record').reader(options);
  return () => reader.consume(take.decoded);
}

/** Runs the program that fills the buffer. Nothing is to wake up: the clock runs for draining alone. */
function filler(object: BpfObject, kind: Buffer): () => void {
  const args = new Uint8Array(BigUint64Array.of(BigInt(records), BigInt(BpfFlags.BPF_RB_NO_WAKEUP)).buffer);
  const run = { prog_fd: object.program(`emit_${kind}`).fd, ctx_in: args, ctx_size_in: args.length };
  return () => {
    const result = bpf(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, run);
    if (result < 0) throw new Error(`BPF_PROG_TEST_RUN: ${result}`);
  };
}

/** Loads the object for a peer that does not: it gets the program and the map, which nobody else reads. */
function withObject(kind: Buffer, run: (fds: readonly number[]) => number): number {
  using object = BpfObject.open(file).load();
  return run([object.program(`emit_${kind}`).fd, object.map(kind).fd]);
}
