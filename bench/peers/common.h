/* SPDX-License-Identifier: MIT */
/* What the peers share: a clock, and a way out. */
#ifndef COMMON_H
#define COMMON_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static inline void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* The most memory that the process ever had. What getrusage(2) says begins with that of the parent. */
static inline long peak_bytes(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	long kilobytes = 0;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %ld kB", &kilobytes) == 1)
			break;
	if (!status || kilobytes == 0)
		die("/proc/self/status");
	fclose(status);
	return kilobytes * 1024;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds of the first time, and the median of the others. */
static inline void print_times(double *spent, int times, long bytes)
{
	double first = spent[0];

	if (times > 1)
		qsort(spent + 1, times - 1, sizeof(*spent), ascending);
	printf("{\"first\": %.0f, \"warm\": %.0f, \"bytes\": %ld}\n", first, spent[times > 1 ? 1 + (times - 1) / 2 : 0], bytes);
}

#endif
