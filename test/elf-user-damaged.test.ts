import { readFileSync } from 'node:fs';
import t from 'tap';
import { findFunction, matchFunctions, openUserElf, readAtOf, readUsdtNotes } from '../src/elf/index.js';
import { FormatError } from '../src/index.js';
import { needs } from './live.js';
import { usdtSource } from './usdt-source.js';
import { compileUser } from './user-target.js';

/** Numbers that are the same at every run. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state;
  }
}

function lookUp(bytes: Uint8Array): unknown {
  try {
    const elf = openUserElf(readAtOf(bytes), 'damaged');
    return [
      findFunction(elf, 'work'),
      findFunction(elf, 'puts@GLIBC_2.2.5'),
      matchFunctions(elf, 't*'),
      readUsdtNotes(elf),
    ];
  } catch (error) {
    return error;
  }
}

t.test('damaged files are refused, or read as far as they are whole', async t => {
  if (!needs(t, { linux: true, tools: ['cc'] })) return;
  const whole = readFileSync(compileUser(usdtSource, 'target', '-shared', '-fPIC'));
  t.notOk(lookUp(whole) instanceof Error);
  const random = numbers(7);
  const next = (below: number): number => random.next().value % below;
  // The headers, the section table and the notes are where damage hurts most.
  const shoff = Number(new DataView(whole.buffer, whole.byteOffset).getBigUint64(40, true));
  const refused = new Set<string>();
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from(whole);
    for (let i = 0; i <= next(3); i++) {
      const at = [next(64), shoff + next(bytes.length - shoff), next(1024), next(bytes.length)][next(4)]!;
      bytes[at] = next(3) === 0 ? 0xff : next(256);
    }
    const result = lookUp(next(10) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes);
    if (!(result instanceof Error)) continue;
    if (!(result instanceof FormatError)) throw result;
    refused.add(result.reason.replace(/\d+/g, 'N'));
  }
  t.ok(refused.size > 5, [...refused].slice(0, 20).join('\n'));
});
