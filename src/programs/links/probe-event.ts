import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PerfTypeId } from '../../abi/index.js';
import { RawbpfError } from '../../errors/index.js';
import { readNumber, tracefsPath } from '../../kernel/index.js';
import type { Sys } from '../../syscall/index.js';
import type { Attachable } from './attachable.js';
import type { Holder } from './link.js';
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
  const { sys } = program;
  const event = `rawbpf_${retprobe ? 'ret' : ''}probes/${uniqueName()}`;
  const edit = (line: string): void => explained(program, use, () => append(sys, file, line));
  edit(`${retprobe ? 'r' : 'p'}:${event} ${place}`);
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    edit(`-:${event}`);
  };
  try {
    const config = explained(program, use, () => readNumber(join(tracefsPath(sys), 'events', event, 'id')));
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

function append(sys: Sys, file: string, line: string): void {
  const fd = openSync(join(tracefsPath(sys), file), constants.O_WRONLY | constants.O_APPEND);
  try {
    writeSync(fd, `${line}\n`);
  } finally {
    closeSync(fd);
  }
}

function explained<T>(program: Attachable, use: PerfEventUse, access: () => T): T {
  try {
    return access();
  } catch (error) {
    const { errno, syscall } = error as NodeJS.ErrnoException;
    if (error instanceof RawbpfError || errno === undefined || !isFileCall(syscall)) throw error;
    throw refusedEvent(program, use, -errno, { syscall });
  }
}

function isFileCall(name: string | undefined): name is 'open' | 'read' | 'write' {
  return name === 'open' || name === 'read' || name === 'write';
}
