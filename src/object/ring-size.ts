import { BpfMapType } from '../abi/index.js';

/** True for the maps whose `max_entries` is the size of a buffer in bytes. */
export function isRing(type: number): boolean {
  return type === BpfMapType.BPF_MAP_TYPE_RINGBUF || type === BpfMapType.BPF_MAP_TYPE_USER_RINGBUF;
}

/** The kernel wants a power of two of pages; zero is left for it to refuse (libbpf: adjust_ringbuf_sz). */
export function ringSize(bytes: number, pageSize: number): number {
  if (bytes === 0) return 0;
  let size = pageSize;
  while (size < bytes) size *= 2;
  return size < 2 ** 32 ? size : bytes;
}
