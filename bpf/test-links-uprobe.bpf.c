/* SPDX-License-Identifier: MIT */
/* Programs for functions of user space: each keeps what it saw last and counts its runs. */
#include "pt-regs-x86.h"
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Process whose calls count. */
const volatile __u32 pid_filter = 0;

volatile __u64 entries = 0;
volatile __u64 returns = 0;
/* Of the calls so far, added up. */
volatile __u64 arguments = 0;
volatile __u64 results = 0;
volatile __u64 cookies = 0;
/* Read from the process by a program that may sleep. */
char text[16] = "";

extern _Bool bpf_session_is_return(void) __ksym __weak;
/* Since Linux 7.0. */
extern _Bool bpf_session_is_return___ctx(void *ctx) __ksym __weak;

static __always_inline int is_ours(void)
{
	return bpf_get_current_pid_tgid() >> 32 == pid_filter;
}

static __always_inline int entered_with(__u32 argument)
{
	if (!is_ours())
		return 0;
	__sync_fetch_and_add(&entries, 1);
	__sync_fetch_and_add(&arguments, argument);
	return 0;
}

static __always_inline int entered(struct pt_regs *ctx)
{
	return entered_with(PT_REGS_PARM1(ctx));
}

static __always_inline int returned_with(__u32 result)
{
	if (!is_ours())
		return 0;
	__sync_fetch_and_add(&returns, 1);
	__sync_fetch_and_add(&results, result);
	return 0;
}

static __always_inline int returned(struct pt_regs *ctx)
{
	return returned_with(PT_REGS_RC(ctx));
}

static __always_inline int entered_with_text(struct pt_regs *ctx)
{
	if (is_ours())
		bpf_copy_from_user(text, sizeof(text), (void *)PT_REGS_PARM2(ctx));
	return entered(ctx);
}

static __always_inline int returned_with_text(struct pt_regs *ctx)
{
	char copy;

	/* The program has to be one that may sleep. */
	bpf_copy_from_user(&copy, 1, (void *)PT_REGS_SP(ctx));
	return returned(ctx);
}

static __always_inline int both_ends(struct pt_regs *ctx)
{
	/* Read before the branch: a compiler may else choose between addresses, which verifiers refuse of a context. */
	__u32 argument = PT_REGS_PARM1(ctx);
	__u32 result = PT_REGS_RC(ctx);
	int is_return;

	if (bpf_session_is_return___ctx)
		is_return = bpf_session_is_return___ctx(ctx);
	else if (bpf_session_is_return)
		is_return = bpf_session_is_return();
	else
		return 0;
	return is_return ? returned_with(result) : entered_with(argument);
}

SEC("?uprobe")
int on_entry(struct pt_regs *ctx)
{
	return entered(ctx);
}

SEC("?uprobe")
int on_entry_with_cookie(struct pt_regs *ctx)
{
	if (is_ours())
		__sync_fetch_and_add(&cookies, bpf_get_attach_cookie(ctx));
	return entered(ctx);
}

SEC("?uprobe.s")
int on_entry_sleepable(struct pt_regs *ctx)
{
	return entered_with_text(ctx);
}

SEC("?uretprobe")
int on_return(struct pt_regs *ctx)
{
	return returned(ctx);
}

SEC("?uretprobe.s")
int on_return_sleepable(struct pt_regs *ctx)
{
	return returned_with_text(ctx);
}

SEC("?uprobe.multi")
int on_entries(struct pt_regs *ctx)
{
	return entered(ctx);
}

SEC("?uprobe.multi")
int on_entries_with_cookies(struct pt_regs *ctx)
{
	if (is_ours())
		__sync_fetch_and_add(&cookies, bpf_get_attach_cookie(ctx));
	return entered(ctx);
}

SEC("?uprobe.multi.s")
int on_entries_sleepable(struct pt_regs *ctx)
{
	return entered_with_text(ctx);
}

SEC("?uretprobe.multi")
int on_returns(struct pt_regs *ctx)
{
	return returned(ctx);
}

SEC("?uretprobe.multi.s")
int on_returns_sleepable(struct pt_regs *ctx)
{
	return returned_with_text(ctx);
}

SEC("?uprobe.session")
int on_both(struct pt_regs *ctx)
{
	return both_ends(ctx);
}

SEC("?uprobe.session.s")
int on_both_sleepable(struct pt_regs *ctx)
{
	return both_ends(ctx);
}

char _license[] SEC("license") = "GPL";
