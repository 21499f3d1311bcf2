import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

const path = join(tmpdir(), `rawbpf-trace-pipe-${process.getuid?.() ?? 0}.lock`);

/**
 * Makes the test the only one that reads `trace_pipe` until it ends. Test files run side by side, and a line of the pipe goes to one
 * reader only.
 */
export async function traceLock(t: Test): Promise<void> {
  while (!taken()) await new Promise(resolve => setTimeout(resolve, 50));
  t.teardown(() => rmSync(path));
}

function taken(): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    removeIfAbandoned();
    return false;
  }
}

/** A test that was killed leaves its lock behind. */
function removeIfAbandoned(): void {
  try {
    const owner = Number(readFileSync(path, 'utf8'));
    if (owner > 0) process.kill(owner, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(path, { force: true });
  }
}
