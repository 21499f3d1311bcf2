/* SPDX-License-Identifier: MIT */
/* Maps of network devices, CPUs and sockets, and programs that look packets' ways up in them. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* What the programs look up. */
volatile __u32 wanted = 0;

struct pair {
	__u16 from;
	__u16 to;
};

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} bare_devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} device_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} narrow_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 4);
	__type(key, struct pair);
	__type(value, __u64);
} socket_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sharers SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int to_device(struct xdp_md *ctx)
{
	return bpf_redirect_map(&devices, wanted, XDP_DROP);
}

SEC("xdp")
int to_hashed_device(struct xdp_md *ctx)
{
	return bpf_redirect_map(&device_hash, wanted, XDP_DROP);
}

/* The interface's index; 0 without one. */
SEC("xdp")
int which_device(struct xdp_md *ctx)
{
	__u32 key = wanted;
	struct bpf_devmap_val *device = bpf_map_lookup_elem(&devices, &key);

	return device ? device->ifindex : 0;
}

SEC("xdp/devmap")
int on_device(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int to_cpu(struct xdp_md *ctx)
{
	return bpf_redirect_map(&cpus, wanted, XDP_DROP);
}

SEC("xdp/cpumap")
int on_cpu(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int to_socket(struct xdp_md *ctx)
{
	return bpf_redirect_map(&xsks, wanted, XDP_DROP);
}

/* The port of the socket at an index, in host order; 0 without one. */
SEC("tc")
int socket_port(struct __sk_buff *skb)
{
	__u32 key = wanted;
	struct bpf_sock *sk = bpf_map_lookup_elem(&sockets, &key);
	int port = 0;

	if (sk) {
		port = sk->src_port;
		bpf_sk_release(sk);
	}
	return port;
}

SEC("tc")
int hashed_socket_port(struct __sk_buff *skb)
{
	struct pair key = { .from = wanted, .to = 80 };
	struct bpf_sock *sk = bpf_map_lookup_elem(&socket_hash, &key);
	int port = 0;

	if (sk) {
		port = sk->src_port;
		bpf_sk_release(sk);
	}
	return port;
}

#define SOL_SOCKET 1
#define SO_REUSEPORT 15

/* Lets sockets share the port that they are bound to. */
SEC("cgroup/bind4")
int share(struct bpf_sock_addr *ctx)
{
	int one = 1;

	bpf_setsockopt(ctx, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	return 1;
}

/* Takes the socket that is wanted. */
SEC("sk_reuseport")
int take(struct sk_reuseport_md *ctx)
{
	__u32 key = wanted;

	return bpf_sk_select_reuseport(ctx, &sharers, &key, 0) ? SK_DROP : SK_PASS;
}
