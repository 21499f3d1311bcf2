import { BpfCmd, PerfEventSampleFormat, PerfSwIds, PerfTypeId, perfEventAttrBits } from '../../abi/index.js';
import { pageSize } from '../../kernel/index.js';
import {
  BpfError,
  bpf,
  EPOLL_CTL_ADD,
  EPOLLIN,
  Errno,
  MAP_SHARED,
  OwnedFd,
  PERF_EVENT_IOC_ENABLE,
  PERF_FLAG_FD_CLOEXEC,
  PROT_READ,
  PROT_WRITE,
  perfEventOpen,
  type Sys,
} from '../../syscall/index.js';
import type { EventSource, LostVisitor, RecordVisitor } from './event-source.js';
import { type PerfBuffer, PerfForwardBuffer } from './perf-buffer.js';
import { PerfOverwriteBuffer } from './perf-overwrite-buffer.js';
import { PerfPages } from './perf-pages.js';

/** What a {@link PerfSource} needs of its map. */
export interface PerfMap {
  readonly sys: Sys;
  readonly fd: number;
  readonly name: string;
  readonly maxEntries: number;
  readonly cpus: readonly number[];
  /** Pages of data a CPU, a power of two. */
  readonly pages: number;
  /** Keep the newest records rather than the oldest. */
  readonly overwrite: boolean;
  /** When a buffer wakes its reader: after so many events, or when so many bytes wait. */
  readonly wakeup: { readonly events: number } | { readonly bytes: number };
}

/** The perf buffers behind a `BPF_MAP_TYPE_PERF_EVENT_ARRAY`, one a CPU (kernel/events/ring_buffer.c). */
export class PerfSource implements EventSource {
  onLost: LostVisitor = () => {};
  readonly discarded = 0;
  readonly #map: PerfMap;
  readonly #epoll: OwnedFd;
  readonly #buffers: PerfBuffer[] = [];
  readonly #lost: LostVisitor = (count, cpu) => this.onLost(count, cpu);
  #open = true;

  /** Opens a buffer for every CPU given that the map has a slot for. Throws BpfError, with nothing left open. */
  constructor(map: PerfMap) {
    this.#map = map;
    const epoll = map.sys.epollCreate();
    if (epoll < 0) throw this.#refused('epoll_create1', epoll, `map ${map.name}`);
    this.#epoll = new OwnedFd(map.sys, epoll);
    try {
      for (const cpu of map.cpus) if (cpu < map.maxEntries) this.#openCpu(cpu);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#epoll.value;
  }

  get closed(): boolean {
    return !this.#open;
  }

  get capacity(): number {
    return sum(this.#buffers, 'size');
  }

  get available(): number {
    return this.#open ? sum(this.#buffers, 'available') : 0;
  }

  get received(): number {
    return sum(this.#buffers, 'received');
  }

  get overwritten(): number {
    return sum(this.#buffers, 'overwritten');
  }

  /** All CPUs are looked at, where there is nothing one load each; epoll can't tell which: see EventGroup. */
  drain(visit: RecordVisitor, limit: number): boolean {
    let more = false;
    let left = limit;
    for (const buffer of this.#buffers) {
      const before = buffer.received;
      more = buffer.drain(visit, this.#lost, left) || more;
      left -= buffer.received - before;
      if (!this.#open) return false;
    }
    return more;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { sys, fd } = this.#map;
    for (const buffer of this.#buffers) {
      // The array holds the event itself, so closing the fd would not end it.
      bpf(sys, BpfCmd.BPF_MAP_DELETE_ELEM, { map_fd: fd, key: u32(buffer.cpu) });
      buffer.close();
    }
    this.#epoll.close();
  }

  #openCpu(cpu: number): void {
    const { sys, fd: map_fd, name, pages, overwrite } = this.#map;
    const what = `map ${name}, CPU ${cpu}`;
    const result = perfEventOpen(sys, this.#attr(), -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    // A CPU that went offline since the list was read.
    if (result === -Errno.ENODEV) return;
    if (result < 0) throw this.#refused('perf_event_open', result, what);
    const event = new OwnedFd(sys, result);
    // Without the right to write, the kernel knows no tail and writes over the oldest.
    const protection = overwrite ? PROT_READ : PROT_READ | PROT_WRITE;
    const mapping = sys.mmap(event.value, (pages + 1) * pageSize(), protection, MAP_SHARED, 0);
    if (typeof mapping === 'number') {
      event.close();
      throw this.#refused('mmap', mapping, what);
    }
    const cpuPages = owning(() => new PerfPages(what, cpu, event, mapping), mapping, event);
    this.#buffers.push(overwrite ? new PerfOverwriteBuffer(sys, cpuPages) : new PerfForwardBuffer(cpuPages));
    const update = bpf(sys, BpfCmd.BPF_MAP_UPDATE_ELEM, { map_fd, key: u32(cpu), value: u32(event.value) });
    if (update < 0)
      throw new BpfError({ syscall: 'bpf', cmd: BpfCmd.BPF_MAP_UPDATE_ELEM, errno: -update, what });
    const enabled = sys.ioctl(event.value, PERF_EVENT_IOC_ENABLE, 0);
    if (enabled < 0) throw this.#refused('ioctl', enabled, what);
    const added = sys.epollCtl(this.#epoll.value, EPOLL_CTL_ADD, event.value, EPOLLIN);
    if (added < 0) throw this.#refused('epoll_ctl', added, what);
  }

  /** `struct perf_event_attr` (include/uapi/linux/perf_event.h). */
  #attr(): Record<string, number> {
    const { overwrite, wakeup } = this.#map;
    return {
      type: PerfTypeId.PERF_TYPE_SOFTWARE,
      config: PerfSwIds.PERF_COUNT_SW_BPF_OUTPUT,
      sample_type: PerfEventSampleFormat.PERF_SAMPLE_RAW,
      sample_period: 1,
      disabled_bits: bit('write_backward', overwrite) + bit('watermark', 'bytes' in wakeup),
      wakeup_events: 'bytes' in wakeup ? wakeup.bytes : wakeup.events,
    };
  }

  #refused(syscall: string, result: number, what: string): BpfError {
    const hint =
      syscall === 'mmap' && result === -Errno.EPERM
        ? {
            hint: 'the buffers are larger than kernel.perf_event_mlock_kb and RLIMIT_MEMLOCK allow: ask for fewer pages',
          }
        : {};
    return new BpfError({ syscall, errno: -result, what, ...hint });
  }
}

function owning<T>(make: () => T, ...owned: readonly { close(): void }[]): T {
  try {
    return make();
  } catch (error) {
    for (const thing of owned) thing.close();
    throw error;
  }
}

const bit = (name: keyof typeof perfEventAttrBits, on: boolean): number =>
  on ? 2 ** perfEventAttrBits[name][0] : 0;

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

function sum(
  buffers: readonly PerfBuffer[],
  what: 'size' | 'available' | 'received' | 'overwritten',
): number {
  let total = 0;
  for (const buffer of buffers) total += buffer[what];
  return total;
}
