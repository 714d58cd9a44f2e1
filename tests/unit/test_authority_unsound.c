/*
 * Facts whose bodies say nothing, and facts about such facts: they give and
 * take nothing, whoever wrote them, and lie in the inbox (core/authority.h,
 * docs/format.md §8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/council.h"

#define RIGHTS "read:NPSF,write"

enum { HALL, ADMIN, WORKER };

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

	town_init(&town, 19);
	assert_int_equal(town_join(&town), ADMIN);
	well(town_admit(&town, HALL, ADMIN));
	well(town_grant(&town, HALL, ADMIN, "d03", RIGHTS ",admin", RIGHTS));
	assert_int_equal(town_member(&town, "d03", RIGHTS), WORKER);
	town_meet(&town);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	struct town *town = *state;

	town_meet(town);
	town_assert_equal(town, HALL);
	for (size_t i = 0; i < town->n; i++)
		council_sound(town, i);
	town_fini(town);
	return 0;
}

/* Who may what at node `at`, as text: what counts, and nothing else. */
static void
standing(struct town *town, size_t at, struct buf *text)
{
	struct store *store = town_store(town, at);
	const struct authority *authority;

	buf_cut(text, 0);
	well(store_begin(store, false));
	well(store_authority(store, &authority));
	for (size_t i = 0; i < authority->members_n; i++) {
		const struct member *member = &authority->members[i];

		buf_add(text, bytes_of(member->key.b, 32));
		buf_add_u8(text, member->counts);
		buf_add_u8(text, member->revoked);
		buf_add_u8(text, member->compromised);
		buf_add(text, member->label);
		buf_add_u8(text, (uint8_t)authority_reads(
				     authority, &member->key, &id_authority));
	}
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!grant->counts)
			continue;
		buf_add(text, bytes_of(grant->fact.leaf, 8));
		buf_add_u8(text, grant->revoked);
		buf_add_be64(text, grant->what.gives.bits);
	}
	store_abort(store);
}

/* Is it in the inbox of both, for `why`?  Then whether it is voided there. */
static bool
lies_outside(struct town *town, const struct ref *ref, enum authority_why why)
{
	struct inbox_entry entry = {0};

	for (size_t at = HALL; at <= ADMIN; at++) {
		if (!council_entry(town, at, ref, &entry))
			fail_msg("not in the inbox of %zu", at);
		assert_string_equal(
		    authority_why_text(entry.why), authority_why_text(why));
	}
	return entry.voided;
}

/* Node `by` writes a fact of `kind` that says `plain`. */
static struct ref
say(struct town *town, size_t by, enum delta_kind kind, struct bytes plain)
{
	struct delta delta = {.kind = kind};
	struct log_cut cut;

	town->now_ms += 1000;
	council_put(town, by, &id_authority, &delta, plain);
	town_meet(town);
	cut = council_cut(town, by, by, "authority", 0);
	return council_ref(town, by, by, "authority", cut.size - 1);
}

/* Every beginning of `whole` but itself, and what is no encoding at all. */
static void
each_says_nothing(struct town *town, enum delta_kind kind, struct bytes whole)
{
	struct buf before = {0};
	struct buf after = {0};
	uint8_t noise[64];

	standing(town, HALL, &before);
	memset(noise, 0xff, sizeof(noise));
	for (size_t n = 0; n <= whole.n; n += 1 + whole.n / 6) {
		struct bytes plain = n < whole.n
					 ? bytes_first(whole, n)
					 : bytes_of(noise, sizeof(noise));
		struct ref ref = say(town, ADMIN, kind, plain);

		assert_false(lies_outside(town, &ref, WHY_MALFORMED));
		for (size_t at = HALL; at <= ADMIN; at++) {
			standing(town, at, &after);
			assert_true(
			    bytes_equal(buf_bytes(&before), buf_bytes(&after)));
		}
	}
	buf_fini(&before);
	buf_fini(&after);
}

