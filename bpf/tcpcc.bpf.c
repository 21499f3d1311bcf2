/* SPDX-License-Identifier: MIT */
/*
 * A congestion control of TCP, as simple as it can be: the window doubles each round trip until a packet is lost, is halved then, and from there on grows
 * by one packet each round trip.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* The kernel's types, as far as they are used. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sock;
struct tcp_sock {
	__u32 snd_cwnd;
	__u32 snd_cwnd_cnt;
	__u32 snd_cwnd_clamp;
	__u32 snd_ssthresh;
};
struct tcp_congestion_ops {
	char name[16];
	void (*init)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*ssthresh)(struct sock *sk);
	__u32 (*undo_cwnd)(struct sock *sk);
};
#pragma clang attribute pop

/* Connections that use it, acknowledgements, losses, and the greatest window in packets. */
volatile __u64 connections = 0;
volatile __u64 acks = 0;
volatile __u64 losses = 0;
volatile __u32 greatest_window = 0;

char LICENSE[] SEC("license") = "GPL";

/* Arguments of such programs come as an array of 64-bit words. */
SEC("struct_ops/init")
void on_init(__u64 *ctx)
{
	__sync_fetch_and_add(&connections, 1);
}

SEC("struct_ops/cong_avoid")
void on_ack(__u64 *ctx)
{
	struct tcp_sock *tp = (struct tcp_sock *)ctx[0];
	__u32 acked = ctx[2];

	__sync_fetch_and_add(&acks, 1);
	if (tp->snd_cwnd < tp->snd_ssthresh) {
		tp->snd_cwnd += acked;
	} else {
		tp->snd_cwnd_cnt += acked;
		if (tp->snd_cwnd_cnt >= tp->snd_cwnd) {
			tp->snd_cwnd_cnt = 0;
			tp->snd_cwnd++;
		}
	}
	if (tp->snd_cwnd > tp->snd_cwnd_clamp)
		tp->snd_cwnd = tp->snd_cwnd_clamp;
	if (tp->snd_cwnd > greatest_window)
		greatest_window = tp->snd_cwnd;
}

SEC("struct_ops/ssthresh")
__u32 on_loss(__u64 *ctx)
{
	struct tcp_sock *tp = (struct tcp_sock *)ctx[0];

	__sync_fetch_and_add(&losses, 1);
	return tp->snd_cwnd > 4 ? tp->snd_cwnd / 2 : 2;
}

SEC("struct_ops/undo_cwnd")
__u32 on_undo(__u64 *ctx)
{
	struct tcp_sock *tp = (struct tcp_sock *)ctx[0];

	return tp->snd_cwnd;
}

SEC(".struct_ops")
struct tcp_congestion_ops simple = {
	.name = "rawbpf_simple",
	.init = (void *)on_init,
	.cong_avoid = (void *)on_ack,
	.ssthresh = (void *)on_loss,
	.undo_cwnd = (void *)on_undo,
};
