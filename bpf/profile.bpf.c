/* SPDX-License-Identifier: MIT */
/* Counts the stacks that are running when a clock ticks. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef int pid_t;

#define MAX_DEPTH 127

struct key {
	pid_t pid;
	int user;
	int kernel;
	char comm[16];
};

/* Process to look at; 0 looks at all. */
const volatile pid_t pid_filter = 0;

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__uint(value_size, MAX_DEPTH * sizeof(__u64));
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct key);
	__type(value, __u64);
} counts SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("perf_event")
int on_tick(void *ctx)
{
	struct key key = { .pid = bpf_get_current_pid_tgid() >> 32 };
	__u64 one = 1, *count;

	/* 0 is the idle task of each CPU. */
	if (key.pid == 0 || (pid_filter && key.pid != pid_filter))
		return 0;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	key.user = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	key.kernel = bpf_get_stackid(ctx, &stacks, 0);
	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_NOEXIST);
	return 0;
}
