/* SPDX-License-Identifier: MIT */
/* Counts execve() calls per user. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef int pid_t;

/* Process to count; 0 counts all. */
const volatile pid_t pid_filter = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u64);
	__type(value, __u64);
} counter_table SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp/syscalls/sys_enter_execve")
int hello(void *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	__u64 uid, one = 1, *counter;

	if (pid_filter && pid != pid_filter)
		return 0;
	uid = bpf_get_current_uid_gid() & 0xffffffff;
	counter = bpf_map_lookup_elem(&counter_table, &uid);
	if (counter)
		__sync_fetch_and_add(counter, 1);
	else
		bpf_map_update_elem(&counter_table, &uid, &one, BPF_NOEXIST);
	return 0;
}
