import type { BpfMap } from '../src/maps/index.js';
import { run } from './live.js';

/** An element as `bpftool -j map dump` has it. */
export interface Dumped {
  /** By BTF, where the kernel has the map's. */
  readonly formatted?: { readonly key: unknown; readonly value: unknown };
  readonly key: unknown;
  readonly value: unknown;
  readonly error?: string;
}

/** The elements of a map as bpftool prints them. */
export function dumped(map: BpfMap): Dumped[] {
  return JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', String(map.id))) as Dumped[];
}

/** The bytes that bpftool prints in hexadecimal: `["0x01", "0x02"]`. */
export function hexBytes(shown: unknown): Uint8Array {
  return Uint8Array.from(shown as string[], Number);
}

/** The same as words of 32 bits, in the machine's byte order. */
export function hexWords(shown: unknown): readonly number[] {
  return [...new Uint32Array(hexBytes(shown).buffer)];
}

/** The same as one word of 64 bits. */
export function hexWord64(shown: unknown): bigint {
  return new BigUint64Array(hexBytes(shown).buffer)[0] ?? 0n;
}
