import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { createMap, EventGroup, UserRingBuf } from '../src/maps/index.js';
import { forgottenScenarios } from './lifecycle-forgotten.js';
import { buffers, collect, hash, ownFds, refuses, type Sample } from './lifecycle-kit.js';
import { threadScenarios } from './lifecycle-threads.js';

type Scenario = () => void | Promise<void>;

const closing: Record<string, Scenario> = {
  'a map after close': () => {
    const { map } = hash();
    const walk = map.entries();
    map.close();
    map.close();
    for (const use of [
      () => map.get(1n),
      () => map.set(1n, 2n),
      () => map.delete(1n),
      () => map.has(1n),
      () => map.lookupAndDelete(1n),
      () => map.clear(),
      () => map.info(),
      () => map.freeze(),
      () => [...map],
      () => map.fd,
    ])
      refuses(use);
    assert.equal(map.closed, true);
    // It began when it was made, and hands over what it has read.
    assert.equal([...walk].length, 100);
  },
  'an object after close': () => {
    const { object, map } = hash();
    const program = object.program('hello');
    object.close();
    object.close();
    for (const use of [
      () => object.maps,
      () => object.map('counter_table'),
      () => object.program('hello'),
      () => object.attach(),
      () => object.load(),
      () => map.get(1n),
      () => program.fd,
      () => program.attach(),
    ])
      refuses(use);
    assert.equal(ownFds(), 0);
  },
  'a reader after close': async () => {
    const { object, ring, fillRing } = buffers();
    fillRing(10);
    const reader = ring.raw().reader();
    reader.close();
    reader.close();
    assert.equal(
      reader.consume(() => assert.fail('a record of a closed reader')),
      0,
    );
    reader.on(() => assert.fail('a record of a closed reader')).unref();
    assert.deepEqual([reader.available, reader.received, reader.closed], [0, 0, true]);
    for await (const _ of reader) assert.fail('a record of a closed reader');
    await sleep(10);
    object.close();
    refuses(() => ring.reader());
    refuses(() => ring.on(() => {}));
  },
  'a link and a program after close': () => {
    const { object } = hash();
    const [link] = object.attach();
    link?.close();
    link?.close();
    object.program('hello').close();
    object.program('hello').close();
    refuses(() => object.program('hello').attach());
    object.close();
    link?.close();
    assert.equal(ownFds(), 0);
  },
  'close a reader in its callback': async () => {
    const { object, ring, perf, fillRing, fillPerf } = buffers();
    for (const [map, fill] of [
      [ring, fillRing],
      [perf, fillPerf],
    ] as const)
      for (const way of ['on', 'consume'] as const) {
        let count = 0;
        const reader = map.raw().reader();
        const callback = (bytes: Uint8Array, offset: number): void => {
          if (++count === 3) reader.close();
          // What was handed over may still be read, as what it was or as nothing.
          assert(Number(bytes[offset]) >= 0);
        };
        fill(10);
        if (way === 'on') reader.on(callback);
        else reader.consume(callback);
        await sleep(20);
        assert.equal(count, 3);
      }
    const rest: bigint[] = [];
    ring.reader<Sample>().consume(({ seq }) => rest.push(seq));
    assert.deepEqual(
      rest.map(Number),
      [6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      'none twice, none left out',
    );
    object.close();
  },
  'close the object in a callback': async () => {
    for (const buffer of ['ring', 'perf'] as const) {
      const made = buffers();
      let count = 0;
      made[buffer].on(() => {
        count++;
        made.object.close();
      });
      (buffer === 'ring' ? made.fillRing : made.fillPerf)(10);
      await sleep(20);
      assert.equal(count, 1);
    }
    assert.equal(ownFds(), 0);
  },
  'close the map in a callback that is in the middle of a loop': async () => {
    const { ring, fillRing } = buffers();
    fillRing(5000);
    let count = 0;
    for await (const _ of ring.reader<Sample>({ highWaterMark: 10 })) {
      if (++count === 15) ring.close();
    }
    // What was read ahead is handed over; the rest stays in the kernel.
    assert(count >= 15 && count <= 30, `${count}`);
  },
  'views of records, after close': async () => {
    const { object, ring, perf, fillRing, fillPerf } = buffers();
    const kept: Uint8Array[] = [];
    for (const [map, fill] of [
      [ring, fillRing],
      [perf, fillPerf],
    ] as const) {
      fill(10);
      const reader = map.raw().reader();
      fill(10);
      reader.consume((bytes, offset, length) => {
        kept.push(bytes, bytes.subarray(offset, offset + length));
      });
      reader.close();
    }
    object.close();
    await collect();
    for (const bytes of kept) for (let i = 0; i < bytes.length; i += 64) assert.equal(bytes[i], 0);
    for (const bytes of kept) bytes.fill(1);
  },
  'memory of globals, after close': async () => {
    const { object, fillRing } = buffers();
    fillRing(1);
    const dropped = object.globalArray('dropped');
    object.close();
    await collect();
    assert.equal(dropped[0], 0n);
    dropped[0] = 5n;
    refuses(() => object.globals['dropped']);
    refuses(() => {
      object.globals['dropped'] = 1n;
    });
  },
  'close a map while it is walked': () => {
    const { object, map } = hash();
    let seen = 0;
    refuses(() => {
      for (const _ of map) if (++seen === 2) map.close();
      // A batch may have brought all there is.
      assert.equal(seen, 100);
      map.get(1n);
    });
    object.close();
  },
  'a user ring after close': async () => {
    const ring = createMap({ type: 'user_ringbuf', maxEntries: 4096, kind: UserRingBuf });
    const [first, second, third] = [ring.reserve(8), ring.reserve(8), ring.reserve(8)];
    first.submit();
    ring.close();
    ring.close();
    second.submit();
    third.bytes.fill(1);
    third.discard();
    await collect();
    third.bytes.fill(1);
    for (const use of [() => ring.reserve(8), () => ring.free, () => ring.write(new Uint8Array(8))])
      refuses(use);
    assert.equal(ownFds(), 0);
  },
  'close a user ring that somebody waits for': async () => {
    const ring = createMap({ type: 'user_ringbuf', maxEntries: 4096, kind: UserRingBuf });
    ring.reserve(4000).submit();
    const waiting = ring.reserveWhenFree(1000);
    setTimeout(() => ring.close(), 20);
    await assert.rejects(waiting, /closed/);
  },
  'close a group in a callback of one of its readers': async () => {
    const { object, ring, perf, fillRing, fillPerf } = buffers();
    const group = new EventGroup();
    let count = 0;
    const callback = (): void => {
      count++;
      group.close();
      group.close();
    };
    ring.on(callback, { group });
    perf.on(callback, { group });
    fillRing(5);
    fillPerf(5);
    await sleep(20);
    assert.equal(count, 1);
    assert.throws(() => ring.reader({ group }), /closed/);
    object.close();
    assert.equal(ownFds(), 0);
  },
};

const reading: Record<string, Scenario> = {
  'abort before, while and after reading': async () => {
    const { object, ring, fillRing } = buffers();
    for await (const _ of ring.reader({ signal: AbortSignal.abort() })) assert.fail('an aborted reader');
    const abort = new AbortController();
    fillRing(10);
    let count = 0;
    for await (const _ of ring.reader({ signal: abort.signal })) if (++count === 5) abort.abort();
    assert.equal(count, 10, 'what was read ahead is handed over');
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(), 10);
    for await (const _ of ring.reader({ signal: waiting.signal })) assert.fail('nothing was sent');
    object.close();
    waiting.abort();
  },
  'two readers of one ring': async () => {
    const { object, ring, fillRing } = buffers();
    const counts = [0, 0];
    const readers = counts.map((_, i) =>
      ring.raw().on(() => {
        counts[i] = (counts[i] as number) + 1;
      }),
    );
    for (let i = 0; i < 50; i++) {
      fillRing(100);
      await nextTurn();
    }
    await sleep(20);
    assert.equal((counts[0] as number) + (counts[1] as number), 5000, 'each record goes to one of them');
    for (const reader of readers) reader.close();
    object.close();
  },
  'consume in a callback of consume': () => {
    const { object, ring, fillRing } = buffers();
    fillRing(10);
    const seen: number[] = [];
    const reader = ring.reader<Sample>();
    const other = ring.reader<Sample>();
    reader.consume(({ seq }) => {
      seen.push(Number(seq));
      reader.consume(({ seq }) => seen.push(Number(seq)));
      other.consume(({ seq }) => seen.push(Number(seq)));
    });
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    object.close();
  },
  "a callback that throws is the process's": async () => {
    const { object, ring, fillRing } = buffers();
    const caught: unknown[] = [];
    process.on('uncaughtException', error => caught.push(error.message));
    const seen: number[] = [];
    ring.on<Sample>(({ seq }) => {
      seen.push(Number(seq));
      if (seq % 3n === 0n) throw new Error(`no ${seq}`);
    });
    fillRing(7);
    await sleep(50);
    assert.deepEqual(
      [seen, caught],
      [
        [0, 1, 2, 3, 4, 5, 6],
        ['no 0', 'no 3', 'no 6'],
      ],
    );
    object.close();
  },
  'a loop that throws closes what it opened': async () => {
    const { object, ring, fillRing } = buffers();
    fillRing(10);
    await assert.rejects(async () => {
      for await (const _ of ring) throw new Error('enough');
    }, /enough/);
    object.close();
    assert.equal(ownFds(), 0);
  },
  'the descriptor is closed by someone else': async () => {
    const { object, ring, fillRing } = buffers();
    fillRing(10);
    let count = 0;
    const reader = ring.raw().on(() => {
      count++;
    });
    closeSync(ring.fd);
    await sleep(20);
    const other = openSync('/dev/null', 'r');
    await sleep(20);
    reader.close();
    assert.equal(count, 10, 'the mapping is there still');
    closeSync(other);
    object.close();
  },
  'exit in a callback': async () => {
    const { ring, fillRing } = buffers();
    ring.on(() => {
      console.log('done');
      process.exit(0);
    });
    fillRing(10);
    await sleep(1000);
    assert.fail('no callback');
  },
  'end with an open reader that is not waited for': () => {
    const { ring, perf, fillRing } = buffers();
    ring.on(() => {}).unref();
    perf.on(() => {}).unref();
    fillRing(10);
  },
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  ...closing,
  ...reading,
  ...forgottenScenarios,
  ...threadScenarios,
};
