import { BpfMapType } from '../abi/index.js';
import type { BtfTypes } from '../btf/index.js';
import { BpfError } from '../syscall/index.js';
import type { MapParts } from './bpf-map.js';
import { bytesCodec, type ElementCodec, elementCodec, indexKeyCodec, placeOf } from './element-codec.js';
import { KeyValueMap } from './key-value-map.js';
import { lpmKeyCodec } from './kinds/lpm-key.js';
import { copiedSize, isPercpu, percpuStride } from './kinds/percpu-codec.js';
import { isIndexed } from './walk/indexed.js';

/**
 * A map of any type with its elements as bytes, as the kernel copies them: for tools that look into whatever maps there are. A value of a per-CPU map is those of all
 * possible CPUs, one after the other, each rounded up to 8 bytes: see {@link perCpu} and {@link forAllCpus}. Maps without keys have keys of no bytes.
 */
export class MapBytes extends KeyValueMap<Uint8Array, Uint8Array> {
  readonly isPercpu: boolean;
  readonly #key: ElementCodec<unknown>;
  readonly #value: ElementCodec<unknown>;

  constructor(parts: MapParts) {
    const { type, key_size, value_size } = parts.info as Record<string, number>;
    const size = copiedSize(type!, value_size!, parts.kernel);
    super(parts, {
      key: bytesCodec(key_size!, placeOf(parts.def, 'key')),
      value: bytesCodec(size, placeOf(parts.def, 'value')),
    });
    this.isPercpu = isPercpu(type!);
    this.#key = keyCodec(parts, type!, key_size!);
    this.#value = elementCodec(parts.def, 'value', value_size!);
  }

  /** The types that the map's creator gave the kernel, or of a struct_ops map the kernel's; undefined where there are none. */
  get btf(): BtfTypes | undefined {
    return this.parts.def.btf;
  }

  /** BTF type id of its keys; 0 for none. */
  get keyTypeId(): number {
    return this.parts.def.keyTypeId ?? 0;
  }

  /** BTF type id of its values (per-CPU: of one); 0 for none. */
  get valueTypeId(): number {
    return this.parts.def.valueTypeId ?? 0;
  }

  /** The bytes of a key that is given as its kind of map and its BTF have it. Throws TypeError that names the field of the wrong shape. */
  encodeKey(key: unknown): Uint8Array {
    return encode(this.#key, key);
  }

  /** The bytes of a value (per-CPU: of one). Throws as {@link encodeKey}. */
  encodeValue(value: unknown): Uint8Array {
    return encode(this.#value, value);
  }

  /**
   * Every key that the kernel tells of with its value, or the error that kept it from being read. Arrays that hold programs, sockets and the like tell of all their
   * indexes, so those that are empty are among them, without a value. Throws as {@link keys}.
   */
  *elements(): Generator<ElementBytes, void, undefined> {
    if (alwaysReadable.has(this.type)) for (const [key, value] of this.entries()) yield { key, value };
    else for (const key of isIndexed(this.type) ? this.#indexes() : this.keys()) yield this.#element(key);
  }

  *#indexes(): Generator<Uint8Array> {
    for (let key = this.nextKey(); key !== undefined; key = this.nextKey(key)) yield key;
  }

  #element(key: Uint8Array): ElementBytes {
    try {
      const value = this.get(key);
      return value ? { key, value } : { key };
    } catch (error) {
      if (error instanceof BpfError) return { key, error };
      throw error;
    }
  }

  /** The values of each possible CPU in the value of a per-CPU map, without what they are rounded up by. */
  perCpu(value: Uint8Array): Uint8Array[] {
    const stride = percpuStride(this.valueSize);
    return Array.from({ length: value.length / stride }, (_, cpu) =>
      value.subarray(cpu * stride, cpu * stride + this.valueSize),
    );
  }

  /** One value for all CPUs, where the map has one for each; else the value itself. */
  forAllCpus(value: Uint8Array): Uint8Array {
    if (!this.isPercpu) return value;
    const { possibleCpus } = this.parts.kernel;
    const all = new Uint8Array(copiedSize(this.type, this.valueSize, this.parts.kernel));
    for (let cpu = 0; cpu < possibleCpus; cpu++) all.set(value, (cpu * all.length) / possibleCpus);
    return all;
  }
}

/** An element of a map. */
export interface ElementBytes {
  readonly key: Uint8Array;
  /** Missing where the key has none, and where it could not be read. */
  readonly value?: Uint8Array;
  readonly error?: BpfError;
}

/** Types whose keys have values that user space may read, and so many at a time. */
const alwaysReadable: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_HASH,
  BpfMapType.BPF_MAP_TYPE_LRU_HASH,
  BpfMapType.BPF_MAP_TYPE_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  BpfMapType.BPF_MAP_TYPE_LPM_TRIE,
  BpfMapType.BPF_MAP_TYPE_RHASH,
]);

function keyCodec({ def }: MapParts, type: number, size: number): ElementCodec<unknown> {
  if (type === BpfMapType.BPF_MAP_TYPE_LPM_TRIE) return lpmKeyCodec(def, size);
  return isIndexed(type) ? indexKeyCodec(def, size) : elementCodec(def, 'key', size);
}

function encode(codec: ElementCodec<unknown>, value: unknown): Uint8Array {
  const bytes = new Uint8Array(codec.size);
  codec.writeAt(new DataView(bytes.buffer), 0, value);
  return bytes;
}
