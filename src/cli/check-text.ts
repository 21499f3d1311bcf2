import type { CheckReport, KernelReport, ProgramReport } from './commands/check.js';
import type { RelocationReport } from './core-relocation.js';
import { heading } from './output.js';
import { table } from './table.js';

/** What `check` found, for people: a part for each kernel. */
export function checkText({ kernels }: CheckReport): string {
  return kernels.map(kernelText).join('\n\n');
}

function kernelText({ btf, programs, relocations }: KernelReport): string {
  const refused = programs.filter(p => !p.ok).length;
  const summary = refused > 0 ? `${refused} would be refused` : 'nothing speaks against them';
  return [
    heading(`${btf}: ${programs.length} programs, ${summary}`),
    table(
      ['program', '', 'missing', 'reached', 'why'],
      programs.map(p => [p.name, verdict(p), ...counts(p), p.error ?? '']),
    ),
    ...(relocations.length > 0
      ? [table(['CO-RE relocation', 'kind', 'object', 'kernel', 'uses', ''], relocationRows(relocations))]
      : []),
  ].join('\n\n');
}

/** Programs of `SEC("?…")` are loaded only when they are asked for. */
function verdict({ ok, autoload }: ProgramReport): string {
  return `${ok ? 'ok' : 'refused'}${autoload ? '' : ', optional'}`;
}

function counts({ missing }: ProgramReport): [number, number] {
  return [missing.length, missing.filter(m => !m.guarded).length];
}

/** One row for all relocations of one access that came to the same end. */
function relocationRows(relocations: readonly RelocationReport[]): (string | number)[][] {
  const rows = new Map<string, { readonly cells: readonly string[]; uses: number; readonly why: string }>();
  for (const { access, kind, from, to, status, reason = '' } of relocations) {
    const cells = [access, kind, `${from}`, status === 'poisoned' ? 'missing' : `${to}`];
    const key = cells.join('\n');
    const row = rows.get(key);
    if (row) row.uses++;
    else rows.set(key, { cells, uses: 1, why: status === 'absent' ? 'not there' : reason });
  }
  return [...rows.values()].map(({ cells, uses, why }) => [...cells, uses, why]);
}
