import type { BtfValue } from '../types.js';

/**
 * The inside of a codec: works on a DataView, bounds already checked by {@link Codec}. Writing is over zeroes; `path` names the value in an
 * error, e.g. `event.comm`.
 */
export interface ValueCodec {
  readonly size: number;
  read(view: DataView, offset: number): BtfValue;
  write(view: DataView, offset: number, value: unknown, path: string): void;
}

/** A TypeError that names the field: `event.pid: "x" is not a value for s32`. */
export function wrongValue(path: string, value: unknown, wanted: string): TypeError {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object'
        ? Array.isArray(value)
          ? 'an array'
          : value === null
            ? 'null'
            : 'an object'
        : `${typeof value} ${String(value)}`;
  return new TypeError(`${path || 'value'}: ${shown} is not a value for ${wanted}`);
}
