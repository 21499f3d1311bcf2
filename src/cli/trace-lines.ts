import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type TraceLine, TracePipe, tracefsPath } from '../kernel/index.js';
import type { EventPrinter } from './event-printer.js';
import { json } from './output.js';
import { Refusal } from './refusal.js';

export interface TraceOptions {
  readonly signal: AbortSignal;
  readonly json: boolean;
}

/** Opens the trace pipe; the promise is fulfilled when it is closed. Prints what bpf_printk() wrote there meanwhile. */
export function printTrace(printer: EventPrinter, { signal, json: asJson }: TraceOptions): Promise<void> {
  const pipe = openTrace(signal);
  return print();

  async function print(): Promise<void> {
    for await (const line of pipe)
      if (line.event === 'bpf_trace_printk') printer.print(() => (asJson ? traceJson(line) : line.raw));
  }
}

/** Throws Refusal, BpfError or TracefsError where there is no trace to be had. */
function openTrace(signal: AbortSignal): TracePipe {
  try {
    return TracePipe.open({ signal });
  } catch (cause) {
    const { code, path } = cause as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw cause;
    throw new Refusal(`${path}: permission denied: the trace is for root only`, { cause });
  }
}

/** Reads away what programs wrote before, when nobody was looking: the kernel keeps it for the next reader. */
export function discardOldTrace(): void {
  const fd = openSync(join(tracefsPath(), 'trace_pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(1 << 16);
  // Bounded, because others may go on printing.
  const most = 1 << 12;
  try {
    for (let reads = 0; reads < most && readSync(fd, buffer) > 0; reads++);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  } finally {
    closeSync(fd);
  }
}

function traceJson({ raw: _, ...line }: TraceLine): string {
  return json(line);
}
