/*
 * The file system outside LMDB: whole files, directories, locks, ballast.  All
 * of core goes through here, so that each call that can fail is in one place
 * and is made to fail by the tests.  Knows nothing of what the files mean.
 */
#define _XOPEN_SOURCE 700
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "proto/mem.h"

enum {
	/* Less than this free: a failed write is blamed on the full disk. */
	NEARLY_FULL_BYTES = 256 * 1024,
	TREE_FILES_OPEN_MAX = 16,
	READ_STEP_SIZE = 64 * 1024,
};

static enum err too_large(const char *path, size_t size_max) MUST_USE;
static enum err read_all(
    int fd, const char *path, size_t size_max, struct buf *content) MUST_USE;
static enum err write_new(
    const char *path, struct bytes content, unsigned mode) MUST_USE;
static enum err write_at(
    int fd, const char *path, struct bytes content) MUST_USE;
static enum err sync_name(const char *path) MUST_USE;
static enum err sync_parent(const char *path) MUST_USE;
static char *parent_of(const char *path);
static struct file_stat stat_from(const struct stat *from);
static int remove_one(
    const char *path, const struct stat *stat, int kind, struct FTW *where);

enum err
file_error(int number, const char *doing, const char *path)
{
	uint64_t free_bytes = 0;

	assert(number > 0);
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return err_set(
		    ERR_NOT_FOUND, "%s %s: there is no such file", doing, path);
	case EEXIST:
		return err_set(
		    ERR_EXISTS, "%s %s: it exists already", doing, path);
	case EACCES:
	case EPERM:
		return err_set(ERR_DENIED,
		    "%s %s: %s; check its owner and permissions", doing, path,
		    strerror(number));
	case ENOSPC:
		return err_set(ERR_FULL,
		    "%s %s: the disk is full; make room on it", doing, path);
	case EDQUOT:
		return err_set(ERR_FULL,
		    "%s %s: the disk quota is used up; make room", doing, path);
	case EFBIG:
		return err_set(ERR_FULL,
		    "%s %s: the system's limit for the size of a file is"
		    " reached",
		    doing, path);
	default:
		break;
	}
	if (number == EIO && file_free_bytes(path, &free_bytes) == ERR_OK &&
	    free_bytes < NEARLY_FULL_BYTES)
		return err_set(ERR_FULL,
		    "%s %s: the disk is full (%llu bytes left); make room on"
		    " it",
		    doing, path, (unsigned long long)free_bytes);
	return err_set(ERR_IO, "%s %s: %s", doing, path, strerror(number));
}

char *
file_path(const char *dir, const char *name)
{
	struct buf path = {0};
	char *text;

	buf_add_format(&path, "%s/%s", dir, name);
	text = mem_text(buf_text(&path));
	buf_fini(&path);
	return text;
}

enum err
file_read(const char *path, size_t size_max, struct buf *content)
{
	return file_read_from(path, 0, size_max, content);
}

enum err
file_read_from(
    const char *path, uint64_t at, size_t size_max, struct buf *content)
{
	/* Not to block on a pipe that lies where a file should be. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t before = content->n;
	struct stat stat;
	enum err e;

	if (fd < 0)
		return file_error(errno, "open", path);
	if (fstat(fd, &stat) != 0)
		e = file_error(errno, "look at", path);
	else if (!S_ISREG(stat.st_mode))
		e = err_set(ERR_INVALID, "read %s: it is no file", path);
	else if (stat.st_size > 0 && (uint64_t)stat.st_size > at &&
		 (uint64_t)stat.st_size - at > size_max)
		e = too_large(path, size_max);
	else if (lseek(fd, (off_t)at, SEEK_SET) < 0)
		e = file_error(errno, "read", path);
	else
		e = read_all(fd, path, size_max, content);
	if (e != ERR_OK)
		buf_cut(content, before);
	(void)close(fd);
	return e;
}

static enum err
too_large(const char *path, size_t size_max)
{
	return err_set(
	    ERR_LIMIT, "read %s: it has more than %zu bytes", path, size_max);
}

static enum err
read_all(int fd, const char *path, size_t size_max, struct buf *content)
{
	size_t taken = 0;

	for (;;) {
		/* One byte more than allowed shows a file that is too large,
		 * also one that grows while it is read. */
		size_t left = size_max - taken;
		size_t step = left < READ_STEP_SIZE ? left + 1 : READ_STEP_SIZE;
		uint8_t *to = buf_extend(content, step);
		ssize_t n = read(fd, to, step);

		buf_cut(content, content->n - step + (n > 0 ? (size_t)n : 0));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_error(errno, "read", path);
		if (n == 0)
			return ERR_OK;
		if ((size_t)n > left)
			return too_large(path, size_max);
		taken += (size_t)n;
	}
}

