/* SPDX-License-Identifier: MIT */
/* Programs for static probes of user space, which keep the arguments of the last one hit. */
#include "pt-regs-x86.h"
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/usdt.bpf.h>

/* Process whose probes count. */
const volatile __u32 pid_filter = 0;

volatile __u64 hits = 0;
volatile __u64 cookie = 0;
volatile __s32 argument_count = 0;
__s64 arguments[12] = {};
/* Read from the process by a program that may sleep. */
char text[16] = "";

static __always_inline int hit(struct pt_regs *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != pid_filter)
		return 0;
	argument_count = bpf_usdt_arg_cnt(ctx);
	cookie = bpf_usdt_cookie(ctx);
	for (int i = 0; i < 12; i++) {
		long value = 0;

		bpf_usdt_arg(ctx, i, &value);
		arguments[i] = value;
	}
	__sync_fetch_and_add(&hits, 1);
	return 0;
}

SEC("?usdt")
int on_probe(struct pt_regs *ctx)
{
	return hit(ctx);
}

SEC("?usdt.s")
int on_probe_sleepable(struct pt_regs *ctx)
{
	long address = 0;

	if (bpf_get_current_pid_tgid() >> 32 == pid_filter && !bpf_usdt_arg(ctx, 0, &address))
		bpf_copy_from_user(text, sizeof(text), (void *)address);
	return hit(ctx);
}

char _license[] SEC("license") = "GPL";
