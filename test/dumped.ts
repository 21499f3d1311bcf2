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
