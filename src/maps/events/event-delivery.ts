import type { RecordVisitor } from './event-source.js';

/** Where a record came from. */
export interface EventInfo {
  /** CPU whose perf buffer held it; -1 for a ring buffer, which all CPUs share. */
  readonly cpu: number;
  /** Bytes of the record, as its program sent it. */
  readonly size: number;
}

/** Takes an event. `info` is one object for all of a reader's events: read it before returning. */
export type EventCallback<T> = (event: T, info: EventInfo) => void;

/** Takes a record as it lies in the kernel's buffer, without a copy or an object: `length` bytes at `offset`, valid until the callback returns. */
export type RawCallback = RecordVisitor;

/** How a reader makes events of records. `C` is the kind of callback that takes them. */
export interface Delivery<T, C> {
  /** What hands records to the callback. */
  visitor(callback: C): RecordVisitor;
  /** The event, as something that outlives the record. */
  keep(bytes: Uint8Array, offset: number, length: number): T;
}

/** Makes an event of a record; reads nothing outside of its `length` bytes. */
export interface RecordType<T> {
  read(view: DataView, offset: number, length: number): T;
  /** Whether what `read` returns looks into the view later. */
  readonly lazy?: boolean;
}

/** Records as bytes: in a callback the kernel's own, copies in a `for await`. */
export const rawDelivery: Delivery<Uint8Array, RawCallback> = {
  visitor: callback => callback,
  keep: (bytes, offset, length) => bytes.slice(offset, offset + length),
};

/** Records as values of a type. */
export function typedDelivery<T>(type: RecordType<T>): Delivery<T, EventCallback<T>> {
  const kept = viewer();
  return {
    visitor(callback) {
      const info = { cpu: -1, size: 0 };
      const view = viewer();
      return (bytes, offset, length, cpu) => {
        info.cpu = cpu;
        info.size = length;
        callback(type.read(view(bytes), offset, length), info);
      };
    },
    keep(bytes, offset, length) {
      if (type.lazy) return type.read(viewOf(bytes.slice(offset, offset + length)), 0, length);
      return type.read(kept(bytes), offset, length);
    },
  };
}

/** Views of memory, remembering the last: a buffer's records lie in the same. */
function viewer(): (bytes: Uint8Array) => DataView {
  let last: Uint8Array = new Uint8Array(0);
  let view = viewOf(last);
  return bytes => {
    if (bytes !== last) {
      last = bytes;
      view = viewOf(bytes);
    }
    return view;
  };
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
