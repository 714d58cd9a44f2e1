/*
 * Promises of core/lookup.h about lists, ranges, indexes over several fields
 * and searched text: whatever two nodes wrote, a walk leads to every record
 * that a look at all of them finds.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fold.h"
#include "core/lookup_keep.h"
#include "core/record.h"
#include "proto/calendar.h"
#include "proto/codec.h"
#include "tests/lib/things.h"

enum { ROUNDS = 4, WRITES = 60, ASKED = 40 };

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	return bytes_text(things_pack);
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* ---- what is asked ------------------------------------------------------- */

enum ask { ASK_LIST, ASK_BETWEEN, ASK_COMPOUND, ASK_TEXT, ASK_COUNT };

/* One question. */
struct question {
	enum ask ask;
	const struct pack *pack;
	const struct pack_collection *of;
	const struct pack_field *field; /* BETWEEN, TEXT */
	const struct pack_compound *compound;
	struct bytes values[LIMIT_INDEX_FIELDS];
	struct lookup_bound bound;
	struct lookup_range range;
	struct bytes words;
	struct buf made[LIMIT_INDEX_FIELDS + 2]; /* owned */
};

static struct bytes
made(struct question *q, size_t i, struct prng *prng, size_t f)
{
	buf_cut(&q->made[i], 0);
	things_value(prng, f, &q->made[i]);
	return buf_bytes(&q->made[i]);
}

/* The place of `field` in things_fields. */
static size_t
place(const struct pack_field *field)
{
	size_t f = 0;

	while (strcmp(things_fields[f], field->name) != 0)
		f++;
	return f;
}

static void
range_draw(struct question *q, struct prng *prng, size_t f)
{
	q->range = (struct lookup_range){
	    .above_low = prng_below(prng, 2) > 0,
	    .below_high = prng_below(prng, 2) > 0,
	};
	if (prng_below(prng, 4) > 0)
		q->range.low = made(q, LIMIT_INDEX_FIELDS, prng, f);
	if (prng_below(prng, 4) > 0)
		q->range.high = made(q, LIMIT_INDEX_FIELDS + 1, prng, f);
}

static void
question_draw(struct question *q, struct prng *prng)
{
	static const char *const asked[] = {"가나", "나다", "종로12가", "로1.2",
	    "2동", "bc가", "아자", "자차카", "없는 말"};

	q->ask = (enum ask)prng_below(prng, ASK_COUNT);
	q->bound = (struct lookup_bound){.values = q->values};
	q->field = pack_field(
	    q->of, bytes_text(q->ask == ASK_TEXT
				  ? things_fields[prng_below(prng, 2)]
				  : things_fields[1 + prng_below(prng, 3)]));
	q->compound = &q->of->indexes[prng_below(prng, 2)];
	q->words = bytes_text(asked[prng_below(prng, COUNT_OF(asked))]);
	if (q->ask == ASK_BETWEEN)
		range_draw(q, prng, place(q->field));
	if (q->ask != ASK_COMPOUND)
		return;
	q->bound.n = prng_below(prng, q->compound->fields_n + 1);
	for (size_t i = 0; i < q->bound.n; i++)
		q->values[i] = made(q, i, prng, place(q->compound->fields[i]));
	if (q->bound.n < q->compound->fields_n && prng_below(prng, 2) > 0) {
		range_draw(q, prng, place(q->compound->fields[q->bound.n]));
		q->bound.range = &q->range;
	}
}

/* Starts the walk that answers; false when there is none. */
static bool
walk_begin(struct desk *desk, const struct question *q,
    const struct space_state *space, struct lookup_scan *scan)
{
	struct txn *txn = store_txn(desk->store);

	switch (q->ask) {
	case ASK_LIST:
		lookup_all(txn, space->no, q->of, scan);
		return true;
	case ASK_BETWEEN:
		return lookup_between(
		    txn, space->no, q->field, &q->range, scan);
	case ASK_TEXT:
		return lookup_text(txn, space->no, q->field, q->words, scan);
	case ASK_COMPOUND:
	case ASK_COUNT:
		break;
	}
	lookup_compound(txn, space->no, q->compound, &q->bound, scan);
	return true;
}

/* ---- what fits ----------------------------------------------------------- */

/* A value as it is compared: a time by its second. */
struct seen {
	enum codec_type type;
	bool is_time;
	int64_t number;
	struct bytes text;
};

