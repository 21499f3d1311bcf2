/* SPDX-License-Identifier: MIT */
/*
 * Loads and attaches an opened object, TIMES in a row, then closes them: load-attach OBJECT TIMES
 * Prints the nanoseconds of the fastest time. Closing is not counted: the kernel waits in it until no CPU runs the programs.
 */
#include <bpf/libbpf.h>
#include "common.h"

#define MOST 64

struct attached {
	struct bpf_object *object;
	struct bpf_link *links[MOST];
	int count;
};

static double attach(struct attached *one, const char *path)
{
	struct bpf_program *program;
	double start = now_ns();

	if (bpf_object__load(one->object))
		die(path);
	bpf_object__for_each_program(program, one->object) {
		struct bpf_link *link = bpf_program__attach(program);

		if (!link)
			die(bpf_program__name(program));
		one->links[one->count++] = link;
	}
	return now_ns() - start;
}

int main(int argc, char **argv)
{
	static struct attached all[MOST];
	int times = argc == 3 ? atoi(argv[2]) : 0;
	double fastest = 0;

	if (times < 1 || times > MOST)
		return 2;
	for (int i = 0; i < times; i++) {
		all[i].object = bpf_object__open(argv[1]);
		if (!all[i].object)
			die(argv[1]);
	}
	for (int i = 0; i < times; i++) {
		double spent = attach(&all[i], argv[1]);

		if (i == 0 || spent < fastest)
			fastest = spent;
	}
	for (int i = 0; i < times; i++) {
		while (all[i].count)
			bpf_link__destroy(all[i].links[--all[i].count]);
		bpf_object__close(all[i].object);
	}
	printf("%.0f\n", fastest);
	return 0;
}
