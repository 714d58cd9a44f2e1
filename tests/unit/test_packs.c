/*
 * Promises of core/packs.h where facts say of packs what they like, and where
 * what is compiled in is not what the city follows: nothing of it is in force
 * that was not written by somebody with the right, whole, and as it says.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/publish.h"
#include "tests/lib/council.h"
#include "tests/lib/press.h"

struct bytes __wrap_pack_embedded(void);

/* HALL is the founder; ADMIN is one over everything, GU over d03. */
enum { HALL, ADMIN, GU, NODES };
/* The version that is compiled in. */
enum { OURS = 3 };

static bool is_broken;

static void
text_make(
    struct buf *json, const char *name, unsigned version, const char *fields)
{
	press_text(&(struct press_plan){.name = name,
		       .format = 1,
		       .version = version,
		       .fields = fields},
	    json);
}

struct bytes
__wrap_pack_embedded(void)
{
	static struct buf json;

	if (is_broken)
		return bytes_text("{");
	if (json.n == 0)
		text_make(&json, NULL, OURS, "ab");
	return buf_bytes(&json);
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static int
town_make(void **state)
{
	static struct town town;

	town_init(&town, 78);
	assert_int_equal(town_member(&town, "", "read:N,write,admin"), ADMIN);
	assert_int_equal(town_member(&town, "d03", "read:N,write,admin"), GU);
	for (size_t i = 0; i < NODES; i++)
		press_follow(&town, i);
	town_meet(&town);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	struct town *town = *state;

	is_broken = false;
	for (size_t i = 0; i < town->n; i++)
		council_sound(town, i);
	town_fini(town);
	return 0;
}

/* Node `by` writes the fact `fact`, whatever it says. */
static void
slip(struct town *town, size_t by, const struct fact_pack *fact)
{
	struct delta delta = {.kind = DELTA_PACK};
	struct buf plain = {0};

	town->now_ms += 1000;
	fact_pack_put(fact, &plain);
	council_put(town, by, &id_authority, &delta, buf_bytes(&plain));
	buf_fini(&plain);
}

/* That the whole of `json` is version `version` of the pack `name`. */
static void
slip_text(struct town *town, size_t by, const char *name, uint64_t version,
    const struct buf *json)
{
	struct fact_pack fact = {.name = bytes_text(name),
	    .version = version,
	    .size = json->n,
	    .json = buf_bytes(json)};

	crypto_sha256(fact.json, &fact.sha256);
	slip(town, by, &fact);
}

/* All versions that node `i` knows, as "sim 4 file: older" with a comma
 * behind each. */
static void
told(struct town *town, size_t i, struct buf *text)
{
	struct store *store = town_store(town, i);
	const struct authority *authority;
	struct arena arena = {0};
	struct pack *pack;
	struct packs packs;

	well(store_begin(store, false));
	well(store_authority(store, &authority));
	packs_gather(store_txn(store), authority, &arena, &packs);
	well(packs_judge(store_txn(store), &arena, &packs, &pack));
	for (size_t k = 0; k < packs.n; k++) {
		const struct packs_version *is = &packs.versions[k];

		buf_add(text, is->name);
		buf_add_format(text, " %llu %s: %s, ",
		    (unsigned long long)is->version,
		    packs_source_text(is->source), packs_why_name(is->why));
	}
	pack_free(pack);
	arena_fini(&arena);
	store_abort(store);
}

static void
all_know(struct town *town, const char *wanted)
{
	town_meet(town);
	for (size_t i = 0; i < NODES; i++) {
		struct buf text = {0};

		told(town, i, &text);
		assert_string_equal(buf_text(&text), wanted);
		buf_fini(&text);
		assert_int_equal(press_version(town, i), OURS);
	}
}

static void
a_text_that_is_another_version_or_pack_is_not_in_force(void **state)
{
	struct town *town = *state;
	struct buf json = {0};

	text_make(&json, NULL, 7, "abc");
	slip_text(town, ADMIN, "sim", 9, &json);
	all_know(town, "sim 3 program: in-force, sim 9 city: unreadable, ");
	buf_cut(&json, 0);
	text_make(&json, "tim", 8, "abc");
	slip_text(town, ADMIN, "sim", 8, &json);
	all_know(town, "sim 3 program: in-force, sim 8 city: unreadable, "
		       "sim 9 city: unreadable, ");
	buf_fini(&json);
}

/* Of one text, by one log, whose facts differ in all that they say. */
static void
facts_that_differ_are_no_pieces_of_one_text(void **state)
{
	struct town *town = *state;
	struct buf json = {0};
	struct fact_pack fact = {.name = bytes_text("sim"), .version = 9};

	text_make(&json, NULL, 7, "abc");
	slip_text(town, ADMIN, "sim", 9, &json);
	slip_text(town, ADMIN, "sim", 8, &json);
	slip_text(town, ADMIN, "tim", 9, &json);
	crypto_sha256(buf_bytes(&json), &fact.sha256);
	buf_add_u8(&json, ' ');
	fact.size = json.n;
	fact.json = buf_bytes(&json);
	slip(town, ADMIN, &fact);
	all_know(town, "sim 3 program: in-force, sim 8 city: unreadable, "
		       "sim 9 city: unreadable, sim 9 city: unreadable, "
		       "tim 9 city: other-name, ");
	buf_fini(&json);
}

/* Two logs wrote the last piece of the longest text, and nothing else. */
static void
last_pieces_alone_make_no_pack(void **state)
{
	struct town *town = *state;
	struct buf json = {0};
	struct fact_pack fact = {.name = bytes_text("sim"),
	    .version = 5,
	    .size = LIMIT_PACK_SIZE,
	    .piece = LIMIT_PACK_PIECES - 1};

	text_make(&json, NULL, 5, "abc");
	while (json.n < LIMIT_PACK_SIZE)
		buf_add_u8(&json, ' ');
	crypto_sha256(buf_bytes(&json), &fact.sha256);
	fact.json = bytes_after(
	    buf_bytes(&json), (LIMIT_PACK_PIECES - 1) * LIMIT_PACK_PIECE);
	slip(town, ADMIN, &fact);
	slip(town, HALL, &fact);
	all_know(town, "sim 3 program: in-force, sim 5 city: incomplete, "
		       "sim 5 city: incomplete, ");
	buf_fini(&json);
}

/* Written twice under no right; the second time it was adopted. */
static void
of_two_facts_the_one_that_counts_is_taken(void **state)
{
	struct town *town = *state;
	struct ref refs[4];
	struct buf json = {0};
	struct buf text = {0};

	text_make(&json, NULL, 4, "abc");
	slip_text(town, GU, "sim", 4, &json);
	slip_text(town, GU, "sim", 4, &json);
	all_know(town, "sim 3 program: in-force, sim 4 city: outside, ");
	assert_int_equal(council_refs(town, HALL, "authority", refs, 4), 2);
	well(council_decide(town, HALL, "authority", true,
	    refs[0].seq > refs[1].seq ? &refs[0] : &refs[1], 1));
	town_meet(town);
	for (size_t i = 0; i < NODES; i++) {
		buf_cut(&text, 0);
		told(town, i, &text);
		assert_string_equal(buf_text(&text),
		    "sim 3 program: older, sim 4 city: in-force, ");
		assert_int_equal(press_version(town, i), 4);
	}
	buf_fini(&text);
	buf_fini(&json);
}

/* Another pack with the number of ours. */
static void
other_names_are_not_compared(void **state)
{
	struct town *town = *state;
	struct buf json = {0};

	text_make(&json, "tim", OURS, "z");
	slip_text(town, ADMIN, "tim", OURS, &json);
	all_know(town, "sim 3 program: in-force, tim 3 city: other-name, ");
	/* Nobody has published this version of ours. */
	buf_cut(&json, 0);
	text_make(&json, NULL, OURS, "abc");
	well(press_publish(town, HALL, buf_bytes(&json)));
	all_know(town, "sim 3 program: other-text, sim 3 city: in-force, "
		       "tim 3 city: other-name, ");
	buf_fini(&json);
}

static void
a_text_of_our_version_keeps_what_ours_says(void **state)
{
	struct town *town = *state;
	struct buf json = {0};

	text_make(&json, NULL, OURS, "b");
	slip_text(town, ADMIN, "sim", OURS, &json);
	all_know(town, "sim 3 program: in-force, sim 3 city: loses, ");
	buf_fini(&json);
}

/* What was in force before has more than what is compiled in. */
static void
ours_gives_way_where_it_would_lose_something(void **state)
{
	struct town *town = *state;
	struct buf json = {0};
	struct buf text = {0};

	text_make(&json, NULL, 2, "abz");
	slip_text(town, ADMIN, "sim", 2, &json);
	town_meet(town);
	for (size_t i = 0; i < NODES; i++) {
		buf_cut(&text, 0);
		told(town, i, &text);
		assert_string_equal(buf_text(&text),
		    "sim 2 city: in-force, sim 3 program: loses, ");
		assert_int_equal(press_version(town, i), 2);
	}
	buf_fini(&text);
	buf_fini(&json);
}

/* A program that cannot read its own pack writes nothing by other rules. */
static void
a_broken_pack_of_the_program_is_told(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, GU);
	const struct authority *authority;
	struct arena arena = {0};
	struct pack *pack;
	struct packs packs;

	well(store_begin(store, true));
	well(store_authority(store, &authority));
	packs_gather(store_txn(store), authority, &arena, &packs);
	is_broken = true;
	assert_int_not_equal(
	    packs_judge(store_txn(store), &arena, &packs, &pack), ERR_OK);
	assert_null(pack);
	assert_int_not_equal(publish_file(store, (struct bytes){0}), ERR_OK);
	is_broken = false;
	store_abort(store);
	arena_fini(&arena);
	assert_int_equal(press_version(town, GU), OURS);
}

