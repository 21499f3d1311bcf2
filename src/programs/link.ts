import type { OwnedFd } from '../syscall/index.js';
import { StateError } from './state-error.js';

/** How a program is attached. */
export type LinkKind = 'tracepoint' | 'raw_tracepoint' | 'kprobe' | 'kretprobe';

export interface LinkParts {
  readonly kind: LinkKind;
  /** Name of the program. */
  readonly program: string;
  /** What it is attached to, e.g. `syscalls/sys_enter_write`. */
  readonly target: string;
  /** The fds that hold the attachment, in the order in which they were made. */
  readonly fds: readonly OwnedFd[];
}

/**
 * An attached program: it runs until the link is closed, or the process ends.
 *
 * Where the kernel has BPF links for this kind (perf events since 5.15, raw tracepoints since 4.17) `fd` is one; else it is the perf event's.
 */
export class Link {
  readonly kind: LinkKind;
  readonly program: string;
  readonly target: string;
  readonly #fds: readonly OwnedFd[];
  readonly #closed: (link: Link) => void;

  /** @internal `closed` is told when the link is closed. */
  constructor({ kind, program, target, fds }: LinkParts, closed: (link: Link) => void = () => {}) {
    this.kind = kind;
    this.program = program;
    this.target = target;
    this.#fds = fds;
    this.#closed = closed;
  }

  /** The fd of the link, or of the perf event on kernels without links. Throws StateError after close. */
  get fd(): number {
    const fd = this.#fds.at(-1);
    if (!fd || fd.closed)
      throw new StateError(`the link of program ${this.program} to ${this.target} is closed`);
    return fd.value;
  }

  /** Detaches the program. Closing twice does nothing. */
  close(): void {
    for (const fd of [...this.#fds].reverse()) fd.close();
    this.#closed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
