import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { PerfTypeId } from '../../../abi/index.js';
import { RawbpfError } from '../../../errors/index.js';
import { readNumber, tracefsPath } from '../../../kernel/index.js';
import { Errno, OwnedFd } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';
import type { Holder } from '../link.js';
import { type PerfEventUse, refusedEvent } from './open-perf-event.js';

/** What kernels before Linux 4.17 probe by: a line in a file of tracefs, which makes a tracepoint (kernel/trace/trace_kprobe.c, trace_uprobe.c). */
export interface ProbeDefinition {
  readonly file: 'kprobe_events' | 'uprobe_events';
  readonly retprobe: boolean;
  /** `FUNCTION+OFFSET`, `MODULE:FUNCTION+OFFSET`, `PATH:OFFSET`. */
  readonly place: string;
}

/** A line of ours. Closing it takes the line out, which the kernel allows once no perf event of it is open. */
export interface ProbeEvent extends Holder {
  /** Of the perf event that it makes. */
  readonly attr: { readonly type: number; readonly config: number };
}

/**
 * Adds a probe to tracefs. Throws what {@link refusedEvent} makes of the errno of the file's open or write, and leaves nothing then. No fd holds the line: it stays
 * when the process is killed, without effect.
 */
export function addProbeEvent(
  program: Attachable,
  use: PerfEventUse,
  { file, retprobe, place }: ProbeDefinition,
): ProbeEvent {
  const event = `rawbpf_${retprobe ? 'ret' : ''}probes/${uniqueName()}`;
  const edit = (line: string): void => append(program, use, file, line);
  edit(`${retprobe ? 'r' : 'p'}:${event} ${place}`);
  let open = true;
  const close = (): void => {
    if (!open) return;
    edit(`-:${event}`);
    open = false;
  };
  try {
    const config = idOf(program, use, event);
    return { attr: { type: PerfTypeId.PERF_TYPE_TRACEPOINT, config }, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Process ids of different namespaces meet in the one tracefs, and so do threads and copies of this module. */
function uniqueName(): string {
  return `p${process.pid}_${randomBytes(8).toString('hex')}`;
}

/** Writes a line to a file of tracefs. A call that was interrupted, or had no memory at hand, is made again a few times. */
function append(program: Attachable, use: PerfEventUse, file: string, line: string): void {
  const { sys } = program;
  const path = join(tracefsPath(sys), file);
  const bytes = new TextEncoder().encode(`${line}\n`);
  const made = (syscall: 'open' | 'write', call: () => number): number => {
    const result = retried(call);
    if (result < 0) throw refusedEvent(program, use, -result, { syscall });
    return result;
  };
  using opened = new OwnedFd(
    sys,
    made('open', () => sys.openToAppend(path)),
  );
  made('write', () => sys.write(opened.value, bytes));
}

const passing: readonly number[] = [-Errno.EINTR, -Errno.EAGAIN, -Errno.ENOMEM];

function retried(call: () => number): number {
  let result = call();
  for (let tries = 1; tries < 5 && passing.includes(result); tries++) result = call();
  return result;
}

function idOf(program: Attachable, use: PerfEventUse, event: string): number {
  try {
    return readNumber(join(tracefsPath(program.sys), 'events', event, 'id'));
  } catch (error) {
    const { errno, syscall } = error as NodeJS.ErrnoException;
    if (error instanceof RawbpfError || errno === undefined || (syscall !== 'open' && syscall !== 'read'))
      throw error;
    throw refusedEvent(program, use, -errno, { syscall });
  }
}
