/* SPDX-License-Identifier: MIT */
/* Tail calls from sys_enter to the program that user space put in `syscall` for the syscall's number. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef int pid_t;

/* Process to trace; 0 traces all. */
const volatile pid_t pid_filter = 0;

/* Syscall numbers differ between architectures; these are those of x86-64. */
const volatile int nr_timer_create = 222;
const volatile int nr_timer_delete = 226;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 500);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} syscall SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("raw_tp/sys_enter")
int hello(struct bpf_raw_tracepoint_args *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	int opcode = ctx->args[1];

	if (pid_filter && pid != pid_filter)
		return 0;
	bpf_tail_call(ctx, &syscall, opcode);
	/* Reached only where the array has no program for this number. */
	bpf_printk("Another syscall: %d", opcode);
	return 0;
}

/* The rest have no attach target: they run only when called. */

SEC("raw_tp")
int hello_exec(void *ctx)
{
	bpf_printk("Executing a program");
	return 0;
}

SEC("raw_tp")
int hello_timer(struct bpf_raw_tracepoint_args *ctx)
{
	int opcode = ctx->args[1];

	if (opcode == nr_timer_create)
		bpf_printk("Creating a timer");
	else if (opcode == nr_timer_delete)
		bpf_printk("Deleting a timer");
	else
		bpf_printk("Some other timer operation");
	return 0;
}

SEC("raw_tp")
int ignore_opcode(void *ctx)
{
	return 0;
}
