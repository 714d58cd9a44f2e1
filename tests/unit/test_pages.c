/*
 * What core/pages.h promises of files that are not what LMDB wrote: each lie of
 * a page is told, and what can still be read is.  The file is made here, page
 * by page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/medium.h"
#include "core/pages.h"
#include "core/pages_raw.h"
#include "proto/mem.h"
#include "tests/lib/tempdir.h"

enum { PAGE = 512, PAGES = 13, LEVELS = 40, REASONS = 16 };
/* Pages of which a call for each would end the stack; bytes of a value. */
enum { CHAIN = 1 << 16, LONG = 700 };
enum { NODE_LONG = 1, NODE_OF_TABLE = 2 };
/* Which page is what; there are three leaves, and two pages of a value. */
enum { AT_FREE = 2, AT_MAIN, AT_BRANCH, AT_LEAF, AT_LONG = AT_LEAF + 3 };
enum { AT_OLDER_FREE = 10 };

/* Where in a node its parts lie: a size, the flags, the key's size, a key. */
enum { IN_SIZE = 0, IN_FLAGS = 4, IN_KEY_SIZE = 6, IN_KEY = 8 };
/* Where in a page head. */
enum { IN_NUMBER = 0, IN_KIND = 10, IN_LOWER = 12, IN_UPPER = 14 };

struct book {
	struct tempdir dir;
	uint8_t *bytes; /* owned */
	uint64_t n;	/* pages of it that are written to the file */
	struct pages_report report;
	const char *reasons[REASONS];
	size_t reasons_n;
	size_t rows;
	size_t row_bytes;
};

/* ---- making a file ------------------------------------------------------ */

static uint8_t *
page_of(struct book *book, uint64_t page)
{
	return book->bytes + page * PAGE;
}

static void
number_put(uint8_t *at, uint64_t v, size_t n)
{
	memcpy(at, &v, n);
}

static void
page_begin(struct book *book, uint64_t page, unsigned kind)
{
	uint8_t *at = page_of(book, page);

	number_put(at + IN_NUMBER, page, 8);
	number_put(at + IN_KIND, kind, 2);
	number_put(at + IN_LOWER, HEAD_SIZE, 2);
	number_put(at + IN_UPPER, PAGE, 2);
}

/* The next node of `page`; its flags and size are one number, as of a child. */
static void
node_put(struct book *book, uint64_t page, uint64_t what, struct bytes key,
    struct bytes data)
{
	uint8_t *at = page_of(book, page);
	size_t lower = pages_raw_u16(at + IN_LOWER);
	size_t upper = pages_raw_u16(at + IN_UPPER);
	uint8_t *node;

	upper -= (8 + key.n + data.n + 1) / 2 * 2;
	node = at + upper;
	number_put(node, what, 6);
	number_put(node + IN_KEY_SIZE, key.n, 2);
	if (key.n > 0)
		memcpy(node + IN_KEY, key.p, key.n);
	if (data.n > 0)
		memcpy(node + IN_KEY + key.n, data.p, data.n);
	number_put(at + lower, upper, 2);
	number_put(at + IN_LOWER, lower + 2, 2);
	number_put(at + IN_UPPER, upper, 2);
}

static void
row_put(struct book *book, uint64_t page, const char *key, const char *value)
{
	node_put(book, page, strlen(value), bytes_text(key), bytes_text(value));
}

static void
table_put(uint8_t *at, const struct pages_table *table)
{
	memset(at, 0, DB_SIZE);
	number_put(at + 4, table->flags, 2);
	number_put(at + 6, table->depth, 2);
	number_put(at + 8, table->branches, 8);
	number_put(at + 16, table->leaves, 8);
	number_put(at + 24, table->overflows, 8);
	number_put(at + 32, table->entries, 8);
	number_put(at + 40, table->root, 8);
}

static void
table_add(struct book *book, uint64_t page, const char *name,
    const struct pages_table *table)
{
	uint8_t row[DB_SIZE];

	table_put(row, table);
	node_put(book, page, DB_SIZE | (uint64_t)NODE_OF_TABLE << 32,
	    bytes_text(name), bytes_of(row, sizeof(row)));
}

