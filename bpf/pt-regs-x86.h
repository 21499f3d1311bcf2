/* SPDX-License-Identifier: MIT */
/* The registers of x86-64 where a probe was hit, for machines of any kind to compile: <asm/ptrace.h> is that of the machine. */
#pragma once

#define __TARGET_ARCH_x86

struct pt_regs {
	unsigned long r15, r14, r13, r12, rbp, rbx;
	unsigned long r11, r10, r9, r8;
	unsigned long rax, rcx, rdx, rsi, rdi, orig_rax;
	unsigned long rip, cs, eflags, rsp, ss;
};
