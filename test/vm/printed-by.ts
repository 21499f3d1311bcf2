import type { WaitingChild } from '../child.js';
import { traceInstance } from '../trace-instance.js';

/** Lets a child run and returns what programs printed in it. */
export async function printedBy(child: WaitingChild): Promise<string[]> {
  const trace = traceInstance();
  try {
    await child.release();
    return trace.linesOf(child.pid);
  } finally {
    trace.close();
  }
}
