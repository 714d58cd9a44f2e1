/*
 * Calls that fail on demand.  The linker's --wrap sends each call of `x` to
 * `__wrap_x` here and names the true one `__real_x`; that name is weak, since
 * in a test that does not wrap `x` nobody defines it and nobody comes here.
 */
#define _XOPEN_SOURCE 700
#include "tests/lib/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

static struct fault_plan armed;
static unsigned counted;
static bool failed;

void
fault_arm(struct fault_plan plan)
{
	assert(plan.nth > 0 && plan.number != 0);
	armed = plan;
	counted = 0;
	failed = false;
}

bool
fault_disarm(void)
{
	armed.nth = 0;
	return failed;
}

unsigned
fault_counted(void)
{
	return counted;
}

/* Does `names` have the word `name`? */
static bool
has_name(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = names; (p = strstr(p, name)) != NULL; p += n)
		if ((p == names || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

int
fault_due(const char *name)
{
	if (armed.nth == 0 ||
	    (armed.names != NULL && !has_name(armed.names, name)))
		return 0;
	counted++;
	if (counted != armed.nth && !(armed.for_ever && counted > armed.nth))
		return 0;
	failed = true;
	return armed.number;
}

#define PRAGMA(text) _Pragma(#text)
#define WEAK(name) PRAGMA(weak name)

/* A wrapper of a function that returns -1 and sets errno... */
#define WRAP_ERRNO(name, params, args)             \
	WEAK(__real_##name)                        \
	int __real_##name params;                  \
	int __wrap_##name params;                  \
	int __wrap_##name params                   \
	{                                          \
		int number = fault_due(#name);     \
		if (number == 0)                   \
			return __real_##name args; \
		errno = number > 0 ? number : EIO; \
		return -1;                         \
	}

/* ...and of one that returns its failure. */
#define WRAP_CODE(name, params, args)                             \
	WEAK(__real_##name)                                       \
	int __real_##name params;                                 \
	int __wrap_##name params;                                 \
	int __wrap_##name params                                  \
	{                                                         \
		int number = fault_due(#name);                    \
		if (number == FAULT_SHORT)                        \
			number = EIO;                             \
		return number == 0 ? __real_##name args : number; \
	}

WRAP_ERRNO(fsync, (int fd), (fd))
WRAP_ERRNO(ftruncate, (int fd, off_t n), (fd, n))
WRAP_ERRNO(fchmod, (int fd, mode_t mode), (fd, mode))
WRAP_ERRNO(fstat, (int fd, struct stat *to), (fd, to))
WRAP_ERRNO(stat, (const char *path, struct stat *to), (path, to))
WRAP_ERRNO(lstat, (const char *path, struct stat *to), (path, to))
WRAP_ERRNO(statvfs, (const char *path, struct statvfs *to), (path, to))
WRAP_ERRNO(statfs, (const char *path, struct statfs *to), (path, to))
WRAP_ERRNO(rename, (const char *from, const char *to), (from, to))
WRAP_ERRNO(link, (const char *from, const char *to), (from, to))
WRAP_ERRNO(unlink, (const char *path), (path))
WRAP_ERRNO(rmdir, (const char *path), (path))
WRAP_ERRNO(mkdir, (const char *path, mode_t mode), (path, mode))
WRAP_ERRNO(nftw, (const char *path, __nftw_func_t visit, int fds, int flags),
    (path, visit, fds, flags))
WRAP_ERRNO(flock, (int fd, int how), (fd, how))

WEAK(__real_posix_fallocate)
int __real_posix_fallocate(int fd, off_t at, off_t n);
int __wrap_posix_fallocate(int fd, off_t at, off_t n);
int
__wrap_posix_fallocate(int fd, off_t at, off_t n)
{
	int number = fault_due("posix_fallocate");

	if (number == 0)
		return __real_posix_fallocate(fd, at, n);
	return number > 0 ? number : EIO;
}

WEAK(__real_close)
int __real_close(int fd);
int __wrap_close(int fd);
int
__wrap_close(int fd)
{
	int number = fault_due("close");
	int rc = __real_close(fd);

	/* The descriptor is gone even when close fails. */
	if (number == 0)
		return rc;
	errno = number > 0 ? number : EIO;
	return -1;
}

WEAK(__real_open)
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...)
{
	int number = fault_due("open");
	mode_t mode = 0;
	va_list values;

	va_start(values, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(values, mode_t);
	va_end(values);
	if (number == 0)
		return __real_open(path, flags, mode);
	errno = number > 0 ? number : EIO;
	return -1;
}

WEAK(__real_fcntl)
int __real_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...);
int
__wrap_fcntl(int fd, int what, ...)
{
	int number = fault_due("fcntl");
	va_list values;
	int value;

	/* Ours all take a number. */
	va_start(values, what);
	value = va_arg(values, int);
	va_end(values);
	if (number == 0)
		return __real_fcntl(fd, what, value);
	errno = number > 0 ? number : EIO;
	return -1;
}

WEAK(__real_lseek)
off_t __real_lseek(int fd, off_t to, int whence);
off_t __wrap_lseek(int fd, off_t to, int whence);
off_t
__wrap_lseek(int fd, off_t to, int whence)
{
	int number = fault_due("lseek");

	if (number == 0)
		return __real_lseek(fd, to, whence);
	errno = number > 0 ? number : EIO;
	return -1;
}

WEAK(__real_read)
ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t
__wrap_read(int fd, void *to, size_t n)
{
	int number = fault_due("read");

	if (number == 0)
		return __real_read(fd, to, n);
	if (number == FAULT_SHORT)
		return __real_read(fd, to, (n + 1) / 2);
	errno = number > 0 ? number : EIO;
	return -1;
}

WEAK(__real_pwrite)
ssize_t __real_pwrite(int fd, const void *from, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *from, size_t n, off_t at);
ssize_t
__wrap_pwrite(int fd, const void *from, size_t n, off_t at)
{
	int number = fault_due("pwrite");

	if (number == 0)
		return __real_pwrite(fd, from, n, at);
	if (number == FAULT_SHORT)
		return __real_pwrite(fd, from, (n + 1) / 2, at);
	errno = number > 0 ? number : EIO;
	return -1;
}

WEAK(__real_pread)
ssize_t __real_pread(int fd, void *to, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at);
ssize_t
__wrap_pread(int fd, void *to, size_t n, off_t at)
{
	int number = fault_due("pread");

	if (number == 0)
		return __real_pread(fd, to, n, at);
	if (number == FAULT_SHORT)
		return __real_pread(fd, to, (n + 1) / 2, at);
	errno = number > 0 ? number : EIO;
	return -1;
}

WEAK(__real_write)
ssize_t __real_write(int fd, const void *from, size_t n);
ssize_t __wrap_write(int fd, const void *from, size_t n);
ssize_t
__wrap_write(int fd, const void *from, size_t n)
{
	int number = fault_due("write");

	if (number == 0)
		return __real_write(fd, from, n);
	if (number == FAULT_SHORT)
		return __real_write(fd, from, (n + 1) / 2);
	errno = number > 0 ? number : EIO;
	return -1;
}

/* LMDB's types are pointers to us: its header belongs to core/env.h alone. */
WRAP_CODE(mdb_env_create, (void **env), (env))
WRAP_CODE(mdb_env_open,
    (void *env, const char *path, unsigned flags, mode_t mode),
    (env, path, flags, mode))
WRAP_CODE(mdb_env_set_maxdbs, (void *env, unsigned n), (env, n))
WRAP_CODE(mdb_env_set_mapsize, (void *env, size_t n), (env, n))
WRAP_CODE(mdb_env_stat, (void *env, void *stat), (env, stat))
WRAP_CODE(mdb_env_get_fd, (void *env, int *fd), (env, fd))
WRAP_CODE(mdb_env_set_assert, (void *env, void *call), (env, call))
WRAP_CODE(mdb_env_copyfd2, (void *env, int fd, unsigned how), (env, fd, how))
WRAP_CODE(mdb_reader_check, (void *env, int *dead), (env, dead))
WRAP_CODE(mdb_txn_begin, (void *env, void *parent, unsigned flags, void **txn),
    (env, parent, flags, txn))
WRAP_CODE(mdb_txn_renew, (void *txn), (txn))
WRAP_CODE(mdb_dbi_open,
    (void *txn, const char *name, unsigned flags, unsigned *dbi),
    (txn, name, flags, dbi))
WRAP_CODE(mdb_get, (void *txn, unsigned dbi, void *key, void *value),
    (txn, dbi, key, value))
WRAP_CODE(mdb_put,
    (void *txn, unsigned dbi, void *key, void *value, unsigned flags),
    (txn, dbi, key, value, flags))
WRAP_CODE(mdb_del, (void *txn, unsigned dbi, void *key, void *value),
    (txn, dbi, key, value))
WRAP_CODE(mdb_drop, (void *txn, unsigned dbi, int whole), (txn, dbi, whole))
WRAP_CODE(mdb_stat, (void *txn, unsigned dbi, void *stat), (txn, dbi, stat))
WRAP_CODE(mdb_cursor_open, (void *txn, unsigned dbi, void **cursor),
    (txn, dbi, cursor))
WRAP_CODE(mdb_cursor_get, (void *cursor, void *key, void *value, int move),
    (cursor, key, value, move))

void mdb_txn_abort(void *txn);
WEAK(__real_mdb_txn_commit)
int __real_mdb_txn_commit(void *txn);
int __wrap_mdb_txn_commit(void *txn);
int
__wrap_mdb_txn_commit(void *txn)
{
	int number = fault_due("mdb_txn_commit");

	if (number == 0)
		return __real_mdb_txn_commit(txn);
	/* A failed commit ends the transaction too. */
	mdb_txn_abort(txn);
	return number == FAULT_SHORT ? EIO : number;
}
