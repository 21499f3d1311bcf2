import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { needs } from './live.js';

/** Programs that the tests of a family need beside `ip`. */
export interface NetnsOptions {
  readonly tools?: readonly string[];
}

/** Milliseconds: under emulation such a process starts slowly. */
const timeout = 240_000;

/**
 * Runs another file of this folder (`links-xdp-in-netns`) as a subtest in a network namespace of its own. Nothing names the namespace, so the kernel
 * removes it, and all that is in it, when that process ends, however it ends.
 */
export async function inNetns(t: Test, script: string, { tools = [] }: NetnsOptions = {}): Promise<void> {
  await t.test(`in a network namespace: ${script}`, { timeout }, async t => {
    if (!needs(t, { bpf: true, tools: ['unshare', 'ip', ...tools] })) return;
    const self = fileURLToPath(import.meta.url);
    const node = [process.execPath, ...process.execArgv, join(dirname(self), script + extname(self))];
    await t.spawn('unshare', ['--net', ...node], { timeout }, script);
  });
}
