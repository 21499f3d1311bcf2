import { PerfTypeId, perfEventAttrBits, type StructRecord } from '../../../abi/index.js';
import { nearestNames, nearText } from '../../../kernel/index.js';
import { eventNames, namedEvent } from './perf-event-names.js';

/** What happens at the address of a breakpoint: its bytes are read, written, executed. x86 cannot tell reads alone: there `rw` is. */
export type BreakpointAccess = 'r' | 'w' | 'rw' | 'x';

/** How an event that is named is set up. */
export interface NamedEventOptions {
  /** Runs a second: the kernel adapts the period. Default, for clocks and hardware events without a period, 99. */
  readonly frequency?: number;
  /** How many events, or nanoseconds of a clock, there are to a run. Default, for breakpoints and for what is counted in software, 1. */
  readonly period?: number | bigint;
  /** Of a breakpoint: where. */
  readonly address?: bigint;
  /** Of a breakpoint: bytes, 1, 2, 4 or 8. Default 4; one for `x` has the length of a pointer. */
  readonly length?: number;
  /** Of a breakpoint. Default `w`. */
  readonly access?: BreakpointAccess;
  /** Not while user space runs, not while the kernel does. */
  readonly excludeUser?: boolean;
  readonly excludeKernel?: boolean;
}

/** Fields of `struct perf_event_attr` and its bits (`exclude_user: 1`), by the kernel's names. */
export type PerfEventFields = Readonly<Record<string, number | bigint | string>>;

const accesses: Readonly<Record<BreakpointAccess, number>> = { r: 1, w: 2, rw: 3, x: 4 };
const defaultFrequency = 99;

/** The attr of an event by its name. Throws TypeError for a name or option that there is not. */
export function namedAttr(name: string, options: NamedEventOptions): StructRecord {
  const { frequency, period, excludeUser, excludeKernel } = options;
  if (frequency !== undefined && period !== undefined)
    throw new TypeError(`${name}: give frequency or period, not both`);
  const bits = {
    exclude_user: Number(excludeUser ?? false),
    exclude_kernel: Number(excludeKernel ?? false),
  };
  if (name === 'breakpoint')
    return fieldsAttr({ ...bits, ...breakpoint(options), sample_period: period ?? 1 });
  for (const field of ['address', 'length', 'access'] as const)
    if (options[field] !== undefined) throw new TypeError(`${field}: ${name} is no breakpoint`);
  const event = namedEvent(name);
  if (!event)
    throw new TypeError(
      `event: there is none named ${JSON.stringify(name)}${nearText(nearestNames(name, eventNames))}`,
    );
  const isCount = event.type === PerfTypeId.PERF_TYPE_SOFTWARE && !name.endsWith('-clock');
  const sampling =
    frequency === undefined && (period !== undefined || isCount)
      ? { sample_period: period ?? 1 }
      : { sample_freq: frequency ?? defaultFrequency, freq: 1 };
  return fieldsAttr({ ...event, ...bits, ...sampling });
}

/** The attr of fields given one by one; the bits go to the word that holds them. Throws TypeError for a field that there is not. */
export function fieldsAttr(fields: PerfEventFields): StructRecord {
  const record: Record<string, number | bigint | string> = {};
  let word = BigInt(fields['disabled_bits'] ?? 0);
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(perfEventAttrBits, name)) {
      record[name] = value;
      continue;
    }
    const [shift, width] = perfEventAttrBits[name as keyof typeof perfEventAttrBits];
    const bits = BigInt(value);
    if (bits < 0n || bits >> BigInt(width))
      throw new TypeError(`${name}: ${value} does not fit ${width} bits`);
    word |= bits << BigInt(shift);
  }
  return { ...record, disabled_bits: word };
}

function breakpoint({ address, length, access = 'w', frequency }: NamedEventOptions): PerfEventFields {
  if (address === undefined) throw new TypeError('breakpoint: give its address');
  if (frequency !== undefined) throw new TypeError('breakpoint: it has a period, not a frequency');
  if (!Object.hasOwn(accesses, access))
    throw new TypeError(`breakpoint: access: ${JSON.stringify(access)} is none of r, w, rw, x`);
  const bp_len = length ?? (access === 'x' ? 8 : 4);
  return {
    type: PerfTypeId.PERF_TYPE_BREAKPOINT,
    config: 0,
    bp_type: accesses[access],
    bp_addr: address,
    bp_len,
  };
}
