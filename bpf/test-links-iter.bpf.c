/* SPDX-License-Identifier: MIT */
/* Iterators that write one line for each object, and one that writes more than the kernel gives at once. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* The kernel's types, as far as they are read. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};
struct task_struct {
	int pid;
	int tgid;
};
struct kernfs_node {
	__u64 id;
};
struct cgroup {
	struct kernfs_node *kn;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup *cgroup;
};
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *map;
	void *key;
	void *value;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 20000);
	__type(key, __u32);
	__type(value, __u64);
} many SEC(".maps");

#define print(seq, format, ...)                                                         \
	({                                                                                  \
		static const char text[] = format;                                              \
		__u64 args[] = { __VA_ARGS__ };                                                 \
		bpf_seq_printf(seq, text, sizeof(text), args, sizeof(args));                    \
	})

SEC("?iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		print(ctx->meta->seq, "%d %d\n", task->tgid, task->pid);
	return 0;
}

SEC("?iter.s/task")
int tasks_sleepable(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		print(ctx->meta->seq, "%d %d\n", task->tgid, task->pid);
	return 0;
}

SEC("?iter/cgroup")
int cgroups(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgroup = ctx->cgroup;

	if (cgroup)
		print(ctx->meta->seq, "%llu\n", cgroup->kn->id);
	return 0;
}

SEC("?iter/bpf_map_elem")
int elements(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (key && value)
		print(ctx->meta->seq, "%u %llu\n", *key, *value);
	return 0;
}

char _license[] SEC("license") = "GPL";
