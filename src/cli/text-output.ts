import { closeSync, openSync, realpathSync, writeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { printableOn } from './printable.js';
import { Refusal } from './refusal.js';
import type { Stop } from './stop.js';

/** Characters that wait at most. */
const mostPending = 1 << 16;
const clearScreen = '\x1b[H\x1b[2J';

/** Where a command that goes on writes what it sees: stdout, or a file. Closing it throws Refusal when the file could not take all of it. */
export class TextOutput {
  readonly #file: string | undefined;
  readonly #fd: number | undefined;
  readonly #stop: Stop;
  #pending = '';
  #flushing: NodeJS.Immediate | undefined;
  #refusal: Refusal | undefined;

  /** Opens the file anew. Throws Refusal when it can't be written, or is the input. */
  constructor(stop: Stop, file?: string, input?: string) {
    this.#stop = stop;
    this.#file = file;
    if (file === undefined) return;
    if (input !== undefined && samePlace(file, input))
      throw new Refusal(`${file}: it is the input; name another output`);
    try {
      this.#fd = openSync(file, 'w');
    } catch (error) {
      throw refused(file, error);
    }
  }

  /** True where what was written can be drawn over. */
  get isTerminal(): boolean {
    return this.#fd === undefined && process.stdout.isTTY === true;
  }

  /** Writes it with what else comes in this turn of the event loop: a write for each event would cost more than the event. */
  write(text: string): void {
    this.#pending += this.isTerminal ? printableOn(process.stdout, text) : text;
    if (this.#pending.length > mostPending) this.#flush();
    else this.#flushing ??= setImmediate(() => this.#flush());
  }

  /** Writes it on a terminal over all that was there. */
  redraw(text: string): void {
    this.#pending += clearScreen;
    this.write(text);
  }

  /** Throws Refusal for what could not be written. */
  close(): void {
    this.#flush();
    if (this.#fd !== undefined) closeSync(this.#fd);
    if (this.#refusal) throw this.#refusal;
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const text = this.#pending;
    this.#pending = '';
    if (text === '') return;
    if (this.#fd === undefined) process.stdout.write(text);
    else if (!this.#refusal) this.#writeTo(this.#fd, text);
  }

  #writeTo(fd: number, text: string): void {
    try {
      let bytes = Buffer.from(text);
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      this.#refusal = refused(this.#file ?? '', error);
      this.#stop.now();
    }
  }
}

function refused(file: string, error: unknown): Refusal {
  const { errno, message } = error as NodeJS.ErrnoException;
  const [, reason = message] = getSystemErrorMap().get(errno ?? 0) ?? [];
  return new Refusal(`${file}: ${reason}`, { cause: error });
}

function samePlace(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
