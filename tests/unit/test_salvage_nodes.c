/*
 * Promises of core/repair.h where not a row, but what its page says of it is
 * damaged: each single bit of that is mended, or the old file stays, since what
 * it does not lead to any more may be nowhere else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "core/file.h"
#include "core/mark.h"
#include "core/meta.h"
#include "core/pages_raw.h"
#include "core/repair.h"
#include "proto/mem.h"
#include "tests/lib/spoil.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define OTHERS "d03/c018/case"

enum {
	WRITER = 1,
	RECORDS = 10, /* and the delta that opens the log */
	FILE_MAX = 1 << 28,
	HEAD = 8,	 /* of a node: its sizes and flags, before its key */
	KEY_SIZE_AT = 6, /* in it */
	ROOT_AT = 40,	 /* in what is said of a table */
	ROOT_OF_FREE = HEAD_SIZE + 24 + ROOT_AT,
	ROOT_OF_MAIN = ROOT_OF_FREE + DB_SIZE,
	NUMBER_AT = META_SIZE - 8, /* of the state, in its first page */
};

/* A town whose writer alone has what it wrote; `key` leads to its log. */
static void
begin(struct town *town, uint64_t seed, struct key *key)
{
	struct log *log;

	town_init(town, seed);
	assert_int_equal(town_member(town, "", "read:NPSF,hold,write"), WRITER);
	town_meet(town);
	for (size_t i = 0; i < RECORDS; i++)
		(void)town_create(town, WRITER, CASES, "가");
	log = spoil_log(town, WRITER, CASES);
	tables_log_key(log->space->no, &log->id, key);
	store_abort(town_store(town, WRITER));
	town_close(town, WRITER);
}

/* Turns over `bit`, counted from the head on, of each node with the key
 * `key` in the copy of `data`, and puts that in the place of the store's. */
static void
nodes_spoil(
    const struct town *town, struct bytes data, struct bytes key, size_t bit)
{
	char *path = file_path(town->nodes[WRITER].dir, "data.mdb");
	struct buf copy = {0};
	unsigned n = 0;

	buf_add(&copy, data);
	for (size_t at = HEAD; at + key.n <= data.n; at++) {
		const uint8_t *head = data.p + at - HEAD;

		if (head[KEY_SIZE_AT] != key.n || head[KEY_SIZE_AT + 1] != 0 ||
		    !bytes_begins(bytes_after(data, at), key))
			continue;
		copy.p[at - HEAD + bit / 8] ^= (uint8_t)(1u << bit % 8);
		n++;
	}
	assert_true(n > 0);
	assert_int_equal(file_write(path, buf_bytes(&copy), 0600), ERR_OK);
	buf_fini(&copy);
	mem_free(path);
}

/* Turns over `bit` of the first page that tells of the newest state, or of the
 * other one. */
static void
first_spoil(const struct town *town, bool of_newest, size_t bit)
{
	char *path = file_path(town->nodes[WRITER].dir, "data.mdb");
	struct pages_meta both[METAS];
	struct buf data = {0};
	size_t page;
	size_t at;
	int fd;

	assert_int_equal(file_read(path, FILE_MAX, &data), ERR_OK);
	pages_raw_meta(data.p, 0, data.n, &both[0]);
	pages_raw_meta(data.p + both[0].page_bytes, 1, data.n, &both[1]);
	assert_true(both[0].sound && both[1].sound);
	page = (both[1].txn_id > both[0].txn_id) == of_newest;
	at = page * both[0].page_bytes + bit / 8;
	data.p[at] ^= (uint8_t)(1u << bit % 8);
	/* It stays the file that it is. */
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &data.p[at], 1, (off_t)at), 1);
	assert_int_equal(close(fd), 0);
	buf_fini(&data);
	mem_free(path);
}

/* What `golmok repair` makes of it; true when all is in the store again, else
 * the file with it must be there. */
