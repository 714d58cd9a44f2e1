/*
 * What core/pages_meta.h promises of the number of a state: one wrong bit of
 * it, or of the list that tells it as well, makes no other state the newest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/pages.h"
#include "core/pages_raw.h"
#include "proto/mem.h"
#include "tests/lib/tempdir.h"

enum { PAGE = 512, PAGES = 4, NEWEST = 5, NUMBER_AT = META_SIZE - 8 };
/* The two nodes of a list: a head, a number, how many pages, which. */
enum { FIRST_AT = PAGE - 24, SECOND_AT = FIRST_AT - 32, KEY_AT = 8 };

static void
put(uint8_t *at, uint64_t v, size_t n)
{
	memcpy(at, &v, n);
}

static void
list_put(uint8_t *file, uint64_t page, uint64_t number, uint64_t freed)
{
	uint8_t *at = file + page * PAGE;

	put(at, page, 8);
	put(at + 10, PAGE_LEAF, 2);
	put(at + 12, HEAD_SIZE + 4, 2);
	put(at + 14, SECOND_AT, 2);
	put(at + HEAD_SIZE, FIRST_AT, 2);
	put(at + HEAD_SIZE + 2, SECOND_AT, 2);
	put(at + FIRST_AT, 8, 2);
	put(at + FIRST_AT + 6, 8, 2);
	put(at + FIRST_AT + KEY_AT, number - 1, 8);
	put(at + SECOND_AT, 16, 2);
	put(at + SECOND_AT + 6, 8, 2);
	put(at + SECOND_AT + KEY_AT, number, 8);
	put(at + SECOND_AT + KEY_AT + 8, 1, 8);
	put(at + SECOND_AT + KEY_AT + 16, freed, 8);
}

/* Two states, of which each has freed the list of the other. */
static void
file_make(uint8_t file[PAGES * PAGE])
{
	memset(file, 0, PAGES * PAGE);
	for (uint64_t i = 0; i < METAS; i++) {
		uint8_t *at = file + i * PAGE;
		uint8_t *tables = at + HEAD_SIZE + 24;

		put(at, i, 8);
		put(at + 10, PAGE_META, 2);
		put(at + HEAD_SIZE, 0xBEEFC0DE, 4);
		put(at + HEAD_SIZE + 4, 1, 4);
		put(tables, PAGE, 4);
		put(tables + 4, 8, 2);
		put(tables + 6, 1, 2);
		put(tables + 16, 1, 8);
		put(tables + 32, 2, 8);
		put(tables + 40, METAS + i, 8);
		put(tables + DB_SIZE + 40, UINT64_MAX, 8);
		put(tables + 2 * DB_SIZE, PAGES - 1, 8);
		put(at + NUMBER_AT, NEWEST - 1 + i, 8);
		list_put(file, METAS + i, NEWEST - 1 + i, METAS + 1 - i);
	}
}

/* `noted`: the newest commit that the mark says was done. */
static void
walk(const uint8_t file[PAGES * PAGE], uint64_t noted,
    struct pages_report *report)
{
	const struct pages_watch watch = {.noted = noted};
	struct tempdir dir;
	const char *path;

	tempdir_in_memory();
	tempdir_init(&dir);
	path = tempdir_at(&dir, "data");
	assert_int_equal(
	    file_write(path, bytes_of(file, (size_t)PAGES * PAGE), 0600),
	    ERR_OK);
	assert_int_equal(pages_walk(path, 0, &watch, report), ERR_OK);
	tempdir_fini(&dir);
}

/* Of what a page says and its list tells twice, two go against one. */
static void
a_wrong_number_of_a_state_makes_it_no_other(void **state)
{
	static const size_t places[] = {NUMBER_AT, PAGE + NUMBER_AT,
	    2 * PAGE + FIRST_AT + KEY_AT, 2 * PAGE + SECOND_AT + KEY_AT,
	    3 * PAGE + FIRST_AT + KEY_AT, 3 * PAGE + SECOND_AT + KEY_AT};
	struct pages_report report;
	uint8_t file[PAGES * PAGE];

	(void)state;
	file_make(file);
	walk(file, NEWEST, &report);
	assert_int_equal(report.wrong, 0);
	assert_int_equal(report.txn_id, NEWEST);
	for (size_t i = 0; i < COUNT_OF(places); i++)
		for (size_t bit = 0; bit < (size_t)8 * 8; bit++) {
			file_make(file);
			file[places[i] + bit / 8] ^= (uint8_t)(1u << bit % 8);
			walk(file, 0, &report);
			assert_true(report.wrong > 0);
			assert_int_equal(report.txn_id, NEWEST);
		}
}

/* LMDB leaves its lists under the number of before, and goes on in the other
 * state. */
static void
a_commit_that_the_disk_refused_is_nothing_wrong(void **state)
{
	struct pages_report report;
	uint8_t file[PAGES * PAGE];

	(void)state;
	file_make(file);
	put(file + PAGE + NUMBER_AT, NEWEST - 2, 8);
	/* The mark is not heard of it; or is of a later time, from which the
	 * file was set back. */
	for (uint64_t noted = 0; noted <= NEWEST + 2; noted++) {
		if (noted == NEWEST)
			continue;
		walk(file, noted, &report);
		assert_int_equal(report.wrong, 0);
		assert_int_equal(report.txn_id, NEWEST - 1);
	}
}

/* Who committed wrote down that it was done. */
static void
a_commit_that_was_done_was_not_refused(void **state)
{
	struct pages_report report;
	uint8_t file[PAGES * PAGE];

	(void)state;
	file_make(file);
	put(file + PAGE + NUMBER_AT, NEWEST - 2, 8);
	walk(file, NEWEST, &report);
	assert_int_equal(report.wrong, 1);
	assert_int_equal(report.txn_id, NEWEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_wrong_number_of_a_state_makes_it_no_other),
	    cmocka_unit_test(a_commit_that_the_disk_refused_is_nothing_wrong),
	    cmocka_unit_test(a_commit_that_was_done_was_not_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
