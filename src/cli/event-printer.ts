import type { BtfValue } from '../btf/index.js';
import { PerfEventArray, RingBuf } from '../maps/index.js';
import type { BpfObject } from '../programs/index.js';
import { hex, json } from './output.js';
import { paint } from './paint.js';
import { complain } from './report-error.js';
import type { Stop } from './stop.js';

export interface EventPrinterOptions {
  readonly json?: boolean;
  /** Events and trace lines after which to stop. */
  readonly count?: number;
}

type EventMap = PerfEventArray | RingBuf;
type Event = BtfValue | Uint8Array;

/** Prints the records of an object's ring and perf buffers as they come, decoded where BTF says as what. */
export class EventPrinter {
  readonly #options: EventPrinterOptions;
  readonly #stop: Stop;
  #printed = 0;

  constructor(options: EventPrinterOptions, stop: Stop) {
    this.#options = options;
    this.#stop = stop;
  }

  /** Begins to read. False when the object has no map of events. */
  open(object: BpfObject): boolean {
    const maps = Object.values(object.maps).filter(isEventMap);
    for (const map of maps) {
      const row = (this.#options.json ? jsonRow : textRow)(maps.length > 1 ? map.name : undefined);
      const reader = map.on((event: Event) => this.print(() => row(event)));
      reader.onLost(count => complain(`lost ${count} events of ${map.name}`));
    }
    return maps.length > 0;
  }

  /** Prints one event, unless there have been enough. */
  print(text: () => string): void {
    if (this.#stop.signal.aborted) return;
    process.stdout.write(`${text()}\n`);
    if (++this.#printed === this.#options.count) this.#stop.now();
  }
}

function isEventMap(map: unknown): map is EventMap {
  return map instanceof PerfEventArray || map instanceof RingBuf;
}

/** Events as JSON, one a line, with the name of their map where there are several. */
function jsonRow(map: string | undefined): (event: Event) => string {
  const origin = map === undefined ? {} : { map };
  return event => json({ ...origin, ...(isRecord(event) ? event : { data: event }) });
}

/** Events in columns. The first brings the heading. */
function textRow(map: string | undefined): (event: Event) => string {
  const origin = map === undefined ? '' : `${map}: `;
  let widths: number[] | undefined;
  return event => {
    if (event instanceof Uint8Array) return origin + hex(event);
    if (!isRecord(event)) return origin + json(event);
    const cells = Object.values(event).map(cell);
    if (widths) return origin + columns(cells, widths);
    const names = Object.keys(event);
    widths = names.map((name, i) => Math.max(name.length, cells[i]?.length ?? 0, leastWidth));
    return `${paint('dim', origin + columns(names, widths))}\n${origin}${columns(cells, widths)}`;
  };
}

function isRecord(event: Event): event is { [name: string]: BtfValue } {
  return (
    typeof event === 'object' && event !== null && !Array.isArray(event) && !(event instanceof Uint8Array)
  );
}

/** Room for numbers and names of usual length. */
const leastWidth = 7;

function columns(cells: readonly string[], widths: readonly number[]): string {
  const last = cells.length - 1;
  return cells.map((text, i) => (i === last ? text : text.padEnd(widths[i] ?? 0))).join(' ');
}

function cell(value: BtfValue): string {
  return typeof value === 'string' ? value : json(value);
}
