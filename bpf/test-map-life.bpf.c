/* SPDX-License-Identifier: MIT */
/* Maps for user space to make otherwise: larger, shared, left out, for one program only. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* Too small for count_sized, unless user space makes it larger. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sized_later SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} shared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} optional SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

const volatile __u32 use_optional = 1;
__u64 calls = 0;

static __u64 increment(void *map, __u32 key)
{
	__u64 one = 1;
	__u64 *value = bpf_map_lookup_elem(map, &key);

	if (value)
		return ++*value;
	bpf_map_update_elem(map, &key, &one, BPF_NOEXIST);
	return one;
}

SEC("raw_tp/sys_enter")
int count(void *ctx)
{
	calls++;
	return increment(&counts, 1);
}

SEC("raw_tp/sys_enter")
int count_too(void *ctx)
{
	return increment(&counts, 2);
}

SEC("raw_tp/sys_enter")
int count_shared(void *ctx)
{
	return increment(&shared, 1);
}

SEC("raw_tp/sys_enter")
int count_optional(void *ctx)
{
	return use_optional ? increment(&optional, 1) : 0;
}

SEC("raw_tp/sys_enter")
int count_inner(void *ctx)
{
	__u32 index = 0;
	void *inner = bpf_map_lookup_elem(&outer, &index);

	return inner ? increment(inner, 3) : -1;
}

SEC("raw_tp/sys_enter")
int count_sized(void *ctx)
{
	__u32 index = 7;
	__u64 *value = bpf_map_lookup_elem(&sized_later, &index);

	return value ? ++*value : -1;
}

char LICENSE[] SEC("license") = "GPL";
