/* SPDX-License-Identifier: MIT */
/*
 * load-each FILE…: what libbpf makes of objects. Prints one line of JSON an object: whether it opens, and of every program its tag and length or
 * the errno of the refusal. An object that does not load whole is loaded a program at a time. Nothing is pinned, nothing stays.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static struct bpf_object *open_unpinned(const char *file)
{
	struct bpf_object *obj = bpf_object__open_file(file, NULL);
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
		bpf_map__set_pin_path(map, NULL);
	return obj;
}

static void print_program(struct bpf_program *prog, int err, const char *separator)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	printf("%s{\"name\":\"%s\",", separator, bpf_program__name(prog));
	if (!err && bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &length))
		err = -errno;
	if (err) {
		printf("\"errno\":%d}", -err);
		return;
	}
	printf("\"tag\":\"");
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		printf("%02x", info.tag[i]);
	printf("\",\"xlatedBytes\":%u}", info.xlated_prog_len);
}

/* Loads the program with this index alone. */
static void load_one(const char *file, int index)
{
	struct bpf_object *obj = open_unpinned(file);
	struct bpf_program *prog, *wanted = NULL;
	int i = 0;

	bpf_object__for_each_program(prog, obj) {
		bpf_program__set_autoload(prog, i == index);
		if (i++ == index)
			wanted = prog;
	}
	print_program(wanted, bpf_object__load(obj), index ? "," : "");
	bpf_object__close(obj);
}

/* Loads the whole object if all its programs are to be loaded and the kernel takes them. */
static bool load_whole(const char *file)
{
	struct bpf_object *obj = open_unpinned(file);
	struct bpf_program *prog;
	const char *separator = "";
	bool loaded;

	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, true);
	loaded = !bpf_object__load(obj);
	if (loaded)
		bpf_object__for_each_program(prog, obj) {
			print_program(prog, 0, separator);
			separator = ",";
		}
	bpf_object__close(obj);
	return loaded;
}

static void load_each(const char *file)
{
	struct bpf_object *obj = bpf_object__open_file(file, NULL);
	struct bpf_program *prog;
	struct bpf_map *map;
	int programs = 0, maps = 0;

	if (!obj) {
		printf("{\"errno\":%d}\n", errno);
		return;
	}
	printf("{\"maps\":[");
	bpf_object__for_each_map(map, obj)
		printf("%s[\"%s\",%u,%u,%u,%u,%u]", maps++ ? "," : "", bpf_map__name(map), bpf_map__type(map),
		       bpf_map__key_size(map), bpf_map__value_size(map), bpf_map__max_entries(map),
		       bpf_map__map_flags(map));
	bpf_object__for_each_program(prog, obj)
		programs++;
	bpf_object__close(obj);
	printf("],\"programs\":[");
	if (!load_whole(file))
		for (int i = 0; i < programs; i++)
			load_one(file, i);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	libbpf_set_print(quiet);
	for (int i = 1; i < argc; i++) {
		load_each(argv[i]);
		fflush(stdout);
	}
	return 0;
}
