import { BpfAttachType, hostEndian } from '../../../abi/index.js';
import { matchFunctions } from '../../../elf/index.js';
import { type Cause, versionCode } from '../../../kernel/index.js';
import { BpfError, Errno } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';
import { createLink } from '../bpf-link.js';
import { closeHolders, type Holder, type LinkParts } from '../link.js';
import { binaryPath } from './binary-path.js';
import { functionOffset } from './function-place.js';
import { checkNumbers, linkUprobe } from './uprobe.js';
import { explainUprobe } from './uprobe-explain.js';
import { withUserElf } from './user-binary.js';
import { UserBinaryError } from './user-binary-error.js';

/** Many places of one binary by one link. Linux 6.6. One of `pattern`, `symbols` and `offsets` says which. */
export interface UprobeMultiTarget {
  readonly kind: 'uprobe_multi';
  /** As for a uprobe. */
  readonly binary: string;
  /** Functions, with `*` and `?`: `str*`. Indirect ones (IFUNC) are passed over. */
  readonly pattern?: string;
  readonly symbols?: readonly string[];
  /** Bytes from the start of the file. */
  readonly offsets?: readonly number[];
  /** One for each place, in the file; 0 for none. */
  readonly refCtrOffsets?: readonly number[];
  /** One for each place. */
  readonly cookies?: readonly bigint[];
  /** One for all places. */
  readonly cookie?: bigint;
  /** Run when the functions return. */
  readonly retprobe?: boolean;
  /** Run at both ends of a call (Linux 6.13). Default: as the program was loaded. */
  readonly session?: boolean;
  /** Only in this process; default in all. Linux 6.6 to 6.9 take it for a thread: the others of the process are not seen. */
  readonly pid?: number;
}

/** Places of one file, and how they are probed. */
export interface UprobePlaces {
  readonly kind: 'uprobe_multi' | 'usdt';
  readonly path: string;
  /** For messages. */
  readonly name: string;
  readonly offsets: readonly number[];
  readonly refCtrOffsets?: readonly number[] | undefined;
  readonly cookies?: readonly bigint[] | undefined;
  readonly retprobe: boolean;
  readonly pid: number | undefined;
}

const BPF_F_UPROBE_MULTI_RETURN = 1;

/**
 * Attaches to many places by one BPF link. A program that was loaded as a plain uprobe, and on kernels without such links (before Linux 6.6) any but sessions, is
 * attached to each place by itself. Throws UserBinaryError when there is no such function, TypeError for a target that is not complete.
 */
export function attachUprobeMulti(program: Attachable, target: UprobeMultiTarget): LinkParts {
  const { pattern, symbols, refCtrOffsets, cookie, retprobe = false, session, pid } = target;
  if ([pattern, symbols, target.offsets].filter(given => given !== undefined).length !== 1)
    throw new TypeError('uprobe_multi: give one of pattern, symbols and offsets');
  if (session !== undefined && session !== isSession(program))
    throw new TypeError(
      `session: program ${program.name} was loaded for section ${program.spec.section}: the section's name decides it (uprobe.session)`,
    );
  if (session && retprobe) throw new TypeError('retprobe: a session runs at both ends');
  const path = binaryPath(target.binary);
  const offsets = target.offsets ?? findOffsets(path, target);
  if (offsets.length === 0) throw new TypeError('uprobe_multi: there are no places to attach to');
  const cookies = target.cookies ?? (cookie === undefined ? undefined : offsets.map(() => cookie));
  for (const [field, list] of Object.entries({ cookies, refCtrOffsets }))
    if (list && list.length !== offsets.length)
      throw new TypeError(`${field}: ${list.length} for ${offsets.length} places`);
  for (const offset of [...offsets, ...(refCtrOffsets ?? [])]) checkNumbers({ offset }, pid);

  const place = pattern ?? (symbols ? symbols.join(',') : `${offsets.length} offsets`);
  const name = `${path}:${place}`;
  const places = { kind: target.kind, path, name, offsets, refCtrOffsets, cookies, retprobe, pid };
  return isMulti(program) || isSession(program) ? linkPlaces(program, places) : linkEach(program, places);
}

