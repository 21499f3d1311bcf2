import {
  type BtfTypes,
  type BtfValue,
  type Codec,
  codec,
  type RecordReader,
  type StructView,
} from '../../btf/index.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import type { Element } from '../element-codec.js';
import {
  type Delivery,
  type EventCallback,
  type RawCallback,
  type RecordType,
  rawDelivery,
  typedDelivery,
} from './event-delivery.js';
import { EventReader, type ReaderOptions } from './event-reader.js';
import type { EventSource } from './event-source.js';
import { EventView } from './event-view.js';
import { bytesType, codecByName, codecType, lazyType, readerOf, type TypesByField } from './record-type.js';

/** A map that carries events to user space. */
export abstract class EventMap<O extends ReaderOptions = ReaderOptions> extends BpfMap {
  readonly #readers = new Set<{ readonly closed: boolean; close(): void }>();
  readonly #type: RecordType<unknown>;
  readonly #turn = { taken: false };

  constructor(parts: MapParts) {
    super(parts);
    const { btf, eventTypeId } = parts.def;
    this.#type = btf && eventTypeId ? codecType(codec(btf, eventTypeId)) : bytesType;
  }

  /** Opens the source of events: the mapping or mappings behind the map. */
  protected abstract source(options: O): EventSource;

  /**
   * Reads the buffer. Unless told otherwise by {@link as}, events are decoded by the object's BTF where it tells their type, else they are bytes;
   * `T` only says so to the compiler. Throws BpfError when the buffer can't be opened.
   */
  reader<T = Element>(options: O = {} as O): EventReader<T, EventCallback<T>> {
    return this.#view(typedDelivery(this.#type as RecordType<T>)).reader(options);
  }

  /** Calls back for each event until the reader returned is closed. */
  on<T = Element>(callback: EventCallback<T>, options?: O): EventReader<T, EventCallback<T>> {
    return this.#view(typedDelivery(this.#type as RecordType<T>)).on(callback, options);
  }

  /** `for await (const event of map)`: reads until the loop ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Element, void, undefined> {
    using reader = this.reader();
    yield* reader;
  }

  /**
   * The same buffer with its events read as a BTF type of the object (`as('event')`), by a codec, or as several types that a field tells apart:
   * `as({ by: 'type', types: { 1: 'open_event', 2: 'exec_event' } })`. Throws TypeError for a type that the object does not have.
   */
  as<T = BtfValue>(type: string | RecordReader<unknown> | TypesByField): EventView<T, EventCallback<T>, O> {
    const found = readerOf(this.name, this.parts.def.btf, type);
    return this.#view(typedDelivery(codecType(found) as RecordType<T>));
  }

  /**
   * The same buffer with its events as views that decode a member when it is touched, for those who look at few of many. In a callback a view is valid
   * until it returns; those of a `for await` are of copies. The type is the map's own where none is given; TypeError where there is none.
   */
  lazy<T = StructView>(type?: string | Codec): EventView<T, EventCallback<T>, O> {
    const { btf, eventTypeId } = this.parts.def;
    if (type === undefined && !(btf && eventTypeId))
      throw new TypeError(`map ${this.name}: no BTF type is known for its records: name one`);
    const found =
      type === undefined
        ? codec(btf as BtfTypes, eventTypeId as number)
        : typeof type === 'string'
          ? codecByName(this.name, btf, type)
          : type;
    return this.#view(typedDelivery(lazyType(found) as RecordType<unknown> as RecordType<T>));
  }

  /** The same buffer as bytes, the fastest way to read it: a callback is given the kernel's own memory; a `for await` gets copies. */
  raw(): EventView<Uint8Array, RawCallback, O> {
    return this.#view(rawDelivery);
  }

  override close(): void {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
    super.close();
  }

  #view<T, C>(delivery: Delivery<T, C>): EventView<T, C, O> {
    return new EventView(options => this.#open(delivery, options));
  }

  #open<T, C>(delivery: Delivery<T, C>, options: O): EventReader<T, C> {
    const { sys } = this.parts;
    const source = this.source(options);
    try {
      const reader = new EventReader({ sys, source, delivery, turn: this.#turn }, options);
      for (const old of this.#readers) if (old.closed) this.#readers.delete(old);
      this.#readers.add(reader);
      return reader;
    } catch (error) {
      source.close();
      throw error;
    }
  }
}
