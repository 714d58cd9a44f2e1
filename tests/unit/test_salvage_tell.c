/*
 * Promises of core/salvage_strays.h and core/salvage_count.h: what a damaged
 * file tells of and the store has not is counted, however odd its rows are and
 * whichever call of LMDB fails, so that nobody removes the file too early.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/oplog_row.h"
#include "core/packing.h"
#include "core/salvage_count.h"
#include "core/salvage_strays.h"
#include "tests/lib/branches.h"
#include "tests/lib/probe.h"
#include "tests/lib/slip.h"
#include "tests/lib/spoil.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,hold,write"

static const char cases[] = "d03/c017/case";

/* Only who reads knows all bodies; the two others hold them. */
enum {
	WRITER = 1,
	PEER = 2,
	BLIND = 3,
	DEAF = 4,
	FEW = 10,
	MANY = 150, /* so that some are packed */
	LATE = 3,   /* that the peer has not */
};

static void
write_some(struct town *town, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)town_create(town, WRITER, cases, "가");
}

/* A delta with bodies of two classes. */
static void
write_wide(struct town *town)
{
	struct store_edit edits[] = {town_edit(OP_SET, "no", town_text("1")),
	    town_edit(OP_SET, "name", town_text("나"))};
	struct store_write write = {.create = true,
	    .space = town_space(cases),
	    .collection = bytes_text("card"),
	    .edits = edits,
	    .edits_n = COUNT_OF(edits)};
	struct record_id id;
	bool changed;

	edits[1].class = CLASS_P;
	slip_is(town_write(town, WRITER, &write, &id, &changed), ERR_OK, NULL);
}

/* `n` deltas, and the one that opens the log, are with all. */
static void
city_make(struct town *town, uint64_t seed, size_t n)
{
	tempdir_in_memory();
	town_init(town, seed);
	assert_int_equal(town_member(town, "", ALL), WRITER);
	assert_int_equal(town_member(town, "", "read:NPSF,hold"), PEER);
	assert_int_equal(town_member(town, "", "hold"), BLIND);
	assert_int_equal(town_member(town, "", "hold"), DEAF);
	town_meet(town);
	write_wide(town);
	write_some(town, n - 1);
	wire_sync(town, WRITER, PEER);
	wire_sync(town, WRITER, BLIND);
	wire_sync(town, WRITER, DEAF);
}

static void
pack(struct town *town)
{
	struct packing packing = {.rest = true};
	struct store *store = town_store(town, WRITER);

	slip_is(store_begin(store, true), ERR_OK, NULL);
	while (!packing.ended)
		slip_is(packing_some(store_txn(store), &packing, 100), ERR_OK,
		    NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	assert_true(packing.deltas > 0);
}

/* ---- what is asked ------------------------------------------------------ */

/* What happens to rows of the file, in an open transaction of it. */
typedef void harm_fn(struct txn *txn, const struct log *log);

/* Nothing leads to the log any more. */
static void
log_is_lost(struct txn *txn, const struct log *log)
{
	struct key key;

	tables_log_no_key(log->no, &key);
	kv_del(txn->kv, TABLE_LOG_NOS, tables_key(&key));
}

static void
harm(struct town *town, size_t i, harm_fn *fn)
{
	struct log *log = spoil_log(town, i, cases);
	struct store *store = town_store(town, i);

	fn(store_txn(store), log);
	slip_is(store_commit(store), ERR_OK, NULL);
}

struct asked {
	struct town *town;
	size_t to;
	bool whole; /* the log is, as far as its rows lead */
};

static enum err
count(const struct asked *asked, struct txn *from, struct txn *to,
    struct salvage *salvage)
{
	struct space name = town_space(cases);
	struct log **logs = NULL;
	size_t n = 0;
	enum err e;

	if (!asked->whole)
		return salvage_strays_count(from, to, salvage);
	e = oplog_all(from, space_find(from, &name), &logs, &n);
	return e == ERR_OK ? salvage_count_log(from, logs[0], to, salvage) : e;
}

static enum err
tell(struct store *store, void *arg, struct buf *text)
{
	const struct asked *asked = arg;
	struct store *to = asked->town->nodes[asked->to].store;
	struct space name = town_space(cases);
	struct salvage salvage = {0};
	enum err e = ERR_OK;

	if (space_find(store_txn(store), &name) == NULL)
		e = kv_failed(store_txn(store)->kv);
	if (e == ERR_OK)
		e = count(asked, store_txn(store), store_txn(to), &salvage);
	buf_add_format(text, "%llu missing, %llu owed",
	    (unsigned long long)salvage.missing,
	    (unsigned long long)salvage.owed);
	return e;
}

static void
told_is(const struct asked *asked, size_t from, harm_fn *fn, const char *wanted)
{
	struct town *town = asked->town;
	struct asked copy = *asked;
	struct backup before = {0};
	struct buf text = {0};
	struct store *store;

	backup_take(town, from, &before);
	if (!asked->whole)
		harm(town, from, log_is_lost);
	if (fn != NULL)
		harm(town, from, fn);
	store = town_store(town, from);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(store_begin(town_store(town, asked->to), false), ERR_OK, NULL);
	slip_is(tell(store, &copy, &text), ERR_OK, NULL);
	store_abort(store);
	store_abort(town_store(town, asked->to));
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&text);
	backup_put(town, from, &before);
	backup_fini(&before);
}

