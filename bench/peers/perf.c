/* SPDX-License-Identifier: MIT */
/*
 * Drains 64-byte records out of perf buffers: perf OBJECT raw|decoded RECORDS FILLS PAGES
 * Prints nanoseconds a record, spent in perf_buffer__consume() only, of the fastest fill.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include "common.h"
#include "record.h"

static unsigned long long records, others, sum;

static int raw(const void *data)
{
	records++;
	sum += *(__u64 *)data;
	return 0;
}

static int decoded(const void *data)
{
	records++;
	sum += decode_record(data);
	return 0;
}

/* A record of PERF_SAMPLE_RAW, as perf_buffer__new() reads it; ctx is what takes its data. */
static enum bpf_perf_event_ret event(void *ctx, int cpu, struct perf_event_header *header)
{
	struct {
		struct perf_event_header header;
		__u32 size;
		char data[];
	} *sample = (void *)header;

	if (header->type == PERF_RECORD_SAMPLE)
		((int (*)(const void *))ctx)(sample->data);
	else
		others++;
	return LIBBPF_PERF_EVENT_CONT;
}

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
	};
	struct perf_buffer *buffer;
	struct bpf_object *object;
	int count, fills, prog;
	double best = 0;

	if (argc != 6)
		return 2;
	count = atoi(argv[3]);
	fills = atoi(argv[4]);
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object))
		die(argv[1]);
	prog = bpf_program__fd(bpf_object__find_program_by_name(object, "emit_perf"));
	/* Never wakes up: a wake-up for each record, as perf_buffer__new() asks for, takes the kernel many times what it takes to write one. */
	attr.wakeup_events = 2 * count;
	buffer = perf_buffer__new_raw(bpf_object__find_map_fd_by_name(object, "perf"), atoi(argv[5]), &attr, event,
				      strcmp(argv[2], "raw") ? decoded : raw, NULL);
	if (!buffer)
		die("perf_buffer__new");
	for (int i = 0; i < fills; i++) {
		__u64 args[2] = { count, 0 };
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = args, .ctx_size_in = sizeof(args));
		double start, spent;

		if (bpf_prog_test_run_opts(prog, &run))
			die("BPF_PROG_TEST_RUN");
		start = now_ns();
		if (perf_buffer__consume(buffer) < 0)
			die("perf_buffer__consume");
		spent = now_ns() - start;
		if (i == 0 || spent < best)
			best = spent;
	}
	if (records != (unsigned long long)count * fills || others || sum == 0) {
		fprintf(stderr, "%llu records of %d, %llu lost or else\n", records, count * fills, others);
		return 1;
	}
	printf("%.3f\n", best / count);
	perf_buffer__free(buffer);
	bpf_object__close(object);
	return 0;
}