enum err
file_write(const char *path, struct bytes content, unsigned mode)
{
	struct buf name = {0};
	const char *fresh;
	enum err e;

	buf_add_format(&name, "%s.new", path);
	fresh = buf_text(&name);
	/* A leftover of a crash. */
	if (unlink(fresh) != 0 && errno != ENOENT) {
		e = file_error(errno, "remove", fresh);
		goto out;
	}
	e = write_new(fresh, content, mode);
	if (e != ERR_OK)
		goto out;
	if (rename(fresh, path) != 0) {
		e = file_error(errno, "rename", path);
		(void)unlink(fresh);
		goto out;
	}
	e = sync_name(path);
out:
	buf_fini(&name);
	return e;
}

/* Makes `path`, which must not exist, with `content`, synced; or nothing. */
static enum err
write_new(const char *path, struct bytes content, unsigned mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum err e;

	if (fd < 0)
		return file_error(errno, "make", path);
	e = write_at(fd, path, content);
	/* After the content, and against the umask. */
	if (e == ERR_OK && fchmod(fd, (mode_t)mode) != 0)
		e = file_error(errno, "set the permissions of", path);
	if (e == ERR_OK && fsync(fd) != 0)
		e = file_error(errno, "sync", path);
	if (close(fd) != 0 && e == ERR_OK)
		e = file_error(errno, "close", path);
	if (e != ERR_OK)
		(void)unlink(path);
	return e;
}

/* Writes all of `content` at the start of `fd`. */
static enum err
write_at(int fd, const char *path, struct bytes content)
{
	size_t done = 0;

	while (done < content.n) {
		struct bytes rest = bytes_after(content, done);
		ssize_t n = pwrite(fd, rest.p, rest.n, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_error(errno, "write", path);
		if (n == 0)
			return file_error(ENOSPC, "write", path);
		done += (size_t)n;
	}
	assert(done == content.n);
	return ERR_OK;
}

enum err
file_move(const char *from, const char *to)
{
	if (rename(from, to) != 0)
		return file_error(errno, "rename", from);
	return sync_name(to);
}

/* On FAT the place and the size of a file stand beside its name: a new name
 * leads to an empty file until the file itself was synced under it. */
static enum err
sync_name(const char *path)
{
	enum err e = file_sync(path);

	return e == ERR_OK ? sync_parent(path) : e;
}

enum err
file_link(const char *from, const char *to)
{
	if (link(from, to) != 0)
		return file_error(errno, "give another name to", from);
	return sync_parent(to);
}

enum err
file_remove(const char *path)
{
	if (unlink(path) != 0)
		return file_error(errno, "remove", path);
	return sync_parent(path);
}

static enum err
sync_parent(const char *path)
{
	char *parent = parent_of(path);
	enum err e = file_sync(parent);

	mem_free(parent);
	return e;
}

/* The directory in which the last part of `path` lies; owned by the caller. */
static char *
parent_of(const char *path)
{
	char *parent = mem_text(path);
	size_t n = strlen(parent);

	while (n > 1 && parent[n - 1] == '/')
		n--;
	while (n > 0 && parent[n - 1] != '/')
		n--;
	while (n > 1 && parent[n - 1] == '/')
		n--;
	parent[n] = '\0';
	if (n > 0)
		return parent;
	mem_free(parent);
	return mem_text(".");
}

enum err
file_make_dir(const char *path)
{
	if (mkdir(path, 0700) != 0)
		return file_error(errno, "make the directory", path);
	return sync_parent(path);
}

enum err
file_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e = ERR_OK;

	if (fd < 0)
		return file_error(errno, "open", path);
	if (fsync(fd) != 0)
		e = file_error(errno, "sync", path);
	(void)close(fd);
	return e;
}

enum err
file_remove_tree(const char *path)
{
	int flags = FTW_DEPTH | FTW_PHYS | FTW_MOUNT;

	if (nftw(path, remove_one, TREE_FILES_OPEN_MAX, flags) != 0 &&
	    errno != ENOENT)
		return file_error(errno, "remove the directory", path);
	return ERR_OK;
}

static int
remove_one(
    const char *path, const struct stat *stat, int kind, struct FTW *where)
{
	(void)stat;
	(void)where;
	if (kind == FTW_DP)
		return rmdir(path);
	return unlink(path);
}

