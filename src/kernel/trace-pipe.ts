import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, liveSys, type Poll, type Sys } from '../syscall/index.js';
import { TracefsError, tracefsPath } from './tracefs.js';

/** One line of `trace_pipe`, e.g. `sh-42 [001] d..31 7.25: bpf_trace_printk: hello`. */
export interface TraceLine {
  readonly task: string;
  readonly pid: number;
  readonly cpu: number;
  /** Interrupt and preemption state, e.g. `d..31`. */
  readonly flags: string;
  /** Seconds since boot. */
  readonly timestamp: number;
  /** e.g. `bpf_trace_printk`. */
  readonly event: string;
  readonly message: string;
  readonly raw: string;
}

export interface TracePipeOptions {
  readonly sys?: Sys;
  readonly signal?: AbortSignal;
}

const pattern = /^\s*(.*)-(\d+)\s+(?:\(\s*[-\d]+\)\s+)?\[(\d+)\]\s+(\S+)\s+([\d.]+): (\w+): ?(.*)$/;

/** Reads a line of the trace. One of another form, such as `CPU:1 [LOST 3 EVENTS]`, has no event (''), pid and cpu -1, and is its own message. */
export function parseTraceLine(raw: string): TraceLine {
  const match = pattern.exec(raw);
  if (!match)
    return { task: '', pid: -1, cpu: -1, flags: '', timestamp: Number.NaN, event: '', message: raw, raw };
  const [, task = '', pid, cpu, flags = '', timestamp, event = '', message = ''] = match;
  return {
    task,
    pid: Number(pid),
    cpu: Number(cpu),
    flags,
    timestamp: Number(timestamp),
    event,
    message,
    raw,
  };
}

/**
 * The kernel's `trace_pipe`, line by line: where bpf_printk() prints. Lines are consumed: of several readers each gets some.
 * Waits on the event loop, with no thread and no timer.
 */
export class TracePipe implements AsyncIterable<TraceLine>, Disposable {
  readonly #sys: Sys;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(65536);
  readonly #lines: string[] = [];
  readonly #decoder = new TextDecoder();
  #poll: Poll | undefined;
  #refed = true;
  #rest = '';
  #wake: (() => void) | undefined;
  #open = true;

  /** Opens the pipe. Throws BpfError when tracefs can't be had, TracefsError when the pipe can't be opened. */
  static open(options: TracePipeOptions = {}): TracePipe {
    return new TracePipe(options);
  }

  private constructor({ sys = liveSys(), signal }: TracePipeOptions) {
    this.#sys = sys;
    this.#fd = openPipe(sys);
    try {
      this.#resume();
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
    signal?.addEventListener('abort', () => this.close(), { once: true });
    if (signal?.aborted) this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TraceLine, void, undefined> {
    try {
      for (;;) {
        const line = this.#lines.shift();
        if (line !== undefined) yield parseTraceLine(line);
        else if (!this.#open) return;
        else {
          await new Promise<void>(resolve => {
            this.#wake = resolve;
            this.#resume();
          });
        }
      }
    } finally {
      this.close();
    }
  }

  /** Lets the process end although the pipe is open. */
  unref(): void {
    this.#refed = false;
    this.#poll?.unref();
  }

  /** Stops reading; what was read already is still delivered. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#pause();
    closeSync(this.#fd);
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #resume(): void {
    if (this.#poll || !this.#open) return;
    const poll = this.#sys.poll(this.#fd, () => this.#read());
    if (typeof poll === 'number') throw new BpfError({ syscall: 'poll', errno: -poll, what: 'trace_pipe' });
    if (!this.#refed) poll.unref();
    this.#poll = poll;
  }

  #pause(): void {
    this.#poll?.close();
    this.#poll = undefined;
  }

  /**
   * One piece at a time: a program that traces system calls traces these reads, too, so that reading until the pipe is empty would never end.
   * Lines that nobody takes stay in the kernel, which drops the oldest.
   */
  #read(): void {
    try {
      const length = readSync(this.#fd, this.#buffer);
      const text = this.#rest + this.#decoder.decode(this.#buffer.subarray(0, length), { stream: true });
      const lines = text.split('\n');
      this.#rest = lines.pop() ?? '';
      this.#lines.push(...lines);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.close();
    }
    if (this.#lines.length) {
      this.#pause();
      this.#wake?.();
    }
  }
}

function openPipe(sys: Sys): number {
  try {
    return openSync(join(tracefsPath(sys), 'trace_pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EBUSY')
      throw new TracefsError(
        'trace_pipe: another process reads it, and it has one reader at a time: end that one',
        { cause },
      );
    if (code === 'EACCES') throw new TracefsError('trace_pipe: it is for root only: run as root', { cause });
    throw new TracefsError(`trace_pipe: ${message}`, { cause });
  }
}
