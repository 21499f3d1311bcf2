/* SPDX-License-Identifier: MIT */
/* Two producers of numbered records, run by BPF_PROG_TEST_RUN: args[0] is the producer, 0 or 1, args[1] how many records. */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>

#define PRODUCERS 2
/* Every so many records one more is reserved and discarded. */
#define DISCARD_EVERY 61

struct record {
	__u32 producer;
	__u32 seq;
	__u32 checksum;
	__u32 size;
};

struct run {
	__u32 producer;
	__u32 full;
	void *ctx;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} perf SEC(".maps");

/* What each producer made, what of it was refused because the buffer was full, and what because there was none. */
__u64 produced[PRODUCERS];
__u64 full[PRODUCERS];
__u64 unheard[PRODUCERS];

char LICENSE[] SEC("license") = "GPL";

static __always_inline void fill(struct record *record, __u32 producer, __u32 seq, __u32 size)
{
	record->producer = producer;
	record->seq = seq;
	record->checksum = (seq * 0x9e3779b1) ^ ((producer + 1) * 0x85ebca6b) ^ size;
	record->size = size;
	if (size > sizeof(*record))
		*(__u32 *)((char *)record + size - 4) = ~record->checksum;
}

#define SUBMIT(bytes)                                                                                          \
	({                                                                                                     \
		struct record *record = bpf_ringbuf_reserve(&ring, bytes, 0);                                  \
		if (record) {                                                                                  \
			fill(record, producer, seq, bytes);                                                    \
			bpf_ringbuf_submit(record, 0);                                                         \
		}                                                                                              \
		record != NULL;                                                                                \
	})

static long one_ring(__u32 index, struct run *run)
{
	__u32 producer = run->producer & 1, seq = produced[producer]++;
	int sent;

	if (seq % DISCARD_EVERY == 0) {
		void *none = bpf_ringbuf_reserve(&ring, 32, 0);

		if (none)
			bpf_ringbuf_discard(none, 0);
	}
	if (seq % 3 == 0)
		sent = SUBMIT(16);
	else if (seq % 3 == 1)
		sent = SUBMIT(36);
	else
		sent = SUBMIT(100);
	if (!sent) {
		full[producer]++;
		run->full++;
	}
	return 0;
}

static long one_perf(__u32 index, struct run *run)
{
	__u32 producer = run->producer & 1, seq = produced[producer]++, size;
	char bytes[100] = {};
	long error;

	size = seq % 3 == 0 ? 16 : seq % 3 == 1 ? 36 : 100;
	fill((struct record *)bytes, producer, seq, size);
	error = bpf_perf_event_output(run->ctx, &perf, BPF_F_CURRENT_CPU, bytes, size);
	if (error == -ENOSPC) {
		full[producer]++;
		run->full++;
	} else if (error) {
		unheard[producer]++;
	}
	return 0;
}

SEC("raw_tp")
int produce_ring(struct bpf_raw_tracepoint_args *ctx)
{
	struct run run = { .producer = ctx->args[0] };

	bpf_loop(ctx->args[1], one_ring, &run, 0);
	return run.full;
}

struct sized {
	__u32 size;
	__u64 flags;
};

static char payload[4096];

static long one_sized(__u32 index, struct sized *sized)
{
	__u32 size = sized->size;

	if (size <= sizeof(payload))
		bpf_ringbuf_output(&ring, payload, size, sized->flags);
	return 0;
}

/* args[0] records of args[1] bytes, at most 4096, that wake nobody. */
SEC("raw_tp")
int produce_sized(struct bpf_raw_tracepoint_args *ctx)
{
	struct sized sized = { .size = ctx->args[1], .flags = BPF_RB_NO_WAKEUP };

	return bpf_loop(ctx->args[0], one_sized, &sized, 0);
}

SEC("raw_tp")
int produce_perf(struct bpf_raw_tracepoint_args *ctx)
{
	struct run run = { .producer = ctx->args[0], .ctx = ctx };

	bpf_loop(ctx->args[1], one_perf, &run, 0);
	return run.full;
}
