import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfCmd } from '../abi/index.js';
import { bpf, liveSys, type Sys } from '../syscall/index.js';
import { type HeldKind, objectIdOfFd } from './object-fd.js';

/**
 * Where the programs, maps or links of the kernel are pinned, by id, in every bpf file system that this process sees mounted: `pinnedPaths('program').get(7)`.
 * BTF cannot be pinned. What this process may not open is passed over.
 */
export function pinnedPaths(
  kind: Exclude<HeldKind, 'btf'>,
  sys: Sys = liveSys(),
): ReadonlyMap<number, readonly string[]> {
  const pinned = new Map<number, string[]>();
  for (const folder of bpfMounts())
    for (const path of files(folder)) {
      const id = idOfPin(sys, path, kind);
      if (id !== undefined) pinned.set(id, [...(pinned.get(id) ?? []), path]);
    }
  return pinned;
}

/** `bpf /sys/fs/bpf bpf rw,nosuid 0 0`; spaces and such of a path are in octal. */
function bpfMounts(): string[] {
  const folders: string[] = [];
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [, folder = '', type] = line.split(' ');
    if (type === 'bpf')
      folders.push(
        folder.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
      );
  }
  return [...new Set(folders)];
}

function* files(folder: string): Generator<string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.isFile()) yield path;
  }
}

function idOfPin(sys: Sys, path: string, kind: HeldKind): number | undefined {
  const fd = bpf(sys, BpfCmd.BPF_OBJ_GET, { pathname: path });
  if (fd < 0) return undefined;
  try {
    return objectIdOfFd('self', fd, kind);
  } finally {
    sys.close(fd);
  }
}
