/*
 * Promises of core/query.h and core/query_sort.h: whatever a condition says and
 * whatever index it leads through, a query gives the records that a look at all
 * of them finds, each once; sorted, the first of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/query_sort.h"
#include "core/query_text.h"
#include "core/record.h"
#include "tests/lib/workshop.h"

enum { QUERIES = 600, FOUND_MAX = 1024 };

/* ---- questions ----------------------------------------------------------- */

/* One condition that an index may help with, or not. */
static void
condition_draw(struct workshop *stage, struct prng *prng, struct buf *text)
{
	static const char *const plain[] = {"state = done", "state = open",
	    "state in (doing, done)", "state != open", "size = 1", "size > -1",
	    "size <= 1", "size >= 0 and size < 2", "size in (0, 1, -2, 1)",
	    "due < date('2016-07-25')", "due >= today", "due > today - 30",
	    "due <= date('2016-07-01')", "due = date('2016-08-03')",
	    "due in (date('2016-07-01'), today)", "due < now_is_nothing",
	    "at = '2016-07-25T00:30:00Z'", "at > now", "at <= now + 7d",
	    "risk = high", "risk in (low, high)", "flags has x",
	    "flags has (x, z)", "flags is nothing", "ready = true",
	    "ready = false", "tries = 2", "tries > 1", "name = '경로'",
	    "name begins '신사동'", "name > '강남'",
	    "name = '신사동 제1경로당'", "tags has '신사'",
	    "tags has ('가', '다라')", "born = date('2016-07-01')",
	    "born < today", "conflict(state)", "of.state = done",
	    "size = of.size", "due < due", "true = ready",
	    "date('2016-07-01') <= due", "-1 < size",
	    "size = count(job, state = done)",
	    "exists(job, of = this and state = done)",
	    "count(job, of = this and state = open and at <= now) >= 1",
	    "exists(job, state = this.state and due < this.due)",
	    "exists(job, tags has '가' and size = this.size and "
	    "due != this.due)",
	    "count(job, of = this.of and state = this.state and "
	    "at >= this.at) = 1",
	    "count(job, name = this.name) = 2",
	    "count(job, tags has '가') = 5 or count(job, tags has '나') = 6 or "
	    "count(job, tags has '신사') / 2 * 2 = "
	    "count(job, tags has '신사')",
	    "latest(job, due, state = this.state and due <= today and "
	    "due > date('2016-06-30')) = due",
	    "total(job, tries, flags has x and size = this.size) > 1",
	    "1 / 0 = size", "due = today + 1 / 0", "state = done or size = 1",
	    "not state = done"};
	const char *is = workshop_pick(prng, plain, COUNT_OF(plain));

	if (prng_below(prng, 6) == 0) {
		buf_add_text(text, "of = '");
		for (size_t i = 0; i < PACK_REF_SIZE; i++)
			buf_add_format(
			    text, "%02x", stage->ids[prng_below(prng, 1)].b[i]);
		buf_add_text(text, "'");
	} else if (strcmp(is, "due < now_is_nothing") == 0) {
		buf_add_text(text, "due < today + 1 / 0");
	} else {
		buf_add_format(text, "(%s)", is);
	}
}

static const struct expr *
parse(struct workshop *stage, const char *text, unsigned want)
{
	struct expr_scope scope = {.pack = stage->pack,
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .may = EXPR_MAY_ALL};
	const struct expr *expr = NULL;

	if (expr_parse(bytes_text(text), &scope, want, &stage->arena, &expr) !=
	    ERR_OK)
		fail_msg("%s: %s", text, err_text());
	return expr;
}

/* What the questions of seed 1 found while there was no index. */
static uint64_t sum_without;

struct ids {
	struct record_id p[FOUND_MAX];
	size_t n;
};

static int
id_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record_id));
}

/* What a look at all records finds. */
static void
look_at_all(struct workshop *stage, struct txn *txn, const struct query *query,
    struct ids *ids)
{
	struct space_state **all;
	struct query_text words = {0};
	size_t n;

