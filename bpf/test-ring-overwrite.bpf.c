/* SPDX-License-Identifier: MIT */
/* Fills a ring, in the test one that writes over its oldest records: run by BPF_PROG_TEST_RUN with the count as args[0], BPF_RB_* flags as args[1]. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024);
} ring SEC(".maps");

/* Records so far; those for which there was no room, because of one that was not finished. */
__u64 next;
__u64 dropped;
/* Bytes of the records finished and discarded, with headers. */
__u64 bytes;
/* 1 while emit_slow holds its record. */
volatile __u32 holding;

char LICENSE[] SEC("license") = "GPL";

/* A record is its number, over and over. */
static long one(__u32 index, __u64 *flags)
{
	__u64 seq = next++;
	__u64 *words;

	/* Two sizes, so that records lie elsewhere each time round. */
	if (seq & 1) {
		words = bpf_ringbuf_reserve(&ring, 6 * sizeof(*words), 0);
		if (!words)
			goto full;
		for (int i = 0; i < 6; i++)
			words[i] = seq;
		bytes += 56;
	} else {
		words = bpf_ringbuf_reserve(&ring, 17 * sizeof(*words), 0);
		if (!words)
			goto full;
		for (int i = 0; i < 17; i++)
			words[i] = seq;
		bytes += 144;
	}
	if (seq % 16 == 15)
		bpf_ringbuf_discard(words, *flags);
	else
		bpf_ringbuf_submit(words, *flags);
	return 0;
full:
	dropped++;
	return 0;
}

SEC("raw_tp")
int emit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 flags = ctx->args[1];

	return bpf_loop(ctx->args[0], one, &flags, 0);
}

static long until(__u32 index, __u64 *end)
{
	return bpf_ktime_get_ns() > *end;
}

/* Holds a record of 8 bytes for args[0] nanoseconds. */
SEC("raw_tp")
int emit_slow(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 end = bpf_ktime_get_ns() + ctx->args[0];
	__u64 *seq = bpf_ringbuf_reserve(&ring, sizeof(*seq), 0);

	if (!seq)
		return 1;
	*seq = next++;
	bytes += 16;
	holding = 1;
	bpf_loop(1 << 23, until, &end, 0);
	holding = 0;
	bpf_ringbuf_submit(seq, 0);
	return 0;
}
