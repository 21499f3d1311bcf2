import { read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { BpfCmd } from '../abi/index.js';
import { type BtfTypes, type Codec, codec } from '../btf/index.js';
import { FormatError } from '../errors/index.js';
import { typeNamed } from '../maps/index.js';
import { BpfError, bpf, Errno, OwnedFd, type Sys } from '../syscall/index.js';

/** Where an iterator's output comes from: opened anew for each reading. */
export interface IterSource {
  readonly sys: Sys;
  /** For messages. */
  readonly what: string;
  /** The link, and what is to be closed when the reading is over. */
  /** The types of the object that the program is of. */
  readonly btf?: BtfTypes | undefined;
  readonly open: () => { readonly link: number; readonly close: () => void };
}

/** What the kernel gives at once, at most: its buffer of 8 pages (kernel/bpf/bpf_iter.c). */
const chunkBytes = 8 * 4096;
const readAsync = promisify(read);

/**
 * What an iterator program writes (bpf_seq_write, bpf_seq_printf), read from its beginning each time:
 * `for await (const chunk of output)`, `for await (const line of output.lines())`, or all at once. Nothing is open but during a reading, however it ends.
 */
export class IterOutput implements AsyncIterable<Uint8Array> {
  readonly #source: IterSource;

  /** @internal */
  constructor(source: IterSource) {
    this.#source = source;
  }

  /** The bytes as the kernel gives them, up to 32 KiB at once; the program runs on another thread, not on the event loop. Throws BpfError. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    using reading = this.#begin();
    for (;;) {
      const chunk = new Uint8Array(chunkBytes);
      const { bytesRead } = await again(
        () => readAsync(reading.fd, chunk, 0, chunkBytes, null),
        reading.what,
      );
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  }

  /** The lines, in UTF-8, without their ends. Throws BpfError. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of this) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    rest += decoder.decode();
    if (rest !== '') yield rest;
  }

  /**
   * The records of a program that writes structs (bpf_seq_write), decoded by a type of its object, such as `struct process`, or by a codec. Throws TypeError for a type
   * that there is not, FormatError when the last record is cut short, and BpfError.
   */
  async *as<T>(type: string | Codec): AsyncGenerator<T, void, undefined> {
    const record = typeof type === 'string' ? this.#codecOf(type) : type;
    let rest = new Uint8Array();
    for await (const chunk of this) {
      const bytes = rest.length > 0 ? new Uint8Array(Buffer.concat([rest, chunk])) : chunk;
      let at = 0;
      for (; at + record.size <= bytes.length; at += record.size) yield record.read(bytes, at) as T;
      rest = bytes.slice(at);
    }
    if (rest.length > 0)
      throw new FormatError(
        `${this.#source.what}: the program wrote ${rest.length} bytes after its last record of ${record.size}: it is of another type`,
      );
  }

  #codecOf(name: string): Codec {
    const { btf, what } = this.#source;
    const typeId = btf && typeNamed(btf, name);
    if (!btf || typeId === undefined)
      throw new TypeError(
        `${what}: ${btf ? `the object's BTF has no type ${name}` : 'the object has no BTF'}`,
      );
    return codec(btf, typeId);
  }

  /** All of it, by calls that wait. Throws BpfError. */
  bytes(): Uint8Array {
    using reading = this.#begin();
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = new Uint8Array(chunkBytes);
      const size = readNow(reading.fd, chunk, reading.what);
      if (size === 0) return new Uint8Array(Buffer.concat(chunks));
      chunks.push(chunk.subarray(0, size));
    }
  }

  /** All of it as UTF-8, by calls that wait. Throws BpfError. */
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  #begin(): Disposable & { readonly fd: number; readonly what: string } {
    const { sys, what, open } = this.#source;
    const { link, close } = open();
    const cmd = BpfCmd.BPF_ITER_CREATE;
    const result = bpf(sys, cmd, { link_fd: link });
    if (result < 0) {
      close();
      throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what, ...hint(-result) });
    }
    const owned = new OwnedFd(sys, result);
    return {
      fd: result,
      what,
      [Symbol.dispose]() {
        owned.close();
        close();
      },
    };
  }
}

function hint(errno: number): { hint?: string } {
  return errno === Errno.EINVAL ? { hint: 'the link is not that of an iterator, or was detached' } : {};
}

function readNow(fd: number, chunk: Uint8Array, what: string): number {
  for (;;)
    try {
      return readSync(fd, chunk, 0, chunk.length, null);
    } catch (error) {
      if (!isAgain(error)) throw refused(error, what);
    }
}

async function again<T>(attempt: () => Promise<T>, what: string): Promise<T> {
  for (;;)
    try {
      return await attempt();
    } catch (error) {
      if (!isAgain(error)) throw refused(error, what);
    }
}

/** The kernel answers EAGAIN when a program has gone over a million objects and written nothing: reading goes on from there. */
function isAgain(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}

function refused(cause: unknown, what: string): BpfError {
  const errno = -((cause as NodeJS.ErrnoException).errno ?? 0);
  const hint =
    errno === Errno.E2BIG
      ? 'the program writes more for one object than the kernel buffers (32 KiB)'
      : undefined;
  return new BpfError({ syscall: 'read', errno, what, ...(hint ? { hint } : {}) }, { cause });
}
