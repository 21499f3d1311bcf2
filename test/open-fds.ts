import { readdirSync, readlinkSync } from 'node:fs';

/** The process's descriptors and what they are of. */
export function openFds(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch {
      // The one that the folder was read by.
      return [];
    }
  });
}
