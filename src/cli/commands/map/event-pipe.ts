import {
  type EventCallback,
  type EventInfo,
  EventMap,
  type EventReader,
  openMap,
} from '../../../maps/index.js';
import { exactJsonLine } from '../../exact-json.js';
import { json as jsonText } from '../../output.js';
import { printableOn } from '../../printable.js';
import { readBtf } from '../../read-btf.js';
import { Refusal } from '../../refusal.js';
import { Stop } from '../../stop.js';
import { Words } from '../../words.js';
import { hexBytes, hexText } from './entry.js';
import { takeMap } from './select.js';

export interface EventPipeOptions {
  readonly json?: boolean;
  readonly count?: number;
  readonly duration?: number;
  /** Where `type` is. */
  readonly btf?: string;
  /** What the events are. */
  readonly type?: string;
}

/** `enum perf_event_type`. */
const PERF_RECORD_LOST = 2;
const PERF_RECORD_SAMPLE = 9;

/** `rawbpf map event-pipe SELECTOR`: the events of a perf event array or a ring buffer, as they come. */
export async function eventPipe(given: readonly string[], options: EventPipeOptions): Promise<void> {
  const words = new Words(given);
  const source = takeMap(words);
  words.end();
  using map = openMap(source, options.btf === undefined ? {} : { btf: readBtf(options.btf) });
  if (!(map instanceof EventMap))
    throw new Refusal(
      `map ${map.name}: is a ${map.info().typeName}; events come from a perf_event_array or a ringbuf`,
    );
  using stop = new Stop(options.duration);
  const events = eventsOf(map, options.type);
  let printed = 0;
  const print = (text: () => string): void => {
    if (stop.signal.aborted) return;
    process.stdout.write(printableOn(process.stdout, `${text()}\n`));
    if (++printed === options.count) stop.now();
  };
  using reader = events.on((event, info) => print(() => eventText(event, info, options.json === true)));
  reader.onLost((count, cpu) => print(() => lostText(count, cpu, options.json === true)));
  await stop.reached;
}

interface Events {
  on(callback: EventCallback<unknown>): EventReader<unknown, EventCallback<unknown>>;
}

/** Throws Refusal for a type that there is not. */
function eventsOf(map: EventMap, type: string | undefined): Events {
  if (type === undefined) return map;
  try {
    return map.as<unknown>(type);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Refusal(`${error.message}: give --btf with the object that has it`, { cause: error });
  }
}

function eventText(event: unknown, { cpu, size }: EventInfo, json: boolean): string {
  const isPerf = cpu >= 0;
  if (json) {
    const origin = isPerf ? { type: PERF_RECORD_SAMPLE, cpu, index: cpu } : {};
    return event instanceof Uint8Array
      ? exactJsonLine({ ...origin, data: hexBytes(event) })
      : jsonText({ ...origin, event });
  }
  if (!(event instanceof Uint8Array)) return jsonText(event);
  return `== ${isPerf ? `CPU: ${cpu} index: ${cpu}` : `${size} bytes`} =====\n${hexText(event)}`;
}

function lostText(count: number, cpu: number, json: boolean): string {
  if (json) return exactJsonLine({ type: PERF_RECORD_LOST, cpu, index: cpu, lost: { count } });
  return `lost ${count} events on CPU ${cpu}`;
}
