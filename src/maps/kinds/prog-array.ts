import { BpfCmd } from '../../abi/index.js';
import { Errno } from '../../syscall/index.js';
import { type FdSource, fdOf } from '../borrowed-fd.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { placeOf } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';
import { idCodec } from './id-codec.js';

/** `BPF_MAP_TYPE_PROG_ARRAY` (Linux 4.2; kernel/bpf/arraymap.c): the programs that bpf_tail_call() jumps to, by index. Reading it takes Linux 4.15. */
export class ProgArray extends BpfMap {
  readonly #ids: KeyValueMap<number, number>;

  constructor(parts: MapParts) {
    super(parts);
    this.#ids = new KeyValueMap(parts, { value: idCodec(placeOf(parts.def, 'value')) });
  }

  /**
   * Puts a program at an index, so that `bpf_tail_call(ctx, map, index)` runs it. The map holds it until it is deleted or the map is closed.
   * Throws BpfError: EINVAL for a program of another type than the one that jumps, E2BIG for an index that is not below maxEntries.
   */
  set(index: number, program: FdSource): this {
    const fd = fdOf(program, placeOf(this.parts.def, 'value'));
    const reasons = {
      [Errno.EINVAL]: `index ${index}: the program must be of the type of those that jump here`,
    };
    this.explained(BpfCmd.BPF_MAP_UPDATE_ELEM, reasons, () => this.#ids.set(index, fd));
    return this;
  }

  /** Id of the program at an index; undefined when there is none. */
  get(index: number): number | undefined {
    return this.#ids.get(index);
  }

  /** Empties an index: true when a program was there. */
  delete(index: number): boolean {
    return this.#ids.delete(index);
  }

  /** The indexes that have a program, with its id. */
  entries(): IterableIterator<[number, number]> {
    return this.#ids.entries();
  }

  [Symbol.iterator](): IterableIterator<[number, number]> {
    return this.entries();
  }
}
