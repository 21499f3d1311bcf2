/* SPDX-License-Identifier: MIT */
/* A hash or an array of each kind, and programs that look at them from the kernel's side. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

enum { ENTRIES = 512, CROWD = 4096 };

struct flow {
	__u32 address;
	__u16 port;
	__u8 protocol;
} __attribute__((packed));

struct stats {
	__u64 packets;
	__u64 bytes : 40;
	__u64 drops : 24;
	__u8 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, struct flow);
	__type(value, struct stats);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, struct flow);
	__type(value, struct stats);
} lru_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, struct flow);
	__type(value, struct stats);
} percpu_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, struct flow);
	__type(value, struct stats);
} lru_percpu_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct stats);
} slots SEC(".maps");

/* Three bytes for each CPU, which the kernel rounds up to eight. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u8[3]);
} percpu_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 8);
} untyped_slots SEC(".maps");

struct guarded {
	struct bpf_spin_lock lock;
	__u32 low;
	__u32 high;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct guarded);
} locked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CROWD);
	__type(key, __u32);
	__type(value, __u64);
} crowd SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

/* The drops of a flow in any of the hashes; returns the line where they are not there or not as expected. */
static __always_inline int drop(void *map, struct flow *flow, __u64 expected)
{
	struct stats *stats = bpf_map_lookup_elem(map, flow);

	if (!stats)
		return __LINE__;
	if (stats->packets != expected)
		return __LINE__;
	if (stats->bytes != 0x123456789aULL)
		return __LINE__;
	stats->drops++;
	stats->last = 7;
	return 0;
}

/* Counts a drop of the flow 10.0.0.1:443/6 in every hash, and in slot 3. */
SEC("raw_tp")
int count_drops(void *ctx)
{
	struct flow flow = { .address = 0x0a000001, .port = 443, .protocol = 6 };
	__u32 slot = 3;
	int line;

	line = drop(&flows, &flow, 1);
	if (line)
		return 1000 + line;
	line = drop(&lru_flows, &flow, 1);
	if (line)
		return 2000 + line;
	line = drop(&percpu_flows, &flow, bpf_get_smp_processor_id() + 1);
	if (line)
		return 3000 + line;
	line = drop(&lru_percpu_flows, &flow, bpf_get_smp_processor_id() + 1);
	if (line)
		return 4000 + line;
	line = drop(&slots, (struct flow *)&slot, 1);
	return line ? 5000 + line : 0;
}

/* Marks slot 2 of the CPU that it runs on. */
SEC("raw_tp")
int mark_slot(void *ctx)
{
	__u32 slot = 2, cpu = bpf_get_smp_processor_id();
	__u8 *mark = bpf_map_lookup_elem(&percpu_slots, &slot);

	if (!mark)
		return __LINE__;
	mark[0] = cpu;
	mark[1] = 0xaa;
	mark[2] = 0xbb;
	bpf_map_lookup_elem(&untyped_slots, &slot);
	return 0;
}

/* Whether what user space wrote below the lock is there. */
SEC("tc")
int check_locked(struct __sk_buff *skb)
{
	__u32 one = 1, low, high;
	struct guarded *guarded = bpf_map_lookup_elem(&locked, &one);

	if (!guarded)
		return __LINE__;
	bpf_spin_lock(&guarded->lock);
	low = guarded->low++;
	high = guarded->high;
	bpf_spin_unlock(&guarded->lock);
	return low == 41 && high == 7 ? 0 : __LINE__;
}

/* Makes the crowd come and go: deletes 64 keys that are there, and inserts 64 others, in an order without pattern. */
SEC("raw_tp")
int churn(void *ctx)
{
	__u64 value = bpf_ktime_get_ns();

	for (int i = 0; i < 64; i++) {
		__u32 key = bpf_get_prandom_u32() % CROWD;

		bpf_map_delete_elem(&crowd, &key);
		key = bpf_get_prandom_u32() % CROWD;
		bpf_map_update_elem(&crowd, &key, &value, BPF_ANY);
	}
	return 0;
}
