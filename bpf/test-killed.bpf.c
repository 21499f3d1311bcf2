/* SPDX-License-Identifier: MIT */
/* Programs of several kinds that do nothing, for a process that is killed while it loads and attaches them. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} killed_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000);
	__type(key, __u32);
	__type(value, __u64);
} killed_hash SEC(".maps");

const volatile __u32 killed_setting = 1;
__u64 killed_runs;

char LICENSE[] SEC("license") = "GPL";

static int run(void)
{
	killed_runs += killed_setting;
	return 0;
}

SEC("tp/syscalls/sys_enter_getpgid")
int killed_tp(void *ctx)
{
	return run();
}

SEC("raw_tp/task_rename")
int killed_raw_tp(void *ctx)
{
	return run();
}

SEC("tp_btf/task_rename")
int killed_tp_btf(void *ctx)
{
	return run();
}

SEC("iter/task")
int killed_iter(void *ctx)
{
	return run();
}

SEC("uprobe")
int killed_uprobe(void *ctx)
{
	return run();
}

SEC("perf_event")
int killed_perf(void *ctx)
{
	return run();
}

SEC("cgroup_skb/egress")
int killed_cgroup(void *ctx)
{
	return 1;
}
