/* SPDX-License-Identifier: MIT */
/*
 * Every kind of CO-RE relocation, against types that kernels from 5.10 on have. Each program returns 0, or the line that failed; they are
 * run by BPF_PROG_TEST_RUN. What a kernel's types are is not known here, so a program compares what was relocated with what
 * the kernel says in another way: a helper, or another relocation.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define check(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			return __LINE__;                                                                               \
	} while (0)

#define __core __attribute__((preserve_access_index))

char LICENSE[] SEC("license") = "GPL";

/* The members in another order and with others missing: only their names count. */
struct list_head {
	struct list_head *prev, *next;
} __core;

struct task_struct {
	int tgid;
	int pid;
	char comm[16];
	struct task_struct *group_leader;
	struct list_head tasks;
	unsigned int no_such_member;
} __core;

SEC("raw_tp")
int field_offset(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	char comm[16], ours[16];

	check(BPF_CORE_READ(task, pid) == (__u32)id);
	check(BPF_CORE_READ(task, tgid) == id >> 32);
	check(BPF_CORE_READ(task, group_leader, pid) == id >> 32);
	check(bpf_core_read_str(comm, sizeof(comm), &task->comm) > 0);
	check(bpf_get_current_comm(ours, sizeof(ours)) == 0);
	check(comm[0] == ours[0] && comm[1] == ours[1] && comm[2] == ours[2]);
	/* An element of an array, and a member of a member. */
	check(BPF_CORE_READ(task, comm[1]) == ours[1]);
	check((void *)BPF_CORE_READ(task, tasks.next, prev) == (void *)&task->tasks);
	return 0;
}

SEC("raw_tp")
int field_exists(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	check(bpf_core_field_exists(task->pid));
	check(bpf_core_field_exists(task->comm[15]));
	check(!bpf_core_field_exists(task->no_such_member));
	check(bpf_core_field_exists(task->tasks.prev));
	if (bpf_core_field_exists(task->no_such_member))
		/* Never reached, so it does not matter that there is nothing to read. */
		return BPF_CORE_READ(task, no_such_member);
	return 0;
}

/* An array that is shorter here, one that is longer, and one of another type. */
struct task_struct___arrays {
	char comm[400];
} __core;
struct task_struct___other {
	struct task_struct___other *pid;
	int comm;
} __core;

SEC("raw_tp")
int field_mismatch(void *ctx)
{
	struct task_struct___arrays *arrays = (void *)bpf_get_current_task();
	struct task_struct___other *other = (void *)bpf_get_current_task();

	check(bpf_core_field_exists(arrays->comm[15]));
	check(!bpf_core_field_exists(arrays->comm[399]));
	check(!bpf_core_field_exists(other->pid));
	check(!bpf_core_field_exists(other->comm));
	return 0;
}

struct task_struct___sizes {
	__u64 pid;
	__u64 flags;
	char comm[1];
} __core;

SEC("raw_tp")
int field_size(void *ctx)
{
	struct task_struct___sizes *task = (void *)bpf_get_current_task();

	check(bpf_core_field_size(task->pid) == 4);
	check(bpf_core_field_size(task->comm) == 16);
	check(bpf_core_field_size(((struct task_struct *)task)->group_leader) == 8);
	check(bpf_core_type_size(struct list_head) == 16);
	check(bpf_core_type_size(struct task_struct) > 1024);
	check(bpf_core_type_size(struct task_struct___sizes) == bpf_core_type_size(struct task_struct));
	return 0;
}

/* Flavours of one type: those that the kernel does not have are as good as absent. */
struct task_struct___new {
	int __state;
} __core;
struct task_struct___old {
	long state;
} __core;

SEC("raw_tp")
int flavours(void *ctx)
{
	struct task_struct___new *new = (void *)bpf_get_current_task();
	struct task_struct___old *old = (void *)bpf_get_current_task();
	long state = -1;

	check(bpf_core_field_exists(new->__state) != bpf_core_field_exists(old->state));
	if (bpf_core_field_exists(new->__state))
		state = BPF_CORE_READ(new, __state);
	else
		state = BPF_CORE_READ(old, state);
	/* A task that runs is TASK_RUNNING. */
	check(state == 0);
	return 0;
}

/* Bit-fields, signed and not. */
struct task_struct___bits {
	unsigned in_execve : 1;
	unsigned in_iowait : 1;
	unsigned sched_reset_on_fork : 1;
	int exit_code;
	unsigned int flags;
} __core;

SEC("raw_tp")
int bitfields(void *ctx)
{
	struct task_struct___bits *task = (void *)bpf_get_current_task();

	check(BPF_CORE_READ_BITFIELD_PROBED(task, in_execve) == 0);
	check(BPF_CORE_READ_BITFIELD_PROBED(task, sched_reset_on_fork) <= 1);
	check(bpf_core_field_exists(task->in_iowait));
	check(__CORE_RELO(task, in_execve, RSHIFT_U64) == 63);
	check(__CORE_RELO(task, in_execve, LSHIFT_U64) <= 63);
	check(!__CORE_RELO(task, in_execve, SIGNED));
	check(__CORE_RELO(task, exit_code, SIGNED));
	check(!__CORE_RELO(task, flags, SIGNED));
	check(__CORE_RELO(task, flags, LSHIFT_U64) == 32);
	check(__CORE_RELO(task, flags, RSHIFT_U64) == 32);
	return 0;
}

