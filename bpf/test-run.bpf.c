/* SPDX-License-Identifier: MIT */
/* A program of each type that BPF_PROG_TEST_RUN takes, each of which shows that it saw its input. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct numbers {
	__u32 a;
	__u32 b;
	__u64 sum;
};

__u32 last_cpu;
__u32 frames;

/* Marks the buffer and returns what mark it had. */
SEC("?tc")
int swap_mark(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;

	skb->mark = mark + 1;
	skb->cb[0] = skb->len;
	return mark;
}

/* Puts 2000 bytes behind the packet. */
SEC("?tc")
int lengthen(struct __sk_buff *skb)
{
	return bpf_skb_change_tail(skb, skb->len + 2000, 0);
}

/* Says whether there was metadata in front of the packet, and puts 4 bytes there. */
SEC("?xdp")
int move_head(struct xdp_md *ctx)
{
	int has_meta = ctx->data_meta != ctx->data;

	if (bpf_xdp_adjust_head(ctx, -4))
		return XDP_ABORTED;
	return has_meta ? XDP_TX : XDP_PASS;
}

SEC("?xdp")
int drop(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&frames, 1);
	return XDP_DROP;
}

SEC("?raw_tp/task_rename")
int add_args(struct bpf_raw_tracepoint_args *ctx)
{
	last_cpu = bpf_get_smp_processor_id();
	return ctx->args[0] + ctx->args[1];
}

SEC("?sk_lookup")
int by_port(struct bpf_sk_lookup *ctx)
{
	return ctx->local_port == 7007 ? SK_PASS : SK_DROP;
}

SEC("?flow_dissector")
int dissect(struct __sk_buff *skb)
{
	skb->flow_keys->ip_proto = 17;
	return BPF_OK;
}

SEC("?syscall")
int add(struct numbers *ctx)
{
	ctx->sum = (__u64)ctx->a + ctx->b;
	return 3;
}

SEC("?cgroup_skb/egress")
int first_cb(struct __sk_buff *skb)
{
	return skb->cb[0] == 9;
}

SEC("?sockops")
int no_test_run(struct bpf_sock_ops *ctx)
{
	return 1;
}

SEC("?netfilter")
int accept(void *ctx)
{
	return 1;
}

__u32 first_arg;

SEC("?fentry/bpf_fentry_test1")
int on_test(__u64 *ctx)
{
	first_arg = ctx[0];
	return 0;
}

extern int bpf_stream_vprintk_impl(int stream_id, const char *fmt, const void *args, __u32 size,
				   void *aux) __ksym __weak;
extern int bpf_stream_vprintk(int stream_id, const char *fmt, const void *args,
			      __u32 size) __ksym __weak;

const char greeting[] = "stream %d says hello\n";

/* The kfunc lost an argument on its way from Linux 6.17 to 7. */
static __always_inline int greet(__u64 stream)
{
	if (bpf_stream_vprintk_impl)
		return bpf_stream_vprintk_impl(stream, greeting, &stream, sizeof(stream), 0);
	if (bpf_stream_vprintk)
		return bpf_stream_vprintk(stream, greeting, &stream, sizeof(stream));
	return -1;
}

SEC("?syscall")
int write_streams(void *ctx)
{
	int error = greet(1);

	return error < 0 ? error : greet(2);
}
