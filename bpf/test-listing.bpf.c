/* SPDX-License-Identifier: MIT */
/* Programs with all that listings of loaded code can show. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

const char bpf_metadata_author[] SEC(".rodata") = "rawbpf \"tests\"";
const volatile __u32 bpf_metadata_revision = 7;
const volatile __u32 wanted_pid;

enum verdict { PASS, STOP };

union either {
	__u32 narrow;
	__u64 wide;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} a_map_with_a_long_name SEC(".maps");

__u64 seen;

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

__noinline enum verdict a_function_with_a_long_name(const volatile __u32 *key, union either *value)
{
	return key && value && value->wide > *key ? STOP : PASS;
}

static long visit(void *map, __u32 *key, __u64 *value, const union either *least)
{
	seen += *value > least->wide;
	return 0;
}

/* Branches, a loop, helpers, maps by id and by value, subprograms. */
SEC("raw_tp/sys_enter")
int a_program_with_a_long_name(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 key = bpf_get_current_pid_tgid() >> 32;
	union either value = { .wide = ctx->args[1] };
	__u64 *found;

	if (wanted_pid && key != wanted_pid)
		return bpf_metadata_revision & bpf_metadata_author[0] ? 0 : 1;
	found = bpf_map_lookup_elem(&a_map_with_a_long_name, &key);
	if (!found) {
		bpf_map_update_elem(&a_map_with_a_long_name, &key, &value.wide, BPF_NOEXIST);
		return 0;
	}
	for (int i = 0; i < 4; i++)
		*found += ctx->args[i & 1];
	return a_function_with_a_long_name(&key, &value);
}

/* Callbacks: Linux 5.13. */
SEC("?raw_tp/sys_enter")
int with_callback(void *ctx)
{
	union either least = { .wide = 0x123456789abcdefULL };

	bpf_for_each_map_elem(&a_map_with_a_long_name, visit, &least, 0);
	return seen > 5;
}

/* Kfuncs of all kinds of programs: Linux 6.2. */
SEC("?raw_tp/sys_enter")
int with_kfunc(void *ctx)
{
	bpf_rcu_read_lock();
	seen++;
	bpf_rcu_read_unlock();
	return 0;
}
