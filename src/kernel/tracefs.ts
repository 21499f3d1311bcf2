import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { RawbpfError } from '../errors/index.js';
import { BpfError, liveSys, OwnedFd, type Sys } from '../syscall/index.js';
import { nearestNames, nearText } from './nearest.js';

/** A tracepoint, or tracefs itself, cannot be had. */
export class TracefsError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_TRACEFS';
}

const detached = new WeakMap<Sys, OwnedFd>();
/** Where it was found last: asking again is only needed when it is not there any more. */
const found = new WeakMap<Sys, string>();

/**
 * A folder where tracefs can be read: where it is mounted, else a mount of our own that no other process sees and that ends with this
 * one (fsopen(2) and fsmount(2), Linux 5.2), so that the machine is left as it was. Throws BpfError when it can be neither found nor mounted.
 */
export function tracefsPath(sys: Sys = liveSys()): string {
  const path = mountedTracefs() ?? detachedTracefs(sys);
  found.set(sys, path);
  return path;
}

function detachedTracefs(sys: Sys): string {
  let fd = detached.get(sys);
  if (!fd) {
    const mount = sys.mountDetached('tracefs');
    if (mount < 0)
      throw new BpfError({
        syscall: 'fsmount',
        errno: -mount,
        what: 'tracefs',
        hint: 'it is not mounted, and mounting it needs CAP_SYS_ADMIN: run as root',
      });
    fd = new OwnedFd(sys, mount);
    detached.set(sys, fd);
  }
  return `/proc/self/fd/${fd.value}`;
}

function mountedTracefs(): string | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' '));
  return mounts.find(([, , type]) => type === 'tracefs')?.[1]?.replaceAll('\\040', ' ');
}

/** The id of a tracepoint, as perf_event_open(2) takes it. Throws TracefsError for an unknown one, with the nearest names. */
export function tracepointId({ sys }: { readonly sys: Sys }, category: string, name: string): number {
  const id = (tracefs: string): number => readNumber(`${tracefs}/events/${category}/${name}/id`);
  const known = found.get(sys);
  try {
    if (known !== undefined) return id(known);
  } catch {
    // It may have been unmounted, and be somewhere else.
  }
  const tracefs = tracefsPath(sys);
  const events = join(tracefs, 'events');
  try {
    return id(tracefs);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw new TracefsError(`tracepoint ${category}/${name}: tracefs is for root only: run as root`, {
        cause,
      });
    throw new TracefsError(
      `tracepoint ${category}/${name}: this kernel has no such tracepoint${nearest(events, category, name)}`,
      { cause },
    );
  }
}

const digits = Buffer.alloc(32);

/** The number in a file, in three calls, where readFileSync() makes five: programs may attach to hundreds of tracepoints. */
export function readNumber(path: string): number {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return Number(digits.toString('latin1', 0, readSync(fd, digits, 0, digits.length, null)));
  } finally {
    closeSync(fd);
  }
}

/** Of the same category, else by the same name elsewhere, else of a category whose name is near. */
function nearest(events: string, category: string, name: string): string {
  const folders = (path: string): string[] => {
    try {
      return readdirSync(path, { withFileTypes: true })
        .filter(entry => entry.isDirectory())
        .map(entry => entry.name);
    } catch {
      return [];
    }
  };
  const siblings = nearestNames(name, folders(join(events, category)));
  if (siblings.length > 0) return nearText(siblings.map(sibling => `${category}/${sibling}`));
  const categories = folders(events);
  const elsewhere = categories.filter(other => existsSync(join(events, other, name, 'id')));
  if (elsewhere.length > 0) return nearText(elsewhere.map(other => `${other}/${name}`));
  if (categories.includes(category)) return '';
  return nearText(nearestNames(category, categories).map(other => `${other}/…`));
}
