import t from 'tap';
import { RingOverwriteSource } from '../src/maps/events/ring-overwrite-source.js';
import type { Sys } from '../src/syscall/index.js';

const PAGE = 4096;

/** The kernel's side of a ring that overwrites: its memory, and what __bpf_ringbuf_reserve and bpf_ringbuf_commit do to it. */
class FakeRing {
  readonly size: number;
  readonly #consumer = new ArrayBuffer(PAGE);
  readonly #producer: ArrayBuffer;
  readonly consumed = new BigUint64Array(this.#consumer, 0, 1);
  /** producer_pos, pending_pos, overwrite_pos. */
  readonly positions: BigUint64Array;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  unmapped = 0;

  constructor(size: number) {
    this.size = size;
    this.#producer = new ArrayBuffer(PAGE + 2 * size);
    this.positions = new BigUint64Array(this.#producer, 0, 3);
    this.#words = new Int32Array(this.#producer, PAGE);
    this.#bytes = new Uint8Array(this.#producer, PAGE);
  }

  source(): RingOverwriteSource {
    const map = (buffer: ArrayBuffer) => ({ buffer, close: () => this.unmapped++ });
    const sys = {
      mmap: (_fd: number, _length: number, _protection: number, _flags: number, offset: number) =>
        map(offset === 0 ? this.#consumer : this.#producer),
      epollCreate: () => 7,
      epollCtl: () => 0,
      close: () => 0,
    };
    return new RingOverwriteSource(sys as unknown as Sys, 3, this.size, 'ring');
  }

  /** Reserves a record and returns what finishes it. */
  reserve(length: number): (discard?: boolean) => void {
    const start = this.positions[0]!;
    const end = start + BigInt(step(length));
    let oldest = this.positions[2]!;
    while (end - oldest > BigInt(this.size - 1)) oldest += BigInt(step(this.#header(oldest)));
    this.positions[2] = oldest;
    this.#write(start, length | (1 << 31));
    this.positions[0] = end;
    return discard => this.#write(start, discard ? length | (1 << 30) : length);
  }

  /** Sends a record of which every byte is `value`. */
  send(length: number, value: number): void {
    const start = Number(this.positions[0]! % BigInt(this.size)) + 8;
    const submit = this.reserve(length);
    for (let i = start; i < start + length; i++) {
      this.#bytes[i % this.size] = value;
      this.#bytes[(i % this.size) + this.size] = value;
    }
    submit();
  }

  #header(position: bigint): number {
    return this.#words[Number(position % BigInt(this.size)) >> 2]! & 0x3fffffff;
  }

  #write(position: bigint, header: number): void {
    const at = Number(position % BigInt(this.size)) >> 2;
    this.#words[at] = header;
    this.#words[at + this.size / 4] = header;
  }
}

const step = (length: number): number => (length + 15) & ~7;

interface Taken {
  readonly records: string[];
  readonly take: (bytes: Uint8Array, offset: number, length: number) => void;
}

/** Notes records as `length×value`. */
function taking(): Taken {
  const records: string[] = [];
  return {
    records,
    take: (bytes, offset, length) => {
      const record = bytes.subarray(offset, offset + length);
      const value = record[0];
      records.push(record.every(byte => byte === value) ? `${length}×${value}` : 'changed');
    },
  };
}

const all = 1e9;

t.test('what was written over is skipped and counted; a limit leaves the rest', async t => {
  const ring = new FakeRing(PAGE);
  const source = ring.source();
  const { records, take } = taking();
  t.equal(source.drain(take, all), false, 'empty');
  for (let i = 0; i < 100; i++) ring.send(100, i);
  // 36 records of 112 bytes fit.
  t.equal(source.available, 36 * 112);
  t.equal(source.drain(take, 10), true);
  t.same([records.length, records[0], source.overwritten], [10, '100×64', 64 * 112]);
  t.equal(source.available, 26 * 112);
  for (let i = 100; i < 130; i++) ring.send(100, i);
  t.equal(source.available, 36 * 112);
  t.equal(source.drain(take, all), false);
  t.same([records.length, records[10], records.at(-1)], [46, '100×94', '100×129']);
  t.equal(source.overwritten, 84 * 112);
  t.equal(source.received, 46);
  t.equal(ring.consumed[0], ring.positions[0]);
  t.notOk(records.includes('changed'));
  source.close();
  source.close();
  t.equal(source.available, 0);
  t.equal(ring.unmapped, 2);
});

t.test('records of more bytes than are copied at a time, and of none', async t => {
  const ring = new FakeRing(1 << 20);
  const source = ring.source();
  const { records, take } = taking();
  const lengths = [0, 10, 65528, 65529, 300_000, 0, 70_000, 400_000, 1];
  for (const [i, length] of lengths.entries()) ring.send(length, i);
  while (source.drain(take, all));
  t.same(
    records,
    lengths.map((length, i) => `${length}×${length ? i : undefined}`),
  );
  ring.send((1 << 20) - 16, 9);
  while (source.drain(take, all));
  t.equal(records.at(-1), `${(1 << 20) - 16}×9`);
  t.equal(source.overwritten, 0);
});

t.test('a record that is not finished, and one that is given up', async t => {
  const ring = new FakeRing(PAGE);
  const source = ring.source();
  const { records, take } = taking();
  for (let i = 0; i < 50; i++) ring.send(100, i);
  const finish = ring.reserve(40);
  const giveUp = ring.reserve(40);
  ring.send(100, 50);
  t.equal(source.drain(take, all), false);
  t.equal(records.at(-1), '100×49');
  t.equal(ring.consumed[0], 50n * 112n, 'where its producer looks whether to wake us');
  t.equal(source.available, 48 + 48 + 112);
  finish();
  giveUp(true);
  t.equal(source.drain(take, all), false);
  t.same([records.length, records.at(-1)], [36, '100×50']);
  t.equal(source.discarded, 1);
  t.equal(source.available, 0);
});

t.test('a position that nobody reads moves on, so that the next record wakes', async t => {
  const ring = new FakeRing(PAGE);
  const source = ring.source();
  for (let i = 0; i < 50; i++) ring.send(100, i);
  // All that is left is not finished.
  ring.positions[2] = ring.positions[0]!;
  const finish = ring.reserve(8);
  t.equal(
    source.drain(() => {}, all),
    false,
  );
  t.equal(ring.consumed[0], 50n * 112n);
  finish();
  source.drain(() => {}, all);
  t.equal(source.received, 1);
});

t.test('closed, or thrown out of, in a callback: the next reader goes on', async t => {
  const ring = new FakeRing(PAGE);
  for (let i = 0; i < 10; i++) ring.send(8, i);
  const first = ring.source();
  let count = 0;
  t.equal(
    first.drain(() => {
      if (++count === 3) first.close();
    }, all),
    false,
  );
  t.same([count, ring.consumed[0], ring.unmapped], [3, 48n, 2]);
  const second = ring.source();
  t.throws(
    () =>
      second.drain(() => {
        throw new Error('enough');
      }, all),
    /enough/,
  );
  const { records, take } = taking();
  second.drain(take, all);
  t.equal(records[0], '8×4');
  t.equal(records.length, 6);
});

t.test('positions and sizes that no kernel writes', async t => {
  const damage: Record<string, (ring: FakeRing) => void> = {
    'ahead of the producers': ring => {
      ring.consumed[0] = 1n << 40n;
    },
    'bytes wait at': ring => {
      ring.consumed[0] = 3n;
    },
    'bytes wait at 0 in': ring => {
      ring.positions[0] = 1n << 33n;
    },
    'a record of .* bytes where': ring => {
      ring.reserve(PAGE * 3)();
      ring.positions[0] = 1160n;
      ring.positions[2] = 0n;
    },
  };
  for (const [message, spoil] of Object.entries(damage)) {
    const ring = new FakeRing(PAGE);
    for (let i = 0; i < 10; i++) ring.send(100, 255);
    spoil(ring);
    const source = ring.source();
    t.throws(() => source.drain(() => {}, all), {
      name: 'DamagedBufferError',
      message: new RegExp(`map ring: .*${message}`),
    });
    source.close();
  }
});
