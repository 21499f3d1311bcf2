import { readdirSync, readFileSync } from 'node:fs';
import { type HeldKind, objectIdOfFd } from './object-fd.js';

/** A process that has a file descriptor of a BPF object open. */
export interface Holder {
  readonly pid: number;
  /** Its name: at most 15 bytes. */
  readonly comm: string;
}

/**
 * Which processes hold the programs, maps, links or BTF of the kernel, by id, each with its processes in ascending order: `holders('map').get(7)`. What is held
 * by pins, attachments and other objects alone is not there, nor what processes hold that this one may not look into (CAP_SYS_PTRACE). From `/proc`, which has
 * the ids of links since Linux 5.8, those of BTF since 4.18.
 */
export function holders(kind: HeldKind): ReadonlyMap<number, readonly Holder[]> {
  const held = new Map<number, Holder[]>();
  for (const pid of processes()) {
    const ids = heldBy(pid, kind);
    if (ids.size === 0) continue;
    const comm = commOf(pid);
    if (comm === undefined) continue;
    for (const id of ids) held.set(id, [...(held.get(id) ?? []), { pid, comm }]);
  }
  return held;
}

function processes(): number[] {
  return list('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function heldBy(pid: number, kind: HeldKind): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const fd of list(`/proc/${pid}/fd`)) {
    const id = objectIdOfFd(pid, fd, kind);
    if (id !== undefined) ids.add(id);
  }
  return ids;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function commOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').replace(/\n$/, '');
  } catch {
    return undefined;
  }
}
