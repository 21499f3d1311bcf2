import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until it holds, at most ten seconds: the test that follows says what does not. */
export async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds() && Date.now() < end; ) await sleep(5);
}
