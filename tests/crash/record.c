/*
 * Writes down what a program does to files below $RECORD_ROOT, data and all, in
 * the file $RECORD_TRACE: loaded in front of libc (LD_PRELOAD).  From that
 * tests/crash/images.pl makes what a crash at any moment could leave.  What the
 * program writes to the descriptor RECORD_ACK_FD is what it said to the world.
 * Changes nothing of what is done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RECORD_ACK_FD = 200, FDS = 1024 };

/* One event: this, then both paths, then the data. */
struct event {
	char kind[4];
	uint32_t path_n;
	uint32_t other_n;
	uint32_t data_n;
	uint64_t file; /* its inode */
	uint64_t at;
	uint64_t is_synced; /* durable when it returned */
};

static int trace = -1;
static bool synced[FDS];

static void
put(const struct event *event, const char *path, const char *other,
    const struct iovec *data, size_t n)
{
	struct iovec all[3 + 128];
	size_t count = 3;
	struct event head = *event;

	if (trace < 0) {
		const char *name = getenv("RECORD_TRACE");

		if (name == NULL)
			return;
		trace = (int)syscall(SYS_openat, AT_FDCWD, name,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	}
	head.path_n = path != NULL ? (uint32_t)strlen(path) : 0;
	head.other_n = other != NULL ? (uint32_t)strlen(other) : 0;
	all[0] = (struct iovec){&head, sizeof(head)};
	all[1] = (struct iovec){(void *)(uintptr_t)path, head.path_n};
	all[2] = (struct iovec){(void *)(uintptr_t)other, head.other_n};
	for (size_t i = 0; i < n && count < 3 + 128; i++) {
		head.data_n += (uint32_t)data[i].iov_len;
		all[count++] = data[i];
	}
	if (trace < 0 || syscall(SYS_writev, trace, all, count) < 0)
		abort();
}

/* Is `path`, which is absolute, of ours?  Then it is in `out`, too. */
static bool
is_ours(const char *path, char out[PATH_MAX])
{
	const char *root = getenv("RECORD_ROOT");

	if (root == NULL || strncmp(path, root, strlen(root)) != 0 ||
	    strlen(path) >= PATH_MAX)
		return false;
	memmove(out, path, strlen(path) + 1);
	return true;
}

static bool
is_ours_fd(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, out, PATH_MAX - 1);
	if (n < 0)
		return false;
	out[n] = '\0';
	return is_ours(out, out);
}

static uint64_t
inode_of(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 ? (uint64_t)stat.st_ino : 0;
}

static int
open_at(int dir, const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];
	struct stat stat;
	bool fresh = (flags & O_CREAT) != 0 && lstat(name, &stat) != 0;
	int fd = (int)syscall(SYS_openat, dir, name, flags, mode);
	int number = errno;

	if (fd >= 0 && fd < FDS)
		synced[fd] = (flags & O_DSYNC) != 0;
	if (fd >= 0 && is_ours(name, path)) {
		if (fresh)
			put(&(struct event){.kind = "new",
				.file = inode_of(fd)},
			    path, NULL, NULL, 0);
		else if ((flags & O_TRUNC) != 0)
			put(&(struct event){.kind = "siz",
				.file = inode_of(fd)},
			    path, NULL, NULL, 0);
	}
	errno = number;
	return fd;
}

