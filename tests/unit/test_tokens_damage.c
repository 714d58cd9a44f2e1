/*
 * Promises of core/tokens.h: limits, and rows of invitations that make no
 * sense, which must never become one that lets somebody in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/tokens.h"
#include "proto/codec.h"
#include "tests/lib/council.h"

enum { DAY_S = 24 * 60 * 60 };

static struct token
token_new(struct town *town, uint8_t number)
{
	struct token token = {.city = town->city,
	    .expires_s = town->now_ms / 1000 + DAY_S,
	    .label = bytes_text("혜화동"),
	    .addresses_n = 1,
	    .addresses = {bytes_text("127.0.0.1:7700")}};

	memset(token.secret.b, number, sizeof(token.secret.b));
	return token;
}

static struct fact_grant
grant_new(void)
{
	struct fact_grant grant = {0};

	assert_int_equal(id_prefix(bytes_text("d03"), &grant.prefix), ERR_OK);
	assert_int_equal(fact_rights(bytes_text("hold"), &grant.gives), ERR_OK);
	return grant;
}

static void
only_so_much_is_promised_at_once(void **state)
{
	struct fact_grant grants[LIMIT_TOKEN_GRANTS + 1];
	struct arena arena = {0};
	struct tokens_row *rows;
	struct store *store;
	struct token token;
	struct town town;
	size_t n;

	(void)state;
	town_init(&town, 1);
	store = town_store(&town, 0);
	token = token_new(&town, 1);
	for (size_t i = 0; i < COUNT_OF(grants); i++)
		grants[i] = grant_new();
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(
	    tokens_make(store, &token, grants, LIMIT_TOKEN_GRANTS + 1),
	    ERR_LIMIT);
	assert_int_equal(tokens_list(store, &arena, &rows, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(
	    tokens_make(store, &token, grants, LIMIT_TOKEN_GRANTS), ERR_OK);
	assert_int_equal(tokens_list(store, &arena, &rows, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].grants_n, LIMIT_TOKEN_GRANTS);
	token.addresses_n = 0;
	assert_int_equal(tokens_make(store, &token, grants, 1), ERR_INVALID);
	store_abort(store);
	arena_fini(&arena);
	town_fini(&town);
}

/* A row as core writes it, but for what the test changes. */
struct shape {
	size_t fields;
	size_t psk_n;
	size_t by_n;
	size_t grants_n;
	bool grant_is_odd;
	size_t more; /* bytes behind it */
	size_t key_n;
};
static const struct shape sound = {
    .fields = 7, .psk_n = 32, .grants_n = 1, .key_n = sizeof(struct token_id)};

static void
shape_put(struct town *town, const struct shape *shape, struct buf *row)
{
	static const uint8_t zeros[64];
	struct fact_grant grant = grant_new();
	struct buf fact = {0};

	fact_grant_put(&grant, &fact);
	if (shape->grant_is_odd)
		buf_cut(&fact, fact.n - 1);
	codec_put_array(row, shape->fields);
	codec_put_text(row, bytes_text("혜화동"));
	codec_put_int(row, (int64_t)(town->now_ms / 1000 + DAY_S));
	codec_put_int(row, (int64_t)town->now_ms);
	codec_put_int(row, 0);
	codec_put_bytes(row, bytes_of(zeros, shape->psk_n));
	codec_put_bytes(row, bytes_of(zeros, shape->by_n));
	codec_put_array(row, shape->grants_n);
	for (size_t i = 0; i < shape->grants_n; i++)
		codec_put_bytes(row, buf_bytes(&fact));
	for (size_t i = 0; i < shape->more; i++)
		codec_put_int(row, 0);
	buf_fini(&fact);
}

/* What a look and a list, a use, a cancel and a sweep say of the row. */
static void
shape_try(struct town *town, const struct shape *shape, enum err expected)
{
	static const uint8_t zeros[sizeof(struct token_id) + 1];
	struct store *store = town_store(town, 0);
	bool found = shape->key_n == sizeof(struct token_id);
	uint64_t deltas = town_deltas(town, 0);
	struct sign_key guest = {{7}};
	struct token_id id = {{0}};
	struct tokens_row *rows;
	struct arena arena = {0};
	struct secret psk = {0};
	struct buf row = {0};
	struct key key = {0};
	size_t n;

	assert_int_equal(store_begin(store, true), ERR_OK);
	shape_put(town, shape, &row);
	tables_key_add(&key, bytes_of(zeros, shape->key_n));
	txn_put(store_txn(store), TABLE_TOKENS, &key, buf_bytes(&row));
	assert_int_equal(tokens_list(store, &arena, &rows, &n), expected);
	assert_int_equal(tokens_sweep(store), expected);
	if (found) {
		assert_int_equal(tokens_find(store, &id, &psk), expected);
		assert_int_equal(tokens_use(store, &id, &guest), expected);
	}
	if (expected == ERR_CORRUPT) {
		assert_int_equal(
		    tokens_cancel(store, (struct bytes){0}, &arena, &rows),
		    ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "no invitation"));
		assert_memory_equal(&psk, &(struct secret){0}, sizeof(psk));
	}
	store_abort(store);
	assert_int_equal(town_deltas(town, 0), deltas);
	buf_fini(&row);
	arena_fini(&arena);
}

