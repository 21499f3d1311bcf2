import type { BpfObject } from '../../../programs/index.js';
import { contentsText, type MapStyle } from '../../contents-text.js';
import { type Contents, contentsJson, isReadable, readContents } from '../../map-contents.js';
import type { PackageMap, PackageSample } from '../../package/package.js';
import type { Stop } from '../../stop.js';
import type { TextOutput } from '../../text-output.js';
import { clock, stampMember } from '../../timestamp.js';
import type { StackNames } from './stacks.js';

export interface MapPrinterOptions {
  readonly json?: boolean;
  readonly timestamp?: boolean;
  /** Prints after which to stop. */
  readonly count?: number;
  /** Seconds between prints. Default: at the end only; on a terminal 1. */
  readonly interval?: number;
}

/** Of terminals that do not say how many they have. */
const usualRows = 24;

/** Prints the maps of an object: again and again, over what was there where the output is a terminal, or once at the end. */
export class MapPrinter {
  readonly #object: BpfObject;
  readonly #options: MapPrinterOptions;
  readonly #output: TextOutput;
  readonly #stop: Stop;
  readonly #names: StackNames;
  /** By map. */
  readonly #samples: ReadonlyMap<string, PackageSample>;
  readonly #timer: NodeJS.Timeout | undefined;
  #printed = 0;

  /** `names` adds the functions of stacks. `described` are the maps of a package: where it says of some how they are sampled, those alone are printed. */
  constructor(
    object: BpfObject,
    options: MapPrinterOptions,
    output: TextOutput,
    stop: Stop,
    names: StackNames,
    described: readonly PackageMap[] = [],
  ) {
    this.#object = object;
    this.#options = options;
    this.#output = output;
    this.#stop = stop;
    this.#names = names;
    this.#samples = new Map(described.flatMap(({ name, sample }) => (sample ? [[name, sample]] : [])));
    const ms = this.#intervalMs();
    if (ms !== undefined) this.#timer = setInterval(() => this.#print(), ms);
    stop.signal.addEventListener('abort', () => clearInterval(this.#timer), { once: true });
  }

  /** Prints what is there when all is detached, unless there were enough prints. */
  end(): void {
    if (!this.#timer || this.#output.isTerminal || this.#printed === 0) this.#print();
  }

  #intervalMs(): number | undefined {
    const { interval } = this.#options;
    if (interval !== undefined) return interval * 1000;
    const sampled = Math.min(...Array.from(this.#samples.values(), ({ intervalMs }) => intervalMs));
    if (Number.isFinite(sampled)) return Math.max(sampled, 1);
    return this.#output.isTerminal && !this.#options.json ? 1000 : undefined;
  }

  #print(): void {
    const { json, count = Infinity, timestamp } = this.#options;
    if (this.#printed >= count) return;
    const contents = [...readContents(this.#object)]
      .filter(({ map }) => this.#samples.size === 0 || this.#samples.has(map))
      .map(this.#names);
    if (json)
      for (const each of contents)
        this.#output.write(`${contentsJson(each, timestamp ? stampMember() : {})}\n`);
    else this.#draw(contents);
    for (const [name, { clear }] of this.#samples) if (clear) this.#clear(name);
    if (++this.#printed === count) this.#stop.now();
  }

  #draw(contents: readonly Contents[]): void {
    const parts = contents.map(each => contentsText(each, this.#style(each.map))).filter(Boolean);
    if (this.#options.timestamp) parts.unshift(clock());
    const text = `${parts.join('\n\n')}\n`;
    if (this.#output.isTerminal) this.#output.redraw(fitted(text, process.stdout.rows || usualRows));
    else if (parts.length > 0) this.#output.write(this.#timer ? `${text}\n` : text);
  }

  #style(map: string): MapStyle {
    const sample = this.#samples.get(map);
    if (!sample) return {};
    const histogram = ({ log2_hist: 'log2', linear_hist: 'linear', default_kv: undefined } as const)[
      sample.type
    ];
    return { histogram, unit: sample.unit };
  }

  #clear(name: string): void {
    const map = this.#object.maps[name];
    if (isReadable(map)) map.clear();
  }
}

/** The lines that a terminal has room for; the last says how many it had not. */
function fitted(text: string, rows: number): string {
  const lines = text.trimEnd().split('\n');
  if (lines.length < rows) return `${lines.join('\n')}\n`;
  const kept = Math.max(rows - 2, 1);
  return `${lines.slice(0, kept).join('\n')}\n… ${lines.length - kept} more lines\n`;
}
