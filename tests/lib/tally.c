/*
 * Views beside a plain count.  The count knows nothing of rows: it goes through
 * all records, asks the expressions of the pack, and writes down a line for
 * what it has counted, as is done of each row; then the lines are compared.
 */
#include "tests/lib/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/meta.h"
#include "core/record.h"
#include "core/view.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/mem.h"

static const char where[] = "d03/c017/case";

/* JSON with ` for every quote.  The layout is by hand. */
/* clang-format off */
#define LABEL "`label`:{`ko`:`가`,`en`:`a`}"
#define FIELD(name, kind, class, rest) \
	"{`name`:`" name "`," LABEL ",`kind`:`" kind "`,`class`:`" class "`" rest "}"
static const char text_of[] =
    "{`format`:2,`name`:`tally`,`version`:%u," LABEL ",`clock`:`+09:00`,"
    "`collections`:["
    "{`name`:`item`,`space`:`case`," LABEL ",`fields`:["
    FIELD("kind", "register", "N", ",`type`:`enum`,`values`:[`a`,`b`,`다`]") ","
    FIELD("on", "register", "N", ",`type`:`date`") ","
    FIELD("amount", "register", "N", ",`type`:`int`") ","
    FIELD("state", "state", "N", ",`values`:[`open`,`done`,`shut`],`contested`:[`done`,`open`]") ","
    FIELD("tags", "set", "N", ",`type`:`text`") ","
    FIELD("people", "set", "N", ",`type`:`ref`,`targets`:[`item`]") ","
    FIELD("who", "register", "P", ",`type`:`text`") ","
    FIELD("hits", "counter", "N", "") ","
    FIELD("knocks", "counter", "N", "") ","
    FIELD("notes", "notes", "P", "") "]},"
    "{`name`:`other`,`space`:`case`," LABEL ",`fields`:["
    FIELD("kind", "register", "N", ",`type`:`enum`,`values`:[`a`,`b`,`다`]") "]},"
    "{`name`:`plain`,`space`:`case`," LABEL ",`fields`:["
    FIELD("kind", "register", "N", ",`type`:`enum`,`values`:[`a`,`b`,`다`]") "]}],"
    "`views`:["
    "{`name`:`months`,`collection`:`item`,`group`:[{`name`:`month`,`is`:`month(on)`},"
    "{`name`:`kind`,`is`:`kind`}],`count`:true,`sum`:[{`name`:`amount`,`is`:`amount`},"
    "{`name`:`hits`,`is`:`hits`}],`distinct`:[{`name`:`tags`,`is`:`tags`},"
    "{`name`:`people`,`is`:`people`},{`name`:`who`,`is`:`who`}]},"
    "{`name`:`by_tag`,`collection`:`item`,`where`:`%s`,`group`:[{`name`:`tag`,`is`:`tags`},"
    "{`name`:`person`,`is`:`people`}],`count`:true},"
    "{`name`:`quarrels`,`collection`:`item`,`where`:`conflict(kind) or conflict(state)`,"
    "`group`:[{`name`:`state`,`is`:`state`}],`count`:true},"
    "{`name`:`news`,`collection`:`item`,`group`:[{`name`:`day`,`is`:`changed`}],"
    "`sum`:[{`name`:`made`,`is`:`if(created is something, 1, 0)`}]},"
    "{`name`:`people`,`collection`:`item`,`distinct`:[{`name`:`people`,`is`:`people`},{`name`:`id`,`is`:`id`}]},"
    "{`name`:`by_knocks`,`collection`:`item`,`group`:[{`name`:`knocks`,`is`:`knocks`}],`count`:true,"
    "`sum`:[{`name`:`hits`,`is`:`hits`}]},"
    "{`name`:`others`,`collection`:`other`,`group`:[{`name`:`kind`,`is`:`kind`}],`count`:true}]}";
/* clang-format on */

static unsigned version = 1;

