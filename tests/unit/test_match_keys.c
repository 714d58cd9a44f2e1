/*
 * Promises of core/match.h about keys and texts that are none: whatever lies
 * where keys are looked for, what is no key counts as nothing, and nothing is
 * hashed under it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/match.h"
#include "proto/codec.h"
#include "tests/lib/slip.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char here[] = "d03/c017/case";
static const char keys[] = "d03/all/match_key";

/* The hall follows the first pack; the dong has none, and writes what it
 * likes. */
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
	slip_pack(&bench.hall);
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

static struct record_id
put(struct bench *bench, const char *space, const char *collection,
    const char *const *words)
{
	const struct slip slip = {.desk = &bench->hall, .space = space};
	struct record_id id;

	desk_begin(&bench->hall, true);
	slip_is(slip_put(&slip, collection, words, &id), ERR_OK, NULL);
	desk_commit(&bench->hall);
	return id;
}

/* The key that counts in `space`, in hex; "" when there is none. */
static void
assert_key(struct bench *bench, const char *space, const char *wanted)
{
	struct buf hex = {0};
	struct bytes secret;
	struct space name;

	desk_begin(&bench->hall, false);
	slip_is(id_space(bytes_text(space), &name), ERR_OK, NULL);
	slip_is(match_key(store_txn(bench->hall.store), &name, &secret), ERR_OK,
	    NULL);
	for (size_t i = 0; i < secret.n; i++)
		buf_add_format(&hex, "%02x", secret.p[i]);
	assert_string_equal(buf_text(&hex), wanted);
	buf_fini(&hex);
	store_abort(bench->hall.store);
}

static void
what_is_not_whole_is_no_key(void **state)
{
	struct bench *bench = *state;
	struct buf secret = {0};
	struct record_id gone;

	buf_add_text(&secret, "secret=");
	for (int i = 0; i < 65; i++)
		buf_add_text(&secret, "22");
	(void)put(bench, keys, "match_key",
	    WORDS(buf_text(&secret), "valid_from=1960-01-01"));
	assert_key(bench, here, "");
	gone = put(bench, keys, "match_key",
	    WORDS("secret=33333333333333333333333333333333",
		"valid_from=1960-01-01"));
	assert_key(bench, here, "33333333333333333333333333333333");
	desk_begin(&bench->hall, true);
	desk_settle(&bench->hall, keys, &gone, ACT_DELETE, NULL);
	desk_commit(&bench->hall);
	assert_key(bench, here, "");
	buf_fini(&secret);
}

/* A key of `collection` that a program without a pack wrote. */
static void
put_wild(struct bench *bench, const char *collection, bool secret, bool from,
    size_t n)
{
	static const uint8_t bytes[16] = {7};
	struct buf values[2] = {{0}};
	struct store_edit edits[2] = {
	    {.field = bytes_text("secret"), .code = OP_SET, .class = CLASS_S},
	    {.field = bytes_text("valid_from"),
		.code = OP_SET,
		.class = CLASS_N}};
	struct store_write write = {.create = true,
	    .collection = bytes_text(collection),
	    .edits = edits,
	    .edits_n = n};
	struct record_id id;
	bool changed;

	if (secret)
		codec_put_bytes(&values[0], bytes_of(bytes, sizeof(bytes)));
	else
		codec_put_text(&values[0], bytes_text("0123456789abcdef"));
	if (from)
		codec_put_text(&values[1], bytes_text("1960-01-01"));
	else
		codec_put_text(&values[1], bytes_text("1960-13-01"));
	for (size_t i = 0; i < 2; i++)
		edits[i].value = buf_bytes(&values[i]);
	slip_is(id_space(bytes_text(keys), &write.space), ERR_OK, NULL);
	desk_begin(&bench->dong, true);
	slip_is(store_write(bench->dong.store, &write, &id, &changed), ERR_OK,
	    NULL);
	desk_commit(&bench->dong);
	for (size_t i = 0; i < 2; i++)
		buf_fini(&values[i]);
}

static void
what_others_wrote_wrong_is_no_key(void **state)
{
	struct bench *bench = *state;

	put_wild(bench, "match_key", false, true, 2);
	put_wild(bench, "match_key", true, false, 2);
	put_wild(bench, "match_key", true, true, 1);
	put_wild(bench, "match_key", true, true, 0);
	put_wild(bench, "stranger", true, true, 2);
	desk_pull(&bench->hall, &bench->dong);
	assert_key(bench, here, "");
	put_wild(bench, "match_key", true, true, 2);
	desk_pull(&bench->hall, &bench->dong);
	assert_key(bench, here, "07000000000000000000000000000000");
}

/* Where a name with the class of keys would be too long, no key can be. */
static void
a_space_with_a_long_name_has_the_keys_above(void **state)
{
	static const char space[] =
	    "d03/c017aaaaaaaaaaaaaaaaaaaaaa/baaaaaaaaaaaaaaaaaaaaa/case";
	struct bench *bench = *state;

	assert_key(bench, space, "");
	(void)put(bench, keys, "match_key",
	    WORDS("secret=33333333333333333333333333333333",
		"valid_from=1960-01-01"));
	assert_key(bench, space, "33333333333333333333333333333333");
}

