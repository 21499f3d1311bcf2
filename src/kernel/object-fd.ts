import { readFileSync, readlinkSync } from 'node:fs';

/** What has an id in the kernel and is held by file descriptors. */
export type HeldKind = 'program' | 'map' | 'link' | 'btf';

/** The names of the anonymous inode, which some kernels write in brackets, and the line of fdinfo that has the id. */
const kinds = {
  program: { inodes: inodes('bpf-prog'), line: /^prog_id:\s*(\d+)$/m },
  map: { inodes: inodes('bpf-map'), line: /^map_id:\s*(\d+)$/m },
  link: { inodes: inodes('bpf_link', 'bpf-link'), line: /^link_id:\s*(\d+)$/m },
  btf: { inodes: inodes('btf'), line: /^btf_id:\s*(\d+)$/m },
} as const;

function inodes(...names: string[]): ReadonlySet<string> {
  return new Set(names.flatMap(name => [`anon_inode:${name}`, `anon_inode:[${name}]`]));
}

/** The id of what a file descriptor of a process is of; undefined when that is of another kind, or `/proc` does not tell. */
export function objectIdOfFd(
  process: number | 'self',
  fd: number | string,
  kind: HeldKind,
): number | undefined {
  const { inodes, line } = kinds[kind];
  try {
    if (!inodes.has(readlinkSync(`/proc/${process}/fd/${fd}`))) return undefined;
    const [, id] = line.exec(readFileSync(`/proc/${process}/fdinfo/${fd}`, 'utf8')) ?? [];
    return id === undefined ? undefined : Number(id);
  } catch {
    // Processes end and close what they have while they are looked at.
    return undefined;
  }
}
