import { type BtfTypes, type BtfValue, type Codec, codec } from '../btf/index.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import { type Decode, EventReader, type ReaderOptions } from './event-reader.js';
import type { EventSource } from './event-source.js';

/** Makes one event of the record's bytes, which are valid during the call only. */
export type RecordDecoder<T> = (bytes: Uint8Array) => T;

/** A map that carries events to user space, read as values of `T`. */
export abstract class EventMap<
  T = BtfValue | Uint8Array,
  O extends ReaderOptions = ReaderOptions,
> extends BpfMap {
  readonly #readers = new Set<{ readonly closed: boolean; close(): void }>();
  readonly #decode: Decode<unknown>;

  constructor(parts: MapParts) {
    super(parts);
    const { btf, eventTypeId } = parts.def;
    this.#decode = btf && eventTypeId ? byCodec(codec(btf, eventTypeId)) : raw;
  }

  /** Opens the source of events: the mapping or mappings behind the map. */
  protected abstract source(options: O): EventSource;

  /** Reads the buffer. Unless told otherwise by {@link as}, events are decoded by the object's BTF where it tells their type, else bytes. */
  reader(options: O = {} as O): EventReader<T> {
    return this.#open(this.#decode as Decode<T>, options);
  }

  /** Calls back for each event until the reader returned is closed. */
  on(callback: (event: T, info: { cpu: number; size: number }) => void, options?: O): EventReader<T> {
    return this.reader(options).on(callback);
  }

  /** `for await (const event of map)`: reads until the loop ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    using reader = this.reader();
    yield* reader;
  }

  /**
   * The same buffer with its events read as a BTF type of the object (`as('event')`), by a decoder of yours, or as bytes (`as('raw')`: inside a
   * callback they are the kernel's own memory, not a copy). Throws TypeError for a type that the object does not have.
   */
  as(type: 'raw'): EventView<Uint8Array, O>;
  as(type: string | Codec): EventView<BtfValue, O>;
  as<U>(decoder: RecordDecoder<U>): EventView<U, O>;
  as(type: string | Codec | RecordDecoder<unknown>): EventView<never, O> {
    const decode = this.#decoder(type) as Decode<never>;
    return new EventView(options => this.#open(decode, options));
  }

  override close(): void {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
    super.close();
  }

  #open<U>(decode: Decode<U>, options: O): EventReader<U> {
    const reader = new EventReader(this.parts.sys, this.source(options), decode, options);
    for (const old of this.#readers) if (old.closed) this.#readers.delete(old);
    this.#readers.add(reader);
    return reader;
  }

  #decoder(type: string | Codec | RecordDecoder<unknown>): Decode<unknown> {
    if (type === 'raw') return raw;
    if (typeof type === 'function')
      return (bytes, offset, length, keep) => type(raw(bytes, offset, length, keep));
    return byCodec(typeof type === 'string' ? codecByName(this.name, this.parts.def.btf, type) : type);
  }
}

/** An {@link EventMap} read as another type. */
export class EventView<T, O extends ReaderOptions = ReaderOptions> implements AsyncIterable<T> {
  readonly #open: (options: O) => EventReader<T>;

  constructor(open: (options: O) => EventReader<T>) {
    this.#open = open;
  }

  reader(options: O = {} as O): EventReader<T> {
    return this.#open(options);
  }

  on(callback: (event: T, info: { cpu: number; size: number }) => void, options?: O): EventReader<T> {
    return this.reader(options).on(callback);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    using reader = this.reader();
    yield* reader;
  }
}

const raw: Decode<Uint8Array> = (bytes, offset, length, keep) =>
  keep ? bytes.slice(offset, offset + length) : bytes.subarray(offset, offset + length);

function byCodec(type: Codec): Decode<BtfValue> {
  return (bytes, offset, length) => {
    if (length >= type.size) return type.read(bytes, offset);
    // A program may send the front of a struct (a string cut at its end): the rest reads as zero.
    const whole = new Uint8Array(type.size);
    whole.set(bytes.subarray(offset, offset + length));
    return type.read(whole);
  };
}

function codecByName(map: string, btf: BtfTypes | undefined, name: string): Codec {
  const bare = name.replace(/^(struct|union|enum) /, '');
  const id = btf?.findByName(bare, 'struct') ?? btf?.findByName(bare, 'union') ?? btf?.findByName(bare);
  if (btf && id !== undefined) return codec(btf, id);
  const known = btf ? structNames(btf) : [];
  throw new TypeError(
    `map ${map}: the object's BTF has no type ${name}${known.length ? ` (its structs are ${known.join(', ')})` : ''}`,
  );
}

function structNames(btf: BtfTypes): string[] {
  const names: string[] = [];
  for (let id = btf.startId; id < btf.endId; id++) {
    const type = btf.type(id);
    if (type.kind === 'struct' && type.name) names.push(type.name);
  }
  return names;
}
