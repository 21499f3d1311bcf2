/* SPDX-License-Identifier: MIT */
/* What a process with few capabilities may and may not load. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u32 pid;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

static void saw(void)
{
	__u32 key = bpf_get_current_pid_tgid() >> 32;
	__u64 one = 1;

	if (key == pid)
		bpf_map_update_elem(&seen, &key, &one, BPF_ANY);
}

SEC("?raw_tp/task_rename")
int by_raw_tp(void *ctx)
{
	saw();
	return 0;
}

SEC("?tp_btf/task_rename")
int by_tp_btf(void *ctx)
{
	saw();
	return 0;
}

SEC("?uprobe.multi")
int by_uprobe(void *ctx)
{
	saw();
	return 0;
}

SEC("?iter/task")
int by_iter(void *ctx)
{
	return 0;
}

SEC("?tp/task/task_rename")
int by_tracepoint(void *ctx)
{
	saw();
	return 0;
}

SEC("?xdp")
int by_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* Lets an address of the kernel out, for which CAP_BPF alone is not enough. */
SEC("?socket")
int leak(struct __sk_buff *skb)
{
	return (long)skb;
}
