import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { run } from './live.js';

/** A bpf file system of the test's own, unmounted when it ends. bpftool would mount one at /sys/fs/bpf, and leave it there. */
export function ownBpffs(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-bpffs-'));
  run('mount', '-t', 'bpf', 'bpf', folder);
  t.teardown(() => {
    run('umount', folder);
    rmdirSync(folder);
  });
  return folder;
}
