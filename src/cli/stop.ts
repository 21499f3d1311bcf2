/** When a command that runs on is to end: at Ctrl-C or SIGTERM, after a time, or when it has seen enough. */
export class Stop {
  /** Resolves when the command is to end. */
  readonly reached: Promise<void>;
  readonly #controller = new AbortController();
  readonly #now = () => this.now();
  /** Also keeps the process alive: a signal handler does not, and an object may have nothing to read. */
  readonly #timer: NodeJS.Timeout;

  constructor(seconds?: number) {
    const { signal } = this.#controller;
    this.reached = new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
    process.on('SIGINT', this.#now).on('SIGTERM', this.#now);
    const longest = 2 ** 31 - 1;
    this.#timer =
      seconds === undefined
        ? setInterval(() => {}, longest)
        : setTimeout(this.#now, Math.min(seconds * 1000, longest));
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
