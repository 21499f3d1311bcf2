import {
  BpfCmd,
  PerfEventSampleFormat,
  PerfEventType,
  PerfSwIds,
  PerfTypeId,
  perfEventMmapPage,
} from '../abi/index.js';
import { pageSize } from '../kernel/index.js';
import {
  BpfError,
  bpf,
  Errno,
  MAP_SHARED,
  type Mapping,
  OwnedFd,
  PERF_EVENT_IOC_ENABLE,
  PERF_FLAG_FD_CLOEXEC,
  PROT_READ,
  PROT_WRITE,
  perfEventOpen,
  type Sys,
} from '../syscall/index.js';
import type { EventSource, RecordVisitor } from './event-source.js';

/** Bytes of `struct perf_event_header`: type u32, misc u16, size u16. */
const HEADER = 8;

/** What a {@link PerfSource} needs of its map. */
export interface PerfMap {
  readonly sys: Sys;
  readonly fd: number;
  readonly name: string;
  readonly maxEntries: number;
  readonly cpus: readonly number[];
  /** Pages of data a CPU, a power of two. */
  readonly pages: number;
}

/** The perf buffers behind a `BPF_MAP_TYPE_PERF_EVENT_ARRAY`, one a CPU (kernel/events/ring_buffer.c). */
export class PerfSource implements EventSource {
  onLost: (count: number, cpu: number) => void = () => {};
  readonly #map: PerfMap;
  readonly #buffers: CpuBuffer[] = [];

