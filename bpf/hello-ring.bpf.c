/* SPDX-License-Identifier: MIT */
/* Sends a record for every execve() through a ring buffer. */
#include "hello-data.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} output SEC(".maps");

SEC("tp/syscalls/sys_enter_execve")
int hello(void *ctx)
{
	struct data_t *data;

	if (filtered())
		return 0;
	data = bpf_ringbuf_reserve(&output, sizeof(*data), 0);
	if (!data)
		return 0;
	fill(data);
	bpf_ringbuf_submit(data, 0);
	return 0;
}
