/* SPDX-License-Identifier: MIT */
/* Sends a record for every execve() through a perf buffer. */
#include "hello-data.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} output SEC(".maps");

SEC("tp/syscalls/sys_enter_execve")
int hello(void *ctx)
{
	struct data_t data = {};

	if (filtered())
		return 0;
	fill(&data);
	bpf_perf_event_output(ctx, &output, BPF_F_CURRENT_CPU, &data, sizeof(data));
	return 0;
}
