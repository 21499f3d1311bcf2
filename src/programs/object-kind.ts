import { readlinkSync } from 'node:fs';

/** What is opened, listed and pinned in the same ways. */
export type ObjectKind = 'program' | 'link';

/** By the name of the anonymous inode, which some kernels write in brackets. */
const kinds: Readonly<Record<string, string>> = {
  'anon_inode:bpf-prog': 'a program',
  'anon_inode:bpf-map': 'a map',
  'anon_inode:bpf_link': 'a link',
  'anon_inode:bpf-link': 'a link',
  'anon_inode:btf': 'BTF',
};

/** What a fd is of, when that is a BPF object of another kind, whose info would be taken for that of this one; undefined where `/proc` does not tell. */
export function otherThan(kind: ObjectKind, fd: number): string | undefined {
  let target: string;
  try {
    target = readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
  const found = kinds[target.replace(/[[\]]/g, '')];
  return found === `a ${kind}` ? undefined : found;
}