static void
spaces_without_a_key_are_named(void **state)
{
	static const char *const spaces[] = {
	    "d03/c017/case", "d03/c018/case", "d04/c001/case"};
	struct bench *bench = *state;
	struct buf names = {0};

	for (size_t i = 0; i < COUNT_OF(spaces); i++)
		(void)put(bench, spaces[i], "household",
		    WORDS("hh_no=1", "address=가상로 1", "state=active",
			"owner_dong=00000000000000000000000000000001"));
	(void)put(bench, keys, "match_key",
	    WORDS("secret=2222", "valid_from=1960-01-01"));
	(void)put(bench, "d04/all/match_key", "match_key",
	    WORDS("secret=33333333333333333333333333333333",
		"valid_from=1960-01-01"));
	desk_begin(&bench->hall, false);
	slip_is(
	    match_lacking(store_txn(bench->hall.store), &names), ERR_OK, NULL);
	store_abort(bench->hall.store);
	assert_string_equal(buf_text(&names), "d03/c017/case, d03/c018/case");
	buf_cut(&names, 0);
	/* Without a pack nothing is filled, and nothing lacks. */
	desk_pull(&bench->dong, &bench->hall);
	desk_begin(&bench->dong, false);
	slip_is(
	    match_lacking(store_txn(bench->dong.store), &names), ERR_OK, NULL);
	store_abort(bench->dong.store);
	assert_int_equal(names.n, 0);
	buf_fini(&names);
}

/* What is taken away, or says nothing, leaves no hash behind. */
static void
a_value_that_goes_takes_its_hash_along(void **state)
{
	static const char *const nothing[] = {"phone=없음", "phone="};
	struct bench *bench = *state;
	const struct slip slip = {.desk = &bench->hall, .space = here};
	struct record_id id;

	(void)put(bench, keys, "match_key",
	    WORDS("secret=33333333333333333333333333333333",
		"valid_from=1960-01-01"));
	id = put(bench, here, "household",
	    WORDS("hh_no=1", "address=가상로 1", "state=active", "phone=010-1",
		"owner_dong=00000000000000000000000000000001"));
	for (size_t i = 0; i < COUNT_OF(nothing); i++) {
		struct buf text = {0};

		desk_begin(&bench->hall, true);
		slip_is(
		    slip_patch(&slip, &id, WORDS("phone=010-1")), ERR_OK, NULL);
		desk_commit(&bench->hall);
		slip_show(&bench->hall, here, &id, "phone_key", &text);
		assert_int_equal(text.n, 32);
		desk_begin(&bench->hall, true);
		slip_is(
		    slip_patch(&slip, &id, WORDS(nothing[i])), ERR_OK, NULL);
		desk_commit(&bench->hall);
		buf_cut(&text, 0);
		slip_show(&bench->hall, here, &id, "phone_key", &text);
		assert_string_equal(buf_text(&text), "");
		buf_fini(&text);
	}
}

static void
texts_of_nothing_are_nothing(void **state)
{
	static const struct {
		enum pack_normal as;
		const char *text;
		const char *normal;
	} texts[] = {
	    {PACK_NORMAL_PHONE, "", ""},
	    {PACK_NORMAL_PHONE, "   ", ""},
	    {PACK_NORMAL_PHONE, "+82", ""},
	    {PACK_NORMAL_PHONE, "+82 (0)", ""},
	    {PACK_NORMAL_PHONE, "+820010", "010"},
	    {PACK_NORMAL_PHONE, "+8", "8"},
	    {PACK_NORMAL_NAME, "", ""},
	    {PACK_NORMAL_NAME, " \t\r\n", ""},
	    {PACK_NORMAL_NAME, "\t가\n나\r", "ㄱㅏㄴㅏ"},
	    {PACK_NORMAL_ADDRESS, "", ""},
	    {PACK_NORMAL_ADDRESS, "가 1~2{z", "가1-2z"},
	    {PACK_NORMAL_TEXT, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct buf normal = {0};

		slip_is(match_normal(texts[i].as, NULL,
			    bytes_text(texts[i].text), &normal),
		    ERR_OK, NULL);
		assert_string_equal(buf_text(&normal), texts[i].normal);
		buf_fini(&normal);
	}
}

#define BENCH(test) \
	cmocka_unit_test_setup_teardown(test, bench_make, bench_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BENCH(what_is_not_whole_is_no_key),
	    BENCH(what_others_wrote_wrong_is_no_key),
	    BENCH(a_space_with_a_long_name_has_the_keys_above),
	    BENCH(spaces_without_a_key_are_named),
	    BENCH(a_value_that_goes_takes_its_hash_along),
	    cmocka_unit_test(texts_of_nothing_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
