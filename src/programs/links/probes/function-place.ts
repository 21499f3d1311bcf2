import { findFunction, named, type UserElf, type UserFunction, userFunctions } from '../../../elf/index.js';
import { nearestNames } from '../../../kernel/index.js';
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
      const plain = symbol.replace(/@.*/, '');
      const picked = namesIn(elf).filter(name => name.startsWith(`__${plain}_`));
      const others = [...missing.found.filter(f => !f.indirect).map(versioned), ...picked];
      const advice = others.length
        ? `attach to ${others.slice(0, 5).join(', ')}`
        : `its code is in functions that this file has no symbols for: give an offset`;
      return `it is an indirect function (IFUNC): a program picks the code for its CPU when it starts; ${advice}`;
    }
    case 'ambiguous':
      return `there is more than one: ${missing.found.map(f => `${versioned(f)} at 0x${f.offset.toString(16)}`).join(', ')}; give the version or the offset`;
  }
}

function versioned({ name, version }: UserFunction): string {
  return version ? `${name}@${version}` : name;
}

/** A few functions whose names are near the one wanted, or have it in them. */
function nearest(elf: UserElf, symbol: string): string[] {
  const wanted = symbol.replace(/@.*/, '');
  const versions = userFunctions(elf, 'dynsym', named(wanted)).map(versioned);
  if (versions.length) return versions;
  const names = namesIn(elf);
  const near = nearestNames(wanted, names);
  if (near.length) return near;
  const holding = names.filter(name => name.toLowerCase().includes(wanted.toLowerCase()));
  return holding.sort((a, b) => a.length - b.length).slice(0, 3);
}

function namesIn(elf: UserElf): string[] {
  const all = (['dynsym', 'symtab'] as const).flatMap(table => userFunctions(elf, table, () => true));
  return [...new Set(all.filter(f => !f.indirect).map(f => f.name))];
}