  /** Opens a buffer for every CPU given that the map has a slot for. Throws BpfError, with nothing left open. */
  constructor(map: PerfMap) {
    this.#map = map;
    try {
      for (const cpu of map.cpus) if (cpu < map.maxEntries) this.#open(cpu);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get fds(): readonly number[] {
    return this.#buffers.map(buffer => buffer.fd);
  }

  drain(visit: RecordVisitor, proceed: () => boolean): boolean {
    let more = false;
    for (const buffer of this.#buffers) more = buffer.drain(visit, this.onLost, proceed) || more;
    return more;
  }

  close(): void {
    const { sys, fd } = this.#map;
    for (const buffer of this.#buffers.splice(0)) {
      // The array holds the event itself, so closing the fd would not end it.
      bpf(sys, BpfCmd.BPF_MAP_DELETE_ELEM, { map_fd: fd, key: u32(buffer.cpu) });
      buffer.close();
    }
  }

  #open(cpu: number): void {
    const { sys, fd: map_fd, name, pages } = this.#map;
    const what = `map ${name}, CPU ${cpu}`;
    const attr = {
      type: PerfTypeId.PERF_TYPE_SOFTWARE,
      config: PerfSwIds.PERF_COUNT_SW_BPF_OUTPUT,
      sample_type: PerfEventSampleFormat.PERF_SAMPLE_RAW,
      sample_period: 1,
      wakeup_events: 1,
    };
    const result = perfEventOpen(sys, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    // A CPU that went offline since the list was read.
    if (result === -Errno.ENODEV) return;
    if (result < 0) throw new BpfError({ syscall: 'perf_event_open', errno: -result, what });
    const event = new OwnedFd(sys, result);
    const mapping = sys.mmap(event.value, (pages + 1) * pageSize(), PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    if (typeof mapping === 'number') {
      event.close();
      throw new BpfError({ syscall: 'mmap', errno: -mapping, what, ...memlockHint(-mapping) });
    }
    this.#buffers.push(new CpuBuffer(cpu, event, mapping, pages * pageSize()));
    const update = bpf(sys, BpfCmd.BPF_MAP_UPDATE_ELEM, { map_fd, key: u32(cpu), value: u32(event.value) });
    if (update < 0)
      throw new BpfError({ syscall: 'bpf', cmd: BpfCmd.BPF_MAP_UPDATE_ELEM, errno: -update, what });
    const enabled = sys.ioctl(event.value, PERF_EVENT_IOC_ENABLE, 0);
    if (enabled < 0) throw new BpfError({ syscall: 'ioctl', errno: -enabled, what });
  }
}

function memlockHint(errno: number): { hint?: string } {
  if (errno !== Errno.EPERM) return {};
  return {
    hint: 'the buffers are larger than kernel.perf_event_mlock_kb and RLIMIT_MEMLOCK allow: ask for fewer pages',
  };
}

const u32 = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

/** One CPU's buffer: a page of positions, then the data. */
class CpuBuffer {
  readonly cpu: number;
  readonly #event: OwnedFd;
  readonly #mapping: Mapping;
  readonly #mask: number;
  readonly #head: BigUint64Array<ArrayBuffer>;
  readonly #tail: BigUint64Array<ArrayBuffer>;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #scratch = new Uint8Array(0);

  constructor(cpu: number, event: OwnedFd, mapping: Mapping, size: number) {
    this.cpu = cpu;
    this.#event = event;
    this.#mapping = mapping;
    this.#mask = size - 1;
    this.#head = new BigUint64Array(mapping.buffer, perfEventMmapPage.offsetOf('data_head'), 1);
    this.#tail = new BigUint64Array(mapping.buffer, perfEventMmapPage.offsetOf('data_tail'), 1);
    this.#bytes = new Uint8Array(mapping.buffer, pageSize(), size);
    this.#view = new DataView(mapping.buffer, pageSize(), size);
  }

  get fd(): number {
    return this.#event.value;
  }

  drain(visit: RecordVisitor, lost: (count: number, cpu: number) => void, proceed: () => boolean): boolean {
    const head = Number(Atomics.load(this.#head, 0));
    let tail = Number(Atomics.load(this.#tail, 0));
    try {
      while (tail < head) {
        if (!proceed()) return true;
        const at = tail & this.#mask;
        // A header never breaks: records begin at multiples of 8.
        const type = this.#view.getUint32(at, little);
        const size = this.#view.getUint16(at + 6, little);
        tail += size;
        this.#record(type, at, size, visit, lost);
        if (this.#event.closed) return false;
      }
      return Number(Atomics.load(this.#head, 0)) > tail;
    } finally {
      if (!this.#event.closed) Atomics.store(this.#tail, 0, BigInt(tail));
    }
  }

  #record(
    type: number,
    at: number,
    size: number,
    visit: RecordVisitor,
    lost: (count: number, cpu: number) => void,
  ): void {
    const wraps = at + size > this.#mask + 1;
    const bytes = wraps ? this.#joined(at, size) : this.#bytes;
    const start = wraps ? 0 : at;
    if (type === PerfEventType.PERF_RECORD_SAMPLE) {
      // PERF_SAMPLE_RAW: the length, then the data, padded by the kernel so that the record ends at a multiple of 8.
      visit(bytes, start + HEADER + 4, u32At(bytes, start + HEADER), this.cpu);
    } else if (type === PerfEventType.PERF_RECORD_LOST) {
      // struct { header; u64 id; u64 lost; }
      lost(u32At(bytes, start + HEADER + 8) + u32At(bytes, start + HEADER + 12) * 2 ** 32, this.cpu);
    }
  }

  /** A record that breaks at the end of the buffer, in one piece. */
  #joined(at: number, size: number): Uint8Array {
    if (this.#scratch.length < size) this.#scratch = new Uint8Array(Math.max(size, 4096));
    const first = this.#mask + 1 - at;
    this.#scratch.set(this.#bytes.subarray(at), 0);
    this.#scratch.set(this.#bytes.subarray(0, size - first), first);
    return this.#scratch;
  }

  close(): void {
    this.#mapping.close();
    this.#event.close();
  }
}

const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function u32At(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = little ? [3, 2, 1, 0] : [0, 1, 2, 3];
  return ((bytes[at + a!]! << 24) | (bytes[at + b!]! << 16) | (bytes[at + c!]! << 8) | bytes[at + d!]!) >>> 0;
}
