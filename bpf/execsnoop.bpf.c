/* SPDX-License-Identifier: MIT */
/* Sends a record with the arguments for every program that is executed, or was not found. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "syscall-trace.h"

#define ARG_MAX 128
#define ARGS_MAX 1024
#define ARGC_MAX 20

struct event {
	int pid;
	int ppid;
	int uid;
	int ret;
	char comm[16];
	/* With a space after each. */
	char args[ARGS_MAX];
};

/* Process to watch; 0 watches all. */
const volatile pid_t pid_filter = 0;

static const struct event empty = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, pid_t);
	__type(value, struct event);
} starting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

/* The kernel's type, as far as it is read. */
struct task_struct {
	struct task_struct *real_parent;
	int tgid;
} __attribute__((preserve_access_index));

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The arguments are read before the call: a program that was replaced has none any more. */
SEC("tp/syscalls/sys_enter_execve")
int execve_enter(struct syscall_enter_ctx *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	pid_t pid = id >> 32, tid = id;
	const char **argv = (const char **)ctx->args[1];
	struct task_struct *task;
	struct event *event;
	unsigned int size = 0;

	if (pid_filter && pid != pid_filter)
		return 0;
	bpf_map_update_elem(&starting, &tid, &empty, BPF_ANY);
	event = bpf_map_lookup_elem(&starting, &tid);
	if (!event)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	event->pid = pid;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	for (int i = 0; i < ARGC_MAX; i++) {
		const char *arg = NULL;
		long length;

		bpf_probe_read_user(&arg, sizeof(arg), &argv[i]);
		if (!arg || size > ARGS_MAX - ARG_MAX)
			break;
		length = bpf_probe_read_user_str(&event->args[size], ARG_MAX, arg);
		if (length < 1 || length > ARG_MAX)
			break;
		size += length;
		/* The NUL. */
		event->args[(size - 1) & (ARGS_MAX - 1)] = ' ';
	}
	return 0;
}

SEC("tp/syscalls/sys_exit_execve")
int execve_exit(struct syscall_exit_ctx *ctx)
{
	pid_t tid = bpf_get_current_pid_tgid();
	struct event *event = bpf_map_lookup_elem(&starting, &tid);

	if (!event)
		return 0;
	event->ret = ctx->ret;
	bpf_get_current_comm(&event->comm, sizeof(event->comm));
	bpf_ringbuf_output(&events, event, sizeof(*event), 0);
	bpf_map_delete_elem(&starting, &tid);
	return 0;
}
