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

#include "core/lookup_keep.h"
#include "core/query_sort.h"
#include "core/query_text.h"
#include "core/record.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"

enum { RECORDS = 120, ROUNDS = 6, QUERIES = 600, FOUND_MAX = 1024 };

/* JSON with ` for every quote. */
/* clang-format off */
static const char pack_json[] =
    "{`format`:2,`name`:`jobs`,`version`:1,`label`:{`ko`:`일`,`en`:`Jobs`},"
    "`clock`:`+09:00`,"
    "`fold`:{`drop`:[` `,`.`],`drop_before_digit`:[`제`]},"
    "`collections`:["
    "{`name`:`job`,`space`:`case`,`label`:{`ko`:`일`,`en`:`Job`},"
    "`indexes`:[{`name`:`state_due`,`fields`:[`state`,`due`]},"
    "{`name`:`tags_size`,`fields`:[`tags`,`size`]},"
    "{`name`:`of_state_at`,`fields`:[`of`,`state`,`at`]}],"
    "`fields`:["
    "{`name`:`name`,`label`:{`ko`:`이름`,`en`:`Name`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`,`index`:`plain`,`search`:true},"
    "{`name`:`tags`,`label`:{`ko`:`표`,`en`:`Tags`},`kind`:`set`,"
    "`type`:`text`,`class`:`N`,`index`:`plain`,`search`:true},"
    "{`name`:`state`,`label`:{`ko`:`상태`,`en`:`State`},`kind`:`state`,"
    "`values`:[`open`,`doing`,`done`],`class`:`N`,`index`:`plain`,"
    "`contested`:[`done`]},"
    "{`name`:`due`,`label`:{`ko`:`기한`,`en`:`Due`},`kind`:`register`,"
    "`type`:`date`,`class`:`N`,`index`:`plain`},"
    "{`name`:`at`,`label`:{`ko`:`때`,`en`:`At`},`kind`:`register`,"
    "`type`:`datetime`,`class`:`N`,`index`:`plain`},"
    "{`name`:`size`,`label`:{`ko`:`크기`,`en`:`Size`},`kind`:`register`,"
    "`type`:`int`,`class`:`N`,`index`:`plain`},"
    "{`name`:`risk`,`label`:{`ko`:`위기`,`en`:`Risk`},`kind`:`register`,"
    "`type`:`enum`,`values`:[`low`,`high`],`class`:`S`,`index`:`plain`},"
    "{`name`:`flags`,`label`:{`ko`:`기`,`en`:`Flags`},`kind`:`set`,"
    "`type`:`enum`,`values`:[`x`,`y`,`z`],`class`:`P`,`index`:`plain`},"
    "{`name`:`ready`,`label`:{`ko`:`됨`,`en`:`Ready`},`kind`:`register`,"
    "`type`:`bool`,`class`:`N`,`index`:`plain`},"
    "{`name`:`of`,`label`:{`ko`:`무엇`,`en`:`Of`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`job`],`class`:`N`,`index`:`plain`},"
    "{`name`:`tries`,`label`:{`ko`:`번`,`en`:`Tries`},`kind`:`counter`,"
    "`class`:`N`,`index`:`plain`},"
    "{`name`:`born`,`label`:{`ko`:`생일`,`en`:`Born`},`kind`:`register`,"
    "`type`:`date`,`class`:`P`,`index`:`plain`}]},"
    "{`name`:`person`,`space`:`case`,`label`:{`ko`:`사람`,`en`:`Person`},"
    "`fields`:["
    "{`name`:`name`,`label`:{`ko`:`이름`,`en`:`Name`},`kind`:`register`,"
    "`type`:`text`,`class`:`P`,`index`:`plain`}]}]}";
/* clang-format on */

static const char *const spaces[] = {
    "d03/c017/case", "d03/c018/case", "d04/c001/case"};

struct stage {
	struct desk hall;
	struct desk dong;
	struct pack *pack;
	struct lookup *lookup;
	struct arena arena;
	struct record_id ids[RECORDS];
	struct space in[RECORDS];
	bool is_job[RECORDS];
	size_t n;
	int64_t now;
};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* ---- a store full of records that contradict themselves ------------------ */