static void
strays_are(
    struct town *town, size_t from, size_t to, harm_fn *fn, const char *wanted)
{
	told_is(&(struct asked){.town = town, .to = to}, from, fn, wanted);
}

/* ---- deltas whose log is lost ------------------------------------------- */

static void
what_the_store_has_is_not_missing(void **state)
{
	static struct town town;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		city_make(&town, 1 + i, MANY);
		if (i > 0)
			pack(&town);
		strays_are(&town, WRITER, PEER, NULL, "0 missing, 0 owed");
		write_some(&town, LATE);
		strays_are(&town, WRITER, PEER, NULL, "3 missing, 0 owed");
		strays_are(&town, WRITER, 0, NULL, "154 missing, 0 owed");
		town_fini(&town);
	}
}

/* Who holds it blind has it, but not so that anybody could read it there. */
static void
what_can_be_read_there_alone_is_owed(void **state)
{
	static struct town town;

	(void)state;
	city_make(&town, 3, FEW);
	strays_are(&town, WRITER, BLIND, NULL, "0 missing, 10 owed");
	strays_are(&town, BLIND, WRITER, NULL, "0 missing, 0 owed");
	strays_are(&town, BLIND, DEAF, NULL, "0 missing, 0 owed");
	town_fini(&town);
}

/* The store has the log as two branches, the file one of them. */
static void
a_branch_is_found_among_several(void **state)
{
	static struct town town;
	struct backup before = {0};
	struct branch branch;

	(void)state;
	city_make(&town, 4, FEW);
	backup_take(&town, WRITER, &before);
	write_some(&town, LATE);
	wire_sync(&town, WRITER, PEER);
	backup_put(&town, WRITER, &before);
	town.now_ms += 10;
	write_some(&town, LATE);
	strays_are(&town, WRITER, PEER, NULL, "3 missing, 0 owed");
	branch_take_out(&town, WRITER, cases, &branch);
	slip_is(branch_bring(&town, PEER, &branch, 0, branch.n - 1, branch.n),
	    ERR_OK, NULL);
	strays_are(&town, WRITER, PEER, NULL, "1 missing, 0 owed");
	branch_fini(&branch);
	backup_fini(&before);
	town_fini(&town);
}

/* ---- odd rows ----------------------------------------------------------- */

static void
row_put(struct txn *txn, enum table table, const struct log *log, uint64_t seq,
    const char *content)
{
	struct key key;

	tables_delta_key(log->space->no, log->no, seq, &key);
	txn_put(txn, table, &key, bytes_text(content));
}

