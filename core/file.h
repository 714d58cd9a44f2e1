#ifndef GOLMOK_CORE_FILE_H
#define GOLMOK_CORE_FILE_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * What core asks of the file system outside LMDB.  Everything here blocks.
 * Every failure names the path and the system's reason: ERR_NOT_FOUND (nothing
 * there), ERR_EXISTS (something is there already), ERR_DENIED (permission),
 * ERR_FULL (disk, quota or file size), ERR_BUSY (locked by somebody else), and
 * ERR_IO for all else.
 */

/* Records the text for the system's error `number`, met while `doing`
 * ("write") with `path`, and returns its code.  EIO counts as ERR_FULL when
 * the file system of `path` has next to no room left: a write that was cut
 * short by a full disk is reported by LMDB as EIO. */
enum err file_error(int number, const char *doing, const char *path) MUST_USE;

/* The path of `name` in the directory `dir`, owned by the caller (mem_free). */
char *file_path(const char *dir, const char *name) MUST_USE;

/* Appends the content of the regular file `path` to `content`.  ERR_LIMIT, and
 * `content` as it was, when it has more than `size_max` bytes; ERR_INVALID when
 * it is no regular file. */
enum err file_read(
    const char *path, size_t size_max, struct buf *content) MUST_USE;
/* As file_read for what lies behind the first `at` bytes of `path`. */
enum err file_read_from(const char *path, uint64_t at, size_t size_max,
    struct buf *content) MUST_USE;
/* Makes `content` the content of `path` with the permissions `mode`, durably:
 * after a crash or a failure there is the old file or the new one.  Writes to
 * `path` with ".new" appended first. */
enum err file_write(
    const char *path, struct bytes content, unsigned mode) MUST_USE;
/* Renames `from` to `to`, in one directory, durably; replaces a file. */
enum err file_move(const char *from, const char *to) MUST_USE;
/* Gives the file `from` the name `to` too, on the same disk, durably.
 * ERR_EXISTS. */
enum err file_link(const char *from, const char *to) MUST_USE;
/* Removes the file `path`, durably.  ERR_NOT_FOUND when there is none. */
enum err file_remove(const char *path) MUST_USE;

/* Makes the directory `path`, readable by its owner only.  ERR_EXISTS. */
enum err file_make_dir(const char *path) MUST_USE;
/* Makes the names in the directory (or the content of the file) `path`
 * durable. */
enum err file_sync(const char *path) MUST_USE;
/* Removes the directory `path`, which we made, with everything in it.  Does
 * not follow symbolic links.  That it is not there is no failure. */
enum err file_remove_tree(const char *path) MUST_USE;

/* Which file it is, and how many bytes it has. */
struct file_stat {
	uint64_t device;
	uint64_t inode;
	uint64_t size_bytes;
	bool is_dir;
};
/* Looks at `path`, following symbolic links. */
enum err file_stat(const char *path, struct file_stat *stat) MUST_USE;

/* A lock on a file between processes, which ends with the process at the
 * latest.  A zeroed one is none; file_lock_fini of it does nothing. */
struct file_lock {
	int fd_plus_1; /* 0: none */
};
/* Locks `path`, made empty when missing, for many (`exclusive` false) or for
 * one; ended with file_lock_fini.  Never waits: ERR_BUSY when others hold it.
 */
enum err file_lock_init(
    struct file_lock *lock, const char *path, bool exclusive) MUST_USE;
void file_lock_fini(struct file_lock *lock);

/* A small file that is kept open and overwritten in place again and again.  A
 * zeroed one is closed; file_slot_fini of it does nothing. */
struct file_slot {
	int fd_plus_1; /* 0: closed */
	char *path;    /* owned */
};
/* Opens `path`, which must exist; ended with file_slot_fini. */
enum err file_slot_init(struct file_slot *slot, const char *path) MUST_USE;
/* Overwrites the start of the file with `record`, without waiting until it is
 * durable.  A crash may leave a mix of old and new bytes: the record
 * carries its own checksum. */
enum err file_slot_put(
    const struct file_slot *slot, struct bytes record) MUST_USE;
void file_slot_fini(struct file_slot *slot);

/* Sees to it that the file `path` holds at least `size_bytes` of the disk, so
 * that file_remove of it makes room when the disk is full.  On failure there is
 * no such file. */
enum err file_ballast(const char *path, uint64_t size_bytes) MUST_USE;
/* Sees to it that the file `path`, made when missing, has room on the disk for
 * its first `size_bytes`; what stands there stays.  Not durable. */
enum err file_reserve(const char *path, uint64_t size_bytes) MUST_USE;
/* How many bytes we may still write to the file system of `path`. */
enum err file_free_bytes(const char *path, uint64_t *free_bytes) MUST_USE;
/* Into `*remote`, whether `path` lies on a file system of other machines or of
 * user space (NFS, SMB, 9P, Ceph, FUSE…), where locks and maps cannot be
 * trusted. */
enum err file_is_remote(const char *path, bool *remote) MUST_USE;

#endif
