import { BpfCmd } from '../../abi/index.js';
import { BpfError, Errno } from '../../syscall/index.js';
import type { FdSource } from '../borrowed-fd.js';
import type { MapParts, Reasons } from '../bpf-map.js';
import type { ElementCodec } from '../element-codec.js';
import { type Given, KeyValueMap } from '../key-value-map.js';
import type { UpdateMode, UpdateOptions } from '../update-mode.js';
import { redirectCodec } from './redirect-codec.js';

/** Where a device map sends packets. */
export interface Device {
  readonly ifindex: number;
  /** Id of the XDP program that packets pass on their way out. */
  readonly programId?: number;
}

/** A network interface, by index or name, of this process's network namespace; with a program of section `xdp/devmap` in maps whose values have 8 bytes. */
export type DeviceSource =
  | number
  | string
  | { readonly ifindex: number | string; readonly program?: FdSource };

/** Network interfaces that bpf_redirect_map() sends packets to (kernel/bpf/devmap.c): `map.set(0, 'eth0')`. An interface that goes away is taken out. */
export abstract class DeviceMap extends KeyValueMap<number, Device> {
  constructor(parts: MapParts, key: ElementCodec<unknown>) {
    const { sys, def, info } = parts;
    const toNumber = (value: unknown, what: string): number => {
      if (typeof value !== 'string') return indexOf(value, what);
      if (value.includes('\0')) throw new TypeError(`${what}: ${JSON.stringify(value)} is not a name`);
      const index = sys.interfaceIndex(value);
      if (index < 0)
        throw new BpfError({ syscall: 'if_nametoindex', errno: -index, what: `${what}: ${value}` });
      return index;
    };
    const value = redirectCodec(def, Number(info['value_size']), { name: 'ifindex', toNumber });
    super(parts, def.valueCodec ? { key } : { key, value });
  }

  /**
   * Sends packets of a key to an interface. Throws TypeError for what names none, BpfError: ENODEV for a name,
   * EINVAL for an index, that no interface has, or for a program that is not of section `xdp/devmap`.
   */
  override set(
    key: Given<number>,
    device: DeviceSource | Given<Device>,
    update: UpdateMode | UpdateOptions = 'any',
  ): this {
    return this.explained(BpfCmd.BPF_MAP_UPDATE_ELEM, reasons, () =>
      super.set(key, device as Device, update),
    );
  }
}

/** __dev_map_update_elem in kernel/bpf/devmap.c. */
const reasons: Reasons = {
  [Errno.EINVAL]:
    'no interface of this network namespace has the index, or the program is not of section xdp/devmap',
};

function indexOf(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0x7fffffff) return value;
  throw new TypeError(`${what}: ${String(value)} is neither the index nor the name of a network interface`);
}
