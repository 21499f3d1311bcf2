import { statSync } from 'node:fs';
import { bytesCodec, type ElementCodec, placeOf } from '../element-codec.js';
import { littleEndian } from '../host-endian.js';
import type { MapDef } from '../map-def.js';

/** `struct bpf_cgroup_storage_key`: what a program is attached to, and how. */
export interface CgroupStorageKey {
  /** Inode number of the cgroup's folder; the folder itself is taken, too. */
  readonly cgroup_inode_id: bigint | string;
  /** `enum bpf_attach_type`. */
  readonly attach_type: number;
}

/** The kernel copies the struct with the padding that its u64 wants. */
const structSize = 16;

/** The codec of the keys of cgroup storage: {@link CgroupStorageKey} or, where all attachments of a cgroup share one value (Linux 5.9), the u64 alone. */
export function cgroupKeyCodec(def: MapDef, size: number): ElementCodec<unknown> {
  const place = placeOf(def, 'key');
  const raw = bytesCodec(size, place);
  return {
    size,
    readAt(view, offset) {
      const id = view.getBigUint64(offset, littleEndian);
      return size === structSize
        ? { cgroup_inode_id: id, attach_type: view.getUint32(offset + 8, littleEndian) }
        : id;
    },
    writeAt(view, offset, value) {
      if (value instanceof Uint8Array) return raw.writeAt(view, offset, value);
      if (size !== structSize) return view.setBigUint64(offset, inodeId(value, place), littleEndian);
      const { cgroup_inode_id: id, attach_type: type } = Object(value) as Partial<CgroupStorageKey>;
      if (typeof type !== 'number' || !Number.isInteger(type) || type < 0 || type > 0xffffffff)
        throw new TypeError(`${place}: attach_type: ${String(type)} is not a u32`);
      view.setBigUint64(offset, inodeId(id, `${place}: cgroup_inode_id`), littleEndian);
      view.setUint32(offset + 8, type, littleEndian);
      view.setUint32(offset + 12, 0);
    },
  };
}

function inodeId(value: unknown, place: string): bigint {
  if (typeof value === 'string') return inodeOf(value, place);
  const isNumber = typeof value === 'bigint' || Number.isSafeInteger(value);
  const id = isNumber ? BigInt(value as bigint) : -1n;
  if (id < 0n || id >= 1n << 64n)
    throw new TypeError(`${place}: must be the inode number or the folder of a cgroup`);
  return id;
}

function inodeOf(folder: string, place: string): bigint {
  try {
    return statSync(folder, { bigint: true }).ino;
  } catch (cause) {
    throw new TypeError(`${place}: ${(cause as Error).message}`, { cause });
  }
}
