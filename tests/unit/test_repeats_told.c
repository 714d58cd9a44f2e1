/*
 * Promises of core/repeats.h: a value that only one record may have and several
 * got at nodes that did not know of each other is found, each time, and nothing
 * else is; and of core/alias.h about circles and ends that are gone.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/alias.h"
#include "core/meta.h"
#include "core/repeats.h"
#include "proto/codec.h"
#include "tests/lib/slip.h"

/* JSON with ` for every quote. */
/* clang-format off */
#define REGISTER(name, type, rest) \
	"{`name`:`" name "`,`label`:{`ko`:`가`,`en`:`a`},`kind`:`register`," \
	"`type`:`" type "`,`class`:`N`" rest "}"
static const char pack_text_of[] =
    "{`format`:2,`name`:`things`,`version`:1,`label`:{`ko`:`것`,`en`:`x`},"
    "`collections`:["
    "{`name`:`thing`,`space`:`case`,`label`:{`ko`:`것`,`en`:`x`},`alias`:`into`,"
    "`indexes`:[{`name`:`both`,`fields`:[`a`,`b`],`unique`:true},"
    "{`name`:`tagged`,`fields`:[`tags`,`b`],`unique`:true},"
    "{`name`:`loose`,`fields`:[`b`,`a`]}],"
    "`fields`:[" REGISTER("no", "text", ",`index`:`unique`") ","
    REGISTER("a", "text", "") "," REGISTER("b", "text", "") ","
    REGISTER("into", "ref", ",`targets`:[`thing`]") ","
    "{`name`:`tags`,`label`:{`ko`:`가`,`en`:`a`},`kind`:`set`,`type`:`text`,"
    "`class`:`N`}]},"
    "{`name`:`other`,`space`:`case`,`label`:{`ko`:`것`,`en`:`x`},`fields`:["
    REGISTER("no", "text", "") "]}]}";
/* clang-format on */

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	static struct buf json;

	if (json.n == 0)
		buf_add_text(&json, pack_text_of);
	for (size_t i = 0; i < json.n; i++)
		json.p[i] = json.p[i] == '`' ? '"' : json.p[i];
	return buf_bytes(&json);
}

static const char here[] = "d03/c017/case";

/* The hall follows the pack; the dong has none, and refuses nothing. */
struct bench {
	struct desk hall;
	struct desk dong;
};

static int
bench_make(void **state)
{
	static struct bench bench;

	memset(&bench, 0, sizeof(bench));
	desk_found(&bench.hall, 41);
	desk_join(&bench.dong, &bench.hall, 42);
	desk_admit(&bench.hall, &bench.dong, "");
	desk_pull(&bench.dong, &bench.hall);
	desk_begin(&bench.hall, true);
	meta_put(store_txn(bench.hall.store), meta_pack, bytes_text("things"));
	desk_commit(&bench.hall);
	desk_close(&bench.hall);
	desk_open(&bench.hall, false);
	desk_begin(&bench.hall, true);
	desk_commit(&bench.hall);
	*state = &bench;
	return 0;
}

static int
bench_remove(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(desk_check(&bench->hall, true), 0);
	desk_fini(&bench->hall);
	desk_fini(&bench->dong);
	return 0;
}

/* The dong makes number `n` of `collection`; of `into` (0: none) it says that
 * it is the same. */
static void
put(struct bench *bench, const char *collection, uint8_t n, uint8_t into,
    const char *const *words)
{
	struct store_edit edits[8];
	struct buf values[8] = {{0}};
	struct record_id to = {.b = {1, [15] = into}};
	struct store_write write = {.create = true,
	    .has_record = true,
	    .record = {.b = {1, [15] = n}},
	    .collection = bytes_text(collection),
	    .edits = edits};
	struct record_id id;
	bool changed;

	slip_is(id_space(bytes_text(here), &write.space), ERR_OK, NULL);
	for (; *words != NULL; words++) {
		size_t name = strcspn(*words, "=+");
		struct buf *value = &values[write.edits_n];

		codec_put_text(value, bytes_text(*words + name + 1));
		edits[write.edits_n++] = (struct store_edit){
		    .field = bytes_of(*words, name),
		    .code = (*words)[name] == '+' ? OP_ADD : OP_SET,
		    .class = CLASS_N,
		    .value = buf_bytes(value)};
	}
	if (into != 0) {
		codec_put_bytes(
		    &values[write.edits_n], bytes_of(to.b, sizeof(to.b)));
		edits[write.edits_n] = (struct store_edit){
		    .field = bytes_text("into"),
		    .code = OP_SET,
		    .class = CLASS_N,
		    .value = buf_bytes(&values[write.edits_n])};
		write.edits_n++;
	}
	desk_begin(&bench->dong, true);
	slip_is(store_write(bench->dong.store, &write, &id, &changed), ERR_OK,
	    NULL);
	desk_commit(&bench->dong);
	for (size_t i = 0; i < COUNT_OF(values); i++)
		buf_fini(&values[i]);
}

