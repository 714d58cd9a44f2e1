/*
 * Files that targets read.  They lie in one directory, which goes with the
 * process, or with the run of which it is a part (tests/fuzz/run.sh).
 */
#include "tests/fuzz/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"

enum { SIZE_MAX_BYTES = 64 * 1024 * 1024 };

static struct tempdir dir;

static void
disk_remove(void)
{
	tempdir_fini(&dir);
}

const char *
disk_dir(void)
{
	if (dir.path[0] == '\0') {
		tempdir_in_memory();
		tempdir_init(&dir);
		assert(atexit(disk_remove) == 0);
	}
	return dir.path;
}

static const char *
path_of(const char *name)
{
	(void)disk_dir();
	return tempdir_at(&dir, name);
}

const char *
disk_path(const char *name)
{
	const char *path = path_of(name);

	(void)unlink(path);
	return path;
}

const char *
disk_put(const char *name, struct bytes content)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "wb");

	assert(file != NULL);
	assert(content.n == 0 ||
	       fwrite(content.p, 1, content.n, file) == content.n);
	assert(fclose(file) == 0);
	return path;
}

void
disk_get(const char *name, struct buf *content)
{
	FILE *file = fopen(path_of(name), "rb");
	size_t n = 1;

	assert(file != NULL);
	while (n > 0 && content->n < SIZE_MAX_BYTES) {
		uint8_t part[4096];

		n = fread(part, 1, sizeof(part), file);
		buf_add(content, bytes_of(part, n));
	}
	assert(fclose(file) == 0);
}

void
disk_assert_read(enum err e)
{
	assert(e == ERR_OK || e == ERR_CORRUPT || e == ERR_VERSION ||
	       e == ERR_LIMIT);
}