static void
first_is_no_delta(struct txn *txn, const struct log *log)
{
	row_put(txn, TABLE_DELTAS, log, 0, "?");
}

static void
first_has_no_checksum(struct txn *txn, const struct log *log)
{
	struct key key;

	tables_delta_key(log->space->no, log->no, 0, &key);
	kv_put(txn->kv, TABLE_DELTAS, tables_key(&key), bytes_text("?"));
}

static void
none_is_a_delta(struct txn *txn, const struct log *log)
{
	for (uint64_t i = 0; i < log->frontier.size; i++)
		row_put(txn, TABLE_DELTAS, log, i, "?");
}

/* What is opaque says nothing of whose it is. */
static void
first_is_opaque(struct txn *txn, const struct log *log)
{
	struct stored_delta stored;
	struct buf row = {0};
	struct key key;

	if (oplog_get(txn, log, 0, &stored) == ERR_OK) {
		oplog_row_header(true, stored.header, &row);
		tables_delta_key(log->space->no, log->no, 0, &key);
		txn_put(txn, TABLE_DELTAS, &key, buf_bytes(&row));
	}
	buf_fini(&row);
}

static void
some_lie_where_none_can(struct txn *txn, const struct log *log)
{
	row_put(txn, TABLE_DELTAS, log, UINT64_MAX, "?");
	row_put(txn, TABLE_DELTAS, log, UINT64_MAX - 1, "?");
}

static void
a_key_is_too_long(struct txn *txn, const struct log *log)
{
	struct key key;

	tables_delta_key(log->space->no, log->no, 0, &key);
	tables_key_add(&key, bytes_text("?"));
	txn_put(txn, TABLE_DELTAS, &key, bytes_text("?"));
}

static void
blocks_are_none(struct txn *txn, const struct log *log)
{
	/* How many there are stands behind the checksum. */
	static const uint8_t two[64] = {[TABLES_CHECKSUM_SIZE + 1] = 2};
	struct key key;

	row_put(txn, TABLE_BLOCKS, log, 1, "?");
	tables_delta_key(log->space->no, log->no, UINT64_MAX - 1, &key);
	kv_put(txn->kv, TABLE_BLOCKS, tables_key(&key),
	    bytes_of(two, sizeof(two)));
}

/* Under numbers that no store gives. */
static void
numbers_are_odd(struct txn *txn, const struct log *log)
{
	static const uint32_t numbers[][2] = {
	    {0, 1}, {1, 0}, {1, UINT32_MAX}, {UINT32_MAX, UINT32_MAX}};

	(void)log;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct key key = {0};
		uint8_t b[8 + 8] = {0};

		bytes_put_be32(b, numbers[i][0]);
		bytes_put_be32(b + 4, numbers[i][1]);
		tables_key_add(&key, bytes_of(b, sizeof(b)));
		txn_put(txn, TABLE_DELTAS, &key, bytes_text("?"));
	}
}

/* The same number in another space. */
static void
a_number_lies_twice(struct txn *txn, const struct log *log)
{
	struct key key;

	tables_delta_key(
	    (struct space_no){log->space->no.v + 1}, log->no, 0, &key);
	txn_put(txn, TABLE_DELTAS, &key, bytes_text("?"));
}

static void
what_is_no_delta_is_missing(void **state)
{
	static const struct {
		harm_fn *harm;
		const char *wanted;
	} harms[] = {
	    {first_is_no_delta, "1 missing, 0 owed"},
	    {first_has_no_checksum, "1 missing, 0 owed"},
	    {none_is_a_delta, "11 missing, 0 owed"},
	    {first_is_opaque, "0 missing, 0 owed"},
	    {some_lie_where_none_can, "2 missing, 0 owed"},
	    {a_key_is_too_long, "1 missing, 0 owed"},
	    {blocks_are_none, "2 missing, 0 owed"},
	    {numbers_are_odd, "4 missing, 0 owed"},
	    {a_number_lies_twice, "1 missing, 0 owed"},
	};
	static struct town town;

	(void)state;
	city_make(&town, 5, FEW);
	for (size_t i = 0; i < COUNT_OF(harms); i++)
		strays_are(&town, WRITER, PEER, harms[i].harm, harms[i].wanted);
	town_fini(&town);
}

