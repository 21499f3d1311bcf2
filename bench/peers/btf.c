/* SPDX-License-Identifier: MIT */
/*
 * Opens the BTF of the running kernel and finds a struct, time after time: btf STRUCT TIMES
 * Prints as JSON the nanoseconds of the first time and the median of the others, and the bytes by which memory peaked at the first.
 */
#include <bpf/btf.h>
#include "common.h"

int main(int argc, char **argv)
{
	double *spent;
	long before, peak = 0;
	int times;

	if (argc != 3)
		return 2;
	times = atoi(argv[2]);
	spent = calloc(times, sizeof(*spent));
	before = peak_bytes();
	for (int i = 0; i < times; i++) {
		double start = now_ns();
		struct btf *btf = btf__parse("/sys/kernel/btf/vmlinux", NULL);

		if (!btf || btf__find_by_name_kind(btf, argv[1], BTF_KIND_STRUCT) <= 0)
			die(argv[1]);
		spent[i] = now_ns() - start;
		if (i == 0)
			peak = peak_bytes() - before;
		btf__free(btf);
	}
	print_times(spent, times, peak);
	return 0;
}