struct bytes
tally_pack(void)
{
	static char json[8192];

	(void)snprintf(json, sizeof(json), text_of, version,
	    version == 1 ? "state = done" : "state in (done, open)");
	for (char *p = json; *p != '\0'; p++)
		*p = *p == '`' ? '"' : *p;
	return bytes_text(json);
}

void
tally_version(unsigned to)
{
	version = to;
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

void
tally_follow(struct town *town, size_t i, bool on)
{
	struct store *store = town_store(town, i);

	well(store_begin(store, true));
	if (on)
		meta_put(store_txn(store), meta_pack, bytes_text("tally"));
	else
		meta_del(store_txn(store), meta_pack);
	well(store_commit(store));
	town_close(town, i);
	store = town_open(town, i);
	well(store_begin(store, true));
	well(store_commit(store));
}

struct space
tally_space(void)
{
	struct space space;

	well(id_space(bytes_text(where), &space));
	return space;
}

/* ---- writes ------------------------------------------------------------- */

static const struct {
	const char *name;
	enum op_code code;
	enum op_code other;
	enum delta_class class;
} fields[] = {{"kind", OP_SET, OP_CLEAR, CLASS_N},
    {"on", OP_SET, OP_CLEAR, CLASS_N}, {"amount", OP_SET, OP_CLEAR, CLASS_N},
    {"state", OP_MOVE, OP_MOVE, CLASS_N}, {"tags", OP_ADD, OP_REMOVE, CLASS_N},
    {"people", OP_ADD, OP_REMOVE, CLASS_N}, {"who", OP_SET, OP_CLEAR, CLASS_P},
    {"hits", OP_COUNT, OP_COUNT, CLASS_N},
    {"knocks", OP_COUNT, OP_COUNT, CLASS_N},
    {"notes", OP_APPEND, OP_APPEND, CLASS_P}};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static void
value_draw(
    const struct tally *tally, struct prng *prng, size_t f, struct buf *value)
{
	static const char *const texts[FIELDS][3] = {{"a", "b", "다"},
	    {"2016-07-25", "2016-07-01", "2015-11-30"}, {0},
	    {"open", "done", "shut"}, {"독거", "노인", "어린이"}, {0},
	    {"김", "이", "박"}, {0}, {0}, {"적다", "쓰다", "보다"}};
	size_t which = (size_t)prng_below(prng, 3);

	if (strcmp(fields[f].name, "people") == 0)
		codec_put_bytes(value,
		    bytes_of(tally->n > 0 ? tally->ids[which % tally->n].b
					  : (const uint8_t[16]){1},
			16));
	else if (texts[f][0] != NULL)
		codec_put_text(value, bytes_text(texts[f][which]));
	else
		codec_put_int(value, (int64_t)prng_below(prng, 7) - 3);
}

/* An edit of one field; sometimes by a program that has no pack, in another
 * class or with a value that does not belong there. */
static struct store_edit
edit_draw(
    const struct tally *tally, struct prng *prng, size_t f, struct buf *value)
{
	struct store_edit edit = {.field = bytes_text(fields[f].name),
	    .code = prng_below(prng, 4) > 0 ? fields[f].code : fields[f].other,
	    .class = fields[f].class};

	if (prng_below(prng, 16) == 0 && edit.code != OP_COUNT)
		codec_put_text(value, bytes_text("무엇"));
	else
		value_draw(tally, prng, f, value);
	if (prng_below(prng, 16) == 0)
		edit.class = CLASS_P;
	edit.value = buf_bytes(value);
	return edit;
}

void
tally_write(struct tally *tally, struct store *store, struct prng *prng)
{
	static const char *const collections[] = {
	    "item", "item", "item", "item", "other", "plain"};
	struct store_edit edits[FIELDS];
	struct buf values[FIELDS] = {0};
	struct store_write write = {.space = tally_space(),
	    .has_record = true,
	    .edits = edits,
	    .edits_n = 1 + (size_t)prng_below(prng, 3)};
	size_t first = (size_t)prng_below(prng, FIELDS);
	struct record_id id;
	bool changed;
	enum err e;

	for (size_t i = 0; i < write.edits_n; i++)
		edits[i] = edit_draw(
		    tally, prng, (first + i) % FIELDS, &values[i]);
	if (tally->n == 0 ||
	    (tally->n < TALLY_RECORDS && prng_below(prng, 4) == 0)) {
		write.create = true;
		write.has_record = false;
		write.collection = bytes_text(collections[prng_below(prng, 6)]);
	} else {
		write.record = tally->ids[prng_below(prng, tally->n)];
		/* Perhaps one that another node has made as something else. */
		write.create = prng_below(prng, 12) == 0;
		write.collection = bytes_text(collections[prng_below(prng, 6)]);
	}
	if (!write.create && prng_below(prng, 10) == 0) {
		write.edits_n = 0;
		write.act = prng_below(prng, 2) ? ACT_DELETE : ACT_KEEP;
	}
	e = store_write(store, &write, &id, &changed);
	if (e != ERR_NOT_FOUND && e != ERR_INVALID && e != ERR_EXISTS)
		well(e);
	if (e == ERR_OK && !write.has_record)
		tally->ids[tally->n++] = id;
	for (size_t i = 0; i < FIELDS; i++)
		buf_fini(&values[i]);
}

struct record_id
tally_make(struct store *store, const char *collection,
    const struct store_edit *edits, size_t n)
{
	struct store_write write = {.space = tally_space(),
	    .create = true,
	    .collection = bytes_text(collection),
	    .edits = edits,
	    .edits_n = n};
	struct record_id id;
	bool changed;

	well(store_write(store, &write, &id, &changed));
	return id;
}

/* ---- lines -------------------------------------------------------------- */

struct line {
	char *name;  /* owned: what tells it from other lines */
	char *shown; /* owned: what a row can tell of that */
	uint64_t records;
	int64_t sums[LIMIT_VIEW_PARTS];
};
struct lines {
	struct line *p;
	size_t n;
	size_t room;
};

static char *
copy(struct buf *text)
{
	size_t n = strlen(buf_text(text)) + 1;
	char *to = mem_zeros(n, 1);

	memcpy(to, buf_text(text), n);
	return to;
}

/* The line of that name, perhaps a new one. */
static struct line *
line_get(struct lines *lines, struct buf *name, struct buf *shown)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->p[i].name, buf_text(name)) == 0)
			return &lines->p[i];
	mem_room(&lines->p, &lines->room, lines->n + 1, sizeof(*lines->p));
	lines->p[lines->n] = (struct line){
	    .name = copy(name), .shown = copy(shown)};
	return &lines->p[lines->n++];
}