static void
a_fact_that_cannot_be_read_says_nothing(void **state)
{
	struct town *town = *state;
	struct fact_member member = {
	    .key = {{1, 2, 3}}, .label = bytes_text("낯선 이")};
	struct fact_grant grant = {
	    .member = town_key(town, WORKER), .gives = {.bits = RIGHT_WRITE}};
	struct fact_revoke revoke = {
	    .grant = council_grant(town, HALL, WORKER)};
	struct buf plain = {0};
	struct buf before = {0};
	struct buf after = {0};

	well(id_prefix(bytes_text("d03"), &grant.prefix));
	fact_member_put(&member, &plain);
	each_says_nothing(town, DELTA_MEMBER, buf_bytes(&plain));
	buf_cut(&plain, 0);
	fact_grant_put(&grant, &plain);
	each_says_nothing(town, DELTA_GRANT, buf_bytes(&plain));
	/* The whole of it says something. */
	standing(town, HALL, &before);
	(void)say(town, ADMIN, DELTA_GRANT, buf_bytes(&plain));
	standing(town, HALL, &after);
	assert_true(after.n > before.n);
	buf_cut(&plain, 0);
	fact_revoke_put(&revoke, &plain);
	each_says_nothing(town, DELTA_REVOKE, buf_bytes(&plain));
	buf_fini(&before);
	buf_fini(&after);
	buf_fini(&plain);
}

/* Of what says nothing root alone can tell that it shall stay outside; and
 * whoever adopts it gives nothing. */
static void
nobody_makes_something_of_what_says_nothing(void **state)
{
	struct town *town = *state;
	struct buf before = {0};
	struct buf after = {0};
	struct ref ref = say(town, ADMIN, DELTA_GRANT, bytes_text("?"));

	standing(town, HALL, &before);
	for (size_t by = ADMIN + 1; by-- > HALL;)
		for (unsigned adopt = 2; adopt-- > 0;) {
			town->now_ms += 1000;
			well(council_decide(
			    town, by, "authority", adopt == 1, &ref, 1));
			town_meet(town);
			assert_int_equal(
			    lies_outside(town, &ref, WHY_MALFORMED),
			    by == HALL && adopt == 0);
			standing(town, ADMIN, &after);
			assert_true(
			    bytes_equal(buf_bytes(&before), buf_bytes(&after)));
		}
	buf_fini(&before);
	buf_fini(&after);
}

/* One that says nothing, one that is none, and one that is not here. */
static void
a_revocation_of_what_is_no_grant_takes_nothing(void **state)
{
	struct town *town = *state;
	struct ref refs[3];
	struct buf before = {0};
	struct buf after = {0};

	refs[0] = say(town, ADMIN, DELTA_GRANT, bytes_text("?"));
	refs[1] = council_ref(town, HALL, ADMIN, "authority", 0);
	refs[2] = council_grant(town, HALL, WORKER);
	refs[2].leaf[0] ^= 1;
	standing(town, HALL, &before);
	for (size_t i = 0; i < COUNT_OF(refs); i++) {
		struct log_cut cut;
		struct ref ref;

		town->now_ms += 1000;
		council_revoke_at(town, ADMIN, &refs[i], NULL, 0);
		town_meet(town);
		cut = council_cut(town, ADMIN, ADMIN, "authority", 0);
		ref = council_ref(
		    town, ADMIN, ADMIN, "authority", cut.size - 1);
		(void)lies_outside(town, &ref, WHY_GRANT_MISSING);
		standing(town, HALL, &after);
		assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
		/* Nor can anybody decide about it. */
		assert_int_equal(
		    council_decide(town, HALL, "authority", true, &ref, 1),
		    ERR_NOT_FOUND);
		assert_non_null(strstr(err_text(), "is not held here"));
	}
	buf_fini(&before);
	buf_fini(&after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, town_make, town_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_fact_that_cannot_be_read_says_nothing),
	    TEST(nobody_makes_something_of_what_says_nothing),
	    TEST(a_revocation_of_what_is_no_grant_takes_nothing),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
