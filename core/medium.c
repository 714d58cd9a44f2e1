/*
 * Files that are carried about.  Bundles are written and read through here.
 * Knows nothing of what stands in them.
 */
#include "core/medium.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "proto/mem.h"

enum { MODE = 0666 }; /* less what the umask takes */

static enum err rest_remove(const char *fresh) MUST_USE;
static enum err lock(int fd, const char *fresh) MUST_USE;
static bool is_ours(const struct medium *medium);
static enum err is_taken(const char *path) MUST_USE;

enum err
medium_create(struct medium *medium, const char *path, bool replace)
{
	struct buf fresh = {0};
	enum err e = replace ? ERR_OK : is_taken(path);

	*medium = (struct medium){0};
	if (e != ERR_OK)
		return e;
	buf_add_format(&fresh, "%s.new", path);
	medium->path = mem_text(path);
	medium->fresh = mem_text(buf_text(&fresh));
	buf_fini(&fresh);
	e = rest_remove(medium->fresh);
	if (e == ERR_OK) {
		int fd = open(medium->fresh,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);

		if (fd < 0)
			e = file_error(errno, "make", medium->fresh);
		else
			medium->fd_plus_1 = fd + 1;
	}
	if (e == ERR_OK)
		e = lock(medium->fd_plus_1 - 1, medium->fresh);
	if (e != ERR_OK)
		medium_fini(medium);
	return e;
}

/* What was cut off is nobody's; what another command still writes is. */
static enum err
rest_remove(const char *fresh)
{
	int fd = open(fresh, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum err e = fd < 0 ? ERR_OK : lock(fd, fresh);

	if (e == ERR_OK && unlink(fresh) != 0 && errno != ENOENT)
		e = file_error(errno, "remove", fresh);
	if (fd >= 0)
		(void)close(fd);
	return e;
}

/* Not every medium knows locks: then is_ours is all there is. */
static enum err
lock(int fd, const char *fresh)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return ERR_OK;
	return err_set(ERR_BUSY,
	    "%s: another command is writing it; wait for it to end, or choose "
	    "another name",
	    fresh);
}

/* Does the name still lead to what we wrote?  When the system cannot say,
 * errno does. */
static bool
is_ours(const struct medium *medium)
{
	struct stat open_one;
	struct stat named;

	return medium->fd_plus_1 > 0 && medium->fresh != NULL &&
	       fstat(medium->fd_plus_1 - 1, &open_one) == 0 &&
	       lstat(medium->fresh, &named) == 0 &&
	       open_one.st_dev == named.st_dev &&
	       open_one.st_ino == named.st_ino;
}

static enum err
is_taken(const char *path)
{
	struct file_stat stat;
	enum err e = file_stat(path, &stat);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	/* Nobody knows what is there. */
	if (e != ERR_OK)
		return e;
	return err_set(ERR_EXISTS,
	    "%s is there already: choose another name, or --force", path);
}

enum err
medium_add(struct medium *medium, struct bytes content)
{
	assert(medium->fresh != NULL && medium->fd_plus_1 > 0);
	while (content.n > 0) {
		ssize_t n = write(medium->fd_plus_1 - 1, content.p, content.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return file_error(
			    n < 0 ? errno : ENOSPC, "write", medium->path);
		content = bytes_after(content, (size_t)n);
		medium->size_bytes += (size_t)n;
	}
	return ERR_OK;
}

enum err
medium_finish(struct medium *medium, bool replace)
{
	int fd = medium->fd_plus_1 - 1;
	enum err e = ERR_OK;

	assert(medium->fresh != NULL && fd >= 0);
	if (fsync(fd) != 0)
		e = file_error(errno, "sync", medium->path);
	if (e == ERR_OK && !replace)
		e = is_taken(medium->path);
	errno = 0;
	if (e == ERR_OK && !is_ours(medium))
		e = errno != 0 && errno != ENOENT
			? file_error(errno, "look at", medium->fresh)
			: err_set(ERR_BUSY,
			      "%s was taken away or replaced while it was "
			      "written: do it again",
			      medium->fresh);
	if (e == ERR_OK)
		e = file_move(medium->fresh, medium->path);
	if (e == ERR_OK) {
		mem_free(medium->fresh);
		medium->fresh = NULL;
	}
	return e;
}

enum err
medium_open(struct medium *medium, const char *path)
{
	/* Not to wait at a pipe that lies where a file should be. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	enum err e = ERR_OK;

	*medium = (struct medium){0};
	if (fd < 0)
		return file_error(errno, "open", path);
	if (fstat(fd, &stat) != 0)
		e = file_error(errno, "look at", path);
	else if (!S_ISREG(stat.st_mode))
		e = err_set(ERR_INVALID, "read %s: it is no file", path);
	if (e != ERR_OK) {
		(void)close(fd);
		return e;
	}
	*medium = (struct medium){.fd_plus_1 = fd + 1,
	    .path = mem_text(path),
	    .size_bytes = (uint64_t)stat.st_size};
	return ERR_OK;
}

enum err
medium_read(struct medium *medium, uint64_t at, size_t n, struct buf *content)
{
	assert(medium->fresh == NULL && medium->fd_plus_1 > 0);
	while (n > 0) {
		uint8_t *to = buf_extend(content, n);
		ssize_t got = pread(medium->fd_plus_1 - 1, to, n, (off_t)at);
		size_t more = got > 0 ? (size_t)got : 0;

		buf_cut(content, content->n - n + more);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return file_error(errno, "read", medium->path);
		if (got == 0)
			return ERR_OK;
		at += more;
		n -= more;
	}
	return ERR_OK;
}

void
medium_fini(struct medium *medium)
{
	if (is_ours(medium))
		(void)unlink(medium->fresh);
	if (medium->fd_plus_1 > 0)
		(void)close(medium->fd_plus_1 - 1);
	mem_free(medium->fresh);
	mem_free(medium->path);
	*medium = (struct medium){0};
}
