/*
 * Promises of core/tokens.h: an invitation is kept once, by who gave it, and by
 * nobody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsck.h"
#include "core/tokens.h"
#include "proto/ascii.h"
#include "tests/lib/town.h"

enum { DAY_S = 24 * 60 * 60 };

static struct fact_grant
grant_of(const char *prefix, const char *gives, const char *passes)
{
	struct fact_grant grant = {0};

	assert_int_equal(id_prefix(bytes_text(prefix), &grant.prefix), ERR_OK);
	assert_int_equal(fact_rights(bytes_text(gives), &grant.gives), ERR_OK);
	if (passes[0] != '\0')
		assert_int_equal(
		    fact_rights(bytes_text(passes), &grant.passes), ERR_OK);
	return grant;
}

static struct token
token_new(struct town *town, uint8_t number, const char *label)
{
	struct token token = {.city = town->city,
	    .expires_s = town->now_ms / 1000 + DAY_S,
	    .label = bytes_text(label),
	    .addresses_n = 1,
	    .addresses = {bytes_text("127.0.0.1:7700")}};

	memset(token.secret.b, number, sizeof(token.secret.b));
	return token;
}

/* What the operation `fn` on tokens gives in a transaction of its own. */
static enum err
ended(struct store *store, enum err e)
{
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

static enum err
make(struct town *town, size_t by, const struct token *token,
    const struct fact_grant *grant)
{
	struct store *store = town_store(town, by);

	assert_int_equal(store_begin(store, true), ERR_OK);
	return ended(store, tokens_make(store, token, grant, grant != NULL));
}

static enum err
use(struct town *town, size_t by, const struct token *token,
    const struct sign_key *key)
{
	struct store *store = town_store(town, by);
	struct token_id id;

	token_name(token, &id);
	assert_int_equal(store_begin(store, true), ERR_OK);
	return ended(store, tokens_use(store, &id, key));
}

static enum err
find(struct town *town, size_t by, const struct token *token)
{
	struct store *store = town_store(town, by);
	struct token_id id;
	struct secret expected;
	struct secret psk = {0};
	enum err e;

	token_name(token, &id);
	token_psk(token, &expected);
	assert_int_equal(store_begin(store, false), ERR_OK);
	e = tokens_find(store, &id, &psk);
	store_abort(store);
	if (e == ERR_OK)
		assert_memory_equal(&psk, &expected, sizeof(psk));
	else
		assert_memory_equal(&psk, &(struct secret){0}, sizeof(psk));
	return e;
}

static enum err
cancel(struct town *town, size_t by, const char *text)
{
	struct store *store = town_store(town, by);
	struct arena arena = {0};
	struct tokens_row *row;
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	e = ended(store, tokens_cancel(store, bytes_text(text), &arena, &row));
	arena_fini(&arena);
	return e;
}

static enum tokens_state
state_of(struct town *town, size_t by, size_t at, size_t n)
{
	struct store *store = town_store(town, by);
	struct arena arena = {0};
	struct tokens_row *rows;
	enum tokens_state state;
	size_t found;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(tokens_list(store, &arena, &rows, &found), ERR_OK);
	assert_int_equal(found, n);
	state = rows[at].state;
	store_abort(store);
	arena_fini(&arena);
	return state;
}

/* May `key` write in `space`, as node `by` knows it? */
static bool
may_write(
    struct town *town, size_t by, const struct sign_key *key, const char *space)
{
	struct store *store = town_store(town, by);
	const struct authority *authority;
	struct space where = town_space(space);
	bool may;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	may = authority_may(authority, key, RIGHT_WRITE, &where, NULL);
	store_abort(store);
	return may;
}

static void
an_invitation_is_kept_once(void **state)
{
	struct fact_grant grant = grant_of("d03/c017", "read:NPSF,write", "");
	const struct sign_key guest = {{7}};
	const struct sign_key other = {{8}};
	struct fsck_report report;
	struct token token;
	struct town town;

	(void)state;
	town_init(&town, 1);
	token = token_new(&town, 1, "혜화동");
	assert_int_equal(find(&town, 0, &token), ERR_DENIED);
	assert_int_equal(use(&town, 0, &token, &guest), ERR_DENIED);
	assert_int_equal(make(&town, 0, &token, &grant), ERR_OK);
	assert_int_equal(make(&town, 0, &token, &grant), ERR_EXISTS);
	assert_int_equal(find(&town, 0, &token), ERR_OK);
	assert_int_equal(state_of(&town, 0, 0, 1), TOKENS_OPEN);
	assert_false(may_write(&town, 0, &guest, "d03/c017/case"));
	assert_int_equal(use(&town, 0, &token, &guest), ERR_OK);
	assert_int_equal(state_of(&town, 0, 0, 1), TOKENS_USED);
	assert_true(may_write(&town, 0, &guest, "d03/c017/case"));
	assert_false(may_write(&town, 0, &guest, "d03/c018/case"));
	/* Its link broke before it heard so. */
	assert_int_equal(find(&town, 0, &token), ERR_OK);
	assert_int_equal(use(&town, 0, &token, &guest), ERR_OK);
	assert_int_equal(town_deltas(&town, 0), 5);
	assert_int_equal(use(&town, 0, &token, &other), ERR_DENIED);
	assert_non_null(strstr(err_text(), "used by another"));
	assert_false(may_write(&town, 0, &other, "d03/c017/case"));
	assert_int_equal(store_begin(town_store(&town, 0), false), ERR_OK);
	assert_int_equal(fsck_run(town_store(&town, 0), NULL, &report), ERR_OK);
	assert_int_equal(report.found, 0);
	store_abort(town_store(&town, 0));
	town_fini(&town);
}

static void
an_invitation_ends_with_its_time(void **state)
{
	struct fact_grant grant = grant_of("d03", "hold", "");
	const struct sign_key guest = {{7}};
	struct token open;
	struct token used;
	struct town town;

	(void)state;
	town_init(&town, 2);
	open = token_new(&town, 1, "혜화동");
	used = token_new(&town, 2, "명륜동");
	assert_int_equal(make(&town, 0, &open, &grant), ERR_OK);
	assert_int_equal(make(&town, 0, &used, &grant), ERR_OK);
	assert_int_equal(use(&town, 0, &used, &guest), ERR_OK);
	town.now_ms = open.expires_s * 1000 - 1;
	assert_int_equal(find(&town, 0, &open), ERR_OK);
	assert_int_equal(find(&town, 0, &used), ERR_OK);
	town.now_ms = open.expires_s * 1000;
	assert_int_equal(find(&town, 0, &open), ERR_DENIED);
	assert_non_null(strstr(err_text(), "expired"));
	assert_int_equal(find(&town, 0, &used), ERR_DENIED);
	assert_int_equal(use(&town, 0, &open, &guest), ERR_DENIED);
	open.expires_s = town.now_ms / 1000;
	memset(open.secret.b, 3, sizeof(open.secret.b));
	assert_int_equal(make(&town, 0, &open, &grant), ERR_INVALID);
	town_fini(&town);
}

/* Every byte of the store's tokens, as they lie. */
static bool
rows_have(struct town *town, const struct token *token)
{
	struct store *store = town_store(town, 0);
	struct kv_cursor cursor;
	struct secret psk;
	bool has = false;

	token_psk(token, &psk);
	assert_int_equal(store_begin(store, false), ERR_OK);
	kv_cursor_init(&cursor, store_txn(store)->kv, TABLE_TOKENS);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
	     more = kv_next(&cursor)) {
		for (size_t i = 0; i + 32 <= cursor.value.n; i++) {
			assert_memory_not_equal(cursor.value.p + i,
			    token->secret.b, sizeof(token->secret.b));
			has = has || memcmp(cursor.value.p + i, psk.b, 32) == 0;
		}
	}
	kv_cursor_fini(&cursor);
	store_abort(store);
	return has;
}

