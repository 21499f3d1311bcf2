/* SPDX-License-Identifier: MIT */
/* Reports every open() and openat() with its result. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "syscall-trace.h"

/* No user has this id. */
#define INVALID_UID ((uid_t)-1)

struct args_t {
	const char *fname;
	int flags;
};

struct event {
	__u64 ts; /* microseconds since boot */
	pid_t pid; /* process */
	pid_t tid; /* thread */
	uid_t uid;
	int ret; /* file descriptor, or -errno */
	int flags;
	char comm[16];
	char fname[255];
};

/* Each reports all unless set: a thread, a process, a user, failures only. */
const volatile pid_t targ_pid = 0;
const volatile pid_t targ_tgid = 0;
const volatile uid_t targ_uid = INVALID_UID;
const volatile _Bool targ_failed = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct args_t);
} start SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int wanted(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (targ_tgid && targ_tgid != (pid_t)(id >> 32))
		return 0;
	if (targ_pid && targ_pid != (pid_t)id)
		return 0;
	return targ_uid == INVALID_UID || targ_uid == (uid_t)bpf_get_current_uid_gid();
}

static __always_inline int remember(const char *fname, int flags)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct args_t args = {};

	if (!wanted())
		return 0;
	args.fname = fname;
	args.flags = flags;
	bpf_map_update_elem(&start, &tid, &args, BPF_ANY);
	return 0;
}

/* Not inlined: a function's prototype is what puts struct event, otherwise only a stack variable, into BTF. */
static __noinline int fill(struct event *event, const struct args_t *args, int ret)
{
	__u64 id = bpf_get_current_pid_tgid();

	event->ts = bpf_ktime_get_ns() / 1000;
	event->pid = id >> 32;
	event->tid = id;
	event->uid = bpf_get_current_uid_gid();
	event->ret = ret;
	event->flags = args->flags;
	bpf_get_current_comm(&event->comm, sizeof(event->comm));
	bpf_probe_read_user_str(&event->fname, sizeof(event->fname), args->fname);
	return 0;
}

static __always_inline int report(struct syscall_exit_ctx *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct args_t *args;
	struct event event;
	int ret = ctx->ret;

	args = bpf_map_lookup_elem(&start, &tid);
	if (!args)
		return 0;
	if (!targ_failed || ret < 0) {
		/* All of it, because the padding at the end is sent, too. */
		__builtin_memset(&event, 0, sizeof(event));
		fill(&event, args, ret);
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	}
	bpf_map_delete_elem(&start, &tid);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_open")
int tracepoint__syscalls__sys_enter_open(struct syscall_enter_ctx *ctx)
{
	return remember((const char *)ctx->args[0], ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int tracepoint__syscalls__sys_enter_openat(struct syscall_enter_ctx *ctx)
{
	return remember((const char *)ctx->args[1], ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_open")
int tracepoint__syscalls__sys_exit_open(struct syscall_exit_ctx *ctx)
{
	return report(ctx);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int tracepoint__syscalls__sys_exit_openat(struct syscall_exit_ctx *ctx)
{
	return report(ctx);
}