static struct file_stat
stat_from(const struct stat *from)
{
	return (struct file_stat){
	    .device = (uint64_t)from->st_dev,
	    .inode = (uint64_t)from->st_ino,
	    .size_bytes = (uint64_t)from->st_size,
	    .is_dir = S_ISDIR(from->st_mode),
	};
}

enum err
file_stat(const char *path, struct file_stat *result)
{
	struct stat found;

	if (stat(path, &found) != 0)
		return file_error(errno, "look at", path);
	*result = stat_from(&found);
	return ERR_OK;
}

enum err
file_lock_init(struct file_lock *lock, const char *path, bool exclusive)
{
	int how = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int number;

	*lock = (struct file_lock){0};
	if (fd < 0)
		return file_error(errno, "open the lock", path);
	while (flock(fd, how) != 0) {
		number = errno;
		if (number == EINTR)
			continue;
		(void)close(fd);
		if (number == EWOULDBLOCK)
			return err_set(ERR_BUSY,
			    "%s: another program is using it; wait for it to"
			    " end, or stop it",
			    path);
		return file_error(number, "lock", path);
	}
	lock->fd_plus_1 = fd + 1;
	return ERR_OK;
}

void
file_lock_fini(struct file_lock *lock)
{
	if (lock->fd_plus_1 > 0)
		(void)close(lock->fd_plus_1 - 1);
	*lock = (struct file_lock){0};
}

enum err
file_slot_init(struct file_slot *slot, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	*slot = (struct file_slot){0};
	if (fd < 0)
		return file_error(errno, "open", path);
	slot->fd_plus_1 = fd + 1;
	slot->path = mem_text(path);
	return ERR_OK;
}

enum err
file_slot_put(const struct file_slot *slot, struct bytes record)
{
	assert(slot->fd_plus_1 > 0);
	return write_at(slot->fd_plus_1 - 1, slot->path, record);
}

void
file_slot_fini(struct file_slot *slot)
{
	if (slot->fd_plus_1 > 0)
		(void)close(slot->fd_plus_1 - 1);
	mem_free(slot->path);
	*slot = (struct file_slot){0};
}

/* Opens the file `path`, made if need be, and takes room for it; `*fd` is -1
 * when it cannot be opened. */
static enum err
room_take(const char *path, uint64_t size_bytes, int *fd)
{
	int number;

	assert(size_bytes > 0 && size_bytes <= INT64_MAX);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return file_error(errno, "make", path);
	do {
		number = posix_fallocate(*fd, 0, (off_t)size_bytes);
	} while (number == EINTR);
	return number == 0 ? ERR_OK
			   : file_error(number, "reserve disk for", path);
}

enum err
file_ballast(const char *path, uint64_t size_bytes)
{
	int fd;
	enum err e = room_take(path, size_bytes, &fd);

	if (fd < 0)
		return e;
	if (e == ERR_OK && fsync(fd) != 0)
		e = file_error(errno, "sync", path);
	(void)close(fd);
	if (e == ERR_OK)
		return sync_parent(path);
	(void)unlink(path);
	return e;
}

enum err
file_reserve(const char *path, uint64_t size_bytes)
{
	int fd;
	enum err e = room_take(path, size_bytes, &fd);

	if (fd >= 0)
		(void)close(fd);
	return e;
}

enum err
file_free_bytes(const char *path, uint64_t *free_bytes)
{
	struct statvfs found;

	if (statvfs(path, &found) != 0)
		return err_set(ERR_IO, "look at the disk of %s: %s", path,
		    strerror(errno));
	*free_bytes = (uint64_t)found.f_bavail * (uint64_t)found.f_frsize;
	return ERR_OK;
}

enum err
file_is_remote(const char *path, bool *remote)
{
	static const uint32_t others[] = {
	    0x6969,	/* NFS */
	    0x517b,	/* SMB */
	    0xff534d42, /* CIFS */
	    0xfe534d42, /* SMB 2 */
	    0x564c,	/* NCP */
	    0x5346414f, /* AFS */
	    0x6b414653, /* AFS of the kernel */
	    0x73757245, /* Coda */
	    0x01021997, /* 9P */
	    0x00c36400, /* Ceph */
	    0x65735546, /* FUSE */
	    0x0bd00bd0, /* Lustre */
	    0x01161970, /* GFS2: shared by machines */
	    0x7461636f, /* OCFS2: shared by machines */
	    0x786f4256, /* folders of a VirtualBox host */
	};
	struct statfs found;

	*remote = false;
	if (statfs(path, &found) != 0)
		return file_error(errno, "look at the disk of", path);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if ((uint32_t)found.f_type == others[i])
			*remote = true;
	return ERR_OK;
}
