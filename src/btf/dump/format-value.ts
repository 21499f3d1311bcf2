import { RawbpfError } from '../../errors/index.js';
import type { BtfTypes } from '../types.js';
import { ValueFormatter } from './value-formatter.js';

/** How {@link formatValue} writes; all as `struct btf_dump_type_data_opts` of libbpf. */
export interface FormatValueOptions {
  /** No newlines and no indentation. */
  readonly compact?: boolean;
  /** No names of members and types. */
  readonly skipNames?: boolean;
  /** Members that are zero, too. */
  readonly emitZeroes?: boolean;
  /** Arrays of bytes that end in NUL as `"text"` instead of `['t','e',…]`. */
  readonly emitStrings?: boolean;
  /** What one level is indented by; a tab. */
  readonly indent?: string;
  /** Level to begin at; 0. */
  readonly indentLevel?: number;
}

/** The bytes end before the value does (libbpf: -E2BIG). */
export class TruncatedValueError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_TRUNCATED_VALUE';
  /** What was written of the value before its bytes ended. */
  readonly text: string;

  constructor(text: string, byte: number, length: number) {
    super(`the value goes on at byte ${byte}, but only ${length} bytes are there`);
    this.text = text;
  }
}

/**
 * A value as C would initialise it: `(struct event){.pid = (int)1,…}`, as libbpf's btf_dump__dump_type_data writes it (tools/lib/bpf/btf_dump.c).
 * Enumerators go by name, bit-fields and pointers in hexadecimal, bytes of arrays as characters where they are printable. A VAR is written with its
 * name, a DATASEC with all its variables. Members that are zero are left out, unless asked for. Byte order is the BTF's.
 *
 * Throws {@link TruncatedValueError} when the bytes end too early, FormatError for a type that has no values.
 */
export function formatValue(
  btf: BtfTypes,
  typeId: number,
  bytes: Uint8Array,
  options: FormatValueOptions = {},
): string {
  const formatter = new ValueFormatter(btf, bytes, options, (text, byte) => {
    throw new TruncatedValueError(text, byte, bytes.length);
  });
  return formatter.format(typeId);
}