static void
list_add(struct book *book, uint64_t page, uint64_t txn_id,
    const uint64_t *list, size_t n)
{
	node_put(
	    book, page, n * 8, bytes_of(&txn_id, 8), bytes_of(list, n * 8));
}

static uint8_t *
meta_tables(struct book *book, uint64_t number)
{
	return page_of(book, number) + HEAD_SIZE + 24;
}

static void
metas_put(struct book *book, const struct pages_table *free_list,
    const struct pages_table *main_table)
{
	for (uint64_t i = 0; i < METAS; i++) {
		uint8_t *tables = meta_tables(book, i);

		page_begin(book, i, PAGE_META);
		number_put(tables - 24, 0xBEEFC0DE, 4);
		number_put(tables - 20, 1, 4);
		table_put(tables, free_list);
		number_put(tables, PAGE, 4);
		table_put(tables + DB_SIZE, main_table);
		number_put(tables + 2 * DB_SIZE, book->n - 1, 8);
		number_put(tables + 2 * DB_SIZE + 8, 4 + i, 8);
	}
}

static const struct pages_table nothing = {.root = UINT64_MAX};

static void
book_init(struct book *book, uint64_t pages)
{
	*book = (struct book){.n = pages};
	book->bytes = mem_zeros((size_t)pages, PAGE);
	tempdir_in_memory();
	tempdir_init(&book->dir);
}

static void
book_fini(struct book *book)
{
	mem_free(book->bytes);
	tempdir_fini(&book->dir);
}

/* What page `number` says of its list of free pages. */
static void
list_set(struct book *book, uint64_t number, const struct pages_table *list)
{
	table_put(meta_tables(book, number), list);
	number_put(meta_tables(book, number), PAGE, 4);
}

/* Two states, each with a list of free pages, on which the one of the other is;
 * and a table of three leaves beside an empty one. */
static void
sound_init(struct book *book)
{
	const struct pages_table older_list = {.flags = 8,
	    .depth = 1,
	    .leaves = 1,
	    .entries = 2,
	    .root = AT_OLDER_FREE};
	const struct pages_table free_list = {
	    .flags = 8, .depth = 1, .leaves = 1, .entries = 2, .root = AT_FREE};
	const struct pages_table main_table = {
	    .depth = 1, .leaves = 1, .entries = 2, .root = AT_MAIN};
	const struct pages_table rows = {.depth = 2,
	    .branches = 1,
	    .leaves = 3,
	    .overflows = 2,
	    .entries = 5,
	    .root = AT_BRANCH};
	const uint64_t lists[] = {2, 12, 11, 1, AT_OLDER_FREE, 1, AT_FREE};
	const uint64_t first = AT_LONG;
	const char *const lows[] = {"", "m", "t"};

	book_init(book, PAGES);
	metas_put(book, &free_list, &main_table);
	list_set(book, 0, &older_list);
	for (uint64_t i = AT_FREE; i < AT_LONG; i++)
		page_begin(book, i, i == AT_BRANCH ? PAGE_BRANCH : PAGE_LEAF);
	page_begin(book, AT_OLDER_FREE, PAGE_LEAF);
	list_add(book, AT_OLDER_FREE, 3, lists, 3);
	list_add(book, AT_OLDER_FREE, 4, lists + 5, 2);
	list_add(book, AT_FREE, 4, lists, 3);
	list_add(book, AT_FREE, 5, lists + 3, 2);
	table_add(book, AT_MAIN, "rows", &rows);
	table_add(book, AT_MAIN, "tail", &nothing);
	for (uint64_t i = 0; i < 3; i++)
		node_put(book, AT_BRANCH, AT_LEAF + i, bytes_text(lows[i]),
		    bytes_text(""));
	row_put(book, AT_LEAF, "a", "1");
	row_put(book, AT_LEAF, "c", "2");
	node_put(book, AT_LEAF + 1, LONG | (uint64_t)NODE_LONG << 32,
	    bytes_text("m"), bytes_of(&first, 8));
	row_put(book, AT_LEAF + 1, "o", "4");
	row_put(book, AT_LEAF + 2, "t", "5");
	page_begin(book, AT_LONG, PAGE_OVERFLOW);
	number_put(page_of(book, AT_LONG) + IN_LOWER, 2, 4);
}

