/*
 * Promises of core/packs.h, core/publish.h and core/force.h: which version of a
 * pack is in force follows from what was published and counts, not from the
 * order in which it came; a store follows it with its next transaction.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/events.h"
#include "core/history.h"
#include "core/lookup.h"
#include "core/publish.h"
#include "core/space.h"
#include "tests/lib/child.h"
#include "tests/lib/council.h"
#include "tests/lib/press.h"

struct bytes __wrap_pack_embedded(void);

/* HALL is the founder; ADMIN is one over everything, GU over d03, and DONG only
 * listens. */
enum { HALL, ADMIN, GU, DONG, NODES };

/* Of some fields, named by the letters of `fields`, in text `number`. */
static void
text_make(struct buf *json, unsigned format, unsigned version,
    const char *fields, unsigned number)
{
	press_text(&(struct press_plan){.format = format,
		       .version = version,
		       .fields = fields,
		       .number = number},
	    json);
}

struct bytes
__wrap_pack_embedded(void)
{
	static struct buf json;

	if (json.n == 0)
		text_make(&json, 1, 1, "a", 0);
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

	town_init(&town, 77);
	assert_int_equal(town_member(&town, "", "read:N,write,admin"), ADMIN);
	assert_int_equal(town_member(&town, "d03", "read:N,write,admin"), GU);
	assert_int_equal(town_member(&town, "d03", "read:N,write"), DONG);
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

	for (size_t i = 0; i < town->n; i++)
		council_sound(town, i);
	town_fini(town);
	return 0;
}

static enum err
publish(struct town *town, size_t by, unsigned version, const char *fields,
    unsigned number)
{
	struct buf json = {0};
	enum err e;

	text_make(&json, 1, version, fields, number);
	e = press_publish(town, by, buf_bytes(&json));
	buf_fini(&json);
	return e;
}

/* The same in one piece, whatever the text says, and without being asked. */
static void
slip(struct town *town, size_t by, uint64_t version, struct bytes json)
{
	struct fact_pack fact = {.name = bytes_text("sim"),
	    .version = version,
	    .size = json.n,
	    .json = json};
	struct delta delta = {.kind = DELTA_PACK};
	struct buf plain = {0};

	town->now_ms += 1000;
	crypto_sha256(json, &fact.sha256);
	fact_pack_put(&fact, &plain);
	council_put(town, by, &id_authority, &delta, buf_bytes(&plain));
	buf_fini(&plain);
}

static void
slip_text(struct town *town, size_t by, unsigned format, unsigned version,
    const char *fields, unsigned number)
{
	struct buf json = {0};

	text_make(&json, format, version, fields, number);
	slip(town, by, version, buf_bytes(&json));
	buf_fini(&json);
}

static const char *
label_at(struct town *town, size_t i)
{
	assert_true(press_version(town, i) > 0);
	return store_pack(town_store(town, i))->collections[0].label.ko;
}

/* Why version `version` from `source` is in force at node `i`, or not. */
static enum packs_why
why_at(struct town *town, size_t i, enum packs_source source, uint64_t version)
{
	struct store *store = town_store(town, i);
	const struct authority *authority;
	struct arena arena = {0};
	struct pack *pack;
	struct packs packs;
	enum packs_why why = PACKS_OTHER_NAME;

	well(store_begin(store, false));
	well(store_authority(store, &authority));
	packs_gather(store_txn(store), authority, &arena, &packs);
	well(packs_judge(store_txn(store), &arena, &packs, &pack));
	for (size_t k = 0; k < packs.n; k++)
		if (packs.versions[k].source == source &&
		    packs.versions[k].version == version)
			why = packs.versions[k].why;
	pack_free(pack);
	arena_fini(&arena);
	store_abort(store);
	return why;
}

