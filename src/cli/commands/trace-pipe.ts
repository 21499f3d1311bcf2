import { EventPrinter } from '../event-printer.js';
import { Stop } from '../stop.js';
import { TextOutput } from '../text-output.js';
import { printTrace } from '../trace-lines.js';

export interface TracePipeOptions {
  readonly json?: boolean;
  readonly count?: number;
  readonly duration?: number;
}

/** `rawbpf trace-pipe`: what programs print with bpf_printk(). */
export async function tracePipe({ json = false, count, duration }: TracePipeOptions): Promise<void> {
  using stop = new Stop(duration);
  const output = new TextOutput(stop);
  const printer = new EventPrinter({ json, ...(count === undefined ? {} : { count }) }, output, stop);
  try {
    await printTrace(printer, { signal: stop.signal, json });
  } finally {
    output.close();
  }
}
