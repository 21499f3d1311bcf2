/* SPDX-License-Identifier: MIT */
/* The record of test-ring-bench.bpf.c, and what a program does that wants all of it. */
#ifndef RECORD_H
#define RECORD_H

#include <linux/types.h>
#include <string.h>

struct record {
	__u64 seq;
	__u64 ns;
	__u32 pid;
	__u32 cpu;
	char comm[16];
	char path[24];
};

static inline unsigned long long decode_record(const void *data)
{
	struct record record;

	memcpy(&record, data, sizeof(record));
	return record.seq + record.ns + record.pid + record.cpu + strnlen(record.comm, sizeof(record.comm)) +
	       strnlen(record.path, sizeof(record.path));
}

#endif
