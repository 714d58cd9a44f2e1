/*
 * Promises of core/pages.h, core/salvage.h and core/repair.h: a damaged data
 * file is told before anybody believes it, and what is sound of it goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/pages.h"
#include "core/pages_raw.h"
#include "core/repair.h"
#include "proto/mem.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"

enum { FILE_MAX = 1 << 28, RECORDS = 30, WRITER = 1, PEER = 2, PAGE = 4096 };

static const char canary[] = "golmok-canary";

static void
begin(struct town *town, uint64_t seed)
{
	town_init(town, seed);
	assert_int_equal(town_member(town, "", "read:NPSF,hold,write"), WRITER);
	assert_int_equal(town_member(town, "", "read:NPSF,hold"), PEER);
	town_meet(town);
	for (size_t i = 0; i < RECORDS; i++)
		(void)town_create(town, WRITER, CASES, canary);
	wire_sync(town, WRITER, PEER);
	town_close(town, WRITER);
}

static void
load(const struct town *town, const char *name, struct buf *content)
{
	char *path = file_path(town->nodes[WRITER].dir, name);

	buf_cut(content, 0);
	assert_int_equal(file_read(path, FILE_MAX, content), ERR_OK);
	mem_free(path);
}

static void
save(const struct town *town, const char *name, const struct buf *content)
{
	char *path = file_path(town->nodes[WRITER].dir, name);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(content->p, 1, content->n, file), content->n);
	assert_int_equal(fclose(file), 0);
	mem_free(path);
}

static enum err
repair(struct town *town, struct repair_report *report)
{
	const struct fsck_watch nobody = {0};

	return repair_run(
	    town->nodes[WRITER].dir, &town->host, &nobody, report);
}

/* Everything is there again, and one more write works. */
static void
assert_whole(struct town *town)
{
	(void)town_open(town, WRITER);
	wire_assert_sound(town, WRITER);
	wire_sync(town, WRITER, PEER);
	town_assert_equal(town, WRITER);
	(void)town_create(town, WRITER, CASES, "다음");
	wire_assert_sound(town, WRITER);
}

static void
a_sound_store_is_left_alone(void **state)
{
	struct town town;
	struct repair_report report;
	struct buf before = {0};
	struct buf after = {0};

	(void)state;
	begin(&town, 1);
	load(&town, "data.mdb", &before);
	assert_int_equal(repair(&town, &report), ERR_OK);
	assert_true(report.was_sound);
	assert_false(report.tried);
	load(&town, "data.mdb", &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&after);
	town_fini(&town);
}

/* Each page in turn is another one's, or all zeros. */
static void
a_damaged_page_is_told_before_it_is_believed(void **state)
{
	struct town town;
	struct buf data = {0};
	unsigned told = 0;

	(void)state;
	begin(&town, 2);
	load(&town, "data.mdb", &data);
	for (size_t page = 2; page < data.n / PAGE; page++) {
		struct buf copy = {0};
		struct store *store;
		enum err e;

		buf_add(&copy, buf_bytes(&data));
		memset(copy.p + page * PAGE, 0, PAGE);
		save(&town, "data.mdb", &copy);
		buf_fini(&copy);
		e = store_open(town.nodes[WRITER].dir, &town.host, &store);
		if (e != ERR_OK) {
			assert_int_equal(e, ERR_CORRUPT);
			assert_non_null(strstr(err_text(), "golmok repair"));
			told++;
		}
		store_close(store);
	}
	/* Those in use; the others are free. */
	assert_true(told > 10);
	buf_fini(&data);
	town_fini(&town);
}

/* LMDB would ask for as many addresses, and tell of memory. */
static void
a_wrong_size_of_the_map_is_told_and_mended(void **state)
{
	struct town town;
	struct buf data = {0};
	struct repair_report report;
	struct store *store;
	struct pages_meta first;

	(void)state;
	begin(&town, 3);
	load(&town, "data.mdb", &data);
	pages_raw_meta(data.p, 0, data.n, &first);
	/* Of both, as the newest one counts. */
	for (size_t i = 0; i < METAS; i++)
		data.p[i * first.page_bytes + HEAD_SIZE + 16 + 7] |= 0x40;
	save(&town, "data.mdb", &data);
	assert_int_equal(store_open(town.nodes[WRITER].dir, &town.host, &store),
	    ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "golmok repair"));
	assert_int_equal(repair(&town, &report), ERR_OK);
	assert_whole(&town);
	buf_fini(&data);
	town_fini(&town);
}