	ids->n = 0;
	if (query->words.n > 0)
		workshop_well(query_text_read(stage->pack, query->collection,
		    query->words, &stage->arena, &words));
	workshop_well(space_all(txn, &all, &n));
	for (size_t i = 0; i < n; i++) {
		struct record_id id = {0};
		struct record record;
		bool found = true;
		bool holds = true;

		while (id_covers(&query->prefix, &all[i]->name)) {
			workshop_well(record_next(txn,
			    &(struct record_read){.space = all[i],
				.cells = true,
				.arena = &stage->arena},
			    &id, &record, &found));
			if (!found)
				break;
			if (record.status == RECORD_DELETED ||
			    !bytes_is(
				record.collection, query->collection->name))
				continue;
			workshop_well(
			    query->where == NULL
				? ERR_OK
				: expr_test(query->where,
				      &(struct expr_source){.txn = txn,
					  .space = &all[i]->name,
					  .id = &id,
					  .record = &record,
					  .now_seconds = stage->now,
					  .arena = &stage->arena},
				      &holds));
			if (holds && (words.words_n == 0 ||
					 query_text_holds(&words, &record)))
				ids->p[ids->n++] = id;
		}
	}
	qsort(ids->p, ids->n, sizeof(*ids->p), id_order);
}

/* What the query gives; how it goes about it is added to `how`. */
static void
ask(struct txn *txn, const struct query *query, struct ids *ids,
    struct buf *how)
{
	struct query_run run;
	bool found = true;

	ids->n = 0;
	workshop_well(query_begin(txn, query, &run));
	query_explain(&run, how);
	for (;;) {
		workshop_well(query_next(&run, &found));
		if (!found)
			break;
		assert_true(ids->n < FOUND_MAX);
		assert_true(run.record.exists);
		assert_true(id_covers(&query->prefix, &run.space->name));
		ids->p[ids->n++] = run.id;
	}
	query_end(&run);
	qsort(ids->p, ids->n, sizeof(*ids->p), id_order);
}

static struct query
query_draw(struct workshop *stage, struct prng *prng, struct buf *text)
{
	static const char *const prefixes[] = {"", "", "d03", "d03/c017",
	    "d03/c018/case", "d09", "d03/c017/public"};
	static const char *const words[] = {"", "", "", "", "신사동",
	    "신사 1경로", "강남복지관", "경로", "로", "제1경", "신사동 2",
	    "없는말", "강남. ."};
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .now_seconds = stage->now};
	uint64_t n = prng_below(prng, 4);

	workshop_well(id_prefix(
	    bytes_text(workshop_pick(prng, prefixes, COUNT_OF(prefixes))),
	    &query.prefix));
	query.words = bytes_text(workshop_pick(prng, words, COUNT_OF(words)));
	buf_cut(text, 0);
	for (uint64_t i = 0; i < n; i++) {
		buf_add_text(text, i > 0 ? " and " : "");
		condition_draw(stage, prng, text);
	}
	if (n > 0)
		query.where = parse(stage, buf_text(text), 1U << EXPR_BOOL);
	return query;
}

/* Asks many questions both ways; what was gone through is in `how`, and what
 * was found in `*sum`. */
static size_t
ask_many(struct workshop *stage, uint64_t seed, struct buf *how, uint64_t *sum)
{
	static struct ids want;
	static struct ids got;
	struct prng prng = {seed};
	struct txn *txn = workshop_own_pack(stage, false);
	struct buf text = {0};
	size_t found = 0;

	for (size_t i = 0; i < QUERIES; i++) {
		struct query query = query_draw(stage, &prng, &text);

		look_at_all(stage, txn, &query, &want);
		ask(txn, &query, &got, how);
		buf_add_text(how, "\n");
		if (want.n != got.n ||
		    memcmp(want.p, got.p, want.n * sizeof(*want.p)) != 0)
			fail_msg("%s / %.*s below '%s': %zu, not %zu; %s",
			    buf_text(&text), (int)query.words.n,
			    (const char *)query.words.p, query.prefix.text,
			    got.n, want.n, buf_text(how));
		found += got.n;
		*sum = *sum * 31 +
		       bytes_checksum(bytes_of(got.p, got.n * sizeof(*got.p)));
		arena_reset(&stage->arena);
	}
	store_abort(stage->hall.store);
	buf_fini(&text);
	return found;
}

