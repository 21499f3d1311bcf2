import { readlinkSync } from 'node:fs';
import { MapError } from '../map-error.js';

const otherObjects: Readonly<Record<string, string>> = {
  'anon_inode:bpf-prog': 'a program',
  'anon_inode:bpf_link': 'a link',
  'anon_inode:btf': 'BTF',
};

/** Throws MapError for an fd of a BPF object that is not a map: its info would be taken for that of a map. */
export function requireMap(fd: number, what: string): void {
  let target: string;
  try {
    target = readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return;
  }
  // The kernel writes some of the names in brackets: `anon_inode:[bpf_link]`.
  const other = otherObjects[target.replace(/[[\]]/g, '')];
  if (other) throw new MapError(what, `is ${other}, not a map`);
}
