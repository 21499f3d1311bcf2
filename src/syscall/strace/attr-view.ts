import type { DecodedField, Struct } from '../../abi/index.js';
import type { FullOptions } from './options.js';

/** Memory at an address, before and after the call; `after` is undefined for a call that was not made. */
export interface Memory {
  readonly address: bigint;
  readonly before: Uint8Array;
  readonly after?: Uint8Array | undefined;
}

/** What stands for an fd that does not exist yet, by field: `<map:start>`, and for instructions by slot. */
export interface Symbols {
  readonly fds: ReadonlyMap<string, string>;
  readonly insnFds: ReadonlyMap<number, string>;
}

export interface ViewParts {
  readonly schema: Struct;
  readonly bytes: Uint8Array;
  /** The same bytes after the call; undefined for a planned call. */
  readonly after: Uint8Array | undefined;
  readonly size: number;
  readonly memory: readonly Memory[];
  readonly options: FullOptions;
  readonly result: number | undefined;
  readonly symbols?: Symbols;
}

/** What the printer of one command sees: its fields before and after the call, and the memory that they point at. */
export class AttrView {
  readonly schema: Struct;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly options: FullOptions;
  /** Zero or more, or `-errno`; undefined for a planned call. */
  readonly result: number | undefined;
  /** Set for a planned call, whose pointers are not addresses yet. */
  readonly symbols: Symbols | undefined;
  readonly #parts: ViewParts;
  readonly #before: DecodedField;
  readonly #after: DecodedField;
  readonly #memory: readonly Memory[];

  constructor(parts: ViewParts) {
    this.#parts = parts;
    this.schema = parts.schema;
    this.size = parts.size;
    this.bytes = parts.bytes.subarray(0, parts.size);
    this.options = parts.options;
    this.result = parts.result;
    this.symbols = parts.symbols;
    this.#memory = parts.memory;
    this.#before = parts.schema.decode(this.bytes);
    this.#after = parts.schema.decode((parts.after ?? parts.bytes).subarray(0, parts.size));
  }

  /** Keys, values and records are shown instead of their addresses. */
  get showsMemory(): boolean {
    return this.options.teach || this.symbols !== undefined;
  }

  /** The same view with its fields as they were after the call. */
  get answered(): AttrView {
    return new AttrView({ ...this.#parts, bytes: this.#parts.after ?? this.#parts.bytes });
  }

  /** A field before the call; `perf_event.bpf_cookie` is one in a nested struct. */
  value(path: string): number | bigint {
    return this.#number(this.#before, path);
  }

  /** The same after the call. */
  valueAfter(path: string): number | bigint {
    return this.#number(this.#after, path);
  }

  /** The bytes of a field as they are in memory. */
  fieldBytes(name: string): Uint8Array {
    const { offset, size } = this.schema.field(name);
    return this.bytes.subarray(offset, offset + size);
  }

  memoryAt(address: number | bigint): Memory | undefined {
    const wanted = BigInt(address);
    return wanted === 0n ? undefined : this.#memory.find(m => m.address === wanted);
  }

  #number(record: DecodedField, path: string): number | bigint {
    let value = record;
    for (const name of path.split('.'))
      value = (value as Record<string, DecodedField>)[this.schema.aliases[name] ?? name] ?? 0;
    return value as number | bigint;
  }
}