static bool
repaired(struct town *town)
{
	struct repair_report report;
	struct space name = town_space(CASES);
	struct store *store;
	struct space_state *space;
	struct log **logs;
	size_t n = 0;
	bool all;

	assert_int_equal(
	    repair_run(town->nodes[WRITER].dir, &town->host, NULL, &report),
	    ERR_OK);
	store = town_open(town, WRITER);
	assert_int_equal(store_begin(store, false), ERR_OK);
	space = space_find(store_txn(store), &name);
	if (space != NULL)
		assert_int_equal(
		    oplog_all(store_txn(store), space, &logs, &n), ERR_OK);
	all = n > 0 && logs[0]->frontier.size == RECORDS + 1;
	store_abort(store);
	wire_assert_sound(town, WRITER);
	town_close(town, WRITER);
	if (!all)
		assert_string_equal(report.kept, "data.mdb.damaged-1");
	if (report.kept[0] != '\0') {
		char *path = file_path(town->nodes[WRITER].dir, report.kept);

		assert_int_equal(file_remove(path), ERR_OK);
		mem_free(path);
	}
	return all && report.kept[0] == '\0';
}

/* Bits from `first` to below `end` of the nodes with `key`; how many repair
 * could not mend. */
static unsigned
bits_try(struct town *town, struct bytes key, size_t first, size_t end)
{
	char *path = file_path(town->nodes[WRITER].dir, "data.mdb");
	struct buf data = {0};
	unsigned kept = 0;

	assert_int_equal(file_read(path, FILE_MAX, &data), ERR_OK);
	for (size_t bit = first; bit < end; bit++) {
		nodes_spoil(town, buf_bytes(&data), key, bit);
		kept += !repaired(town);
	}
	buf_fini(&data);
	mem_free(path);
	return kept;
}

static void
a_wrong_size_of_a_row_is_mended(void **state)
{
	struct town town;
	struct key key;

	(void)state;
	begin(&town, 1, &key);
	assert_int_equal(
	    bits_try(&town, tables_key(&key), 0, (size_t)8 * HEAD), 0);
	town_fini(&town);
}

/* What its page says of a table: the size of that, its name and its size, and
 * in which page it begins. */
static void
a_table_is_found_in_spite_of_a_wrong_bit(void **state)
{
	static const enum table tables[] = {
	    TABLE_LOGS, TABLE_SPACES, TABLE_DELTAS, TABLE_META};
	struct town town;
	struct key key;

	(void)state;
	begin(&town, 2, &key);
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		struct bytes name = bytes_text(tables_names[tables[i]]);
		size_t behind = 8 * (HEAD + name.n);

		assert_int_equal(bits_try(&town, name, 0, behind), 0);
		assert_int_equal(bits_try(&town, name, behind + 8 * ROOT_AT,
				     behind + 8 * (ROOT_AT + 8)),
		    0);
	}
	town_fini(&town);
}

/* Of the page that tells of the newest state: where its trees begin, and what
 * can be told to be wrong in it. */
static void
a_wrong_bit_of_the_first_page_loses_nothing(void **state)
{
	static const size_t starts[] = {
	    0, HEAD_SIZE, ROOT_OF_FREE, ROOT_OF_MAIN};
	struct town town;
	struct key key;

	(void)state;
	begin(&town, 5, &key);
	for (size_t i = 0; i < COUNT_OF(starts); i++)
		for (size_t bit = 0; bit < (size_t)8 * 8; bit++) {
			first_spoil(&town, true, 8 * starts[i] + bit);
			assert_true(repaired(&town));
		}
	town_fini(&town);
}

/* However large it is: of one that is not looked through. */
static void
assert_not_opened(const struct town *town)
{
	const char *dir = town->nodes[WRITER].dir;
	char *mark = file_path(dir, "mark");
	char *data = file_path(dir, "data.mdb");
	const struct kv_config config = {.dir = dir,
	    .tables = tables_names,
	    .tables_n = TABLE_COUNT,
	    .scrub_bytes = 0,
	    .noted = mark_noted(mark, data)};
	struct store *store;
	struct kv *kv;

	assert_int_equal(kv_open(&config, &kv), ERR_CORRUPT);
	assert_int_equal(store_open(dir, &town->host, &store), ERR_CORRUPT);
	mem_free(mark);
	mem_free(data);
}

