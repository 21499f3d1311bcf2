/* SPDX-License-Identifier: MIT */
/*
 * Congestion controls of TCP that count the connections that come to them; the one of a link has a second to replace it. And a scheduler that counts and leaves
 * the rest to the kernel.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct sock;
struct tcp_congestion_ops {
	char name[16];
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*ssthresh)(struct sock *sk);
	__u32 (*undo_cwnd)(struct sock *sk);
	void (*init)(struct sock *sk);
};

volatile __u64 runs = 0;
volatile __u64 other_runs = 0;

SEC("?struct_ops/cong_avoid")
void avoid(void *ctx)
{
}

SEC("?struct_ops/ssthresh")
__u32 ssthresh(void *ctx)
{
	return 2;
}

SEC("?struct_ops/undo_cwnd")
__u32 undo(void *ctx)
{
	return 2;
}

SEC("?struct_ops/init")
void on_init(void *ctx)
{
	__sync_fetch_and_add(&runs, 1);
}

SEC("?struct_ops/init")
void on_other_init(void *ctx)
{
	__sync_fetch_and_add(&other_runs, 1);
}

SEC("?struct_ops.s/init")
void on_sleepable_init(void *ctx)
{
	__sync_fetch_and_add(&runs, 1);
}

SEC("?.struct_ops")
struct tcp_congestion_ops counting = {
	.name = "rawbpf_plain",
	.cong_avoid = (void *)avoid,
	.ssthresh = (void *)ssthresh,
	.undo_cwnd = (void *)undo,
	.init = (void *)on_init,
};

SEC("?.struct_ops.link")
struct tcp_congestion_ops linked = {
	.name = "rawbpf_linked",
	.cong_avoid = (void *)avoid,
	.ssthresh = (void *)ssthresh,
	.undo_cwnd = (void *)undo,
	.init = (void *)on_init,
};

SEC("?.struct_ops.link")
struct tcp_congestion_ops replacement = {
	.name = "rawbpf_linked",
	.cong_avoid = (void *)avoid,
	.ssthresh = (void *)ssthresh,
	.undo_cwnd = (void *)undo,
	.init = (void *)on_other_init,
};

SEC("?.struct_ops")
struct tcp_congestion_ops sleepable = {
	.name = "rawbpf_sleepy",
	.cong_avoid = (void *)avoid,
	.ssthresh = (void *)ssthresh,
	.undo_cwnd = (void *)undo,
	.init = (void *)on_sleepable_init,
};

struct task_struct;
struct sched_ext_ops {
	void (*running)(struct task_struct *p);
	char name[128];
};

SEC("?struct_ops/running")
void on_running(void *ctx)
{
	__sync_fetch_and_add(&runs, 1);
}

SEC("?.struct_ops.link")
struct sched_ext_ops scheduler = {
	.running = (void *)on_running,
	.name = "rawbpf_counting",
};

char _license[] SEC("license") = "GPL";
