/*
 * Room for the day when the disk is full.  The door takes it when a store is
 * opened and gives it back when a write found no room.
 */
#include "core/ballast.h"

#include "core/file.h"

/* So many times its own size is left beside it. */
enum { BALLAST_BESIDE = 4 };

void
ballast_keep(const char *dir)
{
	struct buf path = {0};
	struct file_stat stat;
	uint64_t free_bytes;
	bool taken = true;

	buf_add_format(&path, "%s/ballast", dir);
	if (file_stat(buf_text(&path), &stat) == ERR_NOT_FOUND &&
	    file_free_bytes(dir, &free_bytes) == ERR_OK &&
	    free_bytes / BALLAST_BESIDE >= BALLAST_SIZE)
		taken = file_ballast(buf_text(&path), BALLAST_SIZE) == ERR_OK;
	(void)taken;
	buf_fini(&path);
}

enum err
ballast_drop(const char *dir)
{
	struct buf path = {0};
	enum err e;

	buf_add_format(&path, "%s/ballast", dir);
	e = file_remove(buf_text(&path));
	buf_fini(&path);
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	return e;
}
