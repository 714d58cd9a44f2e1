/*
 * Room for the day when the disk is full.  The door takes it when a store is
 * opened and gives it back when a write found no room.
 */
#include "core/ballast.h"

#include "core/file.h"
#include "proto/mem.h"

/* So many times its own size is left beside it. */
enum { BALLAST_BESIDE = 4 };

/* Nobody compacts a store that is open: what lies there was cut off, and takes
 * as much room as the store. */
static void
rest_remove(const char *dir)
{
	char *rest = file_path(dir, "data.mdb.new");
	struct file_stat stat;

	if (file_stat(rest, &stat) == ERR_OK)
		(void)!file_remove(rest);
	mem_free(rest);
}

void
ballast_keep(const char *dir)
{
	struct buf path = {0};
	struct file_stat stat;
	uint64_t free_bytes;
	bool taken = true;

	rest_remove(dir);
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
