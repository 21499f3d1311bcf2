import type { FieldValue } from '../../abi/index.js';
import { type AttrRecord, encodeAttr } from '../attr.js';
import type { Memory, Symbols } from './attr-view.js';
import { bpfText } from './format-bpf.js';
import { withResult } from './format-syscall.js';
import { type FormatOptions, withDefaults } from './options.js';

interface NamedFd {
  readonly fd: string;
}
interface Insns {
  readonly bytes: Uint8Array;
  readonly fixups: readonly { readonly index: number; readonly ref: NamedFd }[];
}

/** A field of a planned call: as in an {@link AttrRecord}, an fd that an earlier call makes, a pointer to some, or instructions with such fds in them. */
export type PlannedValue =
  | FieldValue
  | NamedFd
  | { readonly pointsTo: NamedFd | readonly (NamedFd | undefined)[] }
  | Insns
  | { readonly [field: string]: PlannedValue };

/** A bpf() call that has not been made. */
export interface PlannedCall {
  readonly cmd: number;
  readonly attr: { readonly [field: string]: PlannedValue };
  /** How many bytes of the attr would be passed, where it is not what {@link encodeAttr} would pass. */
  readonly size?: number | undefined;
  /** The name of the fd that the call makes; undefined for one that makes none. */
  readonly makes?: string | undefined;
}

/**
 * A planned call as strace would print it. Fds that do not exist yet read `<map:start>`, instructions `<91 insns>` (with `verbose`, each of them),
 * func and line info `<2 records>`, and other memory is shown as a string, since there are no addresses yet. With `makes` the line
 * ends in ` = <map:start>` or ` = 0`. Unless told otherwise it names what is newer than strace 6.1 too.
 */
export function formatBpf(call: PlannedCall, options: FormatOptions = {}): string {
  const full = withDefaults({ teach: true, ...options });
  const fds = new Map<string, string>();
  const insnFds = new Map<number, string>();
  const memory: Memory[] = [];
  const record = concrete(call.attr, '', { fds, insnFds });
  let address = 0n;
  const addressOf = (before: Uint8Array): bigint => {
    memory.push({ address: ++address, before });
    return address;
  };
  const { bytes, size } = encodeAttr(addressOf, call.cmd, record);
  const text = bpfText(call.cmd, {
    bytes,
    after: undefined,
    size: call.size ?? size,
    memory,
    options: full,
    result: undefined,
    symbols: { fds, insnFds },
  });
  const made = call.makes === undefined ? '0' : `<${call.makes}>`;
  return 'makes' in call ? withResult(text, made, full.column) : text;
}

type Found = {
  [K in keyof Symbols]: Map<Symbols[K] extends ReadonlyMap<infer Key, string> ? Key : never, string>;
};

/** The record with a number in place of each fd that has only a name. It is not 0, because the field counts as given. */
function concrete(attr: PlannedCall['attr'], prefix: string, found: Found): AttrRecord {
  const record: Record<string, FieldValue> = {};
  for (const [name, value] of Object.entries(attr)) {
    const path = prefix + name;
    if (typeof value !== 'object' || value instanceof Uint8Array) record[name] = value;
    else if (isNamedFd(value)) {
      found.fds.set(path, `<${value.fd}>`);
      record[name] = 1;
    } else if ('pointsTo' in value) {
      const refs = [value.pointsTo].flat() as readonly (NamedFd | undefined)[];
      const names = refs.map(ref => (ref ? `<${ref.fd}>` : '0'));
      found.fds.set(path, Array.isArray(value.pointsTo) ? `[${names.join(', ')}]` : names.join());
      record[name] = new Uint8Array(4 * refs.length);
    } else if (isInsns(value)) {
      for (const { index, ref } of value.fixups) found.insnFds.set(index, `<${ref.fd}>`);
      record[name] = value.bytes;
    } else record[name] = concrete(value as PlannedCall['attr'], `${path}.`, found);
  }
  return record;
}

function isNamedFd(value: unknown): value is NamedFd {
  return typeof value === 'object' && typeof (value as NamedFd).fd === 'string';
}

function isInsns(value: object): value is Insns {
  return (value as Insns).bytes instanceof Uint8Array && Array.isArray((value as Insns).fixups);
}