static int
line_order(const void *a, const void *b)
{
	const struct line *x = a;
	const struct line *y = b;
	int order = strcmp(x->shown, y->shown);

	if (order == 0)
		order = (x->records > y->records) - (x->records < y->records);
	return order != 0 ? order : memcmp(x->sums, y->sums, sizeof(x->sums));
}

static void
lines_sort(struct lines *lines)
{
	if (lines->n > 1)
		qsort(lines->p, lines->n, sizeof(*lines->p), line_order);
}

static void
lines_fini(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		mem_free(lines->p[i].name);
		mem_free(lines->p[i].shown);
	}
	mem_free(lines->p);
}

static void
value_say(const struct expr_value *value, struct buf *text)
{
	buf_add_format(text, "%d:%lld:", (int)value->type, (long long)value->i);
	ascii_hex(value->b, text);
	buf_add_text(text, " ");
}

static void
head_say(const struct space_state *space, const struct pack_view *view,
    unsigned part, struct buf *text)
{
	buf_add_format(text, "%s %s %u ", space->name.text, view->name, part);
}

/* ---- counted ------------------------------------------------------------ */

struct count {
	struct lines *lines;
	const struct space_state *space;
	const struct pack_view *view;
	const struct record *record;
	struct expr_source source;
	struct expr_value groups[LIMIT_VIEW_PARTS];
	bool hidden[LIMIT_VIEW_PARTS];
	const struct expr_value *picked[LIMIT_VIEW_PARTS];
};

