/* SPDX-License-Identifier: MIT */
/* Prints a trace line for every write() of one process, or of all. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef int pid_t;

/* Process to trace; 0 traces all. Volatile, so that user space can set it before load. */
const volatile pid_t pid_filter = 0;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp/syscalls/sys_enter_write")
int handle_tp(void *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;

	if (pid_filter && pid != pid_filter)
		return 0;
	bpf_printk("BPF triggered sys_enter_write from PID %d.", pid);
	return 0;
}
