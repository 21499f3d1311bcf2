/** When a command that runs on is to end: at Ctrl-C or SIGTERM, after a time, or when it has seen enough. */
export class Stop {
  /** Resolves when the command is to end. */
  readonly reached: Promise<void>;
  readonly #controller = new AbortController();
  readonly #now = () => this.now();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(seconds?: number) {
    const { signal } = this.#controller;
    this.reached = new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
    process.on('SIGINT', this.#now).on('SIGTERM', this.#now);
    if (seconds !== undefined) this.#timer = setTimeout(this.#now, seconds * 1000);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the command. From here on a signal has its usual effect. */
  now(): void {
    clearTimeout(this.#timer);
    process.off('SIGINT', this.#now).off('SIGTERM', this.#now);
    this.#controller.abort();
  }

  [Symbol.dispose](): void {
    this.now();
  }
}