static void
wrong_take(void *arg, uint64_t page, const char *why)
{
	struct book *book = arg;

	(void)page;
	if (book->reasons_n < REASONS)
		book->reasons[book->reasons_n++] = why;
}

static void
row_take(void *arg, const struct pages_row *row)
{
	struct book *book = arg;

	assert_true(bytes_equal(row->table, bytes_text("rows")));
	book->rows += row->key.n > 0;
	book->row_bytes += row->value.n;
}

static bool
says(const struct book *book, const char *why)
{
	for (size_t i = 0; i < book->reasons_n; i++)
		if (strcmp(book->reasons[i], why) == 0)
			return true;
	return false;
}

static enum err
book_walk(struct book *book, uint64_t txn_id)
{
	const struct pages_watch watch = {
	    .wrong = wrong_take, .row = row_take, .arg = book};
	const struct pages_watch silent = {0};
	const char *path = tempdir_at(&book->dir, "data");
	struct medium file = {0};
	struct pages_report report;
	enum err e;

	book->reasons_n = 0;
	book->rows = 0;
	book->row_bytes = 0;
	assert_int_equal(medium_create(&file, path, true), ERR_OK);
	assert_int_equal(
	    medium_add(&file, bytes_of(book->bytes, (size_t)book->n * PAGE)),
	    ERR_OK);
	assert_int_equal(medium_finish(&file, true), ERR_OK);
	medium_fini(&file);
	e = pages_walk(path, txn_id, &watch, &book->report);
	/* Whether somebody listens changes nothing. */
	assert_int_equal(pages_walk(path, txn_id, &silent, &report), e);
	assert_int_equal(report.wrong, book->report.wrong);
	assert_int_equal(report.lost, book->report.lost);
	return e;
}

static void
a_sound_file_is_read_whole(void **state)
{
	struct book book;

	(void)state;
	sound_init(&book);
	for (uint64_t txn_id = 4; txn_id <= 6; txn_id++) {
		assert_int_equal(book_walk(&book, txn_id % 6), ERR_OK);
		assert_int_equal(book.report.wrong, 0);
		assert_int_equal(book.report.lost, 0);
		assert_int_equal(book.report.pages, PAGES);
		assert_int_equal(book.report.txn_id, txn_id == 6 ? 5 : txn_id);
		assert_int_equal(book.rows, 5);
		assert_int_equal(book.row_bytes, LONG + 4);
	}
	/* A state that is no longer, or not yet, there. */
	assert_int_equal(book_walk(&book, 7), ERR_BUSY);
	book_fini(&book);
}

/* `n` bytes of a page become `value`: of its node `node`, or -1: of itself. */
struct lie {
	const char *why;
	uint64_t page;
	int node;
	size_t at;
	size_t n;
	uint64_t value;
};

static const char bounds[] = "its bounds are wrong";
static const char outside[] = "a node of it lies outside";
static const char strange_key[] = "a key of it does not belong there";
static const char order[] = "its keys are out of order";
static const char kind[] = "an entry of it is of another kind";
static const char value_outside[] = "a value of it lies outside";
static const char long_outside[] = "a long value of it lies outside";
static const char long_head[] = "the head of a long value is wrong";
static const char count[] = "its table is not as large as is said";
static const char level[] = "it is a page of another level";
static const char list_short[] = "its list of free pages is cut short";
static const char list_wrong[] = "its list of free pages is wrong";
static const char table_size[] = "what it says of a table has a wrong size";
static const char table_strange[] = "it is no table of ours";
static const char no_page[] = "no page has this number";

/* The value of the node "rows", of a list, and of the long one. */
enum { IN_ROWS = IN_KEY + 4, IN_LIST = IN_KEY + 8, IN_FIRST = IN_KEY + 1 };

