/* SPDX-License-Identifier: MIT */
/* One program for each type of link, to be told apart by their info; pairs of those of a cgroup to replace each other. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} elements SEC(".maps");

/* Counts the runs of those that are of a cgroup. */
volatile __u64 first_runs = 0;
volatile __u64 second_runs = 0;

SEC("?tp/syscalls/sys_enter_getpgid")
int on_tracepoint(void *ctx)
{
	return 0;
}

SEC("?raw_tp/sys_enter")
int on_raw_tracepoint(void *ctx)
{
	return 0;
}

/* Of a name that no other object has. */
SEC("?raw_tp/sys_enter")
int found_by_its_name(void *ctx)
{
	return 0;
}

SEC("?raw_tp.w/sys_enter")
int on_writable(void *ctx)
{
	return 0;
}

SEC("?cgroup_skb/egress")
int first(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&first_runs, 1);
	return 1;
}

SEC("?cgroup_skb/egress")
int second(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&second_runs, 1);
	return 1;
}

SEC("?iter/task")
int over_tasks(void *ctx)
{
	return 0;
}

SEC("?iter/cgroup")
int over_cgroups(void *ctx)
{
	return 0;
}

SEC("?iter/bpf_map_elem")
int over_elements(void *ctx)
{
	return 0;
}

SEC("?tp_btf/sys_enter")
int on_typed(void *ctx)
{
	return 0;
}

SEC("?xdp")
int on_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("?tcx/ingress")
int on_tcx(struct __sk_buff *skb)
{
	return -1;
}

SEC("?netfilter")
int on_netfilter(void *ctx)
{
	return 1;
}

SEC("?sk_lookup")
int on_lookup(struct bpf_sk_lookup *ctx)
{
	return SK_PASS;
}

SEC("?perf_event")
int on_event(void *ctx)
{
	return 0;
}

SEC("?uprobe")
int on_function(void *ctx)
{
	return 0;
}

SEC("?uprobe.multi")
int on_functions(void *ctx)
{
	return 0;
}

SEC("?kprobe")
int on_kernel_function(void *ctx)
{
	return 0;
}

SEC("?kprobe.multi")
int on_kernel_functions(void *ctx)
{
	return 0;
}

SEC("?lirc_mode2")
int on_infrared(unsigned int *sample)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
