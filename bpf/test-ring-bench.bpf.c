/* SPDX-License-Identifier: MIT */
/* Fills a ring buffer or a perf buffer with 64-byte records: run by BPF_PROG_TEST_RUN with the count as args[0], flags as args[1]. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct record {
	__u64 seq;
	__u64 ns;
	__u32 pid;
	__u32 cpu;
	char comm[16];
	char path[24];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} perf SEC(".maps");

/* Records that found no room. */
__u64 dropped;

char LICENSE[] SEC("license") = "GPL";

/* Not inlined: a function's prototype is what puts struct record into BTF. */
static __noinline int fill(struct record *record, __u32 seq)
{
	record->seq = seq;
	record->ns = bpf_ktime_get_ns();
	record->pid = bpf_get_current_pid_tgid() >> 32;
	record->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(&record->comm, sizeof(record->comm));
	__builtin_memcpy(record->path, "/usr/lib/locale/C.utf8", 23);
	record->path[23] = 0;
	return 0;
}

static long one_ring(__u32 index, __u64 *flags)
{
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record) {
		dropped++;
		return 0;
	}
	fill(record, index);
	bpf_ringbuf_submit(record, *flags);
	return 0;
}

static long one_perf(__u32 index, void **ctx)
{
	struct record record;

	fill(&record, index);
	if (bpf_perf_event_output(*ctx, &perf, BPF_F_CURRENT_CPU, &record, sizeof(record)))
		dropped++;
	return 0;
}

/* args[1]: 0, BPF_RB_NO_WAKEUP or BPF_RB_FORCE_WAKEUP. */
SEC("raw_tp")
int emit_ring(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 flags = ctx->args[1];

	return bpf_loop(ctx->args[0], one_ring, &flags, 0);
}

SEC("raw_tp")
int emit_perf(struct bpf_raw_tracepoint_args *ctx)
{
	void *data = ctx;

	return bpf_loop(ctx->args[0], one_perf, &data, 0);
}