static bool
told_at(struct town *town, size_t i, enum event_kind kind, const char *what)
{
	struct store *store = town_store(town, i);
	struct event event;
	uint64_t number = 0;
	bool told = false;

	well(store_begin(store, false));
	while (events_next(store_txn(store), number, &event)) {
		struct buf text = {0};

		number = event.number;
		buf_add(&text, event.text);
		told = told || (event.kind == kind &&
				   strstr(buf_text(&text), what) != NULL);
		buf_fini(&text);
	}
	store_abort(store);
	return told;
}

static void
what_root_publishes_is_in_force_everywhere(void **state)
{
	struct town *town = *state;

	for (size_t i = 0; i < NODES; i++)
		assert_int_equal(press_version(town, i), 1);
	well(publish(town, HALL, 2, "ab", 0));
	assert_int_equal(press_version(town, HALL), 2);
	assert_int_equal(press_version(town, DONG), 1);
	town_meet(town);
	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(press_version(town, i), 2);
		assert_int_equal(
		    why_at(town, i, PACKS_COMPILED, 1), PACKS_OLDER);
		assert_true(told_at(town, i, EVENT_PACK_CHANGED, "version 2"));
	}
	town_close(town, DONG);
	(void)town_open(town, DONG);
	assert_int_equal(press_version(town, DONG), 2);
}

static void
a_store_in_use_writes_by_the_new_rules(void **state)
{
	struct town *town = *state;
	const char *space = "d03/c017/case";
	struct store_edit edit = town_edit(OP_SET, "b", town_text("값"));
	struct store_write write = {.space = town_space(space),
	    .create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;

	assert_int_equal(
	    town_write(town, DONG, &write, &id, &changed), ERR_INVALID);
	well(publish(town, HALL, 2, "ab", 0));
	town_meet(town);
	well(town_write(town, DONG, &write, &id, &changed));
	/* With its index. */
	well(store_begin(town_store(town, DONG), false));
	assert_true(lookup_is_current(store_txn(town_store(town, DONG))));
	store_abort(town_store(town, DONG));
}

static void
an_admin_of_all_may_publish_and_nobody_below(void **state)
{
	struct town *town = *state;

	well(publish(town, ADMIN, 2, "ab", 0));
	town_meet(town);
	assert_int_equal(press_version(town, DONG), 2);
	assert_int_equal(publish(town, GU, 3, "abc", 0), ERR_DENIED);
	slip_text(town, GU, 1, 3, "abc", 0);
	town_meet(town);
	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(press_version(town, i), 2);
		assert_int_equal(why_at(town, i, PACKS_FACT, 3), PACKS_OUTSIDE);
	}
}

static void
who_adopts_a_pack_brings_it_into_force(void **state)
{
	struct town *town = *state;
	struct ref refs[4];

	slip_text(town, GU, 1, 3, "abc", 0);
	town_meet(town);
	assert_int_equal(council_refs(town, HALL, "authority", refs, 4), 1);
	well(council_decide(town, HALL, "authority", true, refs, 1));
	town_meet(town);
	assert_int_equal(press_version(town, DONG), 3);
}

static void
it_falls_back_when_its_publisher_loses_the_right(void **state)
{
	struct town *town = *state;

	well(publish(town, HALL, 2, "ab", 0));
	town_meet(town);
	well(publish(town, ADMIN, 3, "abc", 0));
	town_meet(town);
	assert_int_equal(press_version(town, DONG), 3);
	/* As compromised, from before it was written. */
	well(council_revoke(town, HALL, ADMIN, UINT64_C(1600000000000), NULL));
	town_meet(town);
	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(press_version(town, i), 2);
		assert_int_equal(why_at(town, i, PACKS_FACT, 3), PACKS_OUTSIDE);
	}
	assert_true(told_at(town, DONG, EVENT_PACK_CHANGED, "version 2"));
}