static void
a_row_that_makes_no_sense_lets_nobody_in(void **state)
{
	struct shape bad[10];
	struct town town;
	size_t n = 0;

	(void)state;
	town_init(&town, 2);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		bad[i] = sound;
	bad[n++].fields = 6;
	bad[n++].fields = 8;
	bad[n++].psk_n = 31;
	bad[n++].psk_n = 33;
	bad[n++].by_n = 31;
	bad[n++].grant_is_odd = true;
	bad[n++].grants_n = LIMIT_TOKEN_GRANTS + 1;
	bad[n++].more = 1;
	bad[n++].key_n--;
	bad[n++].key_n++;
	shape_try(&town, &sound, ERR_OK);
	for (size_t i = 0; i < n; i++)
		shape_try(&town, &bad[i], ERR_CORRUPT);
	town_fini(&town);
}

static void
a_flipped_bit_is_told(void **state)
{
	struct store *store;
	struct arena arena = {0};
	struct tokens_row *rows;
	struct token token;
	struct kv_cursor cursor;
	struct buf row = {0};
	struct key key = {0};
	struct town town;
	size_t n;

	(void)state;
	town_init(&town, 3);
	store = town_store(&town, 0);
	token = token_new(&town, 1);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(tokens_make(store, &token, NULL, 0), ERR_OK);
	kv_cursor_init(&cursor, store_txn(store)->kv, TABLE_TOKENS);
	assert_true(kv_seek(&cursor, (struct bytes){0}));
	tables_key_add(&key, cursor.key);
	buf_add(&row, cursor.value);
	kv_cursor_fini(&cursor);
	row.p[row.n / 2] ^= 4;
	kv_put(store_txn(store)->kv, TABLE_TOKENS, tables_key(&key),
	    buf_bytes(&row));
	assert_int_equal(tokens_list(store, &arena, &rows, &n), ERR_CORRUPT);
	assert_int_equal(tokens_sweep(store), ERR_CORRUPT);
	assert_int_equal(tokens_make(store, &token, NULL, 0), ERR_CORRUPT);
	store_abort(store);
	buf_fini(&row);
	arena_fini(&arena);
	town_fini(&town);
}

/* Node `i` keeps an invitation under `prefix`. */
static enum err
promise(struct town *town, size_t i, const char *prefix)
{
	struct token token = token_new(town, (uint8_t)(i + 1));
	struct store *store = town_store(town, i);
	struct fact_grant grant = grant_new();
	enum err e;

	assert_int_equal(id_prefix(bytes_text(prefix), &grant.prefix), ERR_OK);
	assert_int_equal(store_begin(store, true), ERR_OK);
	e = tokens_make(store, &token, &grant, 1);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

static void
who_has_no_right_any_more_promises_nothing(void **state)
{
	struct town town;
	size_t district;
	size_t helper;

	(void)state;
	town_init(&town, 4);
	district = town_member(&town, "d03", "read:NPSF,write");
	helper = town_join(&town);
	assert_int_equal(
	    town_grant(&town, 0, district, "d03", "all", "all"), ERR_OK);
	town_copy(&town, 0, district);
	assert_int_equal(town_admit(&town, district, helper), ERR_OK);
	assert_int_equal(
	    town_grant(&town, district, helper, "d03", "hold,admin", "hold"),
	    ERR_OK);
	town_copy(&town, district, helper);
	assert_int_equal(promise(&town, district, ""), ERR_DENIED);
	assert_non_null(strstr(err_text(), "for 'all'"));
	assert_int_equal(promise(&town, district, "d04"), ERR_DENIED);
	assert_non_null(strstr(err_text(), "for 'd04'"));
	assert_int_equal(promise(&town, helper, "d03"), ERR_OK);
	/* What the district gave counts no longer; its own is taken back. */
	assert_int_equal(council_revoke(&town, 0, district, 1, NULL), ERR_OK);
	town_copy(&town, 0, district);
	town_copy(&town, district, helper);
	town_copy(&town, 0, helper);
	for (size_t i = district; i <= helper; i++) {
		struct store *store = town_store(&town, i);
		struct token token = token_new(&town, (uint8_t)(i + 11));

		assert_int_equal(promise(&town, i, "d03"), ERR_DENIED);
		assert_int_equal(store_begin(store, true), ERR_OK);
		assert_int_equal(
		    tokens_make(store, &token, NULL, 0), ERR_DENIED);
		assert_non_null(strstr(err_text(), "admit nobody"));
		store_abort(store);
	}
	town_fini(&town);
}

/* Who is a member already gets what is promised on top of what it has. */
static void
a_member_may_use_an_invitation(void **state)
{
	struct town town;
	struct store *store;
	struct token token;
	struct token_id id;
	struct sign_key key;
	const struct authority *authority;
	size_t grants = 0;

	(void)state;
	town_init(&town, 5);
	assert_int_equal(town_member(&town, "d04", "read:N"), 1);
	key = town_key(&town, 1);
	assert_int_equal(promise(&town, 0, "d03"), ERR_OK);
	token = token_new(&town, 1);
	token_name(&token, &id);
	store = town_store(&town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(tokens_use(store, &id, &key), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_non_null(authority_member(authority, &key));
	for (size_t i = 0; i < authority->grants_n; i++)
		grants += memcmp(&authority->grants[i].what.member, &key,
			      sizeof(key)) == 0;
	assert_int_equal(grants, 2);
	store_abort(store);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_so_much_is_promised_at_once),
	    cmocka_unit_test(a_row_that_makes_no_sense_lets_nobody_in),
	    cmocka_unit_test(a_flipped_bit_is_told),
	    cmocka_unit_test(who_has_no_right_any_more_promises_nothing),
	    cmocka_unit_test(a_member_may_use_an_invitation),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
