import { once } from 'node:events';
import { paint } from './paint.js';
import { printableOn } from './printable.js';

const chunkLength = 1 << 16;

/** Writes lines to stdout in large pieces, waiting where its reader is slower. */
export async function printLines(lines: Iterable<string>): Promise<void> {
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < chunkLength) continue;
    await write(chunk);
    chunk = '';
  }
  await write(chunk);
}

export async function print(text: string): Promise<void> {
  await write(`${text}\n`);
}

/** One JSON document. */
export async function printJson(value: unknown): Promise<void> {
  await print(json(value, 2));
}

/** Headline of a part of the output. */
export function heading(text: string): string {
  return paint('bold', text);
}

/** JSON of a value out of BPF: a bigint is a number where that is exact, else a string of its digits; bytes are hex digits. */
export function json(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, v) => plain(v), indent);
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  return value instanceof Uint8Array ? hex(value) : value;
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** `rawbpf … | head` ends without a word when head has seen enough. */
export function exitQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The kernel closes what is loaded and attached together with the process.
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
}

let captured: string[] | undefined;

/** What `action` prints, instead of printing it. */
export async function capture(action: () => Promise<unknown>): Promise<string> {
  const before = captured;
  const texts: string[] = [];
  captured = texts;
  try {
    await action();
  } finally {
    captured = before;
  }
  return texts.join('');
}

async function write(text: string): Promise<void> {
  if (captured) captured.push(text);
  else if (text !== '' && !process.stdout.write(printableOn(process.stdout, text)))
    await once(process.stdout, 'drain');
}