/* A whole page of deltas is gone: nobody here has them, but the peer. */
static void
a_peer_brings_what_was_destroyed(void **state)
{
	struct town town;
	struct repair_report report;
	struct buf data = {0};
	unsigned fetched = 0;
	unsigned blinds = 0;

	(void)state;
	begin(&town, 3);
	load(&town, "data.mdb", &data);
	for (size_t page = 2; page < data.n / PAGE; page++) {
		struct buf copy = {0};
		bool blind;

		buf_add(&copy, buf_bytes(&data));
		memset(copy.p + page * PAGE, 0, PAGE);
		save(&town, "data.mdb", &copy);
		buf_fini(&copy);
		assert_int_equal(repair(&town, &report), ERR_OK);
		if (report.kept[0] == '\0')
			continue;
		fetched++;
		(void)town_open(&town, WRITER);
		wire_sync(&town, WRITER, PEER);
		town_close(&town, WRITER);
		assert_int_equal(repair(&town, &report), ERR_OK);
		assert_true(report.was_sound && report.tried);
		/* Only where nothing leads to any table any more. */
		blind = report.salvage.rows.logs_lost == 2;
		blinds += blind;
		assert_string_equal(
		    report.kept, blind ? "data.mdb.damaged-1" : "");
		assert_whole(&town);
		town_close(&town, WRITER);
		if (blind) {
			char *path = file_path(
			    town.nodes[WRITER].dir, report.kept);

			assert_int_equal(file_remove(path), ERR_OK);
			mem_free(path);
		}
	}
	assert_true(fetched > 3);
	assert_int_equal(blinds, 1);
	buf_fini(&data);
	town_fini(&town);
}

static void
a_wrong_bit_in_a_row_is_mended_alone(void **state)
{
	struct town town;
	struct repair_report report;
	struct buf data = {0};
	unsigned mended = 0;

	(void)state;
	begin(&town, 4);
	load(&town, "data.mdb", &data);
	for (size_t at = 3 * PAGE - 150; at < data.n; at += 2 * PAGE) {
		struct buf copy = {0};

		buf_add(&copy, buf_bytes(&data));
		copy.p[at] ^= 4;
		save(&town, "data.mdb", &copy);
		buf_fini(&copy);
		assert_int_equal(repair(&town, &report), ERR_OK);
		assert_string_equal(report.kept, "");
		mended += report.salvage.rows.mended > 0;
		(void)town_open(&town, WRITER);
		town_assert_equal(&town, WRITER);
		wire_assert_sound(&town, WRITER);
		town_close(&town, WRITER);
	}
	assert_true(mended > 0);
	buf_fini(&data);
	town_fini(&town);
}

static void
a_key_with_a_wrong_bit_is_no_key(void **state)
{
	struct town town;
	struct buf keys = {0};

	(void)state;
	begin(&town, 5);
	load(&town, "identity", &keys);
	for (size_t i = 0; i < 8 * keys.n; i++) {
		struct buf copy = {0};
		struct store *store;
		uint8_t was = keys.p[i / 8];
		enum err e;

		buf_add(&copy, buf_bytes(&keys));
		copy.p[i / 8] ^= (uint8_t)(1u << i % 8);
		save(&town, "identity", &copy);
		e = store_open(town.nodes[WRITER].dir, &town.host, &store);
		/* Another case of the same digit says the same. */
		if (e == ERR_OK)
			assert_true(i % 8 == 5 && was >= 'a' && was <= 'f');
		else
			assert_true(e == ERR_CORRUPT || e == ERR_VERSION);
		store_close(store);
		buf_fini(&copy);
	}
	buf_fini(&keys);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sound_store_is_left_alone),
	    cmocka_unit_test(a_damaged_page_is_told_before_it_is_believed),
	    cmocka_unit_test(a_wrong_size_of_the_map_is_told_and_mended),
	    cmocka_unit_test(a_peer_brings_what_was_destroyed),
	    cmocka_unit_test(a_wrong_bit_in_a_row_is_mended_alone),
	    cmocka_unit_test(a_key_with_a_wrong_bit_is_no_key),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