/* What nobody had the right to publish takes no number away. */
static void
a_version_without_right_is_no_version(void **state)
{
	struct town *town = *state;
	struct buf json = {0};
	struct buf text = {0};

	text_make(&json, NULL, 4, "abc");
	slip_text(town, GU, "sim", 4, &json);
	town_meet(town);
	buf_cut(&json, 0);
	text_make(&json, NULL, 4, "abd");
	well(press_publish(town, HALL, buf_bytes(&json)));
	town_meet(town);
	for (size_t i = 0; i < NODES; i++)
		assert_int_equal(press_version(town, i), 4);
	told(town, GU, &text);
	assert_non_null(strstr(buf_text(&text), "sim 4 city: in-force"));
	assert_non_null(strstr(buf_text(&text), "sim 4 city: outside"));
	buf_fini(&text);
	buf_fini(&json);
}

static void
a_file_of_another_pack_is_refused(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, GU);
	struct buf json = {0};

	text_make(&json, "tim", 9, "ab");
	well(store_begin(store, true));
	assert_int_equal(publish_file(store, buf_bytes(&json)), ERR_INVALID);
	assert_string_equal(err_text(),
	    "this store follows the pack sim, and this is one of tim");
	store_abort(store);
	assert_int_equal(press_version(town, GU), OURS);
	buf_fini(&json);
}

