/*
 * LMDB's file with pages that lie as the input says.  LMDB ends the process on
 * such pages, or answers with other rows; so whatever core/pages.h lets through
 * LMDB must read to the end, and give the same rows.
 */
#include "core/pages.h"

#include <stdlib.h>

#include "core/kv.h"
#include "core/pages_raw.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/targets.h"

enum {
	PAGE_SIZE = 4096,
	ROWS = 400,
	CHANGES_MAX = 12,
	FREED = 200,
	BIG_SIZE = 10000,
};

static const char data[] = "data.mdb";
static const char *const tables[] = {"first", "second", "third"};

/* The file as LMDB wrote it. */
static struct buf whole;

/* What was met of rows, in whatever order. */
struct rows {
	uint64_t n;
	uint64_t sum;
};

static void
whole_free(void)
{
	buf_fini(&whole);
}

static enum err
open_kv(bool create, struct kv **kv)
{
	return kv_open(&(struct kv_config){.dir = disk_dir(),
			   .tables = tables,
			   .tables_n = COUNT_OF(tables),
			   .create = create,
			   .room_bytes = 1024 * 1024,
			   .scrub_bytes = KV_SCRUB_ALL},
	    kv);
}

/* Tables of two levels, of one and of none; values with pages of their own, and
 * pages that are free. */
static void
whole_make(void)
{
	struct kv_txn *txn;
	struct kv *kv;
	uint8_t key[8];
	struct buf value = {0};

	memset(buf_extend(&value, BIG_SIZE), 7, BIG_SIZE);
	assert(open_kv(true, &kv) == ERR_OK);
	for (int round = 0; round < 3; round++) {
		assert(kv_begin(kv, true, &txn) == ERR_OK);
		for (uint64_t i = 0; i < ROWS; i++) {
			bytes_put_be64(key, i * 3 + (uint64_t)round);
			kv_put(txn, 0, bytes_of(key, 8),
			    bytes_first(buf_bytes(&value), 20 + i % 50));
			if (round == 2 && i < FREED)
				kv_del(txn, 0, bytes_of(key, 8));
		}
		bytes_put_be64(key, (uint64_t)round);
		kv_put(txn, 1, bytes_of(key, 8), buf_bytes(&value));
		if (round > 0) {
			bytes_put_be64(key, 0);
			kv_del(txn, 1, bytes_of(key, 8));
		}
		assert(kv_commit(txn) == ERR_OK);
	}
	kv_close(kv);
	disk_get(data, &whole);
	assert(whole.n % PAGE_SIZE == 0 && whole.n > 16 * PAGE_SIZE);
	assert(atexit(whole_free) == 0);
	buf_fini(&value);
}

static void
row_add(
    struct rows *rows, struct bytes table, struct bytes key, struct bytes value)
{
	uint64_t sums[] = {
	    bytes_checksum(table), bytes_checksum(key), bytes_checksum(value)};

	rows->n++;
	rows->sum += bytes_checksum(bytes_of(sums, sizeof(sums)));
}

static void
on_row(void *arg, const struct pages_row *row)
{
	row_add(arg, row->table, row->key, row->value);
}

static void
on_wrong(void *arg, uint64_t page, const char *why)
{
	(void)arg;
	(void)page;
	assert(why != NULL && why[0] != '\0');
}