/* Does `part` read a value that is not of class N? */
static bool
is_hidden(const struct count *c, const struct pack_part *part, bool by_pack)
{
	const struct pack_collection *of = c->view->collection;

	for (size_t i = 0; i < of->fields_n; i++) {
		const struct pack_field *field = &of->fields[i];
		const struct record_field *has = merge_find(
		    c->record, bytes_text(field->name), field->kind);

		if (!expr_reads(part->is.code, field))
			continue;
		if (by_pack && field->data_class != CLASS_N)
			return true;
		for (size_t k = 0; has != NULL && k < has->n; k++)
			if (has->values[k].class != CLASS_N)
				return true;
	}
	return false;
}

static void
add(struct count *c, unsigned part, const struct expr_value *element,
    bool hidden)
{
	const struct pack_view *view = c->view;
	struct buf name = {0};
	struct buf shown = {0};
	struct line *line;

	head_say(c->space, view, part, &name);
	head_say(c->space, view, part, &shown);
	for (size_t i = 0; i < view->group_n; i++) {
		bool secret = c->hidden[i] &&
			      c->picked[i]->type != EXPR_NOTHING;

		buf_add_text(&name, secret ? "hidden " : "");
		value_say(c->picked[i], &name);
		if (secret)
			buf_add_text(&shown, "hidden ");
		else
			value_say(c->picked[i], &shown);
	}
	if (element != NULL) {
		buf_add_text(&name, hidden ? "hidden " : "");
		value_say(element, &name);
		if (hidden)
			buf_add_text(&shown, "hidden ");
		else
			value_say(element, &shown);
	}
	line = line_get(c->lines, &name, &shown);
	line->records++;
	for (size_t i = 0; part == VIEW_SUMS && i < view->sum_n; i++) {
		struct expr_value value;

		well(expr_eval(view->sum[i].is.code, &c->source, &value));
		line->sums[i] += value.i;
	}
	buf_fini(&name);
	buf_fini(&shown);
}

static void
count_group(struct count *c)
{
	const struct pack_view *view = c->view;

	if (view->count || view->sum_n > 0)
		add(c, VIEW_SUMS, NULL, false);
	for (size_t i = 0; i < view->distinct_n; i++) {
		bool hidden = is_hidden(c, &view->distinct[i], true);
		struct expr_value of;

		well(expr_eval(view->distinct[i].is.code, &c->source, &of));
		if (!of.is_set && of.type != EXPR_NOTHING)
			add(c, (unsigned)(VIEW_DISTINCT + i), &of, hidden);
		for (size_t k = 0; of.is_set && k < of.n; k++)
			add(c, (unsigned)(VIEW_DISTINCT + i), &of.items[k],
			    hidden);
	}
}

/* Goes through the values of group `at` and those behind it. */
static void
count_groups(struct count *c, size_t at)
{
	static const struct expr_value nothing;
	const struct expr_value *group = &c->groups[at];

	if (at == c->view->group_n) {
		count_group(c);
		return;
	}
	c->picked[at] = group->is_set ? &nothing : group;
	if (!group->is_set || group->n == 0)
		count_groups(c, at + 1);
	for (size_t i = 0; group->is_set && i < group->n; i++) {
		c->picked[at] = &group->items[i];
		count_groups(c, at + 1);
	}
}

static void
count_record(struct count *c)
{
	const struct pack *pack = c->source.txn->pack;

	for (size_t i = 0; i < pack->views_n; i++) {
		bool holds = true;

		c->view = &pack->views[i];
		if (!bytes_is(c->record->collection, c->view->collection->name))
			continue;
		if (c->view->where.code != NULL)
			well(
			    expr_test(c->view->where.code, &c->source, &holds));
		if (!holds)
			continue;
		for (size_t k = 0; k < c->view->group_n; k++) {
			well(expr_eval(c->view->group[k].is.code, &c->source,
			    &c->groups[k]));
			c->hidden[k] = is_hidden(c, &c->view->group[k], false);
		}
		count_groups(c, 0);
	}
}

