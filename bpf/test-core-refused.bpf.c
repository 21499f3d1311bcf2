/* SPDX-License-Identifier: MIT */
/* Programs that use what no kernel has without asking first. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define __core __attribute__((preserve_access_index))

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	int pid;
	unsigned int no_such_member;
} __core;

struct __sk_buff___signed {
	long len;
} __core;

/* What is above a signed number cannot be known. */
SEC("?tc")
int resized_signed(struct __sk_buff___signed *skb)
{
	return skb->len;
}

SEC("?raw_tp")
int poisoned(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, no_such_member);
}

struct task_struct___typo {
	int pidd;
} __core;

SEC("?raw_tp")
int misspelt(void *ctx)
{
	struct task_struct___typo *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, pidd);
}