static const struct lie lies[] = {
    {"it has another number", AT_LEAF, -1, IN_NUMBER, 8, 4096},
    {"it is of another kind", AT_LEAF, -1, IN_KIND, 2, PAGE_META},
    {bounds, AT_LEAF, -1, IN_LOWER, 2, 14},
    {bounds, AT_LEAF, -1, IN_LOWER, 2, 16},
    {bounds, AT_LEAF, -1, IN_LOWER, 2, 19},
    {bounds, AT_LEAF, -1, IN_LOWER, 2, PAGE},
    {bounds, AT_LEAF, -1, IN_UPPER, 2, PAGE + 2},
    {bounds, AT_BRANCH, -1, IN_LOWER, 2, 18},
    {outside, AT_LEAF, -1, 18, 2, 14},
    {outside, AT_LEAF, -1, 18, 2, 101},
    {outside, AT_LEAF, -1, 18, 2, PAGE - 6},
    {outside, AT_LEAF, 1, IN_KEY_SIZE, 2, PAGE},
    {outside, AT_BRANCH, -1, 20, 2, 2},
    {strange_key, AT_LEAF, 1, IN_KEY_SIZE, 2, 0},
    {strange_key, AT_LEAF, 1, IN_KEY, 1, 'n'},
    {strange_key, AT_LEAF + 2, 0, IN_KEY, 1, 's'},
    {strange_key, AT_BRANCH, 1, IN_KEY_SIZE, 2, 0},
    {order, AT_LEAF, 0, IN_KEY, 1, 'd'},
    {order, AT_BRANCH, 1, IN_KEY, 1, 'u'},
    {order, AT_FREE, 0, IN_KEY, 8, 256},
    {kind, AT_LEAF, 0, IN_FLAGS, 2, NODE_OF_TABLE},
    {kind, AT_MAIN, 0, IN_FLAGS, 2, 0},
    {kind, AT_FREE, 0, IN_KEY_SIZE, 2, 4},
    {value_outside, AT_LEAF, 0, IN_SIZE, 2, 9},
    {value_outside, AT_LEAF + 1, 0, IN_KEY_SIZE, 2, 4},
    {long_outside, AT_LEAF + 1, 0, IN_FIRST, 8, 1},
    {long_outside, AT_LEAF + 1, 0, IN_FIRST, 8, 13},
    {long_outside, AT_LEAF + 1, 0, IN_SIZE, 4, 0xFFFFFFFF},
    {long_head, AT_LONG, -1, IN_NUMBER, 8, 9},
    {long_head, AT_LONG, -1, IN_KIND, 2, PAGE_LEAF},
    {long_head, AT_LONG, -1, IN_LOWER, 4, 1},
    {long_head, AT_LONG, -1, IN_LOWER, 4, 6},
    {"it is used twice", AT_LEAF + 1, 0, IN_FIRST, 8, AT_LEAF},
    {"it is used twice", AT_BRANCH, 2, 0, 4, AT_BRANCH},
    {"a page is meant whose number differs in one bit", AT_BRANCH, 2, 0, 4,
	AT_LEAF + 1},
    {no_page, AT_BRANCH, 2, 0, 4, 0},
    {no_page, AT_BRANCH, 2, 0, 4, 99},
    {count, AT_MAIN, 0, IN_ROWS + 8, 8, 2},
    {count, AT_MAIN, 0, IN_ROWS + 16, 8, 2},
    {count, AT_MAIN, 0, IN_ROWS + 24, 8, 1},
    {count, AT_MAIN, 0, IN_ROWS + 32, 8, 4},
    {count, AT_MAIN, 0, IN_ROWS + 6, 2, 3},
    {count, AT_MAIN, 1, IN_ROWS + 6, 2, 1},
    {level, AT_MAIN, 0, IN_ROWS + 6, 2, 3},
    {level, AT_MAIN, 0, IN_ROWS + 6, 2, 1},
    {table_size, AT_MAIN, 0, IN_SIZE, 2, 47},
    {table_size, AT_MAIN, 1, IN_KEY_SIZE, 2, 40},
    {table_size, AT_MAIN, 0, IN_KEY_SIZE, 2, 0},
    {table_strange, AT_MAIN, 0, IN_ROWS, 4, 1},
    {table_strange, AT_MAIN, 0, IN_ROWS + 4, 2, 4},
    {list_short, AT_FREE, 0, IN_LIST, 8, 3},
    {list_short, AT_FREE, 0, IN_SIZE, 2, 20},
    {list_short, AT_FREE, 0, IN_SIZE, 2, 0},
    {list_wrong, AT_FREE, 0, IN_LIST + 8, 8, 1},
    {list_wrong, AT_FREE, 0, IN_LIST + 8, 8, 13},
    {list_wrong, AT_FREE, 0, IN_LIST + 16, 8, 12},
    {"it counts as free twice", AT_FREE, 1, IN_LIST + 8, 8, 12},
    {"it is in use, and counts as free", AT_FREE, 1, IN_LIST + 8, 8, 7},
};

