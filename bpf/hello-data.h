/* SPDX-License-Identifier: MIT */
/* The record that the hello-* programs send for every execve(). */
#ifndef HELLO_DATA_H
#define HELLO_DATA_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef int pid_t;

struct data_t {
	int pid;
	int uid;
	char command[16];
	char message[12];
};

/* Process to report; 0 reports all. */
const volatile pid_t pid_filter = 0;

static __always_inline int filtered(void)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;

	return pid_filter && pid != pid_filter;
}

/* Not inlined: a function's prototype is what puts struct data_t, otherwise only a stack variable, into BTF. */
static __noinline int fill(struct data_t *data)
{
	data->pid = bpf_get_current_pid_tgid() >> 32;
	data->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(&data->command, sizeof(data->command));
	__builtin_memcpy(data->message, "Hello World", sizeof(data->message));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#endif
