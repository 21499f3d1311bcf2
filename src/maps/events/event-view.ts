import type { EventReader, ReaderOptions } from './event-reader.js';

/** A buffer of events read in one way: as a type, lazily, or raw. `C` is the kind of callback that takes an event. */
export class EventView<T, C, O extends ReaderOptions = ReaderOptions> implements AsyncIterable<T> {
  readonly #open: (options: O) => EventReader<T, C>;

  constructor(open: (options: O) => EventReader<T, C>) {
    this.#open = open;
  }

  /** Opens the buffer. Throws BpfError when it can't be. */
  reader(options: O = {} as O): EventReader<T, C> {
    return this.#open(options);
  }

  /** Calls back for each event until the reader returned is closed. */
  on(callback: C, options?: O): EventReader<T, C> {
    const reader = this.reader(options);
    try {
      return reader.on(callback);
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  /** `for await (const event of view)`: reads until the loop ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    using reader = this.reader();
    yield* reader;
  }
}