static void
each_lie_of_a_page_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		const struct lie *lie = &lies[i];
		struct book book;
		uint8_t *at;

		sound_init(&book);
		at = page_of(&book, lie->page);
		if (lie->node >= 0)
			at += pages_raw_u16(
			    at + HEAD_SIZE + 2 * (size_t)lie->node);
		number_put(at + lie->at, lie->value, lie->n);
		assert_int_equal(book_walk(&book, 0), ERR_OK);
		if (!says(&book, lie->why))
			fail_msg("lie %zu: nobody says '%s'", i, lie->why);
		assert_true(book.report.wrong > 0);
		book_fini(&book);
	}
}

/* Rows are taken out of it all the same. */
static void
damage_hides_no_more_than_it_must(void **state)
{
	const size_t at[] = {IN_NUMBER, IN_KIND, IN_LOWER, IN_UPPER};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(at); i++) {
		for (uint64_t page = AT_BRANCH; page < AT_LONG; page++) {
			struct book book;

			sound_init(&book);
			number_put(page_of(&book, page) + at[i], 0x7777, 2);
			assert_int_equal(book_walk(&book, 0), ERR_OK);
			assert_true(book.report.wrong > 0);
			assert_int_equal(book.rows, 5);
			assert_int_equal(book.row_bytes, LONG + 4);
			book_fini(&book);
		}
	}
}

static void
a_file_that_was_cut_short_is_told(void **state)
{
	struct book book;

	(void)state;
	sound_init(&book);
	/* LMDB leaves free pages away. */
	book.n = 10;
	assert_int_equal(book_walk(&book, 0), ERR_OK);
	assert_int_equal(book.report.wrong, 0);
	for (book.n = AT_BRANCH; book.n < 10; book.n++) {
		assert_int_equal(book_walk(&book, 0), ERR_OK);
		assert_true(says(&book, "it lies behind the end of the file"));
	}
	book_fini(&book);
}

/* Where in a meta page what is said begins. */
enum { IN_META = HEAD_SIZE, IN_LAST = 136, IN_TIME = IN_LAST + 8 };

static const struct lie meta_lies[] = {
    {NULL, 0, -1, IN_NUMBER, 8, 6},
    {NULL, 0, -1, IN_KIND, 2, PAGE_LEAF},
    {NULL, 0, -1, IN_META, 4, 0xBEEFC0DD},
    {NULL, 0, -1, IN_META + 4, 4, 2},
    {NULL, 0, -1, IN_META + 24, 4, PAGE_SIZE_MIN / 2},
    {NULL, 0, -1, IN_META + 24, 4, 2 * PAGE_SIZE_MAX},
    {NULL, 0, -1, IN_META + 24, 4, PAGE + 6},
    {NULL, 0, -1, IN_LAST, 8, 0},
    {NULL, 0, -1, IN_LAST, 8, PAGES + 3 * PAGES_AHEAD},
};

