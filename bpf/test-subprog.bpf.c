/* SPDX-License-Identifier: MIT */
/* Every way in which one function of an object can reach another. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct sum {
	__u64 total;
	__u32 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

__u64 result;
__u64 calls;

char LICENSE[] SEC("license") = "GPL";

/* Static, called by global ones: calls stay inside .text. */
static __noinline __u64 square(__u64 x)
{
	calls++;
	return x * x;
}

static __noinline __u64 unused_by_first(__u64 x)
{
	calls += 100;
	return x - 1;
}

__noinline int global_add(__u64 a, __u64 b)
{
	return square(a) + b;
}

/* Replaced by a strong definition where objects are linked together. */
__weak __noinline int weak_twice(int x)
{
	calls++;
	return x * 2;
}

__hidden __noinline int hidden_minus(int x)
{
	return unused_by_first(x) - 1;
}

struct bpf_map;

static long add_element(struct bpf_map *map, __u32 *key, __u64 *value, struct sum *sum)
{
	sum->total += *value;
	sum->count++;
	return 0;
}

static long set_element(__u32 index, __u64 *factor)
{
	__u64 value = index * *factor;
	__u32 key = index;

	bpf_map_update_elem(&numbers, &key, &value, BPF_ANY);
	return 0;
}

/* Three programs in one section: each has its own offset there. */
SEC("raw_tp")
int direct(struct bpf_raw_tracepoint_args *ctx)
{
	result = global_add(ctx->args[0], 1);
	return 0;
}

SEC("raw_tp")
int several(struct bpf_raw_tracepoint_args *ctx)
{
	result = weak_twice(ctx->args[0]) + hidden_minus(10) + square(2);
	return 0;
}

/* Functions as values: their addresses are loaded by ldimm64. */
SEC("raw_tp")
int callbacks(struct bpf_raw_tracepoint_args *ctx)
{
	struct sum sum = {};
	__u64 factor = ctx->args[0];

	bpf_loop(8, set_element, &factor, 0);
	bpf_for_each_map_elem(&numbers, add_element, &sum, 0);
	result = sum.total;
	return 0;
}

/* The same subprogs, reached from another section. */
SEC("tp/syscalls/sys_enter_getpid")
int elsewhere(void *ctx)
{
	result = weak_twice(global_add(3, 4));
	return 0;
}