static void
what_needs_a_newer_program_leaves_the_older_in_force(void **state)
{
	struct town *town = *state;

	well(publish(town, HALL, 2, "ab", 0));
	slip_text(town, ADMIN, 99, 3, "abc", 0);
	slip(town, ADMIN, 4, bytes_text("{\"format\":1}"));
	town_meet(town);
	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(press_version(town, i), 2);
		assert_int_equal(why_at(town, i, PACKS_FACT, 3), PACKS_NEWER);
		assert_int_equal(
		    why_at(town, i, PACKS_FACT, 4), PACKS_UNREADABLE);
		assert_true(told_at(town, i, EVENT_PACK_REFUSED,
		    "version 3 of the pack sim, from the city: needs a newer "
		    "program"));
	}
}

static void
what_would_lose_something_is_never_in_force(void **state)
{
	struct town *town = *state;

	well(publish(town, HALL, 2, "ab", 0));
	assert_int_equal(publish(town, HALL, 3, "ac", 0), ERR_INVALID);
	assert_int_equal(publish(town, HALL, 1, "ab", 0), ERR_INVALID);
	slip_text(town, ADMIN, 1, 3, "ac", 0);
	town_meet(town);
	assert_int_equal(press_version(town, DONG), 2);
	assert_int_equal(why_at(town, DONG, PACKS_FACT, 3), PACKS_LOSES);
	assert_true(told_at(town, DONG, EVENT_PACK_REFUSED, "card.b"));
	/* One that has all comes after both. */
	well(publish(town, HALL, 4, "abc", 0));
	town_meet(town);
	assert_int_equal(press_version(town, DONG), 4);
}

static void
of_two_texts_of_one_version_the_lower_hash_is_in_force(void **state)
{
	struct town *town = *state;
	struct buf texts[2] = {0};
	struct hash hashes[2];
	const char *label;

	for (unsigned i = 0; i < 2; i++) {
		text_make(&texts[i], 1, 2, "ab", i + 1);
		crypto_sha256(buf_bytes(&texts[i]), &hashes[i]);
	}
	/* Each is written before the other is known, and comes first to one. */
	slip(town, HALL, 2, buf_bytes(&texts[0]));
	slip(town, ADMIN, 2, buf_bytes(&texts[1]));
	town_meet(town);
	label = memcmp(&hashes[0], &hashes[1], 32) < 0 ? "카드1" : "카드2";
	for (size_t i = 0; i < NODES; i++) {
		assert_string_equal(label_at(town, i), label);
		assert_true(told_at(town, i, EVENT_PACK_REFUSED,
		    "another text of this version comes first"));
	}
	/* The same text from elsewhere is no matter. */
	slip(town, HALL, 2, buf_bytes(&texts[1]));
	slip(town, HALL, 2, buf_bytes(&texts[0]));
	town_meet(town);
	assert_string_equal(label_at(town, DONG), label);
	assert_int_equal(publish(town, ADMIN, 2, "ab", 3), ERR_EXISTS);
	buf_fini(&texts[0]);
	buf_fini(&texts[1]);
}

static void
a_published_text_goes_before_the_one_that_is_compiled_in(void **state)
{
	struct town *town = *state;

	well(publish(town, HALL, 1, "ab", 7));
	town_meet(town);
	assert_string_equal(label_at(town, DONG), "카드7");
	assert_int_equal(
	    why_at(town, DONG, PACKS_COMPILED, 1), PACKS_OTHER_TEXT);
	slip_text(town, ADMIN, 1, 1, "b", 8);
	town_meet(town);
	assert_string_equal(label_at(town, DONG), "카드7");
}

/* A text too long for one body: spaces between its words. */
static void
a_long_pack_travels_in_pieces(void **state)
{
	struct town *town = *state;
	struct buf json = {0};
	struct town_cargo bare = {.space = "authority", .bare = true};
	struct town_cargo bodies = {.space = "authority", .bodies = true};

	text_make(&json, 1, 2, "ab", 0);
	while (json.n < LIMIT_PACK_SIZE)
		buf_add_u8(&json, ' ');
	well(press_publish(town, HALL, buf_bytes(&json)));
	assert_int_equal(press_version(town, HALL), 2);
	town_carry(town, HALL, DONG, &bare);
	assert_int_equal(press_version(town, DONG), 1);
	assert_int_equal(why_at(town, DONG, PACKS_FACT, 2), PACKS_OTHER_NAME);
	town_carry(town, HALL, DONG, &bodies);
	assert_int_equal(press_version(town, DONG), 2);
	town_meet(town);
	buf_add_u8(&json, ' ');
	assert_int_equal(
	    press_publish(town, HALL, buf_bytes(&json)), ERR_LIMIT);
	buf_fini(&json);
}

