/* SPDX-License-Identifier: MIT */
/* Programs of sockets, of those that share a port, of sockmaps and of network namespaces; they count their runs. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

volatile __u64 runs = 0;
volatile __u64 migrations = 0;
volatile __u64 parsed = 0;

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} socket_hash SEC(".maps");

#define COUNT() __sync_fetch_and_add(&runs, 1)

SEC("?socket")
int filter(struct __sk_buff *skb)
{
	COUNT();
	return skb->len;
}

SEC("?sk_reuseport")
int select(struct sk_reuseport_md *ctx)
{
	COUNT();
	return SK_PASS;
}

/* Loads on kernels that have no migrating_sk, too. */
SEC("?sk_reuseport/migrate")
int choose(struct sk_reuseport_md *ctx)
{
	return SK_PASS;
}

/* New connections are for the first listener; those of one that is closed are for any that is left. */
SEC("?sk_reuseport/migrate")
int migrate(struct sk_reuseport_md *ctx)
{
	__u32 first = 0;

	if (ctx->migrating_sk) {
		__sync_fetch_and_add(&migrations, 1);
		return SK_PASS;
	}
	COUNT();
	bpf_sk_select_reuseport(ctx, &listeners, &first, 0);
	return SK_PASS;
}

#define SOL_SOCKET 1
#define SO_REUSEPORT 15

/* Lets sockets share the port that they are bound to. */
SEC("?cgroup/bind4")
int share(struct bpf_sock_addr *ctx)
{
	int one = 1;

	bpf_setsockopt(ctx, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	return 1;
}

SEC("?sk_lookup")
int lookup(struct bpf_sk_lookup *ctx)
{
	COUNT();
	return SK_PASS;
}

SEC("?flow_dissector")
int dissect(struct __sk_buff *skb)
{
	COUNT();
	return BPF_DROP;
}

SEC("?sk_skb/stream_parser")
int stream_parser(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&parsed, 1);
	return skb->len;
}

SEC("?sk_skb/stream_verdict")
int stream_verdict(struct __sk_buff *skb)
{
	COUNT();
	return SK_PASS;
}

SEC("?sk_skb/verdict")
int verdict(struct __sk_buff *skb)
{
	COUNT();
	return SK_PASS;
}

SEC("?sk_skb")
int skb(struct __sk_buff *skb)
{
	COUNT();
	return SK_PASS;
}

SEC("?sk_msg")
int msg(struct sk_msg_md *ctx)
{
	COUNT();
	return SK_PASS;
}

char _license[] SEC("license") = "GPL";
