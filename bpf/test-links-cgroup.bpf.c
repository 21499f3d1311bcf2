/* SPDX-License-Identifier: MIT */
/* One program for each hook of a cgroup; they count their runs and allow everything. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

volatile __u64 runs = 0;
/* What the ordered ones wrote down. */
volatile __u32 last = 0;

#define COUNTS(section, name, context)            \
	SEC("?" section)                          \
	int name(struct context *ctx)             \
	{                                         \
		__sync_fetch_and_add(&runs, 1);   \
		return 1;                         \
	}

COUNTS("cgroup_skb/ingress", ingress, __sk_buff)
COUNTS("cgroup_skb/egress", egress, __sk_buff)
COUNTS("cgroup/skb", skb, __sk_buff)
COUNTS("cgroup/sock", sock, bpf_sock)
COUNTS("cgroup/sock_create", sock_create, bpf_sock)
COUNTS("cgroup/sock_release", sock_release, bpf_sock)
COUNTS("cgroup/post_bind4", post_bind4, bpf_sock)
COUNTS("cgroup/post_bind6", post_bind6, bpf_sock)
COUNTS("cgroup/bind4", bind4, bpf_sock_addr)
COUNTS("cgroup/bind6", bind6, bpf_sock_addr)
COUNTS("cgroup/connect4", connect4, bpf_sock_addr)
COUNTS("cgroup/connect6", connect6, bpf_sock_addr)
COUNTS("cgroup/connect_unix", connect_unix, bpf_sock_addr)
COUNTS("cgroup/sendmsg4", sendmsg4, bpf_sock_addr)
COUNTS("cgroup/sendmsg6", sendmsg6, bpf_sock_addr)
COUNTS("cgroup/sendmsg_unix", sendmsg_unix, bpf_sock_addr)
COUNTS("cgroup/recvmsg4", recvmsg4, bpf_sock_addr)
COUNTS("cgroup/recvmsg6", recvmsg6, bpf_sock_addr)
COUNTS("cgroup/recvmsg_unix", recvmsg_unix, bpf_sock_addr)
COUNTS("cgroup/getpeername4", getpeername4, bpf_sock_addr)
COUNTS("cgroup/getpeername6", getpeername6, bpf_sock_addr)
COUNTS("cgroup/getpeername_unix", getpeername_unix, bpf_sock_addr)
COUNTS("cgroup/getsockname4", getsockname4, bpf_sock_addr)
COUNTS("cgroup/getsockname6", getsockname6, bpf_sock_addr)
COUNTS("cgroup/getsockname_unix", getsockname_unix, bpf_sock_addr)
COUNTS("cgroup/sysctl", sysctl, bpf_sysctl)
COUNTS("cgroup/getsockopt", getsockopt, bpf_sockopt)
COUNTS("cgroup/setsockopt", setsockopt, bpf_sockopt)
COUNTS("cgroup/dev", dev, bpf_cgroup_dev_ctx)
COUNTS("sockops", sockops, bpf_sock_ops)

SEC("?lsm_cgroup/socket_bind")
int socket_bind(unsigned long long *ctx)
{
	__sync_fetch_and_add(&runs, 1);
	return 1;
}

/* Three of one hook, each of which writes down in a digit when it ran. */
#define ORDERED(name, number)                     \
	SEC("?cgroup/bind4")                      \
	int name(struct bpf_sock_addr *ctx)       \
	{                                         \
		last = last * 10 + number;        \
		return 1;                         \
	}

ORDERED(one, 1)
ORDERED(two, 2)
ORDERED(three, 3)

char _license[] SEC("license") = "GPL";
