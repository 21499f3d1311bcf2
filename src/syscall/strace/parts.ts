import { hostEndian } from '../../abi/index.js';
import type { AttrView } from './attr-view.js';
import { type Choice, choiceText, type Flags, flagsText } from './constants.js';
import { insnsText } from './insns.js';
import { address, hex, quotedBytes, quotedChars, quotedString } from './quote.js';

/** One field of a printed struct. */
export interface Part {
  /** The name in the schema: `perf_event.bpf_cookie` for one in a nested struct. */
  readonly field: string;
  /** What follows `name=`; undefined leaves the field out. */
  text(view: AttrView): string | undefined;
}

type Value = number | bigint;

function part(field: string, text: (value: Value, view: AttrView) => string | undefined): Part {
  return { field, text: view => text(view.value(field), view) };
}

/** Unsigned, decimal. */
export const u = (field: string): Part => part(field, String);
export const x = (field: string): Part => part(field, hex);
/** Signed, decimal. */
export const d = (field: string): Part => part(field, value => String(Number(value) | 0));
export const oneOf = (field: string, choice: Choice): Part =>
  part(field, (value, view) => choiceText(choice, value, view.options.teach));
export const anyOf = (field: string, flags: Flags): Part =>
  part(field, (value, view) => flagsText(flags, value, view.options.teach));
export const fd = (field: string): Part =>
  part(field, (value, view) => view.symbols?.fds.get(field) ?? String(Number(value) | 0));
export const chars = (field: string): Part => ({ field, text: view => quotedChars(view.fieldBytes(field)) });
/** A struct in the attr, of fields named with it: `perf_event.bpf_cookie`. */
export const nested = (field: string, ...parts: Part[]): Part => ({
  field,
  text: view => `{${parts.map(inner => named(inner, view)).join(', ')}}`,
});
/** `name=value`; empty when the field is left out. */
export function named(shown: Part, view: AttrView): string {
  const value = shown.text(view);
  return value === undefined ? '' : `${shown.field.slice(shown.field.lastIndexOf('.') + 1)}=${value}`;
}
/** Only when `condition` holds. */
export const when = (condition: (view: AttrView) => boolean, shown: Part): Part => ({
  field: shown.field,
  text: view => (condition(view) ? shown.text(view) : undefined),
});

export const ifindex = (field: string): Part =>
  part(field, (value, view) => {
    const name = view.options.interfaceName?.(Number(value));
    return name === undefined ? String(value) : `if_nametoindex("${name}")`;
  });

export const kernelVersion = (field: string): Part =>
  part(field, value => {
    const version = Number(value);
    return `KERNEL_VERSION(${version >>> 16}, ${(version >> 8) & 255}, ${version & 255})`;
  });

/** A number that the kernel may change. */
export const changed = (field: string): Part => ({
  field,
  text(view) {
    const [before, after] = [view.value(field), view.valueAfter(field)];
    return before === after ? String(before) : `${before} => ${after}`;
  },
});
/** A number that the kernel may change, which strace prints only as it was before. */
export const answered = (field: string): Part => ({
  field,
  text: view => (view.options.teach ? changed(field) : u(field)).text(view),
});

export const insns = (field: string, countField: string): Part => ({
  field,
  text: view => insnsText(view, field, countField),
});

/** A string by pointer. `lengthField` bounds it; without one its NUL does. */
export const text = (field: string, lengthField?: string): Part =>
  part(field, (value, view) => {
    const memory = view.memoryAt(value);
    if (!memory) return address(value);
    const length = lengthField ? Number(view.value(lengthField)) : memory.before.length;
    return quotedString(memory.before, length, view.options.stringLimit);
  });
/** A path by pointer, printed whole. */
export const path = (field: string): Part =>
  part(field, (value, view) => {
    const memory = view.memoryAt(value);
    return memory ? quotedChars(memory.before) : address(value);
  });
/** What the kernel wrote as a string: printed as it is after the call, even a refused one. */
export const written = (field: string, lengthField: string): Part =>
  part(field, (value, view) => {
    const memory = view.memoryAt(value);
    if (!memory?.after) return address(value);
    const length = Math.min(Number(view.value(lengthField)), Number(view.valueAfter(lengthField)));
    return quotedString(memory.after, length, view.options.stringLimit);
  });
/** Bytes by pointer, as many as `lengthField` says. */
export const blob = (field: string, lengthField: string): Part =>
  part(field, (value, view) => {
    const memory = view.memoryAt(value);
    return memory
      ? quotedBytes(memory.before, Number(view.value(lengthField)), view.options.stringLimit)
      : address(value);
  });

/** A pointer whose memory is not shown. */
export const addr = (field: string): Part => part(field, address);
/** A pointer to what the kernel reads or writes; a teaching print and a plan show the bytes. */
export const pointer = (field: string, direction: 'read' | 'written' = 'read'): Part =>
  part(field, (value, view) => {
    const memory = view.memoryAt(value);
    const symbol = view.symbols?.fds.get(field);
    if (symbol && memory) return `[${symbol}]`;
    if (!memory || !view.showsMemory) return address(value);
    if (direction === 'read')
      return quotedBytes(memory.before, memory.before.length, view.options.stringLimit);
    return memory.after && (view.result ?? -1) >= 0
      ? quotedBytes(memory.after, memory.after.length, view.options.stringLimit)
      : address(value);
  });
/** A pointer to records that mean nothing to a reader: a teaching print and a plan say how many. */
export const records = (field: string, countField: string): Part =>
  part(field, (value, view) => {
    const count = view.value(countField);
    return value && view.showsMemory
      ? `<${count} ${Number(count) === 1 ? 'record' : 'records'}>`
      : address(value);
  });

/** An array by pointer of `count` elements of `width` bytes, each printed by `element`. */
export function array(
  field: string,
  countOf: (view: AttrView) => number,
  width: 4 | 8,
  element: (value: bigint, view: AttrView) => string,
  after = false,
): Part {
  return part(field, (value, view) => {
    if (Number(value) === 0) return 'NULL';
    const count = countOf(view);
    const memory = view.memoryAt(value);
    const bytes = after ? memory?.after : memory?.before;
    if (count === 0) return '[]';
    if (!bytes || (after && (view.result ?? 0) < 0)) return address(value);
    const { verbose, stringLimit } = view.options;
    const shown = Math.min(count, verbose ? count : stringLimit, Math.floor(bytes.length / width));
    const data = new DataView(bytes.slice(0, shown * width).buffer);
    const little = hostEndian === 'little';
    const elements = Array.from({ length: shown }, (_, i) =>
      element(width === 8 ? data.getBigUint64(i * 8, little) : BigInt(data.getUint32(i * 4, little)), view),
    );
    return `[${[...elements, ...(count > shown ? ['...'] : [])].join(', ')}]`;
  });
}
