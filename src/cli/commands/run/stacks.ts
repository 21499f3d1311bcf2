import { RawbpfError } from '../../../errors/index.js';
import { StackTraceMap } from '../../../maps/index.js';
import type { BpfObject } from '../../../programs/index.js';
import type { Contents, MapEntry } from '../../map-contents.js';
import { complain, oneLine } from '../../report-error.js';

/** Adds the functions of the stacks that entries speak of by id. */
export type StackNames = (contents: Contents) => Contents;

/**
 * For objects that have one map of stacks: fields called `…stack_id` are ids in it, of stacks of the process where the name has `user` in it, else of the kernel.
 * For others nothing is added.
 */
export async function stackNames(object: BpfObject): Promise<StackNames> {
  const [stacks, ...others] = Object.values(object.maps).filter(map => map instanceof StackTraceMap);
  if (!stacks || others.length > 0) return contents => contents;
  const { frameText, kernelFrames, userFrames } = await import('../../../symbols/index.js');
  const known = new Map<string, readonly string[]>();
  let warned = false;

  return contents =>
    'entries' in contents ? { ...contents, entries: contents.entries.map(withStacks) } : contents;

  function withStacks(entry: MapEntry): MapEntry {
    const fields = { ...record(entry.value), ...record(entry.key) };
    const pid = Number(fields['tgid'] ?? fields['pid'] ?? 0);
    const named = Object.entries(fields).flatMap(([name, id]) => {
      const functions =
        /stack_?id$/.test(name) && typeof id === 'number' && id >= 0 ? names(name, id, pid) : [];
      return functions.length > 0 ? [[name, functions] as const] : [];
    });
    return named.length > 0 ? { ...entry, stacks: Object.fromEntries(named) } : entry;
  }

  function names(field: string, id: number, pid: number): readonly string[] {
    const isUser = field.includes('user');
    if (isUser && pid === 0) return [];
    const place = `${isUser ? pid : ''}:${id}`;
    const found = known.get(place) ?? read(id, isUser, pid);
    known.set(place, found);
    return found;
  }

  function read(id: number, isUser: boolean, pid: number): readonly string[] {
    try {
      const stack = stacks?.get(id);
      if (!stack) return [];
      return (isUser ? userFrames(stack, pid) : kernelFrames(stack)).map(frame => frameText(frame));
    } catch (error) {
      if (!(error instanceof RawbpfError)) throw error;
      if (!warned) complain(`warning: stacks have no names: ${oneLine(error)}`);
      warned = true;
      return [];
    }
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