/* What repeats at `desk`: "no: 1 2; both: 3 4; ". */
static void
repeats_are(struct bench *bench, struct desk *desk, const char *wanted)
{
	struct arena arena = {0};
	struct buf text = {0};
	struct repeat *repeats;
	struct space space;
	size_t n;

	desk_pull(&bench->hall, &bench->dong);
	desk_begin(desk, false);
	slip_is(id_space(bytes_text(here), &space), ERR_OK, NULL);
	slip_is(repeats_find(store_txn(desk->store),
		    space_find(store_txn(desk->store), &space), &arena,
		    &repeats, &n),
	    ERR_OK, NULL);
	for (size_t i = 0; i < n; i++) {
		buf_add_format(&text, "%s:",
		    repeats[i].field != NULL ? repeats[i].field->name
					     : repeats[i].compound->name);
		for (size_t k = 0; k < repeats[i].n; k++)
			buf_add_format(&text, " %u", repeats[i].ids[k].b[15]);
		buf_add_text(&text, "; ");
	}
	store_abort(desk->store);
	assert_string_equal(buf_text(&text), wanted);
	arena_fini(&arena);
	buf_fini(&text);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
values_that_several_have_are_found(void **state)
{
	struct bench *bench = *state;

	put(bench, "thing", 1, 0, WORDS("no=7", "a=x"));
	repeats_are(bench, &bench->hall, "");
	put(bench, "thing", 2, 0, WORDS("no=8", "a=x"));
	put(bench, "other", 3, 0, WORDS("no=7"));
	repeats_are(bench, &bench->hall, "");
	put(bench, "thing", 4, 0, WORDS("no=7"));
	put(bench, "thing", 5, 0, WORDS("no=7"));
	put(bench, "thing", 6, 0, WORDS("no=8", "b=y"));
	repeats_are(bench, &bench->hall, "no: 1 4 5; no: 2 6; ");
	/* Who has no rules knows of none. */
	repeats_are(bench, &bench->dong, "");
}

static void
only_whole_values_together_repeat(void **state)
{
	struct bench *bench = *state;

	put(bench, "thing", 1, 0, WORDS("a=x"));
	put(bench, "thing", 2, 0, WORDS("a=x"));
	put(bench, "thing", 3, 0, WORDS("b=y"));
	put(bench, "thing", 4, 0, WORDS("a=x", "b=y"));
	put(bench, "thing", 5, 0, WORDS("a=x", "b=z"));
	repeats_are(bench, &bench->hall, "");
	put(bench, "thing", 6, 0, WORDS("a=x", "b=y"));
	repeats_are(bench, &bench->hall, "both: 4 6; ");
}

static void
one_element_of_a_set_is_enough(void **state)
{
	struct bench *bench = *state;

	put(bench, "thing", 1, 0, WORDS("tags+p", "tags+q", "b=1"));
	put(bench, "thing", 2, 0, WORDS("tags+q", "tags+r", "b=2"));
	put(bench, "thing", 3, 0, WORDS("tags+p"));
	repeats_are(bench, &bench->hall, "");
	put(bench, "thing", 4, 0, WORDS("tags+q", "tags+r", "b=1"));
	repeats_are(bench, &bench->hall, "tagged: 1 4; ");
}

/* Records that are known to be the same have one value. */
static void
what_stands_for_another_repeats_nothing(void **state)
{
	struct bench *bench = *state;

	put(bench, "thing", 1, 0, WORDS("no=7"));
	put(bench, "thing", 2, 1, WORDS("no=7"));
	put(bench, "thing", 3, 2, WORDS("no=7"));
	repeats_are(bench, &bench->hall, "");
	put(bench, "thing", 4, 0, WORDS("no=7"));
	repeats_are(bench, &bench->hall, "no: 1 2 3 4; ");
}

/* Who stands for 1 to 4 in the end, and is it said to be there? */
static void
ends_are(struct bench *bench, const char *wanted)
{
	const struct aliases *aliases;
	struct buf text = {0};
	struct txn *txn;

	desk_pull(&bench->hall, &bench->dong);
	desk_begin(&bench->hall, false);
	txn = store_txn(bench->hall.store);
	for (int twice = 0; twice < 2; twice++)
		slip_is(alias_held(txn, &aliases), ERR_OK, NULL);
	for (uint8_t i = 1; i <= 4; i++) {
		struct record_id id = {.b = {1, [15] = i}};
		struct record_id end;
		bool stands;

		slip_is(alias_stands(txn, aliases, &id, &end, &stands), ERR_OK,
		    NULL);
		buf_add_format(&text, "%u%s ", end.b[15], stands ? "!" : "");
	}
	store_abort(bench->hall.store);
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&text);
}

static void
a_circle_stands_for_its_least(void **state)
{
	struct bench *bench = *state;

	ends_are(bench, "1 2 3 4 ");
	put(bench, "thing", 3, 2, WORDS("no=3"));
	put(bench, "thing", 2, 1, WORDS("no=2"));
	ends_are(bench, "1 1! 1! 4 ");
	put(bench, "thing", 1, 3, WORDS("no=1"));
	ends_are(bench, "1 1! 1! 4 ");
	/* Of itself nobody is another. */
	put(bench, "thing", 4, 4, WORDS("no=4"));
	ends_are(bench, "1 1! 1! 4 ");
}

/* What is not held was not taken away, as far as we know; what was deleted
 * stands for nobody. */
static void
who_is_gone_stands_for_nobody(void **state)
{
	struct bench *bench = *state;
	struct record_id gone = {.b = {1, [15] = 4}};

	put(bench, "thing", 1, 9, WORDS("no=1"));
	put(bench, "thing", 4, 0, WORDS("no=4"));
	put(bench, "thing", 2, 4, WORDS("no=2"));
	ends_are(bench, "9! 4! 3 4 ");
	desk_begin(&bench->dong, true);
	desk_settle(&bench->dong, here, &gone, ACT_DELETE, NULL);
	desk_commit(&bench->dong);
	ends_are(bench, "9! 2 3 4 ");
}

#define BENCH(test) \
	cmocka_unit_test_setup_teardown(test, bench_make, bench_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BENCH(values_that_several_have_are_found),
	    BENCH(only_whole_values_together_repeat),
	    BENCH(one_element_of_a_set_is_enough),
	    BENCH(what_stands_for_another_repeats_nothing),
	    BENCH(a_circle_stands_for_its_least),
	    BENCH(who_is_gone_stands_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
