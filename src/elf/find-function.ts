import { FormatError } from '../errors/index.js';
import type { UserElf } from './user-elf.js';
import { named, type UserFunction, userFunctions } from './user-symbols.js';

/** A function that a file does not have, or not once. */
export type NotFound =
  | { readonly reason: 'stripped' | 'missing' }
  | { readonly reason: 'indirect' | 'ambiguous'; readonly found: readonly UserFunction[] };

const tables = ['dynsym', 'symtab'] as const;

/**
 * A function by its name, or by name and version (`memcpy@GLIBC_2.14`, `memcpy@@GLIBC_2.14`), looked for in `.dynsym` and then in `.symtab`, as
 * libbpf does (elf_find_func_offset in src/elf.c). Without a version the default one is meant. A weak definition gives way to another.
 */
export function findFunction(elf: UserElf, wanted: string): UserFunction | NotFound {
  const [name = '', , version] = wanted.split(/(@@?)(.*)/s);
  if (!elf.sections.length) return { reason: 'stripped' };
  let indirect: UserFunction[] = [];
  for (const table of tables) {
    const all = userFunctions(elf, table, named(name)).filter(f => !version || f.version === version);
    const current = version || !all.some(f => f.isDefault) ? all : all.filter(f => f.isDefault);
    const strong = current.some(f => !f.weak) ? current.filter(f => !f.weak) : current.slice(0, 1);
    if (strong.some(f => f.indirect)) {
      indirect = indirect.length ? indirect : all;
      continue;
    }
    const places = new Map(strong.map(f => [f.offset, f]));
    const [only] = places.values();
    if (places.size > 1) return { reason: 'ambiguous', found: strong };
    if (only) return only;
  }
  if (indirect.length) return { reason: 'indirect', found: indirect };
  return { reason: 'missing' };
}

/** All functions whose names match a pattern of `*` and `?`, once for each place; those that are indirect are not among them. */
export function matchFunctions(elf: UserElf, pattern: string): UserFunction[] {
  const matches = globMatcher(pattern);
  const places = new Map<number, UserFunction>();
  // .symtab has the functions of .dynsym, too, unless it was stripped.
  for (const table of ['symtab', 'dynsym'] as const) {
    if (places.size > 0) break;
    for (const f of userFunctions(elf, table, () => true))
      if (!f.indirect && matches(f.name) && !places.has(f.offset)) places.set(f.offset, f);
  }
  return [...places.values()];
}

/** A test for names by a pattern in which `*` stands for any characters and `?` for one. */
export function globMatcher(pattern: string): (name: string) => boolean {
  if (!pattern) throw new FormatError('an empty pattern matches nothing');
  const parts = pattern.split('*').map(part => part.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\?/g, '.'));
  const regexp = new RegExp(`^${parts.join('.*')}$`, 's');
  return name => regexp.test(name);
}
