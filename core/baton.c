/*
 * The order of writers of several processes, for core/env.c, so that only one
 * of them at a time asks for LMDB's own lock.  Who gives that up wakes one of
 * those who sleep at it; when that one is killed before it runs, and another
 * took the lock meanwhile, the rest sleep for ever.  A lock of a file is kept
 * by the system, which forgets nobody.
 */
#include "core/baton.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int
baton_init(struct baton *baton, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	baton->fd_plus_1 = fd + 1;
	return fd < 0 ? errno : 0;
}

void
baton_fini(struct baton *baton)
{
	if (baton->fd_plus_1 > 0)
		(void)close(baton->fd_plus_1 - 1);
	*baton = (struct baton){0};
}

int
baton_take(const struct baton *baton)
{
	int rc;

	assert(baton->fd_plus_1 > 0);
	do {
		rc = flock(baton->fd_plus_1 - 1, LOCK_EX);
	} while (rc != 0 && errno == EINTR);
	return rc == 0 ? 0 : errno;
}

void
baton_give(const struct baton *baton)
{
	(void)flock(baton->fd_plus_1 - 1, LOCK_UN);
}
