/*
 * Private temporary directories of tests.
 */
#include "tests/lib/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"

static const char *fallback = "/tmp";

void
tempdir_in_memory(void)
{
	static const char memory[] = "/dev/shm";

	if (access(memory, W_OK) == 0)
		fallback = memory;
}

void
tempdir_init(struct tempdir *dir)
{
	const char *base = getenv("TMPDIR");
	int n = snprintf(dir->path, sizeof(dir->path), "%s/golmok-XXXXXX",
	    base != NULL && base[0] != '\0' ? base : fallback);

	assert(n > 0 && (size_t)n < sizeof(dir->path));
	assert(mkdtemp(dir->path) != NULL);
}

void
tempdir_fini(struct tempdir *dir)
{
	assert(file_remove_tree(dir->path) == ERR_OK);
}

const char *
tempdir_at(const struct tempdir *dir, const char *name)
{
	static char paths[16][2 * TEMPDIR_PATH_SIZE];
	static unsigned turn;
	char *path = paths[turn++ % COUNT_OF(paths)];
	int n = snprintf(path, sizeof(paths[0]), "%s/%s", dir->path, name);

	assert(n > 0 && (size_t)n < sizeof(paths[0]));
	return path;
}
