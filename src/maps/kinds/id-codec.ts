import { fdOf } from '../borrowed-fd.js';
import type { ElementCodec } from '../element-codec.js';
import { littleEndian } from '../host-endian.js';

/** 4 bytes that are an fd when written and the id of what it is when read (kernel/bpf/arraymap.c: bpf_fd_array_map_update_elem). */
export function idCodec(place: string): ElementCodec<number> {
  return {
    size: 4,
    readAt: (view, offset) => view.getUint32(offset, littleEndian),
    writeAt: (view, offset, value) => view.setUint32(offset, fdOf(value, place), littleEndian),
  };
}
