/* SPDX-License-Identifier: MIT */
/* Raw tracepoints by every name of their sections: what they see of one process, and what they change. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* The process to look at. */
volatile __u32 watched = 0;
/* How often it entered the kernel while one of the programs was attached, and the cookie that it was attached with. */
volatile __u64 entered = 0;
volatile __u64 cookie = 0;
/* What running a program by request answers. */
volatile __s32 answer = 0;

static __always_inline int is_watched(void)
{
	return bpf_get_current_pid_tgid() >> 32 == watched;
}

static __always_inline int count(void)
{
	if (is_watched())
		__sync_fetch_and_add(&entered, 1);
	return 0;
}

SEC("?raw_tp/sys_enter")
int by_short_name(void *ctx)
{
	return count();
}

SEC("?raw_tracepoint/sys_enter")
int by_long_name(void *ctx)
{
	return count();
}

SEC("?raw_tp.s/sys_enter")
int sleepable(void *ctx)
{
	return count();
}

SEC("?raw_tracepoint.s/sys_enter")
int sleepable_long(void *ctx)
{
	return count();
}

SEC("?raw_tp/sys_enter")
int with_cookie(void *ctx)
{
	if (is_watched())
		cookie = bpf_get_attach_cookie(ctx);
	return count();
}

static __always_inline int change(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_watched())
		*(int *)ctx->args[0] = answer;
	return count();
}

SEC("?raw_tp.w/bpf_test_finish")
int writing(struct bpf_raw_tracepoint_args *ctx)
{
	return change(ctx);
}

SEC("?raw_tracepoint.w/bpf_test_finish")
int writing_long(struct bpf_raw_tracepoint_args *ctx)
{
	return change(ctx);
}

SEC("?lirc_mode2")
int on_infrared(unsigned int *sample)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
