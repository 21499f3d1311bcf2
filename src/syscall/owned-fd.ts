import type { Sys } from './sys.js';

const forgotten = new FinalizationRegistry<{ sys: Sys; fd: number }>(({ sys, fd }) => {
  sys.close(fd);
  onForgotten(fd);
});

let onForgotten = (fd: number): void => {
  process.emitWarning(`file descriptor ${fd} was garbage-collected without close(); rawbpf closed it`, {
    code: 'RAWBPF_FORGOTTEN_FD',
  });
};

/** What happens after a forgotten fd was closed; a test makes it fail. Default: a process warning. */
export function setForgottenFdHandler(handler: (fd: number) => void): void {
  onForgotten = handler;
}

/** A file descriptor with one owner. Closed once, by `close()`, `using`, or as a last resort when collected. */
export class OwnedFd implements Disposable {
  readonly #sys: Sys;
  readonly #fd: number;
  #open = true;

  constructor(sys: Sys, fd: number) {
    this.#sys = sys;
    this.#fd = fd;
    forgotten.register(this, { sys, fd }, this);
  }

  /** The number. Throws TypeError after close(): the number may belong to somebody else by then. */
  get value(): number {
    if (!this.#open) throw new TypeError(`file descriptor ${this.#fd} is closed`);
    return this.#fd;
  }

  get closed(): boolean {
    return !this.#open;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    forgotten.unregister(this);
    this.#sys.close(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