/* One of the two is enough, and two are needed for a sound file. */
static void
each_lie_of_a_first_page_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(meta_lies); i++) {
		for (uint64_t page = 0; page < METAS; page++) {
			const struct lie *lie = &meta_lies[i];
			struct book book;

			sound_init(&book);
			number_put(
			    page_of(&book, page) + lie->at, lie->value, lie->n);
			assert_int_equal(book_walk(&book, 0), ERR_OK);
			assert_true(says(
			    &book, "the two first pages do not go together"));
			assert_int_equal(book.report.wrong, 1);
			assert_int_equal(book.report.txn_id, page == 0 ? 5 : 4);
			assert_int_equal(book.rows, 5);
			/* The state that it would have told of. */
			assert_int_equal(
			    book_walk(&book, 4 + page), ERR_CORRUPT);
			memset(page_of(&book, 1 - page), 0, PAGE);
			assert_int_equal(book_walk(&book, 0), ERR_CORRUPT);
			book_fini(&book);
		}
	}
}

/* Of a file whose first page is gone any size of pages is tried. */
static void
the_second_page_is_found_at_any_size(void **state)
{
	(void)state;
	for (size_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
		struct book book;
		uint8_t *second;

		book_init(&book, 2 * PAGE_SIZE_MAX / PAGE);
		metas_put(&book, &nothing, &nothing);
		second = book.bytes + size;
		memcpy(second, page_of(&book, 0), META_SIZE);
		number_put(second + IN_NUMBER, 1, 8);
		number_put(second + IN_META + 24, size, 4);
		number_put(second + IN_LAST, 1, 8);
		number_put(second + IN_TIME, 1, 8);
		memset(page_of(&book, 0), 0, META_SIZE);
		if (size != PAGE)
			memset(page_of(&book, 1), 0, PAGE);
		assert_int_equal(book_walk(&book, 0), ERR_OK);
		assert_int_equal(book.report.wrong, 1);
		assert_int_equal(book.report.pages, METAS);
		book_fini(&book);
	}
}

#define NOWHERE (UINT64_C(1) << 40)

/* A tree of one branch below the other. */
static void
a_tree_that_is_too_deep_ends(void **state)
{
	const struct pages_table main_table = {
	    .depth = LEVELS, .branches = LEVELS, .root = METAS};
	struct book book;

	(void)state;
	book_init(&book, METAS + LEVELS);
	metas_put(&book, &nothing, &main_table);
	for (uint64_t i = METAS; i < METAS + LEVELS; i++) {
		page_begin(&book, i, PAGE_BRANCH);
		node_put(&book, i, i + 1, bytes_text(""), bytes_text(""));
		node_put(&book, i, NOWHERE, bytes_text("m"), bytes_text(""));
	}
	assert_int_equal(book_walk(&book, 0), ERR_OK);
	assert_true(says(&book, "its tree is too deep"));
	assert_true(book.report.lost > 0);
	book_fini(&book);
}

/* A table without a name that holds another one without a name, and so on: no
 * table of ours, and nothing to go into. */
static void
a_table_without_a_name_is_not_entered(void **state)
{
	struct pages_table below = {
	    .depth = 1, .leaves = 1, .entries = 1, .root = METAS};
	struct book book;

	(void)state;
	book_init(&book, CHAIN);
	metas_put(&book, &nothing, &below);
	for (uint64_t i = METAS; i + 1 < CHAIN; i++) {
		page_begin(&book, i, PAGE_LEAF);
		below.root = i + 1;
		table_add(&book, i, "", &below);
	}
	page_begin(&book, CHAIN - 1, PAGE_LEAF);
	table_add(&book, CHAIN - 1, "tail", &nothing);
	assert_int_equal(book_walk(&book, 0), ERR_OK);
	assert_true(says(&book, table_size));
	assert_int_equal(book.report.lost, CHAIN - METAS - 1);
	book_fini(&book);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sound_file_is_read_whole),
	    cmocka_unit_test(each_lie_of_a_page_is_told),
	    cmocka_unit_test(damage_hides_no_more_than_it_must),
	    cmocka_unit_test(a_file_that_was_cut_short_is_told),
	    cmocka_unit_test(each_lie_of_a_first_page_is_told),
	    cmocka_unit_test(the_second_page_is_found_at_any_size),
	    cmocka_unit_test(a_tree_that_is_too_deep_ends),
	    cmocka_unit_test(a_table_without_a_name_is_not_entered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
