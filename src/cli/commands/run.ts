import { RawbpfError } from '../../errors/index.js';
import { BpfObject, type Program } from '../../programs/index.js';
import { formatSyscall, subscribeSyscalls } from '../../syscall/index.js';
import type { Assignment } from '../command-line/values.js';
import { EventPrinter } from '../event-printer.js';
import { mapContents } from '../map-contents.js';
import { printLines } from '../output.js';
import { usesPrintk } from '../printk.js';
import { readInput } from '../read-input.js';
import { Refusal } from '../refusal.js';
import { complain, oneLine } from '../report-error.js';
import { setGlobal } from '../set-global.js';
import { Stop } from '../stop.js';
import { discardOldTrace, printTrace } from '../trace-lines.js';

export interface RunOptions {
  readonly set: readonly Assignment[];
  readonly trace?: boolean;
  readonly syscalls?: boolean;
  readonly count?: number;
  readonly duration?: number;
  readonly json?: boolean;
}

/** `rawbpf run FILE`: loads, attaches everything, prints events, and at the end leaves nothing behind. */
export async function run(file: string, options: RunOptions): Promise<void> {
  const unsubscribe = options.syscalls
    ? subscribeSyscalls(event => console.error(formatSyscall(event)))
    : () => {};
  try {
    using object = BpfObject.open(readInput(file), { file });
    for (const { name, value } of options.set) setGlobal(object, name, value);
    object.load();
    using stop = new Stop(options.duration);
    await watch(object, stop, options);
  } finally {
    unsubscribe();
  }
}

async function watch(object: BpfObject, stop: Stop, options: RunOptions): Promise<void> {
  const { json = false } = options;
  // Readers first, so that the first event of the first program has a place to go.
  const printer = new EventPrinter(options, stop);
  const hasEvents = printer.open(object);
  const hasTrace = options.trace || (!hasEvents && usesPrintk(object.spec));
  if (hasTrace) discardOldTrace();
  const trace = hasTrace ? printTrace(printer, { signal: stop.signal, json }) : undefined;
  attachAll(object);
  await stop.reached;
  await trace;
  if (!hasEvents && !hasTrace) await printLines(mapContents(object, json));
}

/** Attaches every program that names what it attaches to; warns of those that this kernel refuses. Throws when none is left. */
function attachAll(object: BpfObject): void {
  const programs = Object.values(object.programs).filter(program => program.spec.attachTarget !== undefined);
  const attached = programs.filter(attach);
  if (attached.length === 0) throw new Refusal(`${object.spec.file}: no program could be attached`);
  complain(`attached ${attached.map(p => p.spec.section).join(', ')}`);
}

function attach(program: Program): boolean {
  try {
    program.attach();
    return true;
  } catch (error) {
    if (!(error instanceof RawbpfError)) throw error;
    complain(`warning: ${program.name}: ${oneLine(error)}`);
    return false;
  }
}
