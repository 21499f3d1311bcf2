import { closures } from './codec-closures.js';
import { CodecSource } from './codec-source.js';
import { isLarge } from './codec-source-read.js';
import { WriteSource } from './codec-source-write.js';
import type { Shape } from './value-shape.js';

/** Writes a value at an offset of a view. Throws TypeError naming the field that is wrong; the bytes are then unspecified. */
export type Write = (view: DataView, offset: number, value: unknown) => void;

/** {@link Write} by closures. */
export function closureWriter(shape: Shape, little: boolean): Write {
  const codec = closures(shape, little);
  return (view, offset, value) => {
    new Uint8Array(view.buffer, view.byteOffset + offset, shape.size).fill(0);
    codec.write(view, offset, value, '');
  };
}

/** {@link Write} by source that is generated for the shape; undefined where the shape is too large for that. */
export function compiledWriter(shape: Shape, little: boolean): Write | undefined {
  if (isLarge(shape)) return undefined;
  const source = new CodecSource();
  const write = new WriteSource(source, little).function(shape, true);
  const slow = source.constant(closureWriter(shape, little));
  return source.evaluate(`function (v, o, x) { if (!${write}(v, o, x)) ${slow}(v, o, x); }`) as Write;
}
