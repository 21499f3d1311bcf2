/* SPDX-License-Identifier: MIT */
/* A global function that is given the context as void *: kernels before 6.8 want to see its type. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#ifndef __arg_ctx
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#endif

char LICENSE[] SEC("license") = "GPL";

__noinline int stack_size(void *ctx __arg_ctx, int least)
{
	__u64 stack[8] = {};

	return bpf_get_stack(ctx, stack, sizeof(stack), 0) >= least;
}

SEC("raw_tp/sys_enter")
int from_tracepoint(void *ctx)
{
	return stack_size(ctx, 1);
}

SEC("perf_event")
int from_event(void *ctx)
{
	return stack_size(ctx, 2);
}