/* The newer of two states is the one of the larger number: of that of the
 * newest, and of the other.  Repair goes on in the file that it made, so the
 * numbers differ from bit to bit; and no mark has heard of it, so that the
 * newest that says that it is two older looks like a commit that the disk
 * refused. */
static void
a_wrong_number_of_a_state_loses_nothing(void **state)
{
	struct town town;
	struct key key;

	(void)state;
	begin(&town, 6, &key);
	for (size_t i = 0; i < METAS; i++)
		for (size_t bit = 0; bit < (size_t)8 * 8; bit++) {
			if (i == 0 && bit == 1)
				continue;
			first_spoil(&town, i == 0, 8 * NUMBER_AT + bit);
			assert_not_opened(&town);
			assert_true(repaired(&town));
		}
	town_fini(&town);
}

/* The newest state says that it is two older, as what LMDB leaves of a commit
 * that the disk refused does: the mark knows that it was done.  With both kinds
 * of numbers, as one bit makes it older of some only. */
static void
a_state_that_looks_refused_and_was_not_is_not_lost(void **state)
{
	(void)state;
	for (uint64_t more = 0; more < 4; more++) {
		struct town town;
		struct key key;
		uint64_t deltas;

		begin(&town, 8, &key);
		(void)town_open(&town, WRITER);
		for (uint64_t i = 0; i < more; i++)
			(void)town_create(&town, WRITER, OTHERS, "나");
		deltas = town_deltas(&town, WRITER);
		town_close(&town, WRITER);
		first_spoil(&town, true, 8 * NUMBER_AT + 1);
		assert_not_opened(&town);
		assert_true(repaired(&town));
		(void)town_open(&town, WRITER);
		assert_int_equal(town_deltas(&town, WRITER), deltas);
		town_fini(&town);
	}
}

static void
a_table_that_is_not_found_takes_no_file_with_it(void **state)
{
	char *path;
	struct town town;
	struct key key;
	struct buf data = {0};
	struct bytes logs = bytes_text(tables_names[TABLE_LOGS]);

	(void)state;
	begin(&town, 4, &key);
	path = file_path(town.nodes[WRITER].dir, "data.mdb");
	assert_int_equal(file_read(path, FILE_MAX, &data), ERR_OK);
	nodes_spoil(&town, buf_bytes(&data), logs, (size_t)8 * HEAD);
	buf_cut(&data, 0);
	assert_int_equal(file_read(path, FILE_MAX, &data), ERR_OK);
	nodes_spoil(
	    &town, buf_bytes(&data), bytes_text("mogs"), (size_t)8 * HEAD + 8);
	assert_false(repaired(&town));
	buf_fini(&data);
	mem_free(path);
	town_fini(&town);
}

/* A row that says of the store itself what it is. */
static void
a_format_that_is_not_found_is_none_of_an_older_program(void **state)
{
	struct town town;
	struct key key;
	struct bytes format = bytes_text(meta_format);

	(void)state;
	begin(&town, 3, &key);
	assert_int_equal(bits_try(&town, format, 0, 8 * (HEAD + format.n)), 0);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_wrong_size_of_a_row_is_mended),
	    cmocka_unit_test(a_table_is_found_in_spite_of_a_wrong_bit),
	    cmocka_unit_test(a_wrong_bit_of_the_first_page_loses_nothing),
	    cmocka_unit_test(a_wrong_number_of_a_state_loses_nothing),
	    cmocka_unit_test(
		a_state_that_looks_refused_and_was_not_is_not_lost),
	    cmocka_unit_test(a_table_that_is_not_found_takes_no_file_with_it),
	    cmocka_unit_test(
		a_format_that_is_not_found_is_none_of_an_older_program),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
