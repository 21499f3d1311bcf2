/** Bytes before a record: its length word, and one that the kernel needs (`struct bpf_ringbuf_hdr`, BPF_RINGBUF_HDR_SZ of include/uapi/linux/bpf.h). */
export const RING_HEADER = 8;
/** Top bits of a record's length word (BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT), and the rest of it. */
export const RING_BUSY = 0x80000000 | 0;
export const RING_DISCARD = 0x40000000;
export const RING_LENGTH = 0x3fffffff;
