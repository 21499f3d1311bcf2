import type { BtfValue } from '../types.js';
import { closures } from './codec-closures.js';
import { own } from './codec-compound.js';
import { CodecSource } from './codec-source.js';
import { isLarge, ReadSource } from './codec-source-read.js';
import { elementsReader, elementsSource, flexibleArray } from './flexible-array.js';
import type { Shape, StructShape } from './value-shape.js';
import { WordsOfViews } from './view-words.js';

/** Reads a value at an offset of a view; `length` is that of the record, if it is known. */
export type Read = (view: DataView, offset: number, length?: number) => BtfValue;

/** {@link Read} by closures. */
export function closureReader(shape: Shape, little: boolean): Read {
  const codec = closures(shape, little);
  const { size } = shape;
  const flexible = shape.kind === 'struct' ? flexibleArray(shape) : undefined;
  const tail = flexible && elementsReader(flexible, little);
  return (view, offset, length = Number.NaN) => {
    if (length < size) return finish(zeroFilled(view, offset, length, size), 0, length);
    return finish(view, offset, length);
  };

  function finish(view: DataView, offset: number, length: number): BtfValue {
    const value = codec.read(view, offset);
    if (flexible && tail) own(value as object, flexible.name, tail(view, offset, length));
    return value;
  }
}

/** {@link Read} by source that is generated for the shape; undefined where the shape is too large for that. */
export function compiledReader(shape: Shape, little: boolean): Read | undefined {
  if (isLarge(shape)) return undefined;
  const source = new CodecSource();
  const reads = new ReadSource(source, little);
  const flexible = shape.kind === 'struct' ? flexibleArray(shape) : undefined;
  const value = flexible
    ? reads.object(shape as StructShape, 0, true, elementsSource(source, reads, flexible))
    : reads.value(shape, 0, true);
  const copy = source.constant(zeroFilled);
  const short = `if (l < ${shape.size}) { v = ${copy}(v, o, l, ${shape.size}); o = 0; }`;
  const words = reads.usesWords
    ? `const q = v === w.view ? ((o & 7) === 0 ? w.words : null) : w.other(v, o);`
    : 'const q = null;';
  const name = source.nextName();
  source.define(
    name,
    `const w = ${source.constant(new WordsOfViews())};
function ${name}(v, o, l) { ${short} ${words} return ${value}; }`,
  );
  return source.evaluate(name) as Read;
}

/** A record that is shorter than its type, as if zeroes followed: a program may send the front of a struct. */
export function zeroFilled(view: DataView, offset: number, length: number, size: number): DataView {
  const bytes = new Uint8Array(size);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset + offset, length));
  return new DataView(bytes.buffer);
}
