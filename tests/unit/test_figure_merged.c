/*
 * Promises of core/figure_merged.h: what a view counts for records that others
 * stand for is given record by record, with those that are in none of its rows,
 * and never half of it.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/figure_merged.h"
#include "core/publish.h"
#include "core/view_form.h"
#include "proto/codec.h"
#include "tests/lib/probe.h"
#include "tests/lib/slip.h"
#include "tests/lib/town.h"

#define ALL "read:NPSF,write,hold"

/* JSON with ` for every quote. */
static const char json_text[] =
    "{`format`:2,`name`:`homes`,`version`:1,`label`:{`ko`:`집`,`en`:`Homes`},"
    "`collections`:["
    "{`name`:`home`,`space`:`case`,`label`:{`ko`:`집`,`en`:`Home`},"
    "`alias`:`into`,`fields`:["
    "{`name`:`into`,`label`:{`ko`:`대신`,`en`:`Into`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`home`],`class`:`N`},"
    "{`name`:`sort`,`label`:{`ko`:`종류`,`en`:`Sort`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`tags`,`label`:{`ko`:`표`,`en`:`Tags`},`kind`:`set`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`heads`,`label`:{`ko`:`명`,`en`:`Heads`},`kind`:`register`,"
    "`type`:`int`,`class`:`N`}]},"
    "{`name`:`visit`,`space`:`case`,`label`:{`ko`:`방문`,`en`:`Visit`},"
    "`fields`:["
    "{`name`:`sort`,`label`:{`ko`:`종류`,`en`:`Sort`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`}]}],"
    "`views`:["
    "{`name`:`all`,`collection`:`home`,"
    "`group`:[{`name`:`sort`,`is`:`sort`}],"
    "`count`:true,`sum`:[{`name`:`heads`,`is`:`heads`}],"
    "`distinct`:[{`name`:`sorts`,`is`:`sort`}]},"
    "{`name`:`pairs`,`collection`:`home`,`group`:[{`name`:`one`,`is`:`tags`},"
    "{`name`:`two`,`is`:`tags`}],`count`:true},"
    "{`name`:`many`,`collection`:`home`,`count`:true},"
    "{`name`:`visits`,`collection`:`visit`,`count`:true}]}";

static const char here[] = "d03/c017/case";

/* So many tags that pairs of them are more than LIMIT_VIEW_ROWS. */
enum { WRITER = 1, TAGS = 70, FIELDS = 3 + TAGS };

static void
city_make(struct town *town, uint64_t seed)
{
	struct store *store;
	struct buf json = {0};

	tempdir_in_memory();
	town_init(town, seed);
	assert_int_equal(town_member(town, "d03", ALL), WRITER);
	town_meet(town);
	buf_add_text(&json, json_text);
	for (size_t i = 0; i < json.n; i++)
		json.p[i] = json.p[i] == '`' ? '"' : json.p[i];
	store = town_store(town, WRITER);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(publish_file(store, buf_bytes(&json)), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	buf_fini(&json);
}

/* A home with `tags` tags; `into` (NULL: none) stands for it. */
static struct record_id
home(struct town *town, const char *sort, const struct record_id *into,
    size_t tags)
{
	struct store_edit edits[FIELDS];
	struct buf values[FIELDS] = {{0}};
	struct store_write write = {.create = true,
	    .space = town_space(here),
	    .collection = bytes_text("home"),
	    .edits = edits,
	    .edits_n = 2};
	struct record_id id;
	bool changed;

	codec_put_text(&values[0], bytes_text(sort));
	codec_put_int(&values[1], 3);
	edits[0] = town_edit(OP_SET, "sort", buf_bytes(&values[0]));
	edits[1] = town_edit(OP_SET, "heads", buf_bytes(&values[1]));
	if (into != NULL) {
		codec_put_bytes(&values[2], bytes_of(into->b, sizeof(into->b)));
		edits[write.edits_n++] = town_edit(
		    OP_SET, "into", buf_bytes(&values[2]));
	}
	for (size_t i = 0; i < tags; i++) {
		char text[8];

		(void)snprintf(text, sizeof(text), "%zu", i);
		codec_put_text(&values[3 + i], bytes_text(text));
		edits[write.edits_n++] = town_edit(
		    OP_ADD, "tags", buf_bytes(&values[3 + i]));
	}
	slip_is(town_write(town, WRITER, &write, &id, &changed), ERR_OK, NULL);
	for (size_t k = 0; k < FIELDS; k++)
		buf_fini(&values[k]);
	return id;
}

struct asked {
	const char *view;
	const char *prefix;
	unsigned part;
};

static const struct pack_view *
view_of(const struct pack *pack, const char *name)
{
	const struct pack_view *view = NULL;

	for (size_t i = 0; i < pack->views_n; i++)
		if (strcmp(pack->views[i].name, name) == 0)
			view = &pack->views[i];
	return view;
}

/* Each row as "records/sum", "left" for what is in none. */
static enum err
merged_tell(struct store *store, void *arg, struct buf *text)
{
	const struct asked *asked = arg;
	struct txn *txn = store_txn(store);
	struct space prefix = {0};
	struct figure_merged walk = {0};
	struct view_row row;
	bool left_out;
	bool found = true;
	enum err e = ERR_OK;

	if (*asked->prefix != '\0')
		e = id_prefix(bytes_text(asked->prefix), &prefix);
	if (e == ERR_OK)
		e = figure_merged_begin(txn, &prefix,
		    view_of(txn->pack, asked->view), asked->part, &walk);
	while (e == ERR_OK && found) {
		e = figure_merged_next(&walk, &row, &left_out, &found);
		if (e == ERR_OK && found && left_out)
			buf_add_text(text, "left ");
		else if (e == ERR_OK && found)
			buf_add_format(text, "%llu/%lld ",
			    (unsigned long long)row.records,
			    (long long)row.sums[0].low);
	}
	figure_merged_end(&walk);
	return e;
}

static void
merged_is(struct town *town, const char *view, const char *prefix,
    unsigned part, const char *wanted)
{
	struct asked asked = {.view = view, .prefix = prefix, .part = part};
	struct store *store = town_store(town, WRITER);
	struct buf text = {0};

	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(merged_tell(store, &asked, &text), ERR_OK, NULL);
	store_abort(store);
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&text);
}

