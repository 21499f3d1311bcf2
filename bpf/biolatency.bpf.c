/* SPDX-License-Identifier: MIT */
/* Counts the time that requests to disks take, in slots that double in width, for each disk. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Context of the tracepoints block_rq_issue and block_rq_complete, as their `format` files in tracefs give it, as far as it is read. */
struct block_rq_ctx {
	__u64 common;
	__u32 dev;
	__u64 sector;
};

struct request {
	__u64 sector;
	__u64 dev;
};

struct slot {
	__u32 dev;
	__u32 slot;
};

/* Disk to measure, as the kernel numbers it: major << 20 | minor; 0 measures all. */
const volatile __u32 dev_filter = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct request);
	__type(value, __u64);
} issued SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct slot);
	__type(value, __u64);
} latencies SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The number of bits: 0 for 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7. */
static __always_inline __u32 bits(__u64 value)
{
	__u32 count = 0;

	for (int step = 32; step > 0; step /= 2)
		if (value >> step) {
			value >>= step;
			count += step;
		}
	return value ? count + 1 : 0;
}

SEC("tp/block/block_rq_issue")
int issue(struct block_rq_ctx *ctx)
{
	struct request request = { .sector = ctx->sector, .dev = ctx->dev };
	__u64 now = bpf_ktime_get_ns();

	if (!dev_filter || request.dev == dev_filter)
		bpf_map_update_elem(&issued, &request, &now, BPF_ANY);
	return 0;
}

SEC("tp/block/block_rq_complete")
int complete(struct block_rq_ctx *ctx)
{
	struct request request = { .sector = ctx->sector, .dev = ctx->dev };
	struct slot slot = { .dev = request.dev };
	__u64 *start = bpf_map_lookup_elem(&issued, &request), one = 1, *count;

	if (!start)
		return 0;
	slot.slot = bits((bpf_ktime_get_ns() - *start) / 1000);
	bpf_map_delete_elem(&issued, &request);
	count = bpf_map_lookup_elem(&latencies, &slot);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&latencies, &slot, &one, BPF_NOEXIST);
	return 0;
}