static void
secrets_are_wiped_when_an_invitation_has_ended(void **state)
{
	struct fact_grant grant = grant_of("d03", "hold", "");
	struct token cancelled;
	struct token expired;
	struct buf hex = {0};
	struct token_id id;
	struct town town;

	(void)state;
	town_init(&town, 3);
	cancelled = token_new(&town, 0x11, "혜화동");
	expired = token_new(&town, 0x22, "명륜동");
	assert_int_equal(make(&town, 0, &cancelled, &grant), ERR_OK);
	assert_int_equal(make(&town, 0, &expired, &grant), ERR_OK);
	assert_true(rows_have(&town, &cancelled));
	token_name(&cancelled, &id);
	ascii_hex(bytes_of(id.b, 4), &hex);
	assert_int_equal(cancel(&town, 0, buf_text(&hex)), ERR_OK);
	assert_false(rows_have(&town, &cancelled));
	assert_int_equal(find(&town, 0, &cancelled), ERR_DENIED);
	assert_non_null(strstr(err_text(), "cancelled"));
	assert_int_equal(
	    use(&town, 0, &cancelled, &(struct sign_key){{7}}), ERR_DENIED);
	assert_true(rows_have(&town, &expired));
	town.now_ms += 2 * DAY_S * UINT64_C(1000);
	assert_int_equal(store_begin(town_store(&town, 0), true), ERR_OK);
	assert_int_equal(
	    ended(town_store(&town, 0), tokens_sweep(town_store(&town, 0))),
	    ERR_OK);
	assert_false(rows_have(&town, &expired));
	assert_int_equal(find(&town, 0, &expired), ERR_DENIED);
	buf_fini(&hex);
	town_fini(&town);
}

