/* SPDX-License-Identifier: MIT */
/*
 * Copies records of one size out of a ring buffer: sized OBJECT SIZE RECORDS FILLS
 * Prints nanoseconds a record, spent in ring_buffer__consume() only, of the fastest fill.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "common.h"

static unsigned long long records, bytes;
static char copy[4096];

static int copied(void *ctx, void *data, size_t size)
{
	memcpy(copy, data, size);
	/* The copy is to be made. */
	__asm__ volatile("" : : "r"(copy) : "memory");
	records++;
	bytes += size;
	return 0;
}

int main(int argc, char **argv)
{
	int size, count, fills, prog;
	struct bpf_object *object;
	struct ring_buffer *ring;
	double best = 0;

	if (argc != 5)
		return 2;
	size = atoi(argv[2]);
	count = atoi(argv[3]);
	fills = atoi(argv[4]);
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object))
		die(argv[1]);
	prog = bpf_program__fd(bpf_object__find_program_by_name(object, "produce_sized"));
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"), copied, NULL, NULL);
	if (!ring)
		die("ring_buffer__new");
	for (int i = 0; i < fills; i++) {
		__u64 args[2] = { count, size };
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = args, .ctx_size_in = sizeof(args));
		double start, spent;

		if (bpf_prog_test_run_opts(prog, &run))
			die("BPF_PROG_TEST_RUN");
		start = now_ns();
		if (ring_buffer__consume(ring) < 0)
			die("ring_buffer__consume");
		spent = now_ns() - start;
		if (i == 0 || spent < best)
			best = spent;
	}
	if (records != (unsigned long long)count * fills || bytes != records * size) {
		fprintf(stderr, "%llu records of %d\n", records, count * fills);
		return 1;
	}
	printf("%.3f\n", best / count);
	return 0;
}
