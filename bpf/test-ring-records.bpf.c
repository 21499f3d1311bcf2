/* SPDX-License-Identifier: MIT */
/* Sends records of any size, and holds, discards and refuses some: run by BPF_PROG_TEST_RUN. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#define MOST 65536

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} perf SEC(".maps");

/* What records are made of: any size at any offset up to 256. */
__u8 content[MOST + 256];
/* 1 while hold_ring has a record that is not submitted. */
volatile __u32 holding;
/* Ends it. */
volatile __u32 release;

char LICENSE[] SEC("license") = "GPL";

/* args[0]: bytes; args[1]: offset of the content. Returns what the helper did. */
SEC("raw_tp")
int send_ring(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 size = ctx->args[0];
	__u64 offset = ctx->args[1];

	if (size > MOST || offset > 256)
		return -1;
	return bpf_ringbuf_output(&ring, content + offset, size, 0);
}

SEC("raw_tp")
int send_perf(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 size = ctx->args[0];
	__u64 offset = ctx->args[1];

	if (size > MOST || offset > 256)
		return -1;
	return bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, content + offset, size);
}

struct pages {
	__u8 bytes[3 * 4096];
};

/* Reserves three pages and copies what is at args[0] into them. */
SEC("raw_tp")
int reserve_pages(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 offset = ctx->args[0];
	struct pages *pages;

	if (offset > 256)
		return -1;
	pages = bpf_ringbuf_reserve(&ring, sizeof(*pages), 0);
	if (!pages)
		return -1;
	bpf_probe_read_kernel(pages, sizeof(*pages), content + offset);
	bpf_ringbuf_submit(pages, 0);
	return 0;
}

/* Discards a record of 40 bytes. */
SEC("raw_tp")
int discard_ring(void *ctx)
{
	void *record = bpf_ringbuf_reserve(&ring, 40, 0);

	if (!record)
		return -1;
	bpf_ringbuf_discard(record, 0);
	return 0;
}

static long until(__u32 index, __u64 *end)
{
	for (int i = 0; i < 64; i++)
		if (release || bpf_ktime_get_ns() > *end)
			return 1;
	return 0;
}

/* Holds a record of 8 bytes until it may release it, at most args[0] nanoseconds, then submits it, or discards it when args[1] is not 0. */
SEC("raw_tp")
int hold_ring(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 end = bpf_ktime_get_ns() + ctx->args[0];
	__u64 discard = ctx->args[1];
	__u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record)
		return -1;
	*record = end;
	holding = 1;
	bpf_loop(1 << 23, until, &end, 0);
	holding = 0;
	if (discard)
		bpf_ringbuf_discard(record, 0);
	else
		bpf_ringbuf_submit(record, 0);
	return 0;
}