static bool
says(struct buf *how, const char *text)
{
	return strstr(buf_text(how), text) != NULL;
}

static void
without_indexes_all_records_are_looked_at(void **state)
{
	struct buf how = {0};

	assert_true(ask_many(*state, 1, &how, &sum_without) > QUERIES);
	assert_true(says(&how, "all records, for those of job: 3 spaces\n"));
	assert_false(says(&how, "job."));
	buf_fini(&how);
}

static void
a_query_gives_what_a_look_at_all_records_finds(void **state)
{
	static const char *const ways[] = {"job (all)",
	    "job.size (size: a range)", "job.size (size: 4 values)",
	    "job.due (due: a range)", "job.due (due: 1 value)",
	    "job.at (at: 1 value)", "job.risk (risk: 1 value)",
	    "job.flags (flags: 2 values)", "job.ready (ready: 1 value)",
	    "job.name (name: 1 value)", "job.tags (tags: 2 values)",
	    "job.born (born: 1 value)", "job.of (of: 1 value)",
	    "job.state_due (state: 1 value, due: 1 value)",
	    "job.state_due (state: 2 values, due: a range)",
	    "job.tags_size (tags: 2 values, size: a range)",
	    "job.of_state_at (of: 1 value, state: 1 value",
	    "job.name, job.tags (text: 신사동)",
	    ": compared with nothing, so none fits"};
	struct workshop *stage = *state;
	struct buf how = {0};

	workshop_index_all(stage);
	for (uint64_t seed = 1; seed < 4; seed++) {
		uint64_t sum = 0;

		assert_true(ask_many(stage, seed, &how, &sum) > QUERIES);
		/* Also queries inside of a condition find the same. */
		if (seed == 1)
			assert_int_equal(sum, sum_without);
	}
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		if (!says(&how, ways[i]))
			fail_msg("no query went by %s", ways[i]);
	/* A date of class P, an amount and another record lead nowhere. */
	assert_false(says(&how, "job.born (born: a range)"));
	assert_false(says(&how, "job.tries"));
	buf_fini(&how);
}

/* Bounds that meet, values that wait for other records, and more values than
 * are walked through one by one; as a writer finds them, too. */
static void
what_is_asked_in_odd_ways_is_found_as_well(void **state)
{
	static const char *const list[] = {"size > 1 and size >= 1",
	    "size >= 1 and size > 1", "due < today and due <= today",
	    "size <= 1 and size < 1", "size > count(job, state = done) - 300",
	    "size = count(job, state = done) or size = 1", "size in (%s)",
	    "size in (%m)", "tags has ('가', '나', '신사') and size in (%s)",
	    "size in (%s) and due > today - 300"};
	static struct ids want;
	static struct ids got;
	struct workshop *stage = *state;
	struct buf sizes = {0};
	struct buf how = {0};

	for (int i = 0; i < 200; i++)
		buf_add_format(&sizes, "%s%d", i > 0 ? ", " : "", i % 100);
	for (int round = 0; round < 4; round++) {
		struct txn *txn = workshop_own_pack(stage, round % 2 == 1);

		for (size_t i = 0; i < COUNT_OF(list); i++) {
			struct query query = {
			    .collection = pack_collection(
				stage->pack, bytes_text("job")),
			    .now_seconds = stage->now};
			const char *part = strchr(list[i], '%');
			struct buf text = {0};

			buf_add(
			    &text, bytes_first(bytes_text(list[i]),
				       part != NULL ? (size_t)(part - list[i])
						    : strlen(list[i])));
			if (part != NULL) {
				buf_add(&text, buf_bytes(&sizes));
				buf_add_text(&text, part[1] == 'm' ? ", " : "");
				if (part[1] == 'm')
					buf_add(&text, buf_bytes(&sizes));
				buf_add_text(&text, part + 2);
			}
			workshop_well(id_prefix(
			    bytes_text(round < 2 ? "" : "d09/c001/case"),
			    &query.prefix));
			query.where = parse(
			    stage, buf_text(&text), 1U << EXPR_BOOL);
			look_at_all(stage, txn, &query, &want);
			ask(txn, &query, &got, &how);
			if (want.n != got.n ||
			    memcmp(want.p, got.p, want.n * sizeof(*want.p)) !=
				0)
				fail_msg("%s: %zu, not %zu", buf_text(&text),
				    got.n, want.n);
			assert_true(round < 2 || got.n == 0);
			buf_fini(&text);
			arena_reset(&stage->arena);
		}
		store_abort(stage->hall.store);
	}
	buf_fini(&sizes);
	buf_fini(&how);
}

