/* SPDX-License-Identifier: MIT */
/* Sends a record for every garbage collection of Python, which tells of them at static probes. */
#include "pt-regs-x86.h"
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/usdt.bpf.h>

typedef int pid_t;

struct event {
	pid_t pid;
	int generation;
	/* Objects that were unreachable. */
	long collected;
	__u64 duration_ns;
};

struct collection {
	__u64 start;
	int generation;
};

/* Process to watch; 0 watches all. */
const volatile pid_t pid_filter = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, pid_t);
	__type(value, struct collection);
} running SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* What puts the type of the records, otherwise that of a local variable only, into BTF. */
const struct event *record __attribute__((unused));

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("usdt")
int gc_start(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	pid_t pid = id >> 32, tid = id;
	struct collection collection = { .start = bpf_ktime_get_ns() };
	long generation = 0;

	if (pid_filter && pid != pid_filter)
		return 0;
	bpf_usdt_arg(ctx, 0, &generation);
	collection.generation = generation;
	bpf_map_update_elem(&running, &tid, &collection, BPF_ANY);
	return 0;
}

SEC("usdt")
int gc_done(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	pid_t tid = id;
	struct collection *collection = bpf_map_lookup_elem(&running, &tid);
	struct event *event;

	if (!collection)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		event->pid = id >> 32;
		event->generation = collection->generation;
		event->duration_ns = bpf_ktime_get_ns() - collection->start;
		event->collected = 0;
		bpf_usdt_arg(ctx, 0, &event->collected);
		bpf_ringbuf_submit(event, 0);
	}
	bpf_map_delete_elem(&running, &tid);
	return 0;
}
