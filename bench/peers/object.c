/* SPDX-License-Identifier: MIT */
/*
 * Opens an object, or opens and loads it, time after time: object open|load OBJECT TIMES
 * Prints as JSON the nanoseconds of the first time and the median of the others. Of a load, those spent outside of bpf(2).
 */
#define _GNU_SOURCE
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include "common.h"

static double in_bpf;

/* libbpf's calls of syscall(2) end up here, since a program's own functions come before a library's. */
long syscall(long number, ...)
{
	static long (*real)(long, ...);
	long a, b, c, d, e, f, result;
	double start;
	va_list args;

	if (!real)
		real = dlsym(RTLD_NEXT, "syscall");
	va_start(args, number);
	a = va_arg(args, long);
	b = va_arg(args, long);
	c = va_arg(args, long);
	d = va_arg(args, long);
	e = va_arg(args, long);
	f = va_arg(args, long);
	va_end(args);
	if (number != __NR_bpf)
		return real(number, a, b, c, d, e, f);
	start = now_ns();
	result = real(number, a, b, c, d, e, f);
	in_bpf += now_ns() - start;
	return result;
}

int main(int argc, char **argv)
{
	double *spent;
	int times, load;

	if (argc != 4)
		return 2;
	load = strcmp(argv[1], "load") == 0;
	times = atoi(argv[3]);
	spent = calloc(times, sizeof(*spent));
	for (int i = 0; i < times; i++) {
		struct bpf_object *object;
		double start = now_ns();

		in_bpf = 0;
		object = bpf_object__open(argv[2]);
		if (!object || (load && bpf_object__load(object)))
			die(argv[2]);
		spent[i] = now_ns() - start - in_bpf;
		bpf_object__close(object);
	}
	if (load && in_bpf == 0) {
		fprintf(stderr, "the calls of bpf(2) were not seen\n");
		return 1;
	}
	print_times(spent, times, 0);
	return 0;
}
