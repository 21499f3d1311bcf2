import { PerfEventType } from '../../abi/index.js';
import { littleEndian } from '../host-endian.js';
import type { LostVisitor, RecordVisitor } from './event-source.js';
import type { PerfPages } from './perf-pages.js';

/** Bytes of `struct perf_event_header`: type u32, misc u16, size u16. */
export const PERF_HEADER = 8;
/** Bytes before the data of a `PERF_SAMPLE_RAW`: the header, and the data's length. The kernel pads the record to a multiple of 8. */
export const PERF_RAW = 12;
export const { PERF_RECORD_SAMPLE, PERF_RECORD_LOST, PERF_RECORD_LOST_SAMPLES } = PerfEventType;

/** Hands over the record at `at`, which lies in one piece. True when it was a sample, and not word of lost ones. */
export function visitRecord(
  bytes: Uint8Array,
  at: number,
  pages: PerfPages,
  visit: RecordVisitor,
  lost: LostVisitor,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const size = view.getUint16(6, littleEndian);
  switch (view.getUint32(0, littleEndian)) {
    case PERF_RECORD_SAMPLE: {
      const length = size < PERF_RAW ? size : view.getUint32(PERF_HEADER, littleEndian);
      if (length > size - PERF_RAW) throw pages.damaged(`a sample of ${length} bytes in a record of ${size}`);
      visit(bytes, at + PERF_RAW, length, pages.cpu);
      break;
    }
    // header, u64 id, u64 lost
    case PERF_RECORD_LOST:
      lost(Number(view.getBigUint64(PERF_HEADER + 8, littleEndian)), pages.cpu);
      break;
    // header, u64 lost
    case PERF_RECORD_LOST_SAMPLES:
      lost(Number(view.getBigUint64(PERF_HEADER, littleEndian)), pages.cpu);
      break;
  }
}

/** Whether the record at `at` is an event, and not word of lost ones. */
export function isSample(bytes: Uint8Array, at: number): boolean {
  return new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0, littleEndian) === PERF_RECORD_SAMPLE;
}
