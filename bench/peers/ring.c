/* SPDX-License-Identifier: MIT */
/*
 * Drains 64-byte records out of a ring buffer: ring OBJECT raw|decoded RECORDS FILLS
 * Prints nanoseconds a record, spent in ring_buffer__consume() only, of the fastest fill.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "common.h"
#include "record.h"

static unsigned long long records, sum;

static int raw(void *ctx, void *data, size_t size)
{
	records++;
	sum += *(__u64 *)data;
	return 0;
}

static int decoded(void *ctx, void *data, size_t size)
{
	records++;
	sum += decode_record(data);
	return 0;
}

int main(int argc, char **argv)
{
	int count, fills, prog;
	struct ring_buffer *ring;
	struct bpf_object *object;
	double best = 0;

	if (argc != 5)
		return 2;
	count = atoi(argv[3]);
	fills = atoi(argv[4]);
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object))
		die(argv[1]);
	prog = bpf_program__fd(bpf_object__find_program_by_name(object, "emit_ring"));
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"),
				strcmp(argv[2], "raw") ? decoded : raw, NULL, NULL);
	if (!ring)
		die("ring_buffer__new");
	for (int i = 0; i < fills; i++) {
		__u64 args[2] = { count, BPF_RB_NO_WAKEUP };
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
	if (records != (unsigned long long)count * fills || sum == 0) {
		fprintf(stderr, "%llu records of %d\n", records, count * fills);
		return 1;
	}
	printf("%.3f\n", best / count);
	ring_buffer__free(ring);
	bpf_object__close(object);
	return 0;
}
