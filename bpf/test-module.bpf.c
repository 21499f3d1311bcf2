/* SPDX-License-Identifier: MIT */
/* Functions of a kernel module: called as kfuncs (Linux 5.18), and attached to. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* What it has does not matter, but a forward declaration is another kind of type. */
struct nf_conn {
	unsigned long status;
};
struct bpf_ct_opts {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};

extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple, __u32 tuple__sz,
					 struct bpf_ct_opts *opts, __u32 opts__sz) __ksym;
extern void bpf_ct_release(struct nf_conn *ct) __ksym;

char LICENSE[] SEC("license") = "GPL";

/* Returns 1 when the connection that nobody has is not found. */
SEC("?xdp")
int conntrack(struct xdp_md *ctx)
{
	struct bpf_sock_tuple tuple = {.ipv4 = {.saddr = 1, .daddr = 2, .sport = 3, .dport = 4}};
	struct bpf_ct_opts opts = {.netns_id = -1, .l4proto = 6};
	struct nf_conn *ct;

	ct = bpf_xdp_ct_lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (!ct)
		return opts.error != 0;
	bpf_ct_release(ct);
	return 2;
}

SEC("?fentry/nf_ct_delete")
int by_function(void *ctx)
{
	return 0;
}

SEC("?fentry/nf_conntrack:nf_ct_delete")
int by_module(void *ctx)
{
	return 0;
}

SEC("?fentry/no_such_module:nf_ct_delete")
int by_other_module(void *ctx)
{
	return 0;
}