static void
what_others_stand_for_is_given_record_by_record(void **state)
{
	static struct town town;
	struct record_id whole;
	struct record_id far = {.b = {1}};

	(void)state;
	city_make(&town, 1);
	merged_is(&town, "all", "", VIEW_SUMS, "");
	whole = home(&town, "가", NULL, 0);
	merged_is(&town, "all", "", VIEW_SUMS, "");
	(void)home(&town, "가", &whole, 0);
	(void)home(&town, "나", &whole, 0);
	merged_is(&town, "all", "", VIEW_SUMS, "1/3 1/3 ");
	/* One that is held by others stands for it, too. */
	(void)home(&town, "나", &far, 0);
	merged_is(&town, "all", "", VIEW_SUMS, "1/3 1/3 1/3 ");
	merged_is(&town, "many", "", VIEW_SUMS, "1/0 1/0 1/0 ");
	/* One element for each, of the one set that there is. */
	merged_is(&town, "all", "", VIEW_DISTINCT, "1/0 1/0 1/0 ");
	merged_is(&town, "visits", "", VIEW_SUMS, "");
	merged_is(&town, "all", "d04", VIEW_SUMS, "");
	/* What is gone stands for nothing. */
	town_act(&town, WRITER, here, &whole, ACT_DELETE);
	merged_is(&town, "all", "", VIEW_SUMS, "1/3 ");
	town_fini(&town);
}

static void
what_is_in_no_row_is_given_as_left_out(void **state)
{
	static struct town town;
	struct record_id whole;

	(void)state;
	city_make(&town, 2);
	whole = home(&town, "가", NULL, 0);
	(void)home(&town, "나", &whole, 2);
	merged_is(&town, "pairs", "", VIEW_SUMS, "1/0 1/0 1/0 1/0 ");
	town.now_ms += 10;
	(void)home(&town, "가", &whole, TAGS);
	merged_is(&town, "many", "", VIEW_SUMS, "1/0 1/0 ");
	merged_is(&town, "all", "", VIEW_SUMS, "1/3 1/3 ");
	merged_is(&town, "pairs", "", VIEW_SUMS, "1/0 1/0 1/0 1/0 left ");
	town_fini(&town);
}

static void
calls_that_fail_are_told(void **state)
{
	static struct town town;
	struct asked asked = {
	    .view = "all", .prefix = "d03", .part = VIEW_SUMS};
	struct record_id whole;

	(void)state;
	city_make(&town, 3);
	whole = home(&town, "가", NULL, 0);
	for (size_t i = 0; i < 3; i++)
		(void)home(&town, "나", &whole, 0);
	(void)home(&town, "다", NULL, 0);
	assert_true(
	    probe_run(&(struct probe){.store = town_store(&town, WRITER),
		.fn = merged_tell,
		.arg = &asked}) > 10);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_others_stand_for_is_given_record_by_record),
	    cmocka_unit_test(what_is_in_no_row_is_given_as_left_out),
	    cmocka_unit_test(calls_that_fail_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