static void
a_piece_that_is_missing_or_wrong_makes_no_pack(void **state)
{
	struct town *town = *state;
	struct fact_pack fact = {
	    .name = bytes_text("sim"), .version = 5, .piece = 1};
	struct delta delta = {.kind = DELTA_PACK};
	struct buf json = {0};
	struct buf plain = {0};

	text_make(&json, 1, 5, "ab", 0);
	while (json.n < LIMIT_PACK_PIECE + 100)
		buf_add_u8(&json, ' ');
	fact.size = json.n;
	fact.json = bytes_after(buf_bytes(&json), LIMIT_PACK_PIECE);
	crypto_sha256(buf_bytes(&json), &fact.sha256);
	fact_pack_put(&fact, &plain);
	council_put(town, ADMIN, &id_authority, &delta, buf_bytes(&plain));
	town_meet(town);
	assert_int_equal(press_version(town, DONG), 1);
	assert_int_equal(why_at(town, DONG, PACKS_FACT, 5), PACKS_INCOMPLETE);
	json.p[10] ^= 1;
	fact.piece = 0;
	fact.json = bytes_first(buf_bytes(&json), LIMIT_PACK_PIECE);
	buf_cut(&plain, 0);
	fact_pack_put(&fact, &plain);
	council_put(town, ADMIN, &id_authority, &delta, buf_bytes(&plain));
	town_meet(town);
	assert_int_equal(press_version(town, DONG), 1);
	assert_int_equal(why_at(town, DONG, PACKS_FACT, 5), PACKS_UNREADABLE);
	buf_fini(&json);
	buf_fini(&plain);
}

static enum err
use(struct town *town, size_t by, unsigned version, const char *fields)
{
	struct store *store = town_store(town, by);
	struct buf json = {0};
	enum err e;

	if (version > 0)
		text_make(&json, 1, version, fields, 9);
	well(store_begin(store, true));
	e = publish_file(store, buf_bytes(&json));
	if (e == ERR_OK)
		e = store_commit(store);
	else
		store_abort(store);
	buf_fini(&json);
	return e;
}

static void
a_file_is_one_more_version_for_one_node(void **state)
{
	struct town *town = *state;

	well(use(town, DONG, 3, "abc"));
	assert_int_equal(press_version(town, DONG), 3);
	assert_int_equal(use(town, DONG, 4, "ab"), ERR_INVALID);
	town_meet(town);
	assert_int_equal(press_version(town, HALL), 1);
	/* The city comes first with the same version. */
	well(publish(town, HALL, 3, "abcd", 5));
	town_meet(town);
	assert_string_equal(label_at(town, DONG), "카드5");
	well(use(town, DONG, 0, ""));
	assert_int_equal(press_version(town, DONG), 3);
}