/* Numbers of a page: heads, places of rows, heads of rows; or any byte. */
static void
change(struct fuzz_input *input, struct buf *file)
{
	size_t pages = file->n / PAGE_SIZE;
	uint8_t how = fuzz_u8(input);
	size_t at = fuzz_below(input, pages) * PAGE_SIZE;
	uint8_t *page = file->p + at;
	size_t slot = HEAD_SIZE + 2 * fuzz_below(input, 40);
	size_t node = (size_t)pages_raw_u16(page + slot) % (PAGE_SIZE - 16);
	uint64_t number = how < 0x80 ? fuzz_below(input, 2 * pages)
				     : fuzz_number(input);

	switch (how % 8) {
	case 0: /* the page's own number */
		memcpy(page, &number, 8);
		break;
	case 1: /* flags, and the bounds of what is free in it */
		memcpy(page + 10 + 2 * (how / 8 % 3), &number, 2);
		break;
	case 2: /* where a row is */
		memcpy(page + slot, &number, 2);
		break;
	case 3: /* how long it is, or which page follows; its flags; its key */
		memcpy(page + node + 2 * (how / 8 % 4), &number, 2);
		break;
	case 4: /* what is in its key and value */
		memcpy(page + node + 8 + how / 8, &number, 8);
		break;
	case 5: /* what the first pages say of tables */
		memcpy(file->p + (at / PAGE_SIZE % 2) * PAGE_SIZE + HEAD_SIZE +
			   8 * fuzz_below(input, 17),
		    &number, 8);
		break;
	case 6: /* one page in the place of another */
		memcpy(page, file->p + number % pages * PAGE_SIZE, PAGE_SIZE);
		break;
	default:
		page[number % PAGE_SIZE] ^= (uint8_t)(1 << how / 8 % 8);
		break;
	}
}

/* What LMDB reads of a file that nothing is wrong with; false: a table has
 * another name, which is told. */
static bool
rows_read(struct rows *rows)
{
	struct kv_txn *txn;
	struct kv *kv;
	enum err e;

	*rows = (struct rows){0};
	e = open_kv(false, &kv);
	/* core/pages.c does not look at the size of the map that the first
	 * pages say, and the system refuses one that is too large. */
	assert(e == ERR_OK || e == ERR_CORRUPT || e == ERR_IO);
	if (e != ERR_OK)
		return false;
	assert(kv_begin(kv, false, &txn) == ERR_OK);
	for (unsigned i = 0; i < COUNT_OF(tables); i++) {
		struct kv_cursor cursor;
		uint64_t before = rows->n;

		kv_cursor_init(&cursor, txn, i);
		for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
		     more = kv_next(&cursor))
			row_add(rows, bytes_text(tables[i]), cursor.key,
			    cursor.value);
		kv_cursor_fini(&cursor);
		assert(rows->n - before == kv_count(txn, i));
	}
	assert(kv_failed(txn) == ERR_OK);
	kv_abort(txn);
	kv_close(kv);
	return true;
}

static void
file_try(struct bytes file)
{
	/* Two bits for each page that could be, and pages on the way down. */
	static const struct cost_limit limit = {
	    {.allocations = 256,
		.allocated_bytes = 8 * 1024 * 1024,
		.largest_bytes = 4 * 1024 * 1024},
	    {.allocations = 1, .allocated_bytes = 64, .largest_bytes = 2}};
	const char *path = disk_put(data, file);
	struct rows walked = {0};
	struct rows read = {0};
	const struct pages_watch watch = {
	    .wrong = on_wrong, .row = on_row, .arg = &walked};
	struct pages_report report;
	enum err e;

	cost_begin();
	e = pages_walk(path, 0, &watch, &report);
	cost_assert(&limit, file.n);
	assert(e == ERR_OK || e == ERR_CORRUPT);
	if (e != ERR_OK || report.wrong > 0)
		return;
	if (rows_read(&read))
		assert(walked.n == read.n && walked.sum == read.sum);
}

void
target_pages(struct bytes in)
{
	struct fuzz_input input = {.left = in};
	struct buf file = {0};

	fuzz_start();
	if (whole.n == 0)
		whole_make();
	if (fuzz_u8(&input) >= 0xf0) {
		buf_add(&file, fuzz_rest(&input));
	} else {
		buf_add(&file, buf_bytes(&whole));
		for (int i = 0; i < CHANGES_MAX && fuzz_more(&input); i++)
			change(&input, &file);
	}
	file_try(buf_bytes(&file));
	buf_fini(&file);
}
