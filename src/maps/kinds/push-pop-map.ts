import { BpfCmd, BpfFlags } from '../../abi/index.js';
import { Errno, MapElem } from '../../syscall/index.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { type Element, type ElementCodec, elementCodec } from '../element-codec.js';

/** A map of values without keys, from which one is taken at a time (kernel/bpf/queue_stack_maps.c). It cannot be walked. */
export abstract class PushPopMap extends BpfMap {
  readonly #elem: MapElem;
  readonly #value: ElementCodec;

  constructor(parts: MapParts) {
    super(parts);
    this.#value = elementCodec(parts.def, 'value', this.valueSize);
    this.#elem = new MapElem(parts.sys, this.fd, 0, this.valueSize);
  }

  /**
   * Adds a value. When the map is full, `exist` drops the oldest (of a stack: the lowest) value to make room, else this throws BpfError (E2BIG). Throws
   * TypeError for a value of the wrong shape.
   */
  push(value: unknown, mode: 'any' | 'exist' = 'any'): this {
    this.#value.writeAt(this.#ready().valueView, 0, value);
    const result = this.#elem.update(mode === 'exist' ? BpfFlags.BPF_EXIST : BpfFlags.BPF_ANY);
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_UPDATE_ELEM, -result, this.#fullHint(-result));
    return this;
  }

  /** The value that {@link pop} would take; undefined when there is none. */
  peek(): Element | undefined {
    return this.#read(BpfCmd.BPF_MAP_LOOKUP_ELEM, this.#ready().lookup());
  }

  /** Takes a value out; undefined when there is none. Throws BpfError. */
  pop(): Element | undefined {
    return this.#read(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, this.#ready().lookupAndDelete());
  }

  #read(cmd: number, result: number): Element | undefined {
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw this.refused(cmd, -result);
    return this.#value.readAt(this.#elem.valueView, 0);
  }

  /** The prepared calls; throws TypeError after close(), before their fd can be somebody else's. */
  #ready(): MapElem {
    this.fd;
    return this.#elem;
  }

  #fullHint(errno: number): string | undefined {
    if (errno !== Errno.E2BIG) return undefined;
    return `the map holds its max_entries (${this.maxEntries}): pop first, or push with 'exist' to drop the oldest`;
  }
}
