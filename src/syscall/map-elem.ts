import { BpfCmd, bpfAttr, hostEndian, type Struct } from '../abi/index.js';
import type { Pointed, Sys } from './sys.js';

const schema: Struct = bpfAttr.map_elem[0];
const wholeAttr = schema.size;
const flagsOffset = schema.offsetOf('flags');
const valueOffset = schema.offsetOf('value');
const little = hostEndian === 'little';

/**
 * The calls that work on one element of a map: attrs and buffers for the life of the map, whose addresses are taken once, so that a call costs little over the
 * kernel's own work. Each result is 0 or `-errno`. `keySize` and `valueSize` are those the kernel reports for the fd, in bytes (per-CPU values: of all CPUs).
 */
export class MapElem {
  /** The key, to be written before a call. */
  readonly key: Uint8Array;
  /** The value, written before an update and read after a lookup. */
  readonly value: Uint8Array;
  /** The same memory, for codecs. */
  readonly keyView: DataView;
  readonly valueView: DataView;
  readonly #sys: Sys;
  readonly #attr: Uint8Array;
  readonly #address: number;
  readonly #pointed: readonly Pointed[];
  readonly #fd: number;
  #flags = 0;
  #walk: Walk | undefined;

  constructor(sys: Sys, fd: number, keySize: number, valueSize: number) {
    // Side by side in one allocation: what one call touches then shares cache lines and pages.
    const keyAt = align(wholeAttr);
    const valueAt = keyAt + align(keySize);
    const memory = new ArrayBuffer(valueAt + align(valueSize));
    this.key = new Uint8Array(memory, keyAt, keySize);
    this.value = new Uint8Array(memory, valueAt, valueSize);
    this.keyView = new DataView(memory, keyAt, keySize);
    this.valueView = new DataView(memory, valueAt, valueSize);
    this.#sys = sys;
    this.#fd = fd;
    this.#pointed = [pointedAt(sys, this.key), pointedAt(sys, this.value)];
    const [key, value] = this.#pointed.map(p => p.address);
    this.#attr = new Uint8Array(memory, 0, wholeAttr);
    this.#attr.set(schema.encode({ map_fd: fd, key: key!, value: value! }));
    this.#address = Number(sys.addressOf(this.#attr));
  }

  lookup(flags = 0): number {
    if (flags !== this.#flags) this.#setFlags(flags);
    return this.#sys.bpf(BpfCmd.BPF_MAP_LOOKUP_ELEM, this.#attr, wholeAttr, this.#pointed, this.#address);
  }

  update(flags = 0): number {
    if (flags !== this.#flags) this.#setFlags(flags);
    return this.#sys.bpf(BpfCmd.BPF_MAP_UPDATE_ELEM, this.#attr, wholeAttr, this.#pointed, this.#address);
  }

  delete(): number {
    return this.#sys.bpf(BpfCmd.BPF_MAP_DELETE_ELEM, this.#attr, valueOffset, this.#pointed, this.#address);
  }

  lookupAndDelete(flags = 0): number {
    if (flags !== this.#flags) this.#setFlags(flags);
    return this.#sys.bpf(
      BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM,
      this.#attr,
      wholeAttr,
      this.#pointed,
      this.#address,
    );
  }

  /** Writes the key after `key` (the first one when `fromStart`) into `next`. */
  nextKey(fromStart: boolean, next: Uint8Array): number {
    this.#walk ??= this.#prepareWalk();
    const { attr, pointed } = fromStart ? this.#walk.first : this.#walk.after;
    const result = this.#sys.bpf(BpfCmd.BPF_MAP_GET_NEXT_KEY, attr, flagsOffset, pointed);
    next.set(this.#walk.next);
    return result;
  }

  /** By halves: making a bigint costs as much as the rest of a call. */
  #setFlags(flags: number): void {
    const view = new DataView(this.#attr.buffer, flagsOffset, 8);
    view.setUint32(little ? 0 : 4, flags % 2 ** 32, little);
    view.setUint32(little ? 4 : 0, Math.floor(flags / 2 ** 32), little);
    this.#flags = flags;
  }

  #prepareWalk(): Walk {
    const next = pointedAt(this.#sys, new Uint8Array(this.key.length));
    const key = this.#pointed[0]!;
    const prepare = (from: Pointed): PreparedAttr => ({
      attr: schema.encode({ map_fd: this.#fd, key: from.address, value: next.address }),
      pointed: [from, next],
    });
    return { next: next.bytes, first: prepare({ address: 0n, bytes: key.bytes }), after: prepare(key) };
  }
}

interface Walk {
  readonly next: Uint8Array;
  readonly first: PreparedAttr;
  readonly after: PreparedAttr;
}

interface PreparedAttr {
  readonly attr: Uint8Array;
  readonly pointed: readonly Pointed[];
}

function pointedAt(sys: Sys, bytes: Uint8Array): Pointed {
  return { address: bytes.length ? sys.addressOf(bytes) : 0n, bytes };
}

/** The kernel copies aligned memory fastest, and codecs may use words. */
function align(size: number): number {
  return Math.ceil(size / 16) * 16;
}