static const char *
pick(struct prng *prng, const char *const *list, size_t n)
{
	return list[prng_below(prng, n)];
}

static const char *const names[] = {"신사동 제1경로당", "신사동 제2경로당",
    "구신사동 경로당", "강남 복지관", "강남.복지관 분관", "ㄱ", "경로"};
static const char *const tags[] = {"가", "나", "다라", "신사"};
static const char *const states[] = {"open", "doing", "done"};
static const char *const dates[] = {"2016-06-30", "2016-07-01", "2016-07-25",
    "2016-08-03", "2017-01-01", "not a date"};
static const char *const times[] = {"2016-07-25T09:30:00+09:00",
    "2016-07-25T00:30:00Z", "2016-08-01T10:00:00Z"};
static const char *const risks[] = {"low", "high"};
static const char *const flags[] = {"x", "y", "z"};

/* What a write says of one field. */
static void
edit_draw(struct stage *stage, struct prng *prng, struct store_edit *edit,
    struct buf *value)
{
	static const struct {
		const char *name;
		enum op_code code;
		enum delta_class class;
		const char *const *list;
		size_t n;
	} texts[] = {{"name", OP_SET, CLASS_N, names, COUNT_OF(names)},
	    {"tags", OP_ADD, CLASS_N, tags, COUNT_OF(tags)},
	    {"tags", OP_ADD, CLASS_N, tags, COUNT_OF(tags)},
	    {"state", OP_MOVE, CLASS_N, states, COUNT_OF(states)},
	    {"state", OP_MOVE, CLASS_N, states, COUNT_OF(states)},
	    {"due", OP_SET, CLASS_N, dates, COUNT_OF(dates)},
	    {"due", OP_SET, CLASS_N, dates, COUNT_OF(dates)},
	    {"at", OP_SET, CLASS_N, times, COUNT_OF(times)},
	    {"risk", OP_SET, CLASS_S, risks, COUNT_OF(risks)},
	    {"flags", OP_ADD, CLASS_P, flags, COUNT_OF(flags)},
	    {"born", OP_SET, CLASS_P, dates, COUNT_OF(dates)}};
	uint64_t which = prng_below(prng, COUNT_OF(texts) + 4);

	*edit = (struct store_edit){.code = OP_SET, .class = CLASS_N};
	if (which < COUNT_OF(texts)) {
		edit->field = bytes_text(texts[which].name);
		edit->code = texts[which].code;
		edit->class = texts[which].class;
		/* Some of it stands where the pack would not have it. */
		if (prng_below(prng, 12) == 0)
			edit->class = CLASS_P;
		codec_put_text(value,
		    bytes_text(pick(prng, texts[which].list, texts[which].n)));
	} else if (which == COUNT_OF(texts)) {
		edit->field = bytes_text("size");
		codec_put_int(value, (int64_t)prng_below(prng, 5) - 2);
	} else if (which == COUNT_OF(texts) + 1) {
		edit->field = bytes_text("ready");
		codec_put_bool(value, prng_below(prng, 2) == 0);
	} else if (which == COUNT_OF(texts) + 2 && stage->n > 0) {
		edit->field = bytes_text("of");
		codec_put_bytes(value,
		    bytes_of(
			stage
			    ->ids[prng_below(prng, stage->n < 3 ? stage->n : 3)]
			    .b,
			PACK_REF_SIZE));
	} else {
		edit->field = bytes_text("tries");
		edit->code = OP_COUNT;
		codec_put_int(value, (int64_t)prng_below(prng, 3));
	}
	edit->value = buf_bytes(value);
}

/* One random write of `desk`, in its open transaction. */
static void
write_draw(struct stage *stage, struct desk *desk)
{
	struct prng *prng = &desk->prng;
	struct buf value = {0};
	struct store_edit edit;
	struct store_write write = {.edits = &edit, .edits_n = 1};
	size_t at = (size_t)prng_below(prng, RECORDS);
	bool create = at >= stage->n;
	struct record_id id;
	bool changed;
	enum err e;

	edit_draw(stage, prng, &edit, &value);
	if (create) {
		at = stage->n++;
		stage->is_job[at] = prng_below(prng, 8) > 0;
		well(id_space(
		    bytes_text(spaces[prng_below(prng, 3)]), &stage->in[at]));
		write.create = true;
		write.collection = bytes_text(
		    stage->is_job[at] ? "job" : "person");
		if (!stage->is_job[at])
			edit.code = OP_SET, edit.field = bytes_text("name");
	} else {
		write.has_record = true;
		write.record = stage->ids[at];
		if (prng_below(prng, 20) == 0) {
			write.act = ACT_DELETE;
			write.edits_n = 0;
		}
	}
	write.space = stage->in[at];
	e = store_write(desk->store, &write, &id, &changed);
	if (create) {
		well(e);
		stage->ids[at] = id;
	} else if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_INVALID) {
		well(e);
	}
	buf_fini(&value);
}

