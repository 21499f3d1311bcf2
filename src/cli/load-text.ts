import type { ProgramReport } from './commands/load.js';
import { table } from './table.js';

/** What became of the programs, as `load` prints it for people. */
export function loadText(programs: readonly ProgramReport[]): string {
  if (programs.length === 0) return 'no programs';
  return table(
    ['program', '', 'tag', 'xlated', 'jited', 'verified insns'],
    programs.map(p => [
      p.name,
      p.ok ? 'ok' : 'refused',
      p.tag ?? '-',
      p.xlatedBytes ?? '-',
      p.jitedBytes ?? '-',
      p.verifiedInsns ?? '-',
    ]),
  );
}
