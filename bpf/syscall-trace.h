/* SPDX-License-Identifier: MIT */
/* Context of the syscall tracepoints, as their `format` files in tracefs give it. */
#ifndef SYSCALL_TRACE_H
#define SYSCALL_TRACE_H

#include <linux/types.h>

typedef int pid_t;
typedef unsigned int uid_t;

struct syscall_enter_ctx {
	__u64 common;
	long id;
	unsigned long args[6];
};

struct syscall_exit_ctx {
	__u64 common;
	long id;
	long ret;
};

#endif