/* There is no file to take away either. */
static void
who_follows_no_pack_goes_on_without(void **state)
{
	struct town town;
	struct store *store;

	(void)state;
	town_init(&town, 79);
	store = town_store(&town, 0);
	well(store_begin(store, true));
	well(publish_file(store, (struct bytes){0}));
	well(store_commit(store));
	assert_null(store_pack(store));
	town_fini(&town);
}

/* What counts and was published later than the clock shows. */
static void
a_pack_of_tomorrow_tells_of_a_slow_clock(void **state)
{
	enum { NOW_MS = 1000000 };
	struct published packs[] = {
	    {.since = {(uint64_t)NOW_MS << 17}, .counts = false},
	    {.since = {(uint64_t)NOW_MS << 15}, .counts = true},
	    {.since = {(uint64_t)NOW_MS << 17}, .counts = true},
	};
	struct authority authority = {.packs = packs};

	(void)state;
	for (size_t n = 0; n <= COUNT_OF(packs); n++) {
		authority.packs_n = n;
		assert_int_equal(authority_is_behind(&authority, NOW_MS),
		    n == COUNT_OF(packs));
	}
}

int
main(void)
{
#define IN_TOWN(test) \
	cmocka_unit_test_setup_teardown(test, town_make, town_remove)
	static const struct CMUnitTest tests[] = {
	    IN_TOWN(a_text_that_is_another_version_or_pack_is_not_in_force),
	    IN_TOWN(facts_that_differ_are_no_pieces_of_one_text),
	    IN_TOWN(last_pieces_alone_make_no_pack),
	    IN_TOWN(of_two_facts_the_one_that_counts_is_taken),
	    IN_TOWN(other_names_are_not_compared),
	    IN_TOWN(a_text_of_our_version_keeps_what_ours_says),
	    IN_TOWN(ours_gives_way_where_it_would_lose_something),
	    IN_TOWN(a_broken_pack_of_the_program_is_told),
	    IN_TOWN(a_version_without_right_is_no_version),
	    IN_TOWN(a_file_of_another_pack_is_refused),
	    cmocka_unit_test(a_pack_of_tomorrow_tells_of_a_slow_clock),
	    cmocka_unit_test(who_follows_no_pack_goes_on_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
