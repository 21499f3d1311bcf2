import { findFunction, type UserElf, type UserFunction, userFunctions } from '../../elf/index.js';
import { UserBinaryError } from './user-binary-error.js';

/** Where a function starts in a file, in bytes. Throws UserBinaryError that tells which functions there are instead. */
export function functionOffset(elf: UserElf, symbol: string): number {
  const found = findFunction(elf, symbol);
  if (!('reason' in found)) return found.offset;
  throw new UserBinaryError(elf.file, `${symbol}: ${whyNot(elf, symbol, found)}`);
}

function whyNot(
  elf: UserElf,
  symbol: string,
  missing: Extract<ReturnType<typeof findFunction>, { reason: string }>,
): string {
  switch (missing.reason) {
    case 'stripped':
      return 'the file has no section table, and so no symbols: give an offset';
    case 'missing': {
      const near = nearest(elf, symbol);
      return near.length
        ? `there is no such function; there are ${near.join(', ')}`
        : 'there is no such function: it may have been inlined, or the file stripped of its symbols (nm -D lists those left); give an offset';
    }
    case 'indirect': {
      const fixed = missing.found.filter(f => !f.indirect).map(versioned);
      const advice = fixed.length ? `, or ${fixed.join(', ')}, which older programs call` : '';
      return `it is an indirect function (IFUNC): which code runs is picked when a program starts. Attach to the one that is picked on this CPU, e.g. __${symbol.replace(/@.*/, '')}_avx2_unaligned_erms where the file has such symbols${advice}`;
    }
    case 'ambiguous':
      return `there is more than one: ${missing.found.map(f => `${versioned(f)} at 0x${f.offset.toString(16)}`).join(', ')}; give the version or the offset`;
  }
}

function versioned({ name, version }: UserFunction): string {
  return version ? `${name}@${version}` : name;
}

/** A few functions whose names begin or end with the one wanted, or have it in them. */
function nearest(elf: UserElf, symbol: string): string[] {
  const wanted = symbol.replace(/@.*/, '').toLowerCase();
  const names = new Set(
    (['dynsym', 'symtab'] as const)
      .flatMap(table => userFunctions(elf, table, () => true))
      .filter(f => f.name.toLowerCase().includes(wanted))
      .map(f => (f.name === symbol.replace(/@.*/, '') ? versioned(f) : f.name)),
  );
  return [...names].sort((a, b) => a.length - b.length).slice(0, 3);
}