/* What lies outside a block counts instead. */
static void
of_a_packed_delta_the_newer_row_counts(void **state)
{
	static struct town town;

	(void)state;
	city_make(&town, 8, MANY);
	pack(&town);
	strays_are(&town, WRITER, PEER, first_is_no_delta, "1 missing, 0 owed");
	town_fini(&town);
}

/* ---- logs --------------------------------------------------------------- */

static void
log_is(
    struct town *town, size_t from, size_t to, harm_fn *fn, const char *wanted)
{
	told_is(&(struct asked){.town = town, .to = to, .whole = true}, from,
	    fn, wanted);
}

/* The last that the peer has, too. */
static void
a_common_one_is_none(struct txn *txn, const struct log *log)
{
	row_put(txn, TABLE_DELTAS, log, log->frontier.size - LATE - 1, "?");
}

static void
a_common_one_is_gone(struct txn *txn, const struct log *log)
{
	struct key key;

	tables_delta_key(
	    log->space->no, log->no, log->frontier.size - LATE - 1, &key);
	kv_del(txn->kv, TABLE_DELTAS, tables_key(&key));
}

static void
of_a_log_what_is_missing_or_owed_is_counted(void **state)
{
	static struct town town;

	(void)state;
	city_make(&town, 6, FEW);
	log_is(&town, WRITER, PEER, NULL, "0 missing, 0 owed");
	log_is(&town, WRITER, BLIND, NULL, "0 missing, 10 owed");
	log_is(&town, BLIND, WRITER, NULL, "0 missing, 0 owed");
	log_is(&town, WRITER, 0, NULL, "11 missing, 0 owed");
	write_some(&town, LATE);
	log_is(&town, WRITER, PEER, NULL, "3 missing, 0 owed");
	/* Nobody can say of it any more that the store has the same. */
	log_is(&town, WRITER, PEER, a_common_one_is_none, "4 missing, 0 owed");
	log_is(&town, WRITER, PEER, a_common_one_is_gone, "4 missing, 0 owed");
	town_fini(&town);
}

/* ---- under failing calls ------------------------------------------------ */

static void
a_call_that_fails_makes_nothing_less(void **state)
{
	static const struct {
		size_t from;
		size_t to;
		size_t late;
		bool packed;
		bool whole;
	} ways[] = {
	    {WRITER, PEER, LATE, false, false},
	    {WRITER, PEER, LATE, true, false},
	    {WRITER, BLIND, 0, false, false},
	    {WRITER, PEER, LATE, false, true},
	    {WRITER, BLIND, 0, false, true},
	    {PEER, WRITER, LATE, false, true},
	    {PEER, WRITER, LATE, true, true},
	};
	static struct town town;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct asked asked = {
		    .town = &town, .to = ways[i].to, .whole = ways[i].whole};

		city_make(&town, 9, ways[i].packed ? MANY : FEW);
		if (ways[i].packed)
			pack(&town);
		write_some(&town, ways[i].late);
		if (!asked.whole)
			harm(&town, ways[i].from, log_is_lost);
		assert_true(probe_run(&(struct probe){
				.store = town_store(&town, ways[i].from),
				.beside = town_store(&town, asked.to),
				.fn = tell,
				.arg = &asked}) > 2);
		town_fini(&town);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_store_has_is_not_missing),
	    cmocka_unit_test(what_can_be_read_there_alone_is_owed),
	    cmocka_unit_test(a_branch_is_found_among_several),
	    cmocka_unit_test(what_is_no_delta_is_missing),
	    cmocka_unit_test(of_a_packed_delta_the_newer_row_counts),
	    cmocka_unit_test(of_a_log_what_is_missing_or_owed_is_counted),
	    cmocka_unit_test(a_call_that_fails_makes_nothing_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
