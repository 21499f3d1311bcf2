/* SPDX-License-Identifier: MIT */
/* Programs of struct bpf_dummy_ops, which the kernel has for running such programs by request. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct bpf_dummy_ops_state {
	int val;
};

struct bpf_dummy_ops {
	int (*test_1)(struct bpf_dummy_ops_state *cb);
	int (*test_2)(struct bpf_dummy_ops_state *cb, int a1, unsigned short a2, char a3, unsigned long a4);
};

char LICENSE[] SEC("license") = "GPL";

__u64 sum;

/* The state may be left out. */
SEC("struct_ops/test_1")
int count(__u64 *ctx)
{
	struct bpf_dummy_ops_state *state = (void *)ctx[0];
	int before;

	if (!state)
		return -1;
	before = state->val;
	state->val = before + 1;
	return before;
}

SEC("struct_ops/test_2")
int add(__u64 *ctx)
{
	sum = (int)ctx[1] + (__u16)ctx[2] + (char)ctx[3] + ctx[4];
	return 7;
}

SEC(".struct_ops")
struct bpf_dummy_ops dummy = {
	.test_1 = (void *)count,
	.test_2 = (void *)add,
};
