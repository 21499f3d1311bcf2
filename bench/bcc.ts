import { execFileSync } from 'node:child_process';
import { NotAtHand } from './compare.js';

let found: string | undefined;

/** A Python that has BCC's module (Debian: python3-bpfcc, for the system's own Python). Throws NotAtHand. */
export function pythonWithBcc(): string {
  found ??= ['python3', '/usr/bin/python3'].find(python => {
    try {
      execFileSync(python, ['-c', 'import bcc'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new NotAtHand("no python3 with BCC's module (Debian: python3-bpfcc)");
  return found;
}
