import { BpfCmd } from '../../abi/index.js';
import { Errno } from '../../syscall/index.js';
import type { FdSource } from '../borrowed-fd.js';
import type { MapParts, Reasons } from '../bpf-map.js';
import { indexKeyCodec } from '../element-codec.js';
import { type Given, KeyValueMap } from '../key-value-map.js';
import type { UpdateMode, UpdateOptions } from '../update-mode.js';
import { redirectCodec } from './redirect-codec.js';

/** The queue of a CPU that packets are handed to. */
export interface CpuQueue {
  /** Packets that may wait; at most 16384. */
  readonly qsize: number;
  /** Id of the XDP program that runs there. */
  readonly programId?: number;
}

/** The size of a CPU's queue; with a program of section `xdp/cpumap` in maps whose values have 8 bytes. */
export type CpuQueueSource = number | { readonly qsize: number; readonly program?: FdSource };

/** `BPF_MAP_TYPE_CPUMAP` (Linux 4.15, programs 5.9; kernel/bpf/cpumap.c): CPUs that bpf_redirect_map() hands packets to, by their number. */
export class CpuMap extends KeyValueMap<number, CpuQueue> {
  constructor(parts: MapParts) {
    const { def, info } = parts;
    const key = indexKeyCodec(def, Number(info['key_size']));
    const value = redirectCodec(def, Number(info['value_size']), { name: 'qsize', toNumber: queueSize });
    super(parts, def.valueCodec ? { key } : { key, value });
  }

  /**
   * Starts a CPU's queue, with a kernel thread of its own. Throws TypeError for what is no size, BpfError: ENODEV for a CPU that cannot be, EOVERFLOW for
   * a queue that is too long, ENOMEM for a program that is not of section `xdp/cpumap`, too.
   */
  override set(
    cpu: Given<number>,
    queue: CpuQueueSource | Given<CpuQueue>,
    update: UpdateMode | UpdateOptions = 'any',
  ): this {
    return this.explained(BpfCmd.BPF_MAP_UPDATE_ELEM, reasons, () =>
      super.set(cpu, queue as CpuQueue, update),
    );
  }
}

/** cpu_map_update_elem in kernel/bpf/cpumap.c. */
const reasons: Reasons = {
  [Errno.ENOMEM]: 'the kernel says so, too, of a program that is not of section xdp/cpumap',
  [Errno.EOVERFLOW]: 'a queue holds at most 16384 packets',
};

function queueSize(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0xffffffff) return value;
  throw new TypeError(`${what}: ${String(value)} is not a size above 0`);
}