/* Kinds of facts that a later program may have. */
static void
a_fact_that_nobody_knows_is_kept_and_passed_on(void **state)
{
	struct town *town = *state;
	static const char words[] = "what a later program says";
	struct delta fact = {.kind = DELTA_LATER_FIRST};
	struct town_cargo all = {.space = "authority"};
	struct arena arena = {0};
	struct history_delta from;
	struct log_cut cut;
	struct store *store = town_store(town, DONG);
	struct bytes plain;
	struct log *log;

	council_put(town, HALL, &id_authority, &fact, bytes_text(words));
	fact.kind = DELTA_LATER_LAST;
	council_put(town, HALL, &id_authority, &fact, bytes_text(words));
	town_carry(town, HALL, ADMIN, &all);
	town_carry(town, ADMIN, DONG, &all);
	cut = council_cut(town, HALL, HALL, "authority", 0);
	well(store_begin(store, false));
	log = oplog_find(store_txn(store),
	    space_find(store_txn(store), &id_authority), &cut.log);
	assert_non_null(log);
	assert_int_equal(log->frontier.size, cut.size);
	for (uint64_t seq = cut.size - 2; seq < cut.size; seq++) {
		well(history_delta(store_txn(store), log, seq, &arena, &from));
		assert_non_null(from.delta);
		assert_int_equal(from.bodies_n, 1);
		well(history_open(
		    store_txn(store), &from.bodies[0], &arena, &plain));
		assert_true(bytes_is(plain, words));
	}
	arena_fini(&arena);
	store_abort(store);
	assert_int_equal(council_inbox(town, DONG, "authority", NULL), 0);
}

/* Does node HALL know that DONG may read everything? */
static bool
reads_all(struct town *town)
{
	struct store *store = town_store(town, HALL);
	struct sign_key key = town_key(town, DONG);
	struct space elsewhere = town_space("d09/c001/case");
	const struct authority *authority;
	bool may;

	well(store_begin(store, false));
	well(store_authority(store, &authority));
	may = authority_may(authority, &key, RIGHT_READ, &elsewhere, NULL);
	store_abort(store);
	return may;
}

/* While the test has the same store open. */
static bool
beside(struct child *test, void *arg)
{
	struct town *town = arg;

	if (!child_await(test))
		return false;
	(void)town_open(town, HALL);
	(void)town_open(town, DONG);
	well(town_grant(town, HALL, DONG, "", "read:N", ""));
	well(publish(town, HALL, 2, "ab", 0));
	child_signal(test);
	return child_await(test);
}

static void
what_another_process_commits_is_seen_by_the_next_transaction(void **state)
{
	struct town *town = *state;
	struct child child;

	for (size_t i = 0; i < NODES; i++)
		town_close(town, i);
	child_start(&child, beside, town);
	for (size_t i = 0; i < NODES; i++)
		(void)town_open(town, i);
	assert_int_equal(press_version(town, HALL), 1);
	assert_false(reads_all(town));
	/* Looked at twice, as nothing came between. */
	assert_int_equal(press_version(town, HALL), 1);
	assert_false(reads_all(town));
	child_signal(&child);
	assert_true(child_await(&child));
	assert_int_equal(press_version(town, HALL), 2);
	assert_true(reads_all(town));
	child_signal(&child);
	assert_true(child_end(&child));
}

int
main(void)
{
#define IN_TOWN(test) \
	cmocka_unit_test_setup_teardown(test, town_make, town_remove)
	static const struct CMUnitTest tests[] = {
	    IN_TOWN(what_root_publishes_is_in_force_everywhere),
	    IN_TOWN(a_store_in_use_writes_by_the_new_rules),
	    IN_TOWN(an_admin_of_all_may_publish_and_nobody_below),
	    IN_TOWN(who_adopts_a_pack_brings_it_into_force),
	    IN_TOWN(it_falls_back_when_its_publisher_loses_the_right),
	    IN_TOWN(what_needs_a_newer_program_leaves_the_older_in_force),
	    IN_TOWN(what_would_lose_something_is_never_in_force),
	    IN_TOWN(of_two_texts_of_one_version_the_lower_hash_is_in_force),
	    IN_TOWN(a_published_text_goes_before_the_one_that_is_compiled_in),
	    IN_TOWN(a_long_pack_travels_in_pieces),
	    IN_TOWN(a_piece_that_is_missing_or_wrong_makes_no_pack),
	    IN_TOWN(a_file_is_one_more_version_for_one_node),
	    IN_TOWN(a_fact_that_nobody_knows_is_kept_and_passed_on),
	    IN_TOWN(
		what_another_process_commits_is_seen_by_the_next_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