static void
of_several_indexes_the_one_with_the_fewest_rows_is_taken(void **state)
{
	struct workshop *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .now_seconds = stage->now};
	struct txn *txn = workshop_own_pack(stage, false);
	struct query_run run;
	struct buf how = {0};
	bool found;

	query.where = parse(stage,
	    "size >= -2 and state in (open, doing, done) and name = 'ㄱ'",
	    1U << EXPR_BOOL);
	workshop_well(query_begin(txn, &query, &run));
	query_explain(&run, &how);
	assert_string_equal(
	    buf_text(&how), "job.name (name: 1 value): 3 spaces");
	do
		workshop_well(query_next(&run, &found));
	while (found);
	assert_true(run.looked > 0 && run.looked < stage->n / 2);
	query_end(&run);
	store_abort(stage->hall.store);
	buf_fini(&how);
}

/* What depends on no record is asked once for each space, not of each. */
static void
where_no_record_can_be_meant_none_is_looked_at(void **state)
{
	static struct ids want;
	static struct ids got;
	struct workshop *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .now_seconds = stage->now};
	struct txn *txn = workshop_own_pack(stage, false);
	struct query_run run;
	struct buf how = {0};
	struct buf text = {0};
	size_t found_n = 0;
	bool found;

	for (int size = -3; size < 30; size++) {
		buf_cut(&text, 0);
		buf_add_format(&text,
		    "size >= -2 and (exists(job, size = %d) and tries >= 0)",
		    size);
		query.where = parse(stage, buf_text(&text), 1U << EXPR_BOOL);
		look_at_all(stage, txn, &query, &want);
		ask(txn, &query, &got, &how);
		assert_int_equal(got.n, want.n);
		found_n += got.n;
		arena_reset(&stage->arena);
	}
	assert_true(found_n > 0);
	query.where = parse(stage,
	    "size >= -2 and (exists(job, size = 4711) and tries >= 0)",
	    1U << EXPR_BOOL);
	workshop_well(query_begin(txn, &query, &run));
	workshop_well(query_next(&run, &found));
	assert_false(found);
	assert_int_equal(run.looked, 0);
	query_end(&run);
	store_abort(stage->hall.store);
	buf_fini(&text);
	buf_fini(&how);
}

static void
an_index_leads_to_those_that_have_some_value(void **state)
{
	static struct ids want;
	static struct ids got;
	struct workshop *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .now_seconds = stage->now};
	struct txn *txn = workshop_own_pack(stage, false);
	struct buf how = {0};

	query.where = parse(stage, "of is something", 1U << EXPR_BOOL);
	look_at_all(stage, txn, &query, &want);
	ask(txn, &query, &got, &how);
	assert_in_range(want.n, 1, stage->n - 1);
	assert_int_equal(want.n, got.n);
	assert_memory_equal(want.p, got.p, want.n * sizeof(*want.p));
	assert_string_equal(buf_text(&how), "job.of (of: a range): 3 spaces");
	store_abort(stage->hall.store);
	buf_fini(&how);
}

/* ---- words --------------------------------------------------------------- */

static void
words_without_a_letter_and_collections_without_text_are_refused(void **state)
{
	struct workshop *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .words = bytes_text(" . .. ")};
	struct query_run run;
	struct txn *txn = workshop_own_pack(stage, false);

	assert_int_equal(query_begin(txn, &query, &run), ERR_INVALID);
	assert_string_equal(err_text(), "' . .. ' has no letter to look for");
	query_end(&run);
	query.words = bytes_text("\xed\xa0\x80 가");
	assert_int_equal(query_begin(txn, &query, &run), ERR_INVALID);
	query_end(&run);
	store_abort(stage->hall.store);
}