static struct seen
see(const struct pack_field *field, struct bytes value)
{
	struct seen seen = {0};
	struct reader r;

	codec_begin(&r, value);
	seen.type = codec_peek(&r);
	if (seen.type == CODEC_INT)
		seen.number = codec_get_int(&r);
	else if (seen.type == CODEC_TEXT)
		seen.text = codec_get_text(&r);
	else
		seen.text = value;
	if (seen.type == CODEC_TEXT && field->type == PACK_DATETIME)
		seen.is_time = calendar_read_time(seen.text, &seen.number);
	if (seen.is_time)
		seen.text.n = 0;
	return seen;
}

/* False when one is neither before nor behind the other. */
static bool
order_of(
    const struct pack_field *field, struct bytes a, struct bytes b, int *order)
{
	struct seen x = see(field, a);
	struct seen y = see(field, b);

	if (x.type != y.type || x.is_time != y.is_time)
		return false;
	*order = x.number != y.number ? (x.number > y.number ? 1 : -1)
				      : bytes_compare(x.text, y.text);
	return true;
}

static bool
is_within(const struct lookup_range *range, const struct pack_field *field,
    struct bytes value)
{
	int low = 1;
	int high = -1;

	if (range->low.n > 0 && !order_of(field, value, range->low, &low))
		return false;
	if (range->high.n > 0 && !order_of(field, value, range->high, &high))
		return false;
	return low >= range->above_low && high <= -(int)range->below_high;
}

static bool
is_among_words(const struct question *q, struct bytes value)
{
	struct buf words = {0};
	struct buf text = {0};
	struct reader r;
	bool is = false;

	codec_begin(&r, value);
	if (codec_peek(&r) == CODEC_TEXT) {
		well(fold_text(q->pack->fold, codec_get_text(&r), &text));
		well(fold_text(q->pack->fold, q->words, &words));
	}
	for (size_t i = 0; words.n > 0 && i + words.n <= text.n && !is; i++)
		is = bytes_equal(bytes_slice(buf_bytes(&text), i, words.n),
		    buf_bytes(&words));
	buf_fini(&text);
	buf_fini(&words);
	return is;
}

/* Is `value` of field `f` of the question's index as it asks? */
static bool
is_wanted(const struct question *q, size_t f, struct bytes value)
{
	int order = 1;

	if (q->ask == ASK_BETWEEN)
		return is_within(&q->range, q->field, value);
	if (q->ask == ASK_TEXT)
		return is_among_words(q, value);
	if (f < q->bound.n)
		return order_of(q->compound->fields[f], value, q->values[f],
			   &order) &&
		       order == 0;
	if (f == q->bound.n && q->bound.range != NULL)
		return is_within(&q->range, q->compound->fields[f], value);
	return true;
}

static bool
field_fits(const struct question *q, size_t f, const struct record *record,
    const struct pack_field *field)
{
	const struct record_field *has = merge_find(
	    record, bytes_text(field->name), field->kind);

	for (size_t i = 0; has != NULL && i < has->n; i++)
		if (is_wanted(q, f, has->values[i].value))
			return true;
	return false;
}

static bool
fits(const struct question *q, const struct record *record)
{
	size_t n = q->bound.n + (q->bound.range != NULL);

	if (!bytes_is(record->collection, q->of->name))
		return false;
	if (q->ask == ASK_LIST)
		return true;
	if (q->ask != ASK_COMPOUND)
		return field_fits(q, 0, record, q->field);
	/* Without a value of the first field a record is in no order. */
	for (size_t f = 0; f < n || f == 0; f++)
		if (!field_fits(q, f, record, q->compound->fields[f]))
			return false;
	return true;
}

/* May a walk lead to `record` though it does not fit?  Something in it does not
 * stand in a key as it is. */
static bool
is_vague(const struct record *record)
{
	for (size_t f = 0; f < record->fields_n; f++)
		for (size_t i = 0; i < record->fields[f].n; i++) {
			const struct record_value *value =
			    &record->fields[f].values[i];
			struct reader r;

			codec_begin(&r, value->value);
			if (value->class != CLASS_N || value->value.n > 24 ||
			    codec_peek(&r) == CODEC_ARRAY ||
			    codec_peek(&r) == CODEC_BYTES)
				return true;
		}
	return false;
}

