/** First in, first out; `shift` costs the same however many wait. */
export class EventQueue<T> {
  #events: T[] = [];
  #next = 0;

  get length(): number {
    return this.#events.length - this.#next;
  }

  push(event: T): void {
    this.#events.push(event);
  }

  /** The oldest event; there must be one. */
  shift(): T {
    const event = this.#events[this.#next] as T;
    this.#events[this.#next++] = undefined as T;
    // A queue that is never empty must not keep the places of what it gave.
    if (this.#next === this.#events.length || (this.#next > 1024 && this.#next * 2 > this.#events.length)) {
      this.#events.splice(0, this.#next);
      this.#next = 0;
    }
    return event;
  }
}
