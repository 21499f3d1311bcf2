import { listPrograms, type ObjectSource, openProgram, type ProgramInfo } from '../../../programs/index.js';
import { Refusal } from '../../refusal.js';
import { type Selector, takeSelector } from '../../selector.js';
import type { Words } from '../../words.js';

/** Takes a selector and finds what it names: one program by id or pin, all that have a name or a tag. Throws Refusal when none has. */
export function takePrograms(words: Words): readonly ObjectSource[] {
  const selector = takeSelector(words, 'program', ['id', 'name', 'tag', 'pinned']);
  if (!('name' in selector) && !('tag' in selector)) return [selector];
  const found = matches(selector);
  if (found.length > 0) return found;
  const [keyword, value] = 'name' in selector ? ['name', selector.name] : ['tag', selector.tag];
  throw new Refusal(`no program has the ${keyword} ${value} (rawbpf prog list shows all)`);
}

/** Takes a selector of one program. Throws Refusal when several programs have the name or tag. */
export function takeProgram(words: Words): ObjectSource {
  const [first, ...others] = takePrograms(words) as [ObjectSource, ...{ id: number }[]];
  if (others.length === 0) return first;
  const ids = [first as { id: number }, ...others].map(({ id }) => id);
  throw new Refusal(`${ids.length} programs match: say which one by its id, one of ${ids.join(', ')}`);
}

function matches(selector: Extract<Selector, { name: string } | { tag: string }>): ObjectSource[] {
  const found: ObjectSource[] = [];
  for (const info of listPrograms())
    if ('tag' in selector ? info.tag === selector.tag.toLowerCase() : isNamed(info, selector.name))
      found.push({ id: info.id });
  return found;
}

/** By the name that the kernel keeps, or the whole one out of the BTF. */
function isNamed(info: ProgramInfo, name: string): boolean {
  if (info.name === name) return true;
  if (info.name !== name.slice(0, info.name.length) || name.length <= info.name.length) return false;
  using program = openProgram({ id: info.id });
  return program.fullName() === name;
}
