/* SPDX-License-Identifier: MIT */
/* A program for each hook of the network, which counts the UDP packets to one port that come by. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TEST_PORT 31313
/* An IPv4 packet of 72 bytes of payload. */
#define TEST_LENGTH 100

volatile __u64 packets = 0;
/* Of the programs that replace others or run beside them. */
volatile __u64 other_packets = 0;
/* The value of packets when one of the others ran. */
volatile __u64 packets_before = 0;

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

static __always_inline int is_test_ip(void *data, void *data_end)
{
	struct iphdr *ip = data;
	struct udphdr *udp = (void *)(ip + 1);

	return (void *)(udp + 1) <= data_end && ip->version == 4 &&
	       ip->protocol == IPPROTO_UDP && udp->dest == bpf_htons(TEST_PORT);
}

static __always_inline int is_test(long data, long data_end)
{
	struct ethhdr *eth = (void *)data;

	return (void *)(eth + 1) <= (void *)data_end &&
	       eth->h_proto == bpf_htons(ETH_P_IP) &&
	       is_test_ip(eth + 1, (void *)data_end);
}

static __always_inline void count(int is_it)
{
	if (is_it)
		__sync_fetch_and_add(&packets, 1);
}

static __always_inline void count_other(int is_it)
{
	if (!is_it)
		return;
	packets_before = packets;
	__sync_fetch_and_add(&other_packets, 1);
}

#define XDP_COUNTS(section, name, verdict)                 \
	SEC("?" section)                                   \
	int name(struct xdp_md *ctx)                       \
	{                                                  \
		count(is_test(ctx->data, ctx->data_end));  \
		return verdict;                            \
	}

XDP_COUNTS("xdp", on_xdp, XDP_PASS)
XDP_COUNTS("xdp.frags", on_xdp_frags, XDP_PASS)
/* Passed on, packets would come back: the device is the peer. */
XDP_COUNTS("xdp/devmap", on_devmap, XDP_DROP)
XDP_COUNTS("xdp.frags/devmap", on_devmap_frags, XDP_DROP)
XDP_COUNTS("xdp/cpumap", on_cpumap, XDP_PASS)
XDP_COUNTS("xdp.frags/cpumap", on_cpumap_frags, XDP_PASS)

SEC("?xdp")
int other_xdp(struct xdp_md *ctx)
{
	count_other(is_test(ctx->data, ctx->data_end));
	return XDP_PASS;
}

#define XDP_REDIRECTS(section, name, map)                                \
	SEC("?" section)                                                 \
	int name(struct xdp_md *ctx)                                     \
	{                                                                \
		if (!is_test(ctx->data, ctx->data_end))                  \
			return XDP_PASS;                                 \
		return bpf_redirect_map(&map, 0, 0);                     \
	}

XDP_REDIRECTS("xdp", to_device, devices)
XDP_REDIRECTS("xdp.frags", to_device_frags, devices)
XDP_REDIRECTS("xdp", to_cpu, cpus)
XDP_REDIRECTS("xdp.frags", to_cpu_frags, cpus)

#define TC_COUNTS(section, name, verdict, counts)          \
	SEC("?" section)                                   \
	int name(struct __sk_buff *ctx)                    \
	{                                                  \
		counts(is_test(ctx->data, ctx->data_end)); \
		return verdict;                            \
	}

TC_COUNTS("tc", on_tc, TC_ACT_UNSPEC, count)
TC_COUNTS("tc", other_tc, TC_ACT_UNSPEC, count_other)
TC_COUNTS("classifier", on_classifier, TC_ACT_UNSPEC, count)
TC_COUNTS("action", on_action, TC_ACT_OK, count)
TC_COUNTS("tc/ingress", on_tc_ingress, TC_ACT_UNSPEC, count)
TC_COUNTS("tc/egress", on_tc_egress, TC_ACT_UNSPEC, count)
TC_COUNTS("tcx/ingress", on_tcx_ingress, TC_ACT_UNSPEC, count)
TC_COUNTS("tcx/ingress", other_tcx, TC_ACT_UNSPEC, count_other)
TC_COUNTS("tcx/egress", on_tcx_egress, TC_ACT_UNSPEC, count)
TC_COUNTS("netkit/primary", on_netkit_primary, TC_ACT_UNSPEC, count)
TC_COUNTS("netkit/primary", other_netkit, TC_ACT_UNSPEC, count_other)
TC_COUNTS("netkit/peer", on_netkit_peer, TC_ACT_UNSPEC, count)

#define LWT_COUNTS(section, name, verdict)                                  \
	SEC("?" section)                                                    \
	int name(struct __sk_buff *ctx)                                     \
	{                                                                   \
		count(is_test_ip((void *)(long)ctx->data,                   \
				 (void *)(long)ctx->data_end));             \
		return verdict;                                             \
	}

/* Passed on, packets would come back: the device is the peer. */
LWT_COUNTS("lwt_in", on_lwt_in, BPF_DROP)
LWT_COUNTS("lwt_out", on_lwt_out, BPF_OK)
LWT_COUNTS("lwt_xmit", on_lwt_xmit, BPF_OK)

/* The packets that come here are those with a segment of the route. */
SEC("?lwt_seg6local")
int on_seg6local(struct __sk_buff *ctx)
{
	count(1);
	return BPF_OK;
}

struct sk_buff {
	unsigned int len;
} __attribute__((preserve_access_index));

struct bpf_nf_ctx {
	const void *state;
	struct sk_buff *skb;
} __attribute__((preserve_access_index));

#define NF_ACCEPT 1

SEC("?netfilter")
int on_netfilter(struct bpf_nf_ctx *ctx)
{
	count(ctx->skb->len == TEST_LENGTH);
	return NF_ACCEPT;
}

SEC("?netfilter")
int other_netfilter(struct bpf_nf_ctx *ctx)
{
	count_other(ctx->skb->len == TEST_LENGTH);
	return NF_ACCEPT;
}

char LICENSE[] SEC("license") = "GPL";
