/*
 * Turns over bits of keys in a data file that is open elsewhere: LMDB sees it,
 * as it reads from the same pages.
 */
#include "tests/lib/hole.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "core/file.h"
#include "proto/mem.h"

enum {
	FILE_MAX = 1 << 26,
	/* With a larger one LMDB reads behind the file. */
	SIZE_BITS_LOW = 3,
};

static void places_find(
    const struct holes *holes, struct hole_row *row, struct bytes value);

void
hole_open(struct holes *holes, struct town *town, size_t i)
{
	char *path = file_path(town->nodes[i].dir, "data.mdb");

	*holes = (struct holes){.store = town_store(town, i)};
	holes->fd = open(path, O_RDWR);
	assert_true(holes->fd >= 0);
	assert_int_equal(file_read(path, FILE_MAX, &holes->file), ERR_OK);
	mem_free(path);
}

void
hole_close(struct holes *holes)
{
	assert_int_equal(close(holes->fd), 0);
	buf_fini(&holes->file);
}

/* Where the file has the bytes of the row; they are one behind the other. */
static void
places_find(const struct holes *holes, struct hole_row *row, struct bytes value)
{
	struct bytes key = tables_key(&row->key);
	const uint8_t *p = holes->file.p;

	row->places_n = 0;
	for (size_t i = 0; i + key.n + value.n <= holes->file.n; i++)
		if (p[i] == key.p[0] && memcmp(p + i, key.p, key.n) == 0 &&
		    (value.n == 0 ||
			memcmp(p + i + key.n, value.p, value.n) == 0)) {
			assert_true(row->places_n < HOLE_PLACES_MAX);
			row->places[row->places_n++] = i;
		}
}

void
hole_rows(struct holes *holes, enum table table)
{
	struct txn *txn;
	struct kv_cursor cursor;

	assert_int_equal(store_begin(holes->store, false), ERR_OK);
	txn = store_txn(holes->store);
	holes->n = 0;
	kv_cursor_init(&cursor, txn->kv, table);
	for (bool more = kv_seek(&cursor, (struct bytes){0});
	     more && holes->n < HOLE_ROWS_MAX; more = kv_next(&cursor)) {
		struct hole_row *row = &holes->rows[holes->n];

		if (cursor.key.n > sizeof(row->key.b))
			continue;
		row->key.n = 0;
		tables_key_add(&row->key, cursor.key);
		places_find(holes, row, cursor.value);
		holes->n += row->places_n > 0;
	}
	kv_cursor_fini(&cursor);
	store_abort(holes->store);
}

void
hole_flip(const struct holes *holes, const struct hole_row *row, long bit)
{
	for (size_t i = 0; i < row->places_n; i++) {
		off_t at = (off_t)row->places[i] + bit / 8 - HOLE_SIZE_BITS / 8;
		uint8_t byte;

		assert_int_equal(pread(holes->fd, &byte, 1, at), 1);
		byte ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(pwrite(holes->fd, &byte, 1, at), 1);
	}
}

void
hole_each(
    const struct holes *holes, void (*look)(const struct hole_row *damaged))
{
	assert_true(holes->n > 0);
	for (size_t i = 0; i < holes->n; i++) {
		const struct hole_row *row = &holes->rows[i];

		for (long bit = 0; bit < HOLE_SIZE_BITS + 8 * (long)row->key.n;
		     bit++) {
			if (bit >= SIZE_BITS_LOW && bit < HOLE_SIZE_BITS)
				continue;
			hole_flip(holes, row, bit);
			look(row);
			hole_flip(holes, row, bit);
		}
	}
}