function findOffsets(path: string, { pattern, symbols = [] }: UprobeMultiTarget): number[] {
  return withUserElf(path, elf => {
    if (pattern === undefined) return symbols.map(symbol => functionOffset(elf, symbol));
    const found = matchFunctions(elf, pattern);
    if (found.length === 0) throw new UserBinaryError(path, `no function matches ${pattern}`);
    return found.map(f => f.offset);
  });
}

/** True for programs that were loaded to be attached by one link to many places. */
export function isMulti({ spec, kernel }: Attachable): boolean {
  // Those of USDT are where the kernel has such links.
  return (
    spec.attachType === BpfAttachType.BPF_TRACE_UPROBE_MULTI ||
    (/^\??usdt\b/.test(spec.section) && kernel.has('uprobe_multi'))
  );
}

function isSession({ spec }: Attachable): boolean {
  return spec.attachType === BpfAttachType.BPF_TRACE_UPROBE_SESSION;
}

/** One BPF link for all places (Linux 6.6; bpf_uprobe_multi_link_attach in kernel/trace/bpf_trace.c), or on kernels that have none a link for each. */
export function linkPlaces(program: Attachable, places: UprobePlaces): LinkParts {
  const { kind, path, name, offsets, refCtrOffsets, cookies, retprobe, pid } = places;
  const session = isSession(program);
  const attach_type = session ? BpfAttachType.BPF_TRACE_UPROBE_SESSION : BpfAttachType.BPF_TRACE_UPROBE_MULTI;
  const explain = (errno: number): Cause | undefined => explainMulti(program, errno, path, session);
  try {
    return createLink(
      program,
      { kind, target: name, explain },
      {
        target_fd: 0,
        attach_type,
        uprobe_multi: {
          path,
          offsets: words(offsets),
          ...(refCtrOffsets?.some(Boolean) ? { ref_ctr_offsets: words(refCtrOffsets) } : {}),
          ...(cookies ? { cookies: words(cookies) } : {}),
          cnt: offsets.length,
          flags: retprobe ? BPF_F_UPROBE_MULTI_RETURN : 0,
          pid: pid ?? 0,
        },
      },
    );
  } catch (error) {
    if (session || !(error instanceof BpfError) || error.errno !== Errno.EINVAL) throw error;
    if (program.kernel.has('uprobe_multi')) throw error;
    return linkEach(program, places);
  }
}

function explainMulti(
  { kernel }: Attachable,
  errno: number,
  path: string,
  session: boolean,
): Cause | undefined {
  if (session && errno === Errno.EINVAL && kernel.versionCode < versionCode('6.13'))
    return {
      reason: `it is Linux ${kernel.release}`,
      advice: 'Use a uprobe.multi and a uretprobe.multi program instead.',
      missing: { feature: 'sessions of uprobes', since: '6.13' },
    };
  if (errno === Errno.EBADF) return { reason: `${path} is not a file` };
  if (errno === Errno.E2BIG) return { reason: 'a link has at most 1,048,576 places' };
  return explainUprobe(errno, path);
}

/** A uprobe for each place, all of which one Link holds. When this throws, none is left. */
export function linkEach(program: Attachable, places: UprobePlaces): LinkParts {
  const { kind, path, name, offsets, refCtrOffsets, cookies, retprobe, pid } = places;
  const holders: Holder[] = [];
  const links: LinkParts[] = [];
  try {
    for (const [i, offset] of offsets.entries()) {
      const link = linkUprobe(program, {
        path,
        offset,
        name: `${path}:0x${offset.toString(16)}`,
        retprobe,
        pid,
        cookie: cookies?.[i] ?? 0n,
        refCtrOffset: refCtrOffsets?.[i] ?? 0,
      });
      links.push(link);
      holders.push(...link.holders);
    }
  } catch (error) {
    closeHolders(holders);
    throw error;
  }
  const [only] = links;
  const link = links.length === 1 ? only?.link : undefined;
  const one = link ? { link } : {};
  const several =
    links.length > 1 ? { several: `a uprobe for each of ${links.length} places in the code` } : {};
  return { sys: program.sys, kind, program: program.name, target: name, holders, ...one, ...several };
}

function words(values: readonly (number | bigint)[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  for (const [i, value] of values.entries())
    view.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(value)), hostEndian === 'little');
  return new Uint8Array(view.buffer);
}
