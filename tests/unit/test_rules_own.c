/*
 * Promises of core/guard.h and core/dated.h for what the first pack does not
 * say: guards with a role or a need alone, words that are the states
 * themselves, times of day, clocks that are behind, and calls that fail.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/publish.h"
#include "core/shown.h"
#include "tests/lib/clinic.h"
#include "tests/lib/probe.h"
#include "tests/lib/slip.h"
#include "tests/lib/town.h"

#define ALL "read:NPSF,write,hold"
#define GUARDS                                                    \
	"`guards`:[{`to`:[`done`],`need`:`people is something`,"  \
	"`say`:{`ko`:`누가?`,`en`:`Who?`},`unless`:`kind = a`," \
	"`who`:[`의사`]}]"

static const char here[] = "d03/c017/task";

enum { WRITER = 1 };

struct turned {
	const char *from; /* NULL: no more */
	const char *to;
};

/* A city whose member follows the clinic's pack, turned. */
static void
city_make(struct town *town, const struct turned *turned)
{
	struct store *store;
	struct buf json = {0};

	tempdir_in_memory();
	town_init(town, 11);
	assert_int_equal(town_member(town, "d03", ALL), WRITER);
	town_meet(town);
	clinic_json("`start`:[`shut`]", "`start`:[`shut`,`doing`]", &json);
	for (size_t i = 0; i < 2 && turned[i].from != NULL; i++)
		clinic_swap(turned[i].from, turned[i].to, &json);
	store = town_store(town, WRITER);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(publish_file(store, buf_bytes(&json)), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	buf_fini(&json);
}

static struct record_id
task(struct town *town, const char *no)
{
	struct store_edit edits[] = {town_edit(OP_SET, "no", town_text(no)),
	    town_edit(OP_MOVE, "state", town_text("doing"))};
	struct store_write write = {.create = true,
	    .space = town_space(here),
	    .collection = bytes_text("task"),
	    .edits = edits,
	    .edits_n = COUNT_OF(edits)};
	struct record_id id;
	bool changed;

	slip_is(town_write(town, WRITER, &write, &id, &changed), ERR_OK, NULL);
	return id;
}

static enum err
finish(struct store *store, const struct record_id *id, bool by_role)
{
	struct store_edit edit = town_edit(OP_MOVE, "state", town_text("done"));
	struct store_write write = {.space = town_space(here),
	    .has_record = true,
	    .record = *id,
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id same;
	bool changed;

	if (by_role)
		write.role = &store_pack(store)->roles[0];
	return store_write(store, &write, &same, &changed);
}

static void
finish_is(struct town *town, const struct record_id *id, bool by_role,
    enum err wanted, const char *why)
{
	struct store *store = town_store(town, WRITER);
	enum err e;

	slip_is(store_begin(store, true), ERR_OK, NULL);
	e = finish(store, id, by_role);
	slip_is(e, wanted, why);
	store_abort(store);
}

/* ---- guards ------------------------------------------------------------- */

static void
a_need_is_told_as_it_stands(void **state)
{
	static const struct turned turned[2] = {
	    {GUARDS, "`guards`:[{`to`:[`done`],`need`:`tries > "
		     "0`,`say`:{`ko`:`몇?`,`en`:`How?`}}]"}};
	static struct town town;
	struct record_id id;

	(void)state;
	city_make(&town, turned);
	id = task(&town, "1");
	finish_is(&town, &id, false, ERR_INVALID,
	    "task.state: cannot become 'done': 몇? (How?); what must hold: "
	    "tries > 0");
	finish_is(&town, &id, true, ERR_INVALID, "what must hold: tries > 0");
	town_fini(&town);
}

/* A state is named in the language in which it is not the same. */
static void
a_state_is_told_as_people_read_it(void **state)
{
	static const struct turned turned[2] = {
	    {GUARDS, "`guards`:[{`to`:[`done`],`need`:`tries > "
		     "0`,`say`:{`ko`:`몇?`,`en`:`How?`}}]"},
	    {"{`value`:`done`}", "{`value`:`done`,`ko`:`done`,`en`:`Done`}"}};
	static struct town town;
	struct record_id id;

	(void)state;
	city_make(&town, turned);
	id = task(&town, "1");
	finish_is(&town, &id, false, ERR_INVALID,
	    "cannot become 'done' (done, Done): 몇?");
	town_fini(&town);
}

static void
what_is_for_a_role_alone_needs_nothing_else(void **state)
{
	static const struct turned turned[2] = {
	    {GUARDS, "`guards`:[{`to`:[`done`],`say`:{`ko`:`몇?`,`en`:`How?`},`"
		     "who`:[`의사`]}]"}};
	static struct town town;
	struct record_id id;

	(void)state;
	city_make(&town, turned);
	id = task(&town, "1");
	finish_is(&town, &id, true, ERR_OK, NULL);
	finish_is(&town, &id, false, ERR_OK, NULL);
	town_fini(&town);
}

struct asked {
	struct record_id id;
	const struct town *town;
};

static enum err
finish_tell(struct store *store, void *arg, struct buf *text)
{
	const struct asked *asked = arg;
	enum err e = finish(store, &asked->id, false);

	/* To be refused is what it comes to. */
	if (e == ERR_INVALID) {
		buf_add_text(text, err_text());
		return ERR_OK;
	}
	return e;
}

/* Who cannot look whether it holds lets nothing pass. */
static void
a_need_that_cannot_be_asked_is_an_error(void **state)
{
	static const struct turned turned[][2] = {
	    {{GUARDS,
		"`guards`:[{`to`:[`done`],`need`:`exists(task, no = "
		"this.no and state = shut)`,`say`:{`ko`:`몇?`,`en`:`How?`}}]"}},
	    {{GUARDS, "`guards`:[{`to`:[`done`],`need`:`tries > 0`,"
		      "`unless`:`exists(task, no = this.no and state = "
		      "shut)`,`say`:{`ko`:`몇?`,`en`:`How?`}}]"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(turned); i++) {
		static struct town town;
		struct asked asked = {.town = &town};

		city_make(&town, turned[i]);
		asked.id = task(&town, "1");
		finish_is(&town, &asked.id, false, ERR_INVALID, "must hold");
		assert_true(probe_run(&(struct probe){
				.store = town_store(&town, WRITER),
				.write = true,
				.fn = finish_tell,
				.arg = &asked}) > 10);
		town_fini(&town);
	}
}

/* ---- days and times ----------------------------------------------------- */

static void
shown_is(struct town *town, const struct record_id *id, const char *name,
    const char *wanted)
{
	struct store *store = town_store(town, WRITER);
	const struct pack_field *field;
	struct arena arena = {0};
	struct record record;
	struct buf text = {0};

	assert_true(town_get(town, WRITER, here, id, &arena, &record));
	slip_is(store_begin(store, false), ERR_OK, NULL);
	field = pack_field(
	    pack_collection(store_pack(store), bytes_text("task")),
	    bytes_text(name));
	buf_add(&text, shown_text(&record, field));
	store_abort(store);
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&text);
	arena_fini(&arena);
}

static void
a_time_is_filled_beside_a_day(void **state)
{
	static const struct turned turned[2] = {
	    {GUARDS, "`guards`:[{`to`:[`shut`],`need`:`tries > "
		     "0`,`say`:{`ko`:`몇?`,`en`:`How?`}}]"},
	    {"{`name`:`closed_on`",
		"{`name`:`closed_at`,`label`:{`ko`:`때`,`en`:`At`},"
		"`kind`:`register`,`type`:`datetime`,`class`:`N`,"
		"`when`:{`of`:`state`,`is`:[`done`]}},{`name`:`closed_on`"}};
	static struct town town;
	struct store *store;
	struct record_id id;
	uint64_t was;

	(void)state;
	city_make(&town, turned);
	/* 2030-07-25 in Seoul, an hour after midnight. */
	town.now_ms = UINT64_C(1911139200) * 1000;
	id = task(&town, "1");
	shown_is(&town, &id, "closed_on", "");
	store = town_store(&town, WRITER);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(finish(store, &id, false), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	shown_is(&town, &id, "closed_on", "2030-07-25");
	shown_is(&town, &id, "closed_at", "2030-07-25T01:00:00+09:00");
	/* A clock that is behind what it knows of tells no day. */
	id = task(&town, "2");
	was = town.now_ms;
	town.now_ms = 1000;
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(finish(store, &id, false), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	town.now_ms = was;
	shown_is(&town, &id, "state", "done");
	shown_is(&town, &id, "closed_on", "");
	shown_is(&town, &id, "closed_at", "");
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_need_is_told_as_it_stands),
	    cmocka_unit_test(a_state_is_told_as_people_read_it),
	    cmocka_unit_test(what_is_for_a_role_alone_needs_nothing_else),
	    cmocka_unit_test(a_need_that_cannot_be_asked_is_an_error),
	    cmocka_unit_test(a_time_is_filled_beside_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
