import { type BtfTypes, type BtfValue, type Codec, codec } from '../btf/index.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import type { Element } from './element-codec.js';
import { type Decode, type EventInfo, EventReader, type ReaderOptions } from './event-reader.js';
import type { EventSource } from './event-source.js';

/** A map that carries events to user space. */
export abstract class EventMap<O extends ReaderOptions = ReaderOptions> extends BpfMap {
  readonly #readers = new Set<{ readonly closed: boolean; close(): void }>();
  readonly #decode: Decode<unknown>;

  constructor(parts: MapParts) {
    super(parts);
    const { btf, eventTypeId } = parts.def;
    this.#decode = btf && eventTypeId ? byCodec(codec(btf, eventTypeId)) : raw;
  }

  /** Opens the source of events: the mapping or mappings behind the map. */
  protected abstract source(options: O): EventSource;

  /**
   * Reads the buffer. Unless told otherwise by {@link as}, events are decoded by the object's BTF where it tells their type, else they are bytes;
   * `T` only says so to the compiler. Throws BpfError when the buffer can't be opened.
   */
  reader<T = Element>(options: O = {} as O): EventReader<T> {
    return this.#open(this.#decode as Decode<T>, options);
  }

  /** Calls back for each event until the reader returned is closed. */
  on<T = Element>(callback: (event: T, info: EventInfo) => void, options?: O): EventReader<T> {
    return this.reader<T>(options).on(callback);
  }

  /** `for await (const event of map)`: reads until the loop ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Element, void, undefined> {
    using reader = this.reader();
    yield* reader;
  }

  /** The same buffer with its events read as a BTF type of the object (`as('event')`), or by a codec. Throws TypeError for a type that the object does not have. */
  as<T = BtfValue>(type: string | Codec): EventView<T, O> {
    return this.#view(
      byCodec(
        typeof type === 'string' ? codecByName(this.name, this.parts.def.btf, type) : type,
      ) as Decode<T>,
    );
  }

  /** The same buffer as bytes: in a callback they are the kernel's own memory, valid until it returns; a `for await` gets copies. */
  raw(): EventView<Uint8Array, O> {
    return this.#view(raw);
  }

  override close(): void {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
    super.close();
  }

  #view<T>(decode: Decode<T>): EventView<T, O> {
    return new EventView(options => this.#open(decode, options));
  }

  #open<T>(decode: Decode<T>, options: O): EventReader<T> {
    const reader = new EventReader(this.parts.sys, this.source(options), decode, options);
    for (const old of this.#readers) if (old.closed) this.#readers.delete(old);
    this.#readers.add(reader);
    return reader;
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

  on(callback: (event: T, info: EventInfo) => void, options?: O): EventReader<T> {
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
