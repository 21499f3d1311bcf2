/* SPDX-License-Identifier: MIT */
/* One program for each way of attaching to kernel functions, tracepoints and perf events. Each counts its runs in one process and keeps its cookie. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

const volatile int pid_filter = 0;
/* Kernels before 5.15 do not know the helper. */
const volatile int with_cookie = 0;

volatile __u64 runs = 0;
/* Bit n: the cookie n was seen; 63: one that was larger. */
volatile __u64 cookies = 0;

static int seen(void *ctx)
{
	__u64 cookie = 0;

	if (bpf_get_current_pid_tgid() >> 32 != pid_filter)
		return 0;
	if (with_cookie)
		cookie = bpf_get_attach_cookie(ctx);
	__sync_fetch_and_add(&runs, 1);
	cookies |= 1ull << (cookie < 63 ? cookie : 63);
	return 0;
}

SEC("?kprobe/vfs_rmdir")
int on_kprobe(void *ctx)
{
	return seen(ctx);
}

SEC("?kretprobe/vfs_rmdir")
int on_kretprobe(void *ctx)
{
	return seen(ctx);
}

SEC("?ksyscall/rmdir")
int on_ksyscall(void *ctx)
{
	return seen(ctx);
}

SEC("?kretsyscall/rmdir")
int on_kretsyscall(void *ctx)
{
	return seen(ctx);
}

SEC("?kprobe.multi/vfs_?kdir")
int on_kprobe_multi(void *ctx)
{
	return seen(ctx);
}

SEC("?kretprobe.multi/vfs_rmdir")
int on_kretprobe_multi(void *ctx)
{
	return seen(ctx);
}

SEC("?kprobe.session/vfs_rmdir")
int on_kprobe_session(void *ctx)
{
	return seen(ctx);
}

/* Attached to thousands of functions, at each call of which it is to do next to nothing. */
SEC("?kprobe.multi")
int on_many(void *ctx)
{
	return 0;
}

SEC("?tp/syscalls/sys_enter_rmdir")
int on_tp(void *ctx)
{
	return seen(ctx);
}

SEC("?tracepoint/syscalls/sys_enter_rmdir")
int on_tracepoint(void *ctx)
{
	return seen(ctx);
}

SEC("?tp.s/syscalls/sys_enter_rmdir")
int on_sleepable_tp(void *ctx)
{
	return seen(ctx);
}

SEC("?tracepoint.s/syscalls/sys_enter_rmdir")
int on_sleepable_tracepoint(void *ctx)
{
	return seen(ctx);
}

SEC("?perf_event")
int on_event(void *ctx)
{
	return seen(ctx);
}

char _license[] SEC("license") = "GPL";