/* The pack of this test instead of the one that the store follows. */
static struct txn *
own_pack(struct stage *stage, bool write)
{
	struct txn *txn;

	desk_begin(&stage->hall, write);
	txn = store_txn(stage->hall.store);
	txn->pack = stage->pack;
	txn->lookup = stage->lookup;
	return txn;
}

static void
index_all(struct stage *stage)
{
	struct txn *txn = own_pack(stage, true);
	bool whole = false;

	while (!whole)
		well(lookup_keep_refresh(txn, &whole));
	desk_commit(&stage->hall);
}

static int
stage_make(void **state)
{
	static struct stage stage;
	struct buf json = {0};
	uint8_t key[32] = {7};

	memset(&stage, 0, sizeof(stage));
	stage.now = 1469404800; /* 2016-07-25 */
	buf_add_text(&json, pack_json);
	for (size_t i = 0; i < json.n; i++)
		if (json.p[i] == '`')
			json.p[i] = '"';
	well(pack_parse(buf_bytes(&json), &stage.pack));
	buf_fini(&json);
	stage.lookup = lookup_new(stage.pack, key);
	desk_found(&stage.hall, 31);
	desk_join(&stage.dong, &stage.hall, 32);
	desk_admit(&stage.hall, &stage.dong, "");
	desk_pull(&stage.dong, &stage.hall);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct desk *desks[] = {&stage.hall, &stage.dong};

		for (size_t i = 0; i < 2; i++) {
			desk_begin(desks[i], true);
			for (size_t w = 0; w < 4 * RECORDS / ROUNDS; w++)
				write_draw(&stage, desks[i]);
			desk_commit(desks[i]);
		}
		desk_pull(&stage.dong, &stage.hall);
		desk_pull(&stage.hall, &stage.dong);
	}
	*state = &stage;
	return 0;
}

static int
stage_remove(void **state)
{
	struct stage *stage = *state;

	lookup_free(stage->lookup);
	pack_free(stage->pack);
	arena_fini(&stage->arena);
	desk_fini(&stage->dong);
	desk_fini(&stage->hall);
	return 0;
}

/* ---- questions ----------------------------------------------------------- */

/* One condition that an index may help with, or not. */
static void
condition_draw(struct stage *stage, struct prng *prng, struct buf *text)
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
	    "size = count(job, state = done)", "1 / 0 = size",
	    "due = today + 1 / 0", "state = done or size = 1",
	    "not state = done"};
	const char *is = pick(prng, plain, COUNT_OF(plain));

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
parse(struct stage *stage, const char *text, unsigned want)
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
look_at_all(struct stage *stage, struct txn *txn, const struct query *query,
    struct ids *ids)
{
	struct space_state **all;
	struct query_text words = {0};
	size_t n;

