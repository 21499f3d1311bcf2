/* SPDX-License-Identifier: MIT */
/* Writes a record for each process, from the kernel's own structs. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* The kernel's types, as far as they are read. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct signal_struct {
	int nr_threads;
};
typedef struct {
	unsigned int val;
} kuid_t;
struct cred {
	kuid_t euid;
};
struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct signal_struct *signal;
	const struct cred *cred;
	char comm[16];
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
#pragma clang attribute pop

struct process {
	int pid;
	int ppid;
	unsigned int uid;
	int threads;
	char comm[16];
};

/* What puts the type of the records, otherwise that of a local variable only, into BTF. */
const struct process *record __attribute__((unused));

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int each_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct process process = {};

	/* Of a process's threads the first. */
	if (!task || task->pid != task->tgid)
		return 0;
	process.pid = task->tgid;
	process.ppid = task->real_parent->tgid;
	process.uid = task->cred->euid.val;
	process.threads = task->signal->nr_threads;
	bpf_core_read(process.comm, sizeof(process.comm), &task->comm);
	bpf_seq_write(ctx->meta->seq, &process, sizeof(process));
	return 0;
}