/* Anonymous members may be nested otherwise here and there. */
struct sk_buff {
	unsigned int len;
	struct {
		struct {
			struct sk_buff *next;
		};
	};
} __core;
struct sock_common {
	unsigned short skc_family;
	union {
		unsigned int skc_hash;
	};
	unsigned int skc_daddr;
} __core;

SEC("raw_tp")
int anonymous(void *ctx)
{
	struct sock_common *sock = 0;
	struct sk_buff *skb = 0;

	check(bpf_core_field_exists(skb->next));
	check(bpf_core_field_exists(sock->skc_hash));
	check(bpf_core_field_exists(sock->skc_daddr));
	check(bpf_core_field_offset(struct sk_buff, next) == 0);
	check(bpf_core_field_offset(struct sock_common, skc_daddr) == 0);
	check(bpf_core_field_offset(struct sock_common, skc_family) > bpf_core_field_offset(struct sock_common, skc_hash));
	return 0;
}

/* Enum values by their names, with others in between. */
enum bpf_map_type___made_up {
	BPF_MAP_TYPE_RINGBUF___made_up = 1234,
	BPF_MAP_TYPE_NO_SUCH___made_up = 7,
	BPF_MAP_TYPE_HASH___made_up = 99,
};
enum no_such_enum {
	NO_SUCH_VALUE = 3,
};

SEC("raw_tp")
int enum_values(void *ctx)
{
	check(bpf_core_enum_value_exists(enum bpf_map_type___made_up, BPF_MAP_TYPE_RINGBUF___made_up));
	check(bpf_core_enum_value(enum bpf_map_type___made_up, BPF_MAP_TYPE_RINGBUF___made_up) == 27);
	check(bpf_core_enum_value(enum bpf_map_type___made_up, BPF_MAP_TYPE_HASH___made_up) == 1);
	check(!bpf_core_enum_value_exists(enum bpf_map_type___made_up, BPF_MAP_TYPE_NO_SUCH___made_up));
	check(!bpf_core_enum_value_exists(enum no_such_enum, NO_SUCH_VALUE));
	if (bpf_core_enum_value_exists(enum no_such_enum, NO_SUCH_VALUE))
		return bpf_core_enum_value(enum no_such_enum, NO_SUCH_VALUE);
	return 0;
}

struct no_such_struct {
	int x;
} __core;
typedef unsigned int no_such_typedef;
/* What the kernel has of this name is a struct. */
union task_struct___union {
	int pid;
} __core;
typedef int pid_t;
struct list_head___same {
	struct list_head *next;
	struct list_head *prev;
} __core;
struct list_head___less {
	struct list_head *prev;
} __core;
struct list_head___more {
	struct list_head *next, *prev, *middle;
} __core;
struct list_head___other {
	int next;
	struct list_head *prev;
} __core;

SEC("raw_tp")
int types(void *ctx)
{
	check(bpf_core_type_exists(struct task_struct));
	check(bpf_core_type_exists(struct task_struct___sizes));
	check(bpf_core_type_exists(pid_t));
	check(bpf_core_type_exists(enum bpf_map_type___made_up));
	check(!bpf_core_type_exists(struct no_such_struct));
	check(!bpf_core_type_exists(no_such_typedef));
	check(!bpf_core_type_exists(enum no_such_enum));
	check(!bpf_core_type_exists(union task_struct___union));
	check(bpf_core_type_size(struct no_such_struct) == 0);
	check(bpf_core_type_size(pid_t) == 4);
	check(bpf_core_type_id_local(struct task_struct) != bpf_core_type_id_local(struct list_head));
	check(bpf_core_type_id_kernel(struct task_struct) != 0);
	check(bpf_core_type_id_kernel(struct task_struct) == bpf_core_type_id_kernel(struct task_struct___sizes));
	check(bpf_core_type_id_kernel(struct no_such_struct) == 0);
	return 0;
}

/* clang has had type_matches since 15 only: this is type_exists, and who runs it changes the kind of its relocations in .BTF.ext. */
SEC("raw_tp")
int type_matches(void *ctx)
{
	check(bpf_core_type_exists(struct list_head___same));
	check(bpf_core_type_exists(struct list_head___less));
	check(!bpf_core_type_exists(struct list_head___more));
	check(!bpf_core_type_exists(struct list_head___other));
	check(!bpf_core_type_exists(struct no_such_struct));
	check(bpf_core_type_exists(pid_t));
	return 0;
}

/* Loads and stores of fields that are of another size in the kernel: pointers and unsigned numbers change the instruction. */
struct __sk_buff___sizes {
	__u64 mark;
	__u64 len;
	__u64 cb[5];
} __core;

SEC("tc")
int resized(struct __sk_buff___sizes *skb)
{
	check(skb->len == 64);
	skb->mark = 7;
	check(skb->mark == 7);
	check(skb->cb[1] == 0);
	skb->cb[1] = 5;
	check(skb->cb[1] == 5);
	check(skb->cb[0] == 0 && skb->cb[2] == 0);
	return 0;
}