	ids->n = 0;
	if (query->words.n > 0)
		well(query_text_read(stage->pack, query->collection,
		    query->words, &stage->arena, &words));
	well(space_all(txn, &all, &n));
	for (size_t i = 0; i < n; i++) {
		struct record_id id = {0};
		struct record record;
		bool found = true;
		bool holds = true;

		while (id_covers(&query->prefix, &all[i]->name)) {
			well(record_next(txn,
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
			well(query->where == NULL
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
	well(query_begin(txn, query, &run));
	query_explain(&run, how);
	for (;;) {
		well(query_next(&run, &found));
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
query_draw(struct stage *stage, struct prng *prng, struct buf *text)
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

	well(id_prefix(bytes_text(pick(prng, prefixes, COUNT_OF(prefixes))),
	    &query.prefix));
	query.words = bytes_text(pick(prng, words, COUNT_OF(words)));
	buf_cut(text, 0);
	for (uint64_t i = 0; i < n; i++) {
		buf_add_text(text, i > 0 ? " and " : "");
		condition_draw(stage, prng, text);
	}
	if (n > 0)
		query.where = parse(stage, buf_text(text), 1U << EXPR_BOOL);
	return query;
}

/* Asks many questions both ways; what was gone through is in `how`. */
static size_t
ask_many(struct stage *stage, uint64_t seed, struct buf *how)
{
	static struct ids want;
	static struct ids got;
	struct prng prng = {seed};
	struct txn *txn = own_pack(stage, false);
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

	assert_true(ask_many(*state, 1, &how) > QUERIES);
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
	struct stage *stage = *state;
	struct buf how = {0};

	index_all(stage);
	for (uint64_t seed = 2; seed < 6; seed++)
		assert_true(ask_many(stage, seed, &how) > QUERIES);
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		if (!says(&how, ways[i]))
			fail_msg("no query went by %s", ways[i]);
	/* A date of class P, an amount and another record lead nowhere. */
	assert_false(says(&how, "job.born (born: a range)"));
	assert_false(says(&how, "job.tries"));
	buf_fini(&how);
}

static void
of_several_indexes_the_one_with_the_fewest_rows_is_taken(void **state)
{
	struct stage *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .now_seconds = stage->now};
	struct txn *txn = own_pack(stage, false);
	struct query_run run;
	struct buf how = {0};
	bool found;

	query.where = parse(stage,
	    "size >= -2 and state in (open, doing, done) and name = 'ㄱ'",
	    1U << EXPR_BOOL);
	well(query_begin(txn, &query, &run));
	query_explain(&run, &how);
	assert_string_equal(
	    buf_text(&how), "job.name (name: 1 value): 3 spaces");
	do
		well(query_next(&run, &found));
	while (found);
	assert_true(run.looked > 0 && run.looked < stage->n / 2);
	query_end(&run);
	store_abort(stage->hall.store);
	buf_fini(&how);
}

/* ---- words --------------------------------------------------------------- */

static void
words_without_a_letter_and_collections_without_text_are_refused(void **state)
{
	struct stage *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .words = bytes_text(" . .. ")};
	struct query_run run;
	struct txn *txn = own_pack(stage, false);

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
	struct stage *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("person")),
	    .words = bytes_text("복지관 강남"),
	    .now_seconds = stage->now};
	struct txn *txn = own_pack(stage, false);
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
	struct stage *stage = *state;
	struct query query = {
	    .collection = pack_collection(stage->pack, bytes_text("job")),
	    .now_seconds = stage->now};
	struct query_key keys[2] = {{.down = true}, {.down = false}};
	struct query_order order = {.keys = keys, .keys_n = 2};
	struct txn *txn = own_pack(stage, false);
	struct query_sorted all;
	struct query_run run;

	keys[0].expr = parse(stage, "due", EXPR_ANY);
	keys[1].expr = parse(stage, "first(name, state)", EXPR_ANY);
	well(query_begin(txn, &query, &run));
	well(query_sort(&run, &order, &all));
	query_end(&run);
	assert_true(all.n > RECORDS / 2);
	assert_int_equal(all.found, all.n);
	for (size_t i = 1; i < all.n; i++)
		assert_true(
		    compare(&order, &all.rows[i - 1], &all.rows[i]) < 0);
	assert_int_equal(all.rows[all.n - 1].values[0].type, EXPR_NOTHING);
	for (order.limit = 1; order.limit < all.n + 2; order.limit += 7) {
		struct query_sorted some;

		well(query_begin(txn, &query, &run));
		well(query_sort(&run, &order, &some));
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
	    cmocka_unit_test(
		of_several_indexes_the_one_with_the_fewest_rows_is_taken),
	    cmocka_unit_test(
		words_without_a_letter_and_collections_without_text_are_refused),
	    cmocka_unit_test(texts_that_are_not_searched_are_scanned),
	    cmocka_unit_test(a_limit_keeps_the_first_of_all_in_order),
	};

	return cmocka_run_group_tests(tests, stage_make, stage_remove);
}
