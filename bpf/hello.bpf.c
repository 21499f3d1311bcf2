/* SPDX-License-Identifier: MIT */
/* Says hello for every execve(): through a kprobe, and through a tracepoint for kernels without kprobes. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef int pid_t;

/* Process to trace; 0 traces all. */
const volatile pid_t pid_filter = 0;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void say_hello(void)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;

	if (pid_filter && pid != pid_filter)
		return;
	bpf_printk("Hello World!");
}

SEC("ksyscall/execve")
int hello(void *ctx)
{
	say_hello();
	return 0;
}

SEC("tp/syscalls/sys_enter_execve")
int hello_tp(void *ctx)
{
	say_hello();
	return 0;
}
