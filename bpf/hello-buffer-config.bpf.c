/* SPDX-License-Identifier: MIT */
/* Sends a record for every execve() through a perf buffer, with a message that user space chooses per user. */
#include "hello-data.h"

struct user_msg_t {
	char message[12];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct user_msg_t);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} output SEC(".maps");

SEC("tp/syscalls/sys_enter_execve")
int hello(void *ctx)
{
	struct user_msg_t *chosen;
	struct data_t data = {};
	__u32 uid;

	if (filtered())
		return 0;
	fill(&data);
	uid = data.uid;
	chosen = bpf_map_lookup_elem(&config, &uid);
	if (chosen)
		__builtin_memcpy(data.message, chosen->message, sizeof(data.message));
	bpf_perf_event_output(ctx, &output, BPF_F_CURRENT_CPU, &data, sizeof(data));
	return 0;
}