static void
a_clock_that_is_set_back_opens_no_invitation_again(void **state)
{
	struct fact_grant grant = grant_of("d03", "hold", "");
	const struct sign_key guest = {{7}};
	struct store *store;
	struct token token;
	struct token used;
	struct town town;

	(void)state;
	town_init(&town, 9);
	store = town_store(&town, 0);
	token = token_new(&town, 0x11, "혜화동");
	used = token_new(&town, 0x22, "명륜동");
	assert_int_equal(make(&town, 0, &token, &grant), ERR_OK);
	assert_int_equal(make(&town, 0, &used, &grant), ERR_OK);
	assert_int_equal(use(&town, 0, &used, &guest), ERR_OK);
	town.now_ms += 2 * DAY_S * UINT64_C(1000);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(ended(store, tokens_sweep(store)), ERR_OK);
	town.now_ms -= 2 * DAY_S * UINT64_C(1000);
	assert_int_equal(find(&town, 0, &token), ERR_DENIED);
	assert_int_equal(find(&town, 0, &used), ERR_DENIED);
	assert_int_equal(use(&town, 0, &token, &guest), ERR_DENIED);
	town_fini(&town);
}

static void
what_is_cancelled_must_be_named_and_be_open(void **state)
{
	struct fact_grant grant = grant_of("d03", "hold", "");
	struct buf hex = {0};
	struct token_id id;
	struct token token;
	struct town town;

	(void)state;
	town_init(&town, 4);
	for (uint8_t i = 1; i <= 2; i++) {
		token = token_new(&town, i, "혜화동");
		assert_int_equal(make(&town, 0, &token, &grant), ERR_OK);
	}
	assert_int_equal(cancel(&town, 0, ""), ERR_USAGE);
	assert_int_equal(cancel(&town, 0, "zz"), ERR_NOT_FOUND);
	assert_int_equal(
	    use(&town, 0, &token, &(struct sign_key){{7}}), ERR_OK);
	token_name(&token, &id);
	ascii_hex(bytes_of(id.b, sizeof(id.b)), &hex);
	assert_int_equal(cancel(&town, 0, buf_text(&hex)), ERR_EXISTS);
	buf_fini(&hex);
	town_fini(&town);
}

/* A district under root: what it may pass on, and not a centre more. */
static void
only_what_can_be_kept_is_promised(void **state)
{
	struct fact_grant centre = grant_of("d03/c017", "read:NPSF,write", "");
	struct fact_grant abroad = grant_of("d04/c017", "read:NPSF,write", "");
	struct fact_grant erase = grant_of("d03/c017", "erase", "");
	const struct sign_key guest = {{7}};
	struct token token;
	struct town town;
	size_t district;
	size_t dong;

	(void)state;
	town_init(&town, 5);
	district = town_join(&town);
	dong = town_member(&town, "d03/c018", "read:NPSF,write");
	assert_int_equal(town_admit(&town, 0, district), ERR_OK);
	assert_int_equal(town_grant(&town, 0, district, "d03", "hold,admin",
			     "read:NPSF,hold,write"),
	    ERR_OK);
	town_copy(&town, 0, district);
	token = token_new(&town, 1, "혜화동");
	assert_int_equal(make(&town, district, &token, &abroad), ERR_DENIED);
	assert_int_equal(make(&town, district, &token, &erase), ERR_DENIED);
	assert_int_equal(make(&town, dong, &token, &centre), ERR_DENIED);
	assert_int_equal(make(&town, dong, &token, NULL), ERR_DENIED);
	assert_int_equal(find(&town, district, &token), ERR_DENIED);
	assert_int_equal(make(&town, district, &token, &centre), ERR_OK);
	assert_int_equal(use(&town, district, &token, &guest), ERR_OK);
	assert_true(may_write(&town, district, &guest, "d03/c017/case"));
	town_copy(&town, district, 0);
	assert_true(may_write(&town, 0, &guest, "d03/c017/case"));
	town_fini(&town);
}