/* Have the bounds of a range of `field` one order? */
static bool
is_sharp(const struct question *q)
{
	const struct pack_field *field = q->field;
	const struct lookup_range *range = &q->range;
	struct bytes one = range->low.n > 0 ? range->low : range->high;
	struct bytes two = range->high.n > 0 ? range->high : range->low;
	int order;

	if (q->ask == ASK_COMPOUND && q->bound.range != NULL)
		field = q->compound->fields[q->bound.n];
	else if (q->ask == ASK_COMPOUND)
		return true;
	if (q->ask != ASK_LIST && one.n > 0)
		return see(field, one).type != CODEC_ARRAY &&
		       order_of(field, one, two, &order);
	return q->ask != ASK_TEXT;
}

/* ---- both compared ------------------------------------------------------- */

struct met {
	struct record_id ids[THINGS];
	size_t n;
};

static bool
has_met(const struct met *met, const struct record_id *id)
{
	for (size_t i = 0; i < met->n; i++)
		if (memcmp(&met->ids[i], id, sizeof(*id)) == 0)
			return true;
	return false;
}

static void
walk(struct desk *desk, struct lookup_scan *scan, bool strict, struct met *met)
{
	(void)desk;
	for (;;) {
		struct record_id id;
		bool found;

		well(lookup_next(scan, &id, &found));
		if (!found)
			return;
		if (has_met(met, &id)) {
			assert_false(strict);
			continue;
		}
		assert_true(met->n < THINGS);
		/* The list is in order. */
		assert_true(!strict || met->n == 0 ||
			    memcmp(&met->ids[met->n - 1], &id, sizeof(id)) < 0);
		met->ids[met->n++] = id;
	}
}

/* Everything that fits was met, and what was met fits or is vague.  Returns how
 * many fit. */
static size_t
answer_check(struct desk *desk, const struct question *q,
    struct space_state *space, const struct met *met)
{
	struct record_id id = {0};
	struct arena arena = {0};
	size_t n = 0;

	for (;;) {
		struct record record;
		bool found;

		arena_reset(&arena);
		well(record_next(store_txn(desk->store),
		    &(struct record_read){
			.space = space, .cells = true, .arena = &arena},
		    &id, &record, &found));
		if (!found)
			break;
		if (fits(q, &record)) {
			assert_true(has_met(met, &id));
			n++;
		} else if (has_met(met, &id)) {
			assert_true(!is_sharp(q) || is_vague(&record));
			assert_true(bytes_is(record.collection, q->of->name));
		}
	}
	arena_fini(&arena);
	return n;
}

/* Asks much; returns how many answers there were in all. */
static size_t
answers_compare(struct desk *desk, struct prng *prng)
{
	struct question q = {.pack = store_pack(desk->store)};
	struct space_state *space;
	struct space name;
	size_t all = 0;

	desk_begin(desk, false);
	well(id_space(bytes_text(things_space), &name));
	space = space_find(store_txn(desk->store), &name);
	assert_non_null(space);
	assert_true(lookup_is_current(store_txn(desk->store)));
	q.of = pack_collection(q.pack, bytes_text("thing"));
	for (int i = 0; i < ASKED; i++) {
		struct lookup_scan scan;
		struct met met = {0};

		question_draw(&q, prng);
		if (!walk_begin(desk, &q, space, &scan))
			continue;
		walk(desk, &scan, q.ask == ASK_LIST, &met);
		all += answer_check(desk, &q, space, &met);
	}
	store_abort(desk->store);
	for (size_t i = 0; i < COUNT_OF(q.made); i++)
		buf_fini(&q.made[i]);
	return all;
}

static void
a_walk_leads_to_all_that_fits(void **state)
{
	struct things *things = *state;
	struct prng prng = {7};
	size_t all = 0;

	for (int i = 0; i < ROUNDS; i++) {
		things_write(things, &things->hall, WRITES);
		things_write(things, &things->dong, WRITES);
		desk_pull(&things->hall, &things->dong);
		desk_pull(&things->dong, &things->hall);
		things_follow(&things->hall, true);
		all += answers_compare(&things->hall, &prng);
		assert_int_equal(desk_check(&things->hall, true), 0);
		for (int n = 0; n < 6; n++) {
			things_write(things, &things->dong, 10);
			desk_pull(&things->hall, &things->dong);
			all += answers_compare(&things->hall, &prng);
			assert_int_equal(desk_check(&things->hall, true), 0);
		}
		things_follow(&things->hall, false);
	}
	assert_true(all > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define THING(f) cmocka_unit_test_setup_teardown(f, things_make, things_remove)
	    THING(a_walk_leads_to_all_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
