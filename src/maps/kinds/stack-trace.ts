import { BpfFlags } from '../../abi/index.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { bytesAt, type ElementCodec, indexKeyCodec } from '../element-codec.js';
import { littleEndian } from '../host-endian.js';
import { KeyValueMap } from '../key-value-map.js';

/** A place in a user-space stack as the file that was mapped there (`struct bpf_stack_build_id`); `ip` is the bare address where the kernel could not tell. */
export type StackBuildId =
  | {
      readonly status: 'valid';
      /** Hexadecimal, as `file` prints it. */
      readonly buildId: string;
      /** Bytes from the start of the file. */
      readonly offset: bigint;
    }
  | { readonly status: 'ip'; readonly ip: bigint };

/** Innermost frame first: addresses, or build ids for a map with BPF_F_STACK_BUILD_ID. */
export type StackTrace = readonly bigint[] | readonly StackBuildId[];

/** `BPF_MAP_TYPE_STACK_TRACE` (Linux 4.6; kernel/bpf/stackmap.c): stacks that bpf_get_stackid() took, by the id that it returned. */
export class StackTraceMap extends BpfMap {
  /** Whether frames are build ids (BPF_F_STACK_BUILD_ID, Linux 4.17). */
  readonly hasBuildIds: boolean;
  readonly #stacks: KeyValueMap<number, StackTrace>;

  constructor(parts: MapParts) {
    super(parts);
    this.hasBuildIds = (this.flags & BpfFlags.BPF_F_STACK_BUILD_ID) !== 0;
    const size = this.valueSize;
    const value = this.hasBuildIds ? framesCodec(size, buildIdFrame) : framesCodec(size, addressFrame);
    this.#stacks = new KeyValueMap(parts, { key: indexKeyCodec(parts.def, this.keySize), value });
  }

  /** The stack of an id; undefined when there is none. Throws TypeError for what is no id, BpfError. */
  get(id: number): StackTrace | undefined {
    return this.#stacks.get(id);
  }

  /** Makes room for another stack: true when there was one of this id. */
  delete(id: number): boolean {
    return this.#stacks.delete(id);
  }

  /** The ids in use. */
  keys(): IterableIterator<number> {
    return this.#stacks.keys();
  }

  entries(): IterableIterator<[number, StackTrace]> {
    return this.#stacks.entries();
  }

  [Symbol.iterator](): IterableIterator<[number, StackTrace]> {
    return this.entries();
  }
}

interface Frame<T> {
  readonly size: number;
  /** Undefined after the last frame. */
  readonly read: (view: DataView, offset: number) => T | undefined;
}

const addressFrame: Frame<bigint> = {
  size: 8,
  read: (view, offset) => view.getBigUint64(offset, littleEndian) || undefined,
};

/** BPF_STACK_BUILD_ID_EMPTY, _VALID and _IP of include/uapi/linux/bpf.h. */
const [VALID, IP] = [1, 2];

const buildIdFrame: Frame<StackBuildId> = {
  size: 32,
  read(view, offset) {
    const status = view.getInt32(offset, littleEndian);
    const place = view.getBigUint64(offset + 24, littleEndian);
    if (status === IP) return { status: 'ip', ip: place };
    if (status !== VALID) return undefined;
    return { status: 'valid', buildId: hex(bytesAt(view, offset + 4, 20)), offset: place };
  },
};

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

function framesCodec<T>(size: number, frame: Frame<T>): ElementCodec<readonly T[]> {
  return {
    size,
    readAt(view, offset) {
      const frames: T[] = [];
      for (let at = 0; at + frame.size <= size; at += frame.size) {
        const read = frame.read(view, offset + at);
        if (read === undefined) break;
        frames.push(read);
      }
      return frames;
    },
    writeAt() {
      throw new TypeError('stacks are taken by bpf_get_stackid() only');
    },
  };
}