/* Takes back the only grant that `key` has, as the founder. */
static void
revoke(struct town *town, const struct sign_key *key, bool compromised)
{
	struct store *store = town_store(town, 0);
	const struct authority *authority;
	struct store_revoke revoke = {.compromised = compromised};
	struct store_revoked revoked;
	bool found = false;

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	for (size_t i = 0; i < authority->grants_n; i++) {
		if (memcmp(&authority->grants[i].what.member, key,
			sizeof(*key)) != 0)
			continue;
		revoke.grant = authority->grants[i].fact;
		found = true;
	}
	assert_true(found);
	assert_int_equal(store_revoke(store, &revoke, &revoked), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
who_lost_the_right_keeps_no_promise(void **state)
{
	struct fact_grant centre = grant_of("d03/c017", "read:NPSF,write", "");
	const struct sign_key guest = {{7}};
	struct sign_key key;
	struct token token;
	struct token_id id;
	struct town town;
	size_t district;
	uint64_t deltas;

	(void)state;
	town_init(&town, 7);
	district = town_join(&town);
	key = town_key(&town, district);
	assert_int_equal(town_admit(&town, 0, district), ERR_OK);
	assert_int_equal(town_grant(&town, 0, district, "d03", "hold,admin",
			     "read:NPSF,hold,write"),
	    ERR_OK);
	town_copy(&town, 0, district);
	token = token_new(&town, 1, "혜화동");
	assert_int_equal(make(&town, district, &token, &centre), ERR_OK);
	revoke(&town, &key, false);
	/* It may still admit, but not for d03: nothing must be half done. */
	assert_int_equal(town_grant(&town, 0, district, "d04", "hold,admin",
			     "read:NPSF,hold,write"),
	    ERR_OK);
	town_copy(&town, 0, district);
	deltas = town_deltas(&town, district);
	assert_int_equal(use(&town, district, &token, &guest), ERR_DENIED);
	assert_int_equal(
	    store_begin(town_store(&town, district), true), ERR_OK);
	token_name(&token, &id);
	assert_int_equal(
	    tokens_use(town_store(&town, district), &id, &guest), ERR_DENIED);
	assert_int_equal(store_commit(town_store(&town, district)), ERR_OK);
	assert_int_equal(town_deltas(&town, district), deltas);
	assert_int_equal(state_of(&town, district, 0, 1), TOKENS_OPEN);
	assert_false(may_write(&town, district, &guest, "d03/c017/case"));
	town_fini(&town);
}

static void
a_compromised_key_gets_nothing_anew(void **state)
{
	struct fact_grant grant = grant_of("d03/c017", "read:NPSF,write", "");
	const struct sign_key guest = {{7}};
	struct token token;
	struct town town;

	(void)state;
	town_init(&town, 8);
	token = token_new(&town, 1, "혜화동");
	assert_int_equal(make(&town, 0, &token, &grant), ERR_OK);
	assert_int_equal(use(&town, 0, &token, &guest), ERR_OK);
	revoke(&town, &guest, true);
	token = token_new(&town, 2, "혜화동");
	assert_int_equal(make(&town, 0, &token, &grant), ERR_OK);
	assert_int_equal(use(&town, 0, &token, &guest), ERR_DENIED);
	assert_non_null(strstr(err_text(), "other hands"));
	assert_false(may_write(&town, 0, &guest, "d03/c017/case"));
	town_fini(&town);
}

static void
one_store_keeps_so_many_invitations_and_forgets_those_that_ended(void **state)
{
	struct fact_grant grant = grant_of("d03", "hold", "");
	struct store *store;
	struct token token;
	struct town town;

	(void)state;
	town_init(&town, 6);
	store = town_store(&town, 0);
	token = token_new(&town, 0, "혜화동");
	assert_int_equal(store_begin(store, true), ERR_OK);
	for (size_t i = 0; i < LIMIT_TOKENS; i++) {
		bytes_put_be32(token.secret.b, (uint32_t)i);
		assert_int_equal(tokens_make(store, &token, &grant, 1), ERR_OK);
	}
	bytes_put_be32(token.secret.b, LIMIT_TOKENS);
	assert_int_equal(tokens_make(store, &token, &grant, 1), ERR_LIMIT);
	assert_int_equal(store_commit(store), ERR_OK);
	town.now_ms += 2 * DAY_S * UINT64_C(1000);
	token.expires_s += 2 * DAY_S;
	assert_int_equal(make(&town, 0, &token, &grant), ERR_OK);
	assert_int_equal(state_of(&town, 0, 0, 1), TOKENS_OPEN);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_invitation_is_kept_once),
	    cmocka_unit_test(an_invitation_ends_with_its_time),
	    cmocka_unit_test(secrets_are_wiped_when_an_invitation_has_ended),
	    cmocka_unit_test(
		a_clock_that_is_set_back_opens_no_invitation_again),
	    cmocka_unit_test(what_is_cancelled_must_be_named_and_be_open),
	    cmocka_unit_test(only_what_can_be_kept_is_promised),
	    cmocka_unit_test(who_lost_the_right_keeps_no_promise),
	    cmocka_unit_test(a_compromised_key_gets_nothing_anew),
	    cmocka_unit_test(
		one_store_keeps_so_many_invitations_and_forgets_those_that_ended),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