int
open(const char *name, int flags, ...)
{
	va_list list;
	mode_t mode = 0;

	va_start(list, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(list, mode_t);
	va_end(list);
	return open_at(AT_FDCWD, name, flags, mode);
}

int
open64(const char *name, int flags, ...)
{
	va_list list;
	mode_t mode = 0;

	va_start(list, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(list, mode_t);
	va_end(list);
	return open_at(AT_FDCWD, name, flags, mode);
}

/* `n` bytes of `data` were written at `at`. */
static void
wrote(int fd, const struct iovec *data, size_t count, size_t n, off_t at)
{
	char path[PATH_MAX];
	struct iovec part[128];
	size_t k = 0;

	for (; k < count && k < 128 && n > 0; k++) {
		part[k] = data[k];
		if (part[k].iov_len > n)
			part[k].iov_len = n;
		n -= part[k].iov_len;
	}
	if (fd == RECORD_ACK_FD)
		put(&(struct event){.kind = "ack"}, NULL, NULL, part, k);
	else if (is_ours_fd(fd, path))
		put(&(struct event){.kind = "wri",
			.file = inode_of(fd),
			.at = (uint64_t)at,
			.is_synced = fd < FDS && synced[fd]},
		    path, NULL, part, k);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t done = syscall(SYS_pwrite64, fd, p, n, at);
	int number = errno;

	if (done > 0)
		wrote(fd, &(struct iovec){(void *)(uintptr_t)p, n}, 1,
		    (size_t)done, at);
	errno = number;
	return done;
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return pwrite(fd, p, n, at);
}

ssize_t
writev(int fd, const struct iovec *data, int count)
{
	off_t at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
	ssize_t done = syscall(SYS_writev, fd, data, count);
	int number = errno;

	if (done > 0)
		wrote(fd, data, (size_t)count, (size_t)done, at);
	errno = number;
	return done;
}

ssize_t
pwritev(int fd, const struct iovec *data, int count, off_t at)
{
	ssize_t done = syscall(SYS_pwritev, fd, data, count, at, 0);
	int number = errno;

	if (done > 0)
		wrote(fd, data, (size_t)count, (size_t)done, at);
	errno = number;
	return done;
}

ssize_t
write(int fd, const void *p, size_t n)
{
	off_t at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
	ssize_t done = syscall(SYS_write, fd, p, n);
	int number = errno;

	if (done > 0)
		wrote(fd, &(struct iovec){(void *)(uintptr_t)p, n}, 1,
		    (size_t)done, at);
	errno = number;
	return done;
}

static int
sized(int fd, off_t size, const char *kind, int result)
{
	char path[PATH_MAX];
	int number = errno;

	if (result == 0 && is_ours_fd(fd, path)) {
		struct event event = {
		    .file = inode_of(fd), .at = (uint64_t)size};

		memcpy(event.kind, kind, 4);
		put(&event, path, NULL, NULL, 0);
	}
	errno = number;
	return result;
}

int
ftruncate(int fd, off_t size)
{
	return sized(fd, size, "siz", (int)syscall(SYS_ftruncate, fd, size));
}

int
ftruncate64(int fd, off_t size)
{
	return ftruncate(fd, size);
}

int
posix_fallocate(int fd, off_t at, off_t n)
{
	int result = (int)syscall(SYS_fallocate, fd, 0, at, n);

	return sized(fd, at + n, "gro", result == 0 ? 0 : errno);
}

int
posix_fallocate64(int fd, off_t at, off_t n)
{
	return posix_fallocate(fd, at, n);
}

static int
synced_now(int fd, int result)
{
	char path[PATH_MAX];
	struct stat stat;
	int number = errno;

	if (result == 0 && fstat(fd, &stat) == 0 && is_ours_fd(fd, path))
		put(&(struct event){.file = (uint64_t)stat.st_ino,
			.kind = "syn",
			.at = S_ISDIR(stat.st_mode)},
		    path, NULL, NULL, 0);
	errno = number;
	return result;
}

int
fsync(int fd)
{
	return synced_now(fd, (int)syscall(SYS_fsync, fd));
}

int
fdatasync(int fd)
{
	return synced_now(fd, (int)syscall(SYS_fdatasync, fd));
}

/* Two names, or one. */
static int
named(const char *kind, const char *from, const char *to, int result)
{
	char path[PATH_MAX];
	char other[PATH_MAX];
	struct event event = {.file = 0};
	int number = errno;

	memcpy(event.kind, kind, 4);
	if (result == 0 && is_ours(from, path) &&
	    (to == NULL || is_ours(to, other)))
		put(&event, path, to == NULL ? NULL : other, NULL, 0);
	errno = number;
	return result;
}

int
rename(const char *from, const char *to)
{
	return named("ren", from, to,
	    (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int
link(const char *from, const char *to)
{
	return named("lnk", from, to,
	    (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int
unlink(const char *path)
{
	return named(
	    "unl", path, NULL, (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int
rmdir(const char *path)
{
	return named("unl", path, NULL,
	    (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR));
}

int
mkdir(const char *path, mode_t mode)
{
	return named(
	    "mkd", path, NULL, (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
