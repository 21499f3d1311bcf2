import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import { Kernel } from '../src/kernel/index.js';
import { HashMap, IterationError } from '../src/maps/index.js';
import { BatchSource } from '../src/maps/walk/batch-source.js';
import { BpfObject, type Program } from '../src/programs/index.js';
import { Errno, liveSys, MapBatch, type Sys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

/** This machine's kernel, where `intercept` may answer a command in its place. */
function through(intercept: (cmd: number, inner: () => number) => number | undefined): {
  sys: Sys;
  kernel: Kernel;
} {
  const live = liveSys();
  const sys: Sys = {
    ...live,
    bpf(cmd, ...rest) {
      const call = () => live.bpf(cmd, ...rest);
      return intercept(cmd, call) ?? call();
    },
  };
  return { sys, kernel: Kernel.running(sys) };
}

const withoutBatches = () =>
  through(cmd => (cmd === BpfCmd.BPF_MAP_LOOKUP_BATCH ? -Errno.EINVAL : undefined));

/** Runs a program as fast as it goes, in a process of its own, while `during` does its work. */
async function churning(program: Program, during: () => void): Promise<void> {
  const script = fileURLToPath(new URL(`maps-churn-child${extname(import.meta.url)}`, import.meta.url));
  const execArgv = script.endsWith('.ts') ? process.execArgv : [];
  const child = spawn(process.execPath, [...execArgv, script, String(program.info().id)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [said] = await once(child.stdout, 'data');
    if (String(said) !== 'running\n') throw new Error(`the child said ${said}`);
    during();
    if (child.exitCode !== null) throw new Error('the child ended before it was told to');
  } finally {
    // It never comes back to the event loop, where a handler of another signal would run; tap gives its children one.
    child.kill('SIGKILL');
    if (child.exitCode === null) await once(child, 'close');
  }
}

for (const [name, make] of Object.entries({ batch: () => through(() => undefined), key: withoutBatches }))
  t.test(`a walk ends while a program changes the map as fast as it can: by ${name}`, async t => {
    if (!needs(t, { bpf: true })) return;
    const { sys, kernel } = make();
    using object = BpfObject.open(fixture('test-hash-maps'), { sys, kernel }).load();
    const map = object.map('crowd', HashMap<number, bigint>);
    map.setMany(Array.from({ length: 2048 }, (_, i) => [i * 2, 1n] as const));
    let given = 0;
    let ended = 0;
    let inconsistent = 0;
    let gaveUp = 0;
    await churning(object.program('churn'), () => {
      for (let i = 0; i < 50; i++) {
        const walk = map.entries();
        t.equal(walk.method, name);
        const seen = new Set<number>();
        try {
          for (const [key] of walk) {
            given++;
            if (seen.has(key) || key >= 4096) t.fail(`key ${key} came twice or never was`);
            seen.add(key);
            if (key % 16 === 0) map.delete(key);
          }
          ended++;
        } catch (error) {
          if (!(error instanceof IterationError)) throw error;
          gaveUp++;
        }
        if (!walk.consistent) inconsistent++;
      }
    });
    t.ok(given > 50 * 1000, `${given} entries`);
    t.equal(ended + gaveUp, 50);
    t.ok(ended >= 45, `${ended} of 50 walks came to the end of the map`);
    if (name === 'key') t.ok(inconsistent > 0, `${inconsistent} walks met changes`);
    else t.equal(inconsistent, 0, 'a key has one bucket, which is read once');
    t.ok(map.size <= 4096);
  });

t.test('a bucket that does not fit in a batch comes in the next, larger one', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const map = object.map('crowd', HashMap<number, bigint>);
  map.setMany(Array.from({ length: 4096 }, (_, key) => [key, BigInt(key)] as const));
  const batch = new MapBatch(liveSys(), map.fd, { key: 4, value: 8, capacity: 1 });
  const refused = (errno: number): Error => new Error(`errno ${errno}`);
  const source = new BatchSource(batch, false, 4096, () => {}, refused);
  const seen: number[] = [];
  let grown = 0;
  for (let count = source.first() ?? t.fail('no batches'); count !== -1; count = source.fill()) {
    if (count === 0) grown++;
    for (let i = 0; i < Number(count); i++) {
      seen.push(source.keys.getUint32(i * 4, true));
      if (source.values.getBigUint64(i * 8, true) !== BigInt(seen.at(-1) ?? -1))
        t.fail('a value of another key');
    }
  }
  t.ok(grown > 0, `${grown} buckets did not fit`);
  t.equal(seen.length, 4096);
  t.equal(new Set(seen).size, 4096);
  const narrow = new BatchSource(
    new MapBatch(liveSys(), map.fd, { key: 4, value: 8, capacity: 1 }),
    false,
    1,
    () => {},
    refused,
  );
  t.throws(() => {
    for (let count = narrow.first() ?? -1; count >= 0; ) count = narrow.fill();
  }, /errno 28/);
});

t.test('a walk by key that is led back', async t => {
  if (!needs(t, { bpf: true })) return;
  let next = 0;
  let hook = (): void => {};
  const { sys, kernel } = through((cmd, call) => {
    if (cmd === BpfCmd.BPF_MAP_LOOKUP_BATCH) return -Errno.EINVAL;
    if (cmd !== BpfCmd.BPF_MAP_GET_NEXT_KEY) return undefined;
    const result = call();
    next++;
    hook();
    return result;
  });
  using object = BpfObject.open(fixture('test-hash-maps'), { sys, kernel }).load();
  const map = object.map('crowd', HashMap<number, bigint>);
  const other = map.as<number, bigint>({});
  map.setMany(Array.from({ length: 100 }, (_, key) => [key, 1n] as const));

  const order = [...map.keys()];
  const walk = map.keys();
  const seen: number[] = [];
  for (const key of walk) {
    seen.push(key);
    // The one that is to come next, which the walk knows already.
    if (seen.length === 50) other.delete(order[50] as number);
  }
  t.same(seen, order.slice(0, 51).concat(order.slice(51)), 'it goes on where it was');
  t.equal(walk.consistent, false);
  const entries = map.entries();
  const values: number[] = [];
  for (const [key] of entries) {
    values.push(key);
    if (values.length === 20) other.delete(order[20] as number);
  }
  t.same(
    values,
    order.filter((_, i) => i !== 50 && i !== 20),
  );
  t.equal(entries.consistent, false, 'a key vanished before its value was read');

  // Somebody who empties and fills the map at every step.
  hook = () => {
    if (next % 3 !== 0) return;
    const saved = hook;
    hook = () => {};
    other.clear();
    for (let key = 0; key < 50; key++) other.set(next * 100 + key, 1n);
    hook = saved;
  };
  const started = next;
  try {
    for (const _ of map.keys());
  } catch (error) {
    t.ok(error instanceof IterationError);
  }
  t.ok(next - started < 40 * 4096, 'it ends all the same');
});
