/* SPDX-License-Identifier: MIT */
/* Maps that are neither hash nor array, and programs that look at them from the kernel's side. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct prefix4 {
	__u32 prefixlen;
	__u8 address[4];
};

struct prefix6 {
	__u32 prefixlen;
	__u8 address[16];
};

/* A prefix over two things, of which the first is always whole. */
struct scoped {
	__u32 prefixlen;
	__u32 zone;
	__u8 address[4];
};

struct beginning {
	__u32 prefixlen;
	char name[8];
};

struct job {
	__u32 id;
	char name[12];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix4);
	__type(value, __u32);
} routes4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix6);
	__type(value, __u32);
} routes6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct scoped);
	__type(value, __u32);
} scoped_routes SEC(".maps");

/* Data that is no address. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct beginning);
	__type(value, __u32);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 3);
	__type(value, struct job);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 3);
	__type(value, struct job);
} stack SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__uint(map_extra, 3);
	__type(value, struct job);
} seen SEC(".maps");

struct inner_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct job);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u64);
	__type(value, struct job);
} other_key SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner_map);
} by_index SEC(".maps") = {
	.values = { [1] = &first },
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u64);
	__array(values, struct inner_map);
} by_number SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} jumps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 32 * 8);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_STACK_BUILD_ID);
	__uint(key_size, 4);
	__uint(value_size, 32 * sizeof(struct bpf_stack_build_id));
} build_ids SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

/* Not literals in code, which the compiler would put together from integers of one byte order or the other. */
struct prefix4 a_route4 = { .prefixlen = 32, .address = { 10, 0, 2, 3 } };
struct prefix6 a_route6 = { .prefixlen = 128, .address = { 0x20, 0x01, 0x0d, 0xb8 } };
struct job a_job = { .name = "seen" };

/* The value of 10.ARG.2.3, or -1. */
SEC("raw_tp")
int route(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 *value;

	a_route4.address[1] = ctx->args[0];
	value = bpf_map_lookup_elem(&routes4, &a_route4);
	return value ? *value : -1;
}

/* Puts 2001:db8::ARG/128. */
SEC("raw_tp")
int add_route6(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 value = 128;

	a_route6.address[15] = ctx->args[0];
	return bpf_map_update_elem(&routes6, &a_route6, &value, BPF_ANY);
}

/* Moves what a program pops from the stack to the queue; returns its id. */
SEC("raw_tp")
int move(void *ctx)
{
	struct job job;

	if (bpf_map_pop_elem(&stack, &job) || bpf_map_push_elem(&queue, &job, BPF_ANY))
		return -1;
	return job.id;
}

/* Adds a job of id ARG. */
SEC("raw_tp")
int see(struct bpf_raw_tracepoint_args *ctx)
{
	a_job.id = ctx->args[0];
	return bpf_map_push_elem(&seen, &a_job, BPF_ANY);
}

/* Whether a job of id ARG was added. */
SEC("raw_tp")
int was_seen(struct bpf_raw_tracepoint_args *ctx)
{
	a_job.id = ctx->args[0];
	return bpf_map_peek_elem(&seen, &a_job) == 0;
}

/* The id of job 7 of the map at index ARG; -1 without the map, -2 without the job. */
SEC("raw_tp")
int job_of_index(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 index = ctx->args[0], key = 7;
	void *inner = bpf_map_lookup_elem(&by_index, &index);
	struct job *job;

	if (!inner)
		return -1;
	job = bpf_map_lookup_elem(inner, &key);
	return job ? job->id : -2;
}

SEC("raw_tp")
int job_of_number(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 number = ctx->args[0];
	__u32 key = 7;
	void *inner = bpf_map_lookup_elem(&by_number, &number);
	struct job *job;

	if (!inner)
		return -1;
	job = bpf_map_lookup_elem(inner, &key);
	return job ? job->id : -2;
}

SEC("raw_tp")
int jump(struct bpf_raw_tracepoint_args *ctx)
{
	bpf_tail_call(ctx, &jumps, ctx->args[0]);
	return 1;
}

SEC("raw_tp")
int landed(void *ctx)
{
	return 42;
}

/* Whether this process is below the cgroup at index ARG. */
SEC("raw_tp")
int is_below(struct bpf_raw_tracepoint_args *ctx)
{
	return bpf_current_task_under_cgroup(&cgroups, ctx->args[0]);
}

/* Takes this process's own stack; returns its id. */
SEC("raw_tp")
int take_stack(void *ctx)
{
	return bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
}

SEC("raw_tp")
int take_build_ids(void *ctx)
{
	return bpf_get_stackid(ctx, &build_ids, BPF_F_USER_STACK);
}