static void
texts_that_are_not_searched_are_scanned(void **state)
{
	static struct ids want;
	static struct ids got;
	struct workshop *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("person")),
	    .words = bytes_text("복지관 강남"),
	    .now_seconds = stage->now};
	struct txn *txn = workshop_own_pack(stage, false);
	struct buf how = {0};

	look_at_all(stage, txn, &query, &want);
	ask(txn, &query, &got, &how);
	assert_true(want.n > 0);
	assert_int_equal(want.n, got.n);
	assert_memory_equal(want.p, got.p, want.n * sizeof(*want.p));
	assert_string_equal(buf_text(&how), "person (all): 3 spaces");
	store_abort(stage->hall.store);
	buf_fini(&how);
}

/* ---- order --------------------------------------------------------------- */

static int
compare(const struct query_order *order, const struct query_row *a,
    const struct query_row *b)
{
	for (size_t i = 0; i < order->keys_n; i++) {
		bool none = a->values[i].type == EXPR_NOTHING;
		int way = expr_compare(&a->values[i], &b->values[i]);

		if (none != (b->values[i].type == EXPR_NOTHING))
			return none ? 1 : -1;
		if (way != 0)
			return order->keys[i].down ? -way : way;
	}
	return memcmp(&a->id, &b->id, sizeof(a->id));
}

static void
a_limit_keeps_the_first_of_all_in_order(void **state)
{
	struct workshop *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .now_seconds = stage->now};
	struct query_key keys[2] = {{.down = true}, {.down = false}};
	struct query_order order = {.keys = keys, .keys_n = 2};
	struct txn *txn = workshop_own_pack(stage, false);
	struct query_sorted all;
	struct query_run run;

	keys[0].expr = parse(stage, "due", EXPR_ANY);
	keys[1].expr = parse(stage, "first(name, state)", EXPR_ANY);
	workshop_well(query_begin(txn, &query, &run));
	workshop_well(query_sort_run(&run, &order, &all));
	query_end(&run);
	assert_true(all.n > WORKSHOP_RECORDS / 2);
	assert_int_equal(all.found, all.n);
	for (size_t i = 1; i < all.n; i++)
		assert_true(
		    compare(&order, &all.rows[i - 1], &all.rows[i]) < 0);
	assert_int_equal(all.rows[all.n - 1].values[0].type, EXPR_NOTHING);
	for (order.limit = 1; order.limit < all.n + 2; order.limit += 7) {
		struct query_sorted some;

		workshop_well(query_begin(txn, &query, &run));
		workshop_well(query_sort_run(&run, &order, &some));
		query_end(&run);
		assert_int_equal(some.found, all.n);
		assert_int_equal(
		    some.n, order.limit < all.n ? (size_t)order.limit : all.n);
		for (size_t i = 0; i < some.n; i++)
			assert_int_equal(
			    compare(&order, &some.rows[i], &all.rows[i]), 0);
		query_sort_fini(&some);
	}
	query_sort_fini(&all);
	store_abort(stage->hall.store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_indexes_all_records_are_looked_at),
	    cmocka_unit_test(a_query_gives_what_a_look_at_all_records_finds),
	    cmocka_unit_test(what_is_asked_in_odd_ways_is_found_as_well),
	    cmocka_unit_test(
		of_several_indexes_the_one_with_the_fewest_rows_is_taken),
	    cmocka_unit_test(where_no_record_can_be_meant_none_is_looked_at),
	    cmocka_unit_test(an_index_leads_to_those_that_have_some_value),
	    cmocka_unit_test(
		words_without_a_letter_and_collections_without_text_are_refused),
	    cmocka_unit_test(texts_that_are_not_searched_are_scanned),
	    cmocka_unit_test(a_limit_keeps_the_first_of_all_in_order),
	};

	return cmocka_run_group_tests(tests, workshop_make, workshop_remove);
}
