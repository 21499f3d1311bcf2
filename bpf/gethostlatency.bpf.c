/* SPDX-License-Identifier: MIT */
/* Sends a record for every name that a process has libc look up: which, and how long that took. */
#include "pt-regs-x86.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

typedef int pid_t;

struct event {
	pid_t pid;
	/* What getaddrinfo() returned: 0, or one of EAI_*. */
	int ret;
	__u64 duration_ns;
	char comm[16];
	char host[80];
};

struct call {
	__u64 start;
	const char *host;
};

/* Process to watch; 0 watches all. */
const volatile pid_t pid_filter = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, pid_t);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* What puts the type of the records, otherwise that of a local variable only, into BTF. */
const struct event *record __attribute__((unused));

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("uprobe/libc:getaddrinfo")
int called(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	pid_t pid = id >> 32, tid = id;
	struct call call = { .start = bpf_ktime_get_ns(), .host = (const char *)PT_REGS_PARM1(ctx) };

	if (!pid_filter || pid == pid_filter)
		bpf_map_update_elem(&calls, &tid, &call, BPF_ANY);
	return 0;
}

SEC("uretprobe/libc:getaddrinfo")
int returned(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	pid_t tid = id;
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	struct event *event;

	if (!call)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		event->pid = id >> 32;
		event->ret = PT_REGS_RC(ctx);
		event->duration_ns = bpf_ktime_get_ns() - call->start;
		bpf_get_current_comm(&event->comm, sizeof(event->comm));
		event->host[0] = '\0';
		bpf_probe_read_user_str(event->host, sizeof(event->host), call->host);
		bpf_ringbuf_submit(event, 0);
	}
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}
