/*
 * Promises of core/env_walk.h: a data file that is shorter than what was
 * written to it is opened when nothing of it is lost, or refused in words and
 * left as it was, wherever its end is and whichever call of LMDB fails.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/file.h"
#include "core/kv.h"
#include "proto/mem.h"
#include "tests/lib/fault.h"
#include "tests/lib/town.h"

enum { RECORDS = 300, PAGE = 4096, CUTS = 60 };

static const char here[] = "d03/c017/case";

/* A store and its file while it was whole. */
struct cutting {
	struct town town;
	char *path;
	struct buf whole;
	struct buf digests;
};

static void
cutting_make(struct cutting *c)
{
	struct store *store;

	memset(c, 0, sizeof(*c));
	tempdir_in_memory();
	town_init(&c->town, 3);
	assert_int_equal(
	    town_grant(&c->town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	for (size_t i = 0; i < RECORDS; i++)
		(void)town_create(&c->town, 0, here, "가나다라마바사");
	/* What is freed at the end may be lost. */
	store = town_store(&c->town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	kv_clear(store_txn(store)->kv, TABLE_EVENTS);
	assert_int_equal(store_commit(store), ERR_OK);
	town_digests(&c->town, 0, &c->digests);
	town_close(&c->town, 0);
	c->path = file_path(c->town.nodes[0].dir, "data.mdb");
	assert_int_equal(file_read(c->path, 1 << 30, &c->whole), ERR_OK);
	assert_true(c->whole.n > (CUTS + 4) * PAGE);
}

static void
cutting_end(struct cutting *c)
{
	mem_free(c->path);
	buf_fini(&c->whole);
	buf_fini(&c->digests);
	town_fini(&c->town);
}

/* The file ends behind its first `n` bytes from now on. */
static void
cut(const struct cutting *c, size_t n)
{
	assert_int_equal(
	    file_write(c->path, bytes_first(buf_bytes(&c->whole), n), 0600),
	    ERR_OK);
}

/* Large files are not looked at page by page when they are opened (core/env.h):
 * as one of them. */
static enum err
open_large(const struct cutting *c)
{
	const struct kv_config config = {.dir = c->town.nodes[0].dir,
	    .tables = tables_names,
	    .tables_n = TABLE_COUNT};
	struct kv *kv = NULL;
	enum err e = kv_open(&config, &kv);

	kv_close(kv);
	return e;
}

/* The first `n` bytes are as they were, and nothing is behind them. */
static void
assert_left(const struct cutting *c, size_t n)
{
	struct buf now = {0};

	assert_int_equal(file_read(c->path, 1 << 30, &now), ERR_OK);
	assert_true(
	    bytes_equal(buf_bytes(&now), bytes_first(buf_bytes(&c->whole), n)));
	buf_fini(&now);
}

static void
what_is_cut_off_is_missed_or_was_nothing(void **state)
{
	static struct cutting c;
	struct buf digests = {0};
	size_t refused = 0;

	(void)state;
	cutting_make(&c);
	for (size_t i = 1; i <= CUTS; i++) {
		size_t n = c.whole.n - i * PAGE + (i % 3) * 100;
		enum err e;

		cut(&c, n);
		e = open_large(&c);
		if (e != ERR_OK) {
			assert_int_equal(e, ERR_CORRUPT);
			assert_non_null(strstr(err_text(), "shorter than"));
			assert_left(&c, n);
			refused++;
			continue;
		}
		(void)town_open(&c.town, 0);
		buf_cut(&digests, 0);
		town_digests(&c.town, 0, &digests);
		assert_true(
		    bytes_equal(buf_bytes(&digests), buf_bytes(&c.digests)));
		town_close(&c.town, 0);
	}
	assert_true(refused > CUTS / 2);
	assert_true(refused < CUTS);
	buf_fini(&digests);
	cutting_end(&c);
}

/* Each call fails once; then all is as it was before. */
static void
a_call_that_fails_says_nothing_about_the_file(void **state)
{
	static const char calls[] =
	    "mdb_cursor_open mdb_cursor_get mdb_dbi_open mdb_txn_begin "
	    "mdb_env_set_assert";
	static struct cutting c;
	bool failed = true;

	(void)state;
	cutting_make(&c);
	for (unsigned nth = 1; failed; nth++) {
		size_t n = c.whole.n - PAGE;
		enum err e;

		cut(&c, n);
		fault_arm((struct fault_plan){
		    .names = calls, .nth = nth, .number = EIO});
		e = store_open(
		    c.town.nodes[0].dir, &c.town.host, &c.town.nodes[0].store);
		failed = fault_disarm();
		assert_true(failed || e != ERR_IO);
		town_close(&c.town, 0);
	}
	cutting_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_cut_off_is_missed_or_was_nothing),
	    cmocka_unit_test(a_call_that_fails_says_nothing_about_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
