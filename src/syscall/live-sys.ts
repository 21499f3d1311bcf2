import { koffiSys } from './koffi-sys.js';
import type { Sys } from './sys.js';
import { traced } from './tracing.js';

let live: Sys | undefined;

/** The kernel this process runs on, traced. One for the process; koffi is loaded by the first call. Throws UnsupportedPlatformError off Linux. */
export function liveSys(): Sys {
  live ??= traced(koffiSys());
  return live;
}
