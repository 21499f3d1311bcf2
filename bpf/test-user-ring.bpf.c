/* SPDX-License-Identifier: MIT */
/* Takes records from a user ring buffer and sums them up: run by BPF_PROG_TEST_RUN. */
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct command {
	__u64 seq;
	__u32 weight;
	char name[12];
};

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} commands SEC(".maps");

/* What the records said. */
__u64 taken;
__u64 weights;
__u64 out_of_order;
struct command last;

char LICENSE[] SEC("license") = "GPL";

static long take(struct bpf_dynptr *record, void *unused)
{
	struct command command = {};

	if (bpf_dynptr_read(&command, sizeof(command), record, 0, 0))
		return 1;
	if (taken && command.seq <= last.seq)
		out_of_order++;
	taken++;
	weights += command.weight;
	last = command;
	return 0;
}

SEC("raw_tp")
int drain(struct bpf_raw_tracepoint_args *ctx)
{
	return bpf_user_ringbuf_drain(&commands, take, NULL, 0);
}
