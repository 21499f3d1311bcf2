/* SPDX-License-Identifier: MIT */
/* Programs bound to kernel functions when they are loaded: each counts its runs in the process that is `pid`, and keeps its cookie. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

volatile __u32 pid = 0;
volatile __u64 runs = 0;
volatile __u64 exits = 0;
volatile __u64 cookie = 0;

static __always_inline int count(void)
{
	if (bpf_get_current_pid_tgid() >> 32 != pid)
		return 0;
	__sync_fetch_and_add(&runs, 1);
	return 0;
}

SEC("?tp_btf/sys_enter")
int on_tp_btf(void *ctx)
{
	return count();
}

SEC("?tp_btf/sys_enter")
int with_cookie(void *ctx)
{
	cookie = bpf_get_attach_cookie(ctx);
	return count();
}

SEC("?fentry/__x64_sys_umask")
int on_entry(void *ctx)
{
	return count();
}

SEC("?fentry/__x64_sys_umask")
int on_entry_with_cookie(void *ctx)
{
	cookie = bpf_get_attach_cookie(ctx);
	return count();
}

SEC("?fexit/__x64_sys_umask")
int on_exit(void *ctx)
{
	return count();
}

SEC("?fentry.s/__x64_sys_umask")
int on_entry_sleepable(void *ctx)
{
	return count();
}

SEC("?fexit.s/__x64_sys_umask")
int on_exit_sleepable(void *ctx)
{
	return count();
}

SEC("?fmod_ret/security_file_open")
int on_return(void *ctx)
{
	return count();
}

SEC("?fmod_ret.s/__x64_sys_umask")
int on_return_sleepable(void *ctx)
{
	return count();
}

SEC("?lsm/file_open")
int on_hook(void *ctx)
{
	return count();
}

SEC("?lsm.s/file_open")
int on_hook_sleepable(void *ctx)
{
	return count();
}

SEC("?tp_btf.s/sys_enter")
int on_tp_btf_sleepable(void *ctx)
{
	return count();
}

SEC("?fsession/__x64_sys_umask")
int on_session(void *ctx)
{
	return count();
}

SEC("?fsession.s/__x64_sys_umask")
int on_session_sleepable(void *ctx)
{
	return count();
}

SEC("?fentry.multi/__x64_sys_umas*")
int on_entries(void *ctx)
{
	return count();
}

SEC("?fexit.multi/__x64_sys_umas*")
int on_exits(void *ctx)
{
	return count();
}

SEC("?fsession.multi/__x64_sys_umas*")
int on_sessions(void *ctx)
{
	return count();
}

SEC("?fentry.multi.s/__x64_sys_umas*")
int on_entries_sleepable(void *ctx)
{
	return count();
}

SEC("?fexit.multi.s/__x64_sys_umas*")
int on_exits_sleepable(void *ctx)
{
	return count();
}

SEC("?fsession.multi.s/__x64_sys_umas*")
int on_sessions_sleepable(void *ctx)
{
	return count();
}

/* Targets of freplace, fentry and fexit: `verdict` is what `raw` answers. */
__attribute__((noinline)) int verdict(int input)
{
	volatile int answer = input + 1;

	return answer;
}

__attribute__((noinline)) int other_verdict(int input)
{
	volatile int answer = input + 2;

	return answer;
}

SEC("?socket")
int answers(struct __sk_buff *skb)
{
	return verdict(skb->len) + other_verdict(skb->len);
}

SEC("?freplace/verdict")
int replacement(int input)
{
	__sync_fetch_and_add(&runs, 1);
	return 1000;
}

SEC("?fentry/verdict")
int on_verdict(void *ctx)
{
	__sync_fetch_and_add(&runs, 1);
	return 0;
}

SEC("?fexit/verdict")
int after_verdict(void *ctx)
{
	__sync_fetch_and_add(&exits, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";
