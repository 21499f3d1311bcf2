/* SPDX-License-Identifier: MIT */
/*
 * How long a record takes from the program that writes it to a callback that waits for it:
 *   latency poll OBJECT TIMES    waits in ring_buffer__poll(), prints as JSON the median and the 99th percentile in nanoseconds
 *   latency tick TIMES 3<PROGRAM makes the program write a record every millisecond, for whoever waits
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common.h"
#include "record.h"

static double *took;
static int seen;

static int arrived(void *ctx, void *data, size_t size)
{
	took[seen++] = now_ns() - ((struct record *)data)->ns;
	return 0;
}

static int tick(int prog, int times)
{
	struct timespec millisecond = { .tv_nsec = 1000000 };

	for (int i = 0; i < times; i++) {
		__u64 args[2] = { 1, 0 };
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = args, .ctx_size_in = sizeof(args));

		nanosleep(&millisecond, NULL);
		if (bpf_prog_test_run_opts(prog, &run))
			die("BPF_PROG_TEST_RUN");
	}
	return 0;
}

static int wait_for(const char *path, int times)
{
	struct bpf_object *object = bpf_object__open(path);
	struct ring_buffer *ring;
	int prog;

	took = calloc(times, sizeof(*took));
	if (!object || bpf_object__load(object))
		die(path);
	prog = bpf_program__fd(bpf_object__find_program_by_name(object, "emit_ring"));
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"), arrived, NULL, NULL);
	if (!ring)
		die("ring_buffer__new");
	if (fork() == 0)
		_exit(tick(prog, times));
	while (seen < times)
		if (ring_buffer__poll(ring, 1000) <= 0)
			die("ring_buffer__poll");
	wait(NULL);
	qsort(took, times, sizeof(*took), ascending);
	printf("{\"median\": %.0f, \"p99\": %.0f}\n", took[times / 2], took[times * 99 / 100]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "tick"))
		return tick(3, atoi(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "poll"))
		return wait_for(argv[2], atoi(argv[3]));
	return 2;
}
