/* SPDX-License-Identifier: MIT */
/* Values that the kernel keeps with processes, sockets, files and cgroups, and programs that count in them. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* Newer than the headers that this is to compile with. */
#define MAP_TYPE_CGRP_STORAGE 32
static void *(*cgrp_storage_get)(void *map, void *cgroup, void *value, __u64 flags) = (void *)210;

/* What is used of the kernel's own types. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct cgroup;
struct css_set {
	struct cgroup *dfl_cgrp;
};
struct task_struct {
	struct css_set *cgroups;
};
#pragma clang attribute pop

struct count {
	__u64 calls;
	__u32 last;
	char who[12];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct count);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct count);
} sockets SEC(".maps");

/* Only lsm programs can look into it, which not every kernel loads. */
struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct count);
} inodes SEC(".maps");

struct {
	__uint(type, MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct count);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct count);
} attached SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct count);
} attached_percpu SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

static int count_in(struct count *count, __u32 last)
{
	if (!count)
		return -1;
	count->calls++;
	count->last = last;
	return 0;
}

/* Counts in the process that runs it. */
SEC("raw_tp")
int count_task(struct bpf_raw_tracepoint_args *ctx)
{
	void *task = (void *)bpf_get_current_task_btf();

	return count_in(bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE), ctx->args[0]);
}

/* Counts in the cgroup of the process that runs it. */
SEC("raw_tp")
int count_cgroup(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	return count_in(cgrp_storage_get(&cgroups, task->cgroups->dfl_cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE), ctx->args[0]);
}

/* Counts in the socket that connects, where it has a value, and in the cgroup's attachment. */
SEC("cgroup/connect4")
int count_connect(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (sk)
		count_in(bpf_sk_storage_get(&sockets, sk, 0, 0), ctx->user_port);
	count_in(bpf_get_local_storage(&attached, 0), 4);
	count_in(bpf_get_local_storage(&attached_percpu, 0), 4);
	return 1;
}
