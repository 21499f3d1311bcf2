import { BpfAttachType } from '../../../abi/index.js';
import { openMap } from '../../../maps/index.js';
import { BpfObject } from '../../../programs/index.js';
import { readInput } from '../../read-input.js';
import { Refusal } from '../../refusal.js';
import { takeSelector } from '../../selector.js';
import { withUsersArguments } from '../../users-arguments.js';
import { Words } from '../../words.js';

export interface PinOptions {
  readonly program?: string;
}

/** `rawbpf iter pin OBJECT PATH [map MAP]`: loads an iterator and pins its link, so that `cat PATH` runs it. */
export function pinIterator(
  file: string,
  path: string,
  rest: readonly string[],
  { program: wanted }: PinOptions,
): void {
  const words = new Words(rest);
  const selector = words.skip('map') ? takeSelector(words, 'map', ['id', 'name', 'pinned']) : undefined;
  words.end();
  using object = BpfObject.open(readInput(file), { file });
  const name = iteratorOf(object, wanted);
  object.load({ programs: [name] });
  using map = selector && openMap(selector, { access: 'read' });
  const parameters = map ? { map } : {};
  withUsersArguments(() => object.program(name).attachTo({ kind: 'iter', ...parameters })).pin(path);
}

/** The program to attach: the first iterator, as bpftool takes the first program. */
function iteratorOf({ spec }: BpfObject, wanted: string | undefined): string {
  const iterators = spec.programs.filter(p => p.attachType === BpfAttachType.BPF_TRACE_ITER);
  const names = iterators.map(p => p.name);
  if (names.length === 0) throw new Refusal(`${spec.file}: no program is an iterator (SEC("iter/…"))`);
  const found = wanted === undefined ? names[0] : names.find(name => name === wanted);
  if (found === undefined)
    throw new Refusal(`${spec.file}: no iterator is called ${wanted}; there is ${names.join(', ')}`);
  return found;
}