static void
count_space(struct txn *txn, struct space_state *space, struct lines *lines)
{
	struct record_id id = {0};
	struct arena arena = {0};
	bool found = true;

	while (found) {
		struct record record;
		struct count c = {.lines = lines,
		    .space = space,
		    .record = &record,
		    .source = {.txn = txn,
			.space = &space->name,
			.id = &id,
			.record = &record,
			.arena = &arena}};

		arena_reset(&arena);
		well(record_next(txn,
		    &(struct record_read){
			.space = space, .cells = true, .arena = &arena},
		    &id, &record, &found));
		if (found && record.status != RECORD_DELETED)
			count_record(&c);
	}
	arena_fini(&arena);
}

/* ---- in rows ------------------------------------------------------------ */

static void
row_say(const struct view_value *value, struct buf *text)
{
	if (value->hidden)
		buf_add_text(text, "hidden ");
	else
		value_say(&value->is, text);
}

static void
rows_of(struct txn *txn, struct space_state *space,
    const struct pack_view *view, unsigned part, struct lines *lines)
{
	struct view_range all = {.part = part};
	struct view_scan scan;
	bool found = true;

	view_scan(txn, space->no, view, &all, &scan);
	while (found) {
		struct buf name = {0};
		struct buf shown = {0};
		struct view_row row;
		struct line *line;

		well(view_next(&scan, &row, &found));
		if (!found)
			break;
		buf_add_format(&name, "%zu", lines->n);
		head_say(space, view, part, &shown);
		for (size_t i = 0; i < view->group_n; i++)
			row_say(&row.groups[i], &shown);
		if (part != VIEW_SUMS)
			row_say(&row.element, &shown);
		line = line_get(lines, &name, &shown);
		line->records = row.records;
		for (size_t i = 0; part == VIEW_SUMS && i < view->sum_n; i++)
			assert_true(view_sum_get(&row.sums[i], &line->sums[i]));
		buf_fini(&name);
		buf_fini(&shown);
	}
}

size_t
tally_compare_open(struct store *store)
{
	struct txn *txn = store_txn(store);
	struct lines counted = {0};
	struct lines rows = {0};
	struct space_state **spaces;
	size_t spaces_n;
	size_t n;

	well(space_all(txn, &spaces, &spaces_n));
	for (size_t i = 0; i < spaces_n; i++) {
		count_space(txn, spaces[i], &counted);
		for (size_t v = 0; v < txn->pack->views_n; v++) {
			const struct pack_view *view = &txn->pack->views[v];

			for (unsigned p = 0; p <= view->distinct_n; p++)
				rows_of(txn, spaces[i], view, p, &rows);
		}
	}
	lines_sort(&counted);
	lines_sort(&rows);
	for (size_t i = 0; i < counted.n && i < rows.n; i++)
		if (line_order(&counted.p[i], &rows.p[i]) != 0)
			fail_msg("counted: %s %llu, in the views: %s %llu",
			    counted.p[i].shown,
			    (unsigned long long)counted.p[i].records,
			    rows.p[i].shown,
			    (unsigned long long)rows.p[i].records);
	assert_int_equal(rows.n, counted.n);
	n = rows.n;
	lines_fini(&counted);
	lines_fini(&rows);
	return n;
}

size_t
tally_compare(struct store *store)
{
	size_t n;

	well(store_begin(store, false));
	assert_true(view_is_current(store_txn(store)));
	n = tally_compare_open(store);
	store_abort(store);
	return n;
}

void
tally_dump(struct store *store, struct buf *out)
{
	struct kv_cursor cursor;

	well(store_begin(store, false));
	kv_cursor_init(&cursor, store_txn(store)->kv, TABLE_VIEWS);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
	     more = kv_next(&cursor)) {
		buf_add(out, cursor.key);
		buf_add(out, cursor.value);
	}
	kv_cursor_fini(&cursor);
	store_abort(store);
}
