import width from 'fast-string-width';
import type { BtfValue, RecordReader } from '../btf/index.js';
import { PerfEventArray, RingBuf } from '../maps/index.js';
import type { BpfObject } from '../programs/index.js';
import { hex, json } from './output.js';
import { paint } from './paint.js';
import { printable } from './printable.js';
import { complain } from './report-error.js';
import type { Stop } from './stop.js';
import { padded } from './table.js';
import type { TextOutput } from './text-output.js';
import { clock, stampMember } from './timestamp.js';

export interface EventPrinterOptions {
  readonly json?: boolean;
  /** Events and trace lines after which to stop. */
  readonly count?: number;
  /** Each event with the time at which it was read. */
  readonly timestamp?: boolean;
}

/** Types of the records of maps, by the map's name, where the object does not tell them itself: a name in its BTF, or a reader. */
export type EventTypes = ReadonlyMap<string, string | RecordReader<unknown>>;

export type EventMap = PerfEventArray | RingBuf;
type Event = BtfValue | Uint8Array;

/** Prints the records of an object's ring and perf buffers as they come, decoded where BTF says as what. */
export class EventPrinter {
  readonly #options: EventPrinterOptions;
  readonly #output: TextOutput;
  readonly #stop: Stop;
  readonly #readers: { poll(): number }[] = [];
  #printed = 0;

  constructor(options: EventPrinterOptions, output: TextOutput, stop: Stop) {
    this.#options = options;
    this.#output = output;
    this.#stop = stop;
  }

  /** Begins to read. False when the object has no map of events. Throws TypeError for a type that the object does not have. */
  open(object: BpfObject, types: EventTypes = new Map()): boolean {
    const maps = Object.values(object.maps).filter(isEventMap);
    for (const map of maps) {
      const row = this.#row(maps.length > 1 ? map.name : undefined);
      const type = types.get(map.name);
      const reader = (type === undefined ? map : map.as(type)).on((event: unknown) =>
        this.print(() => row(event as Event)),
      );
      reader.onLost(count => complain(`lost ${count} events of ${map.name}`));
      this.#readers.push(reader);
    }
    return maps.length > 0;
  }

  /** Prints what is in the buffers now. */
  drain(): void {
    for (const reader of this.#readers) reader.poll();
  }

  /** Prints one event, unless there have been enough. */
  print(text: () => string): void {
    const { count = Infinity } = this.#options;
    if (this.#printed >= count) return;
    this.#output.write(`${text()}\n`);
    if (++this.#printed === count) this.#stop.now();
  }

  #row(map: string | undefined): (event: Event) => string {
    const { json: asJson, timestamp = false } = this.#options;
    return asJson ? jsonRow(map, timestamp) : textRow(map, timestamp);
  }
}

export function isEventMap(map: unknown): map is EventMap {
  return map instanceof PerfEventArray || map instanceof RingBuf;
}

/** Events as JSON, one a line, with the name of their map where there are several. */
function jsonRow(map: string | undefined, timestamp: boolean): (event: Event) => string {
  const origin = map === undefined ? {} : { map };
  return event =>
    json({ ...(timestamp ? stampMember() : {}), ...origin, ...(isRecord(event) ? event : { data: event }) });
}

/** Events in columns. The first brings the heading. */
function textRow(map: string | undefined, timestamp: boolean): (event: Event) => string {
  const origin = map === undefined ? '' : `${map}: `;
  let widths: number[] | undefined;
  return event => {
    const time = timestamp ? `${clock()} ` : '';
    if (event instanceof Uint8Array) return time + origin + hex(event);
    if (!isRecord(event)) return time + origin + printable(json(event));
    const cells = Object.values(event).map(cell);
    if (widths) return time + origin + columns(cells, widths);
    const names = Object.keys(event);
    widths = names.map((name, i) => Math.max(name.length, width(cells[i] ?? ''), leastWidth));
    const head = (timestamp ? 'TIME     ' : '') + origin + columns(names, widths);
    return `${paint('dim', head)}\n${time}${origin}${columns(cells, widths)}`;
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
  return cells.map((text, i) => (i === last ? text : padded(text, widths[i] ?? 0))).join(' ');
}

function cell(value: BtfValue): string {
  return printable(typeof value === 'string' ? value : json(value));
}
