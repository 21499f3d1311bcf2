/* SPDX-License-Identifier: MIT */
/* Programs that are each wrong in one way, for what the verifier says of them. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct value {
	__u32 count;
	char text[60];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

struct locked {
	struct bpf_spin_lock lock;
	__u32 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct locked);
} locks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

const volatile __u32 limits[4] = {1, 2, 3, 4};

/* No kernel has the first two; the others came with 6.2 to 6.7. */
extern int bpf_no_such_kfunc(int a) __ksym __weak;
extern struct task_struct *bpf_task_from_pid(int pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *p) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_throw(__u64 cookie) __ksym __weak;

SEC("?tc")
int null_check(struct __sk_buff *skb)
{
	__u32 key = skb->len;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	value->count = 1;
	return 0;
}

SEC("?tc")
int unbounded_index(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (value)
		value->text[skb->len] = 1;
	return 0;
}

SEC("?tc")
int index_too_large(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (value)
		value->text[skb->len & 127] = 1;
	return 0;
}

SEC("?tc")
int signed_index(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);
	long at = (int)skb->mark;

	if (value && at < 60)
		value->text[at] = 1;
	return 0;
}

SEC("?raw_tp")
int unbounded_size(void *ctx)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (value)
		bpf_probe_read_kernel(value->text, bpf_get_prandom_u32(), ctx);
	return 0;
}

SEC("?raw_tp")
int leaked_reference(void *ctx)
{
	__u32 *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (event)
		*event = 1;
	return 0;
}

SEC("?tc")
int packet_unchecked(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;

	return data[13];
}

SEC("?raw_tp")
int number_as_pointer(void *ctx)
{
	struct value *value = (void *)bpf_get_current_task();

	return value->count;
}

SEC("?raw_tp")
int wrong_helper(void *ctx)
{
	char bytes[4];

	return bpf_skb_load_bytes(ctx, 0, bytes, sizeof(bytes));
}

SEC("?raw_tp")
int wrong_argument(void *ctx)
{
	return bpf_map_lookup_elem(&values, (void *)12) != 0;
}

/* Refused when the license is changed to another than the GPL. */
SEC("?raw_tp")
int gpl_only(void *ctx)
{
	return bpf_get_current_task() != 0;
}

SEC("?raw_tp")
int helper_of_sleepable(void *ctx)
{
	char bytes[4];

	return bpf_copy_from_user(bytes, sizeof(bytes), ctx);
}

SEC("?raw_tp")
int stack_limit(void *ctx)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 520) = r1" ::: "r1", "memory");
	return 0;
}

static __noinline int large_frame(struct __sk_buff *skb)
{
	char bytes[400];

	bpf_skb_load_bytes(skb, 0, bytes, sizeof(bytes));
	return bytes[skb->len & 255];
}

SEC("?tc")
int combined_stack(struct __sk_buff *skb)
{
	char bytes[300];

	bpf_skb_load_bytes(skb, 0, bytes, sizeof(bytes));
	return large_frame(skb) + bytes[skb->len & 255];
}

SEC("?raw_tp")
int misaligned(void *ctx)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 12) = r1" ::: "r1", "memory");
	return 0;
}

SEC("?raw_tp")
int unset_register(void *ctx)
{
	int result;

	asm volatile("%0 = r7" : "=r"(result));
	return result;
}

SEC("?raw_tp")
int unset_stack(void *ctx)
{
	__u32 key;

	asm volatile("" : "=m"(key));
	return bpf_map_lookup_elem(&values, &key) != 0;
}

SEC("?raw_tp")
int endless_loop(void *ctx)
{
	while (bpf_get_prandom_u32() != 7)
		;
	return 0;
}

SEC("?raw_tp")
int too_many_jumps(void *ctx)
{
	for (int i = 0; i < 10000; i++)
		if (bpf_get_prandom_u32() == 7)
			return i;
	return 0;
}

SEC("?raw_tp")
int too_many_insns(void *ctx)
{
	int sum = 0;

#pragma clang loop unroll(disable)
	for (int i = 0; i < 400000; i++)
		asm volatile("%0 += 1" : "+r"(sum));
	return sum;
}

SEC("?raw_tp")
int unreachable(void *ctx)
{
	asm volatile("r0 = 0; exit; r0 = 1" ::: "r0");
	return 0;
}

SEC("?tc")
int lock_held(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct locked *locked = bpf_map_lookup_elem(&locks, &key);

	if (!locked)
		return 0;
	bpf_spin_lock(&locked->lock);
	locked->count++;
	return 0;
}

SEC("?tc")
int call_under_lock(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct locked *locked = bpf_map_lookup_elem(&locks, &key);

	if (!locked)
		return 0;
	bpf_spin_lock(&locked->lock);
	locked->count = bpf_get_prandom_u32();
	bpf_spin_unlock(&locked->lock);
	return 0;
}

SEC("?tc")
int write_to_constant(struct __sk_buff *skb)
{
	*(volatile __u32 *)&limits[1] = 7;
	return 0;
}

SEC("?tc")
int context_field(struct __sk_buff *skb)
{
	return *(__u32 *)((char *)skb + sizeof(*skb));
}

SEC("?tc")
int pointer_arithmetic(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (value)
		asm volatile("%0 <<= 3" : "+r"(value));
	return 0;
}

SEC("?cgroup_skb/ingress")
int return_value(struct __sk_buff *skb)
{
	return 77;
}

__noinline int first_byte(struct value *value)
{
	return value->text[0];
}

SEC("?tc")
int global_argument(struct __sk_buff *skb)
{
	struct value value = {};

	return first_byte(&value);
}

SEC("?raw_tp")
int dynptr_unset(void *ctx)
{
	struct bpf_dynptr dynptr;
	char byte;

	asm volatile("" : "=m"(dynptr));
	return bpf_dynptr_read(&byte, 1, &dynptr, 0, 0);
}

SEC("?raw_tp")
int unknown_kfunc(void *ctx)
{
	return bpf_no_such_kfunc(1);
}

SEC("?socket")
int kfunc_not_allowed(struct __sk_buff *skb)
{
	return bpf_task_from_pid(1) != 0;
}

SEC("?tp_btf/sys_enter")
int kfunc_null_argument(void *ctx)
{
	bpf_task_release(bpf_task_from_pid(1));
	return 0;
}

SEC("?tp_btf/sys_enter")
int kfunc_wrong_argument(void *ctx)
{
	bpf_task_release((void *)12);
	return 0;
}

SEC("?tp_btf/sys_enter")
int leaked_task(void *ctx)
{
	return bpf_task_from_pid(1) != 0;
}

SEC("?tp_btf/sys_enter")
int rcu_held(void *ctx)
{
	bpf_rcu_read_lock();
	return 0;
}

SEC("?tp_btf/sys_enter")
int throw_with_reference(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (!task)
		return 0;
	bpf_throw(1);
	bpf_task_release(task);
	return 0;
}

/* may_goto, which clang 14 does not know; Linux 6.9. The loop ends in a register that was never set. */
SEC("?raw_tp")
int may_goto(void *ctx)
{
	asm volatile(".8byte 0x00000000000100e5; goto -2; r0 = r7" ::: "r0");
	return 0;
}

struct task_struct {
	int no_such_member;
} __attribute__((preserve_access_index));

SEC("?raw_tp")
int missing_member(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, no_such_member);
}
