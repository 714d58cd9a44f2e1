/*
 * Promises of core/match.h and core/mirror.h: what people write in more ways
 * than one becomes one hash under one key, and the copy of it is one record
 * wherever it is made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/match.h"
#include "core/mirror.h"
#include "core/staff.h"
#include "proto/hangul.h"
#include "tests/lib/slip.h"

static const char here[] = "d03/c017/case";
static const char copies[] = "d03/c017/match";

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
assert_normal(enum pack_normal as, const char *text, const char *wanted)
{
	static const char *const drop[] = {" ", ".", "·"};
	static const char *const before[] = {"제"};
	const struct pack_fold fold = {.drop = drop,
	    .drop_n = COUNT_OF(drop),
	    .drop_before_digit = before,
	    .drop_before_digit_n = COUNT_OF(before)};
	struct buf normal = {0};

	slip_is(
	    match_normal(as, &fold, bytes_text(text), &normal), ERR_OK, NULL);
	assert_string_equal(buf_text(&normal), wanted);
	buf_fini(&normal);
}

static void
addresses_keep_their_numbers_and_little_else(void **state)
{
	static const struct {
		const char *text;
		const char *normal;
	} same[] = {
	    {"종로구 가상로 17, 101동 1001호", "종로구가상로17-101동1001호"},
	    {"종로구가상로 017 (가상동) 101동1001호",
		"종로구가상로17-101동1001호"},
	    {"종로구 가상로17  101 동 1001 호", "종로구가상로17-101동1001호"},
	    {"가상로 12-3", "가상로12-3"},
	    {"가상로 12 - 03", "가상로12-3"},
	    {"가상로 123", "가상로123"},
	    {"종로1·2가동 5", "종로1-2가동5"},
	    {"혜화제1동 000", "혜화1동0"},
	    {"Sejong 5", "sejong5"},
	    {"(모두 비고)", ""},
	    {"가(나(다)라)마", "가마"},
	    {"가)나", "가나"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(same); i++)
		assert_normal(
		    PACK_NORMAL_ADDRESS, same[i].text, same[i].normal);
}

static void
names_are_letters(void **state)
{
	(void)state;
	assert_normal(PACK_NORMAL_NAME, "김 가온", "ㄱㅣㅁㄱㅏㅇㅗㄴ");
	assert_normal(
	    PACK_NORMAL_NAME, "김\xe3\x80\x80가온.", "ㄱㅣㅁㄱㅏㅇㅗㄴ");
	/* The same in conjoining letters. */
	assert_normal(PACK_NORMAL_NAME,
	    "\xe1\x84\x80\xe1\x85\xb5\xe1\x86\xb7 가온", "ㄱㅣㅁㄱㅏㅇㅗㄴ");
	assert_normal(PACK_NORMAL_NAME, "Kim", "kim");
}

static void
telephones_and_days_are_digits(void **state)
{
	(void)state;
	assert_normal(PACK_NORMAL_PHONE, "010-1234-5678", "01012345678");
	assert_normal(PACK_NORMAL_PHONE, "010 1234.5678", "01012345678");
	assert_normal(PACK_NORMAL_PHONE, "+82-10-1234-5678", "01012345678");
	assert_normal(PACK_NORMAL_PHONE, " +82 (0)10 1234 5678", "01012345678");
	assert_normal(PACK_NORMAL_PHONE, "82-1234", "821234");
	assert_normal(PACK_NORMAL_PHONE, "+1 212 5550", "12125550");
	assert_normal(PACK_NORMAL_PHONE, "없음", "");
	assert_normal(PACK_NORMAL_DATE, "1950-01-02", "19500102");
	assert_normal(PACK_NORMAL_TEXT, " 가-1 B", "가-1b");
}

static void
letters_of_all_syllables_are_told_apart(void **state)
{
	struct buf out = {0};

	(void)state;
	hangul_letters(bytes_text("한글 닭 값a뷁힣"), &out);
	assert_string_equal(
	    buf_text(&out), "ㅎㅏㄴㄱㅡㄹ ㄷㅏㄺ ㄱㅏㅄaㅂㅞㄺㅎㅣㅎ");
	buf_cut(&out, 0);
	/* Letters that no syllable of today has, Hanja, a cut character. */
	hangul_letters(bytes_text("\xe1\x84\x93漢\xea\xb0"), &out);
	assert_string_equal(buf_text(&out), "\xe1\x84\x93漢\xea\xb0");
	buf_fini(&out);
}

static void
the_hash_is_that_of_the_page(void **state)
{
	static const uint8_t secret[16] = {
	    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t whole[32];
	uint8_t hash[MATCH_SIZE];

	(void)state;
	match_hash(
	    bytes_of(secret, sizeof(secret)), bytes_text("01012345678"), hash);
	crypto_blake2b(bytes_of(secret, sizeof(secret)),
	    bytes_text("01012345678"), whole, sizeof(whole));
	assert_memory_equal(hash, whole, MATCH_SIZE);
}

/* ---- through the door --------------------------------------------------- */

struct bench {
	struct desk desk;
	struct slip slip;
};

static int
bench_make(void **state)
{
	static struct bench bench;

	bench = (struct bench){.slip = {.desk = &bench.desk, .space = here}};
	desk_found(&bench.desk, 41);
	slip_pack(&bench.desk);
	*state = &bench;
	return 0;
}

static int
bench_remove(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(desk_check(&bench->desk, true), 0);
	desk_fini(&bench->desk);
	return 0;
}

static void
key_put(
    struct desk *desk, const char *space, const char *secret, const char *from)
{
	const struct slip slip = {.desk = desk, .space = space};
	struct record_id id;

	desk_begin(desk, true);
	slip_is(slip_put(&slip, "match_key", WORDS(secret, from), &id), ERR_OK,
	    NULL);
	desk_commit(desk);
}

static struct record_id
household(struct desk *desk, const char *no, const char *phone)
{
	const struct slip slip = {.desk = desk, .space = here};
	struct record_id id;

	desk_begin(desk, true);
	slip_is(slip_put(&slip, "household",
		    WORDS(no, "owner_dong=00000000000000000000000000000001",
			"address=가상로 1", "state=active", phone),
		    &id),
	    ERR_OK, NULL);
	desk_commit(desk);
	return id;
}

static void
assert_shown(struct desk *desk, const char *space, const struct record_id *id,
    const char *field, const char *wanted)
{
	struct buf text = {0};

	slip_show(desk, space, id, field, &text);
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&text);
}

/* The hash of `digits` under `secret`, in hex. */
static void
hash_text(uint8_t fill, const char *digits, struct buf *text)
{
	uint8_t secret[16];
	uint8_t hash[MATCH_SIZE];

	memset(secret, fill, sizeof(secret));
	match_hash(bytes_of(secret, sizeof(secret)), bytes_text(digits), hash);
	buf_cut(text, 0);
	for (size_t i = 0; i < sizeof(hash); i++)
		buf_add_format(text, "%02x", hash[i]);
}

static struct record_id
copy_of(const struct desk *desk, const struct record_id *id)
{
	struct record_id copy;

	mirror_id(
	    pack_collection(store_pack(desk->store), bytes_text("match_entry")),
	    id, &copy);
	return copy;
}

static void
without_a_key_nothing_is_filled(void **state)
{
	struct bench *bench = *state;
	struct record_id id = household(&bench->desk, "hh_no=1", "phone=010-1");
	struct record_id copy = copy_of(&bench->desk, &id);
	struct buf names = {0};

	assert_shown(&bench->desk, here, &id, "phone_key", "");
	assert_shown(&bench->desk, copies, &copy, "subject", "");
	desk_begin(&bench->desk, false);
	slip_is(
	    match_lacking(store_txn(bench->desk.store), &names), ERR_OK, NULL);
	store_abort(bench->desk.store);
	assert_string_equal(buf_text(&names), here);
	buf_fini(&names);
}

static void
hashes_from_elsewhere_are_not_copied(void **state)
{
	struct bench *bench = *state;
	struct record_id id = household(&bench->desk, "hh_no=1",
	    "phone_key=00000000000000000000000000000000");
	struct record_id copy = copy_of(&bench->desk, &id);

	assert_shown(&bench->desk, here, &id, "phone_key",
	    "00000000000000000000000000000000");
	assert_shown(&bench->desk, copies, &copy, "subject", "");
}

/* A node that lacks the key gets another number: what others compare is then
 * nothing, and not the old one. */
static void
what_is_not_that_of_the_value_any_more_goes(void **state)
{
	const char *old = "00000000000000000000000000000000";
	struct bench *bench = *state;
	struct desk *desk = &bench->desk;
	struct record_id id = household(desk, "hh_no=1", "phone=010-1");

	desk_begin(desk, true);
	slip_is(slip_patch(&bench->slip, &id,
		    WORDS("phone_key=00000000000000000000000000000000")),
	    ERR_OK, NULL);
	slip_is(
	    slip_patch(&bench->slip, &id, WORDS("phone=010-1")), ERR_OK, NULL);
	desk_commit(desk);
	assert_shown(desk, here, &id, "phone_key", old);
	desk_begin(desk, true);
	slip_is(
	    slip_patch(&bench->slip, &id, WORDS("phone=010-2")), ERR_OK, NULL);
	desk_commit(desk);
	assert_shown(desk, here, &id, "phone_key", "");
}

static void
a_copy_is_known_in_the_transaction_that_made_it(void **state)
{
	struct bench *bench = *state;
	struct store_write rm = {.act = ACT_DELETE, .has_record = true};
	struct record_id same;
	struct record_id copy;
	bool changed;

	key_put(&bench->desk, "city/all/match_key",
	    "secret=11111111111111111111111111111111", "valid_from=1960-01-01");
	desk_begin(&bench->desk, true);
	slip_is(slip_put(&bench->slip, "household",
		    WORDS("hh_no=1", "address=가상로 1", "state=active",
			"owner_dong=00000000000000000000000000000001"),
		    &rm.record),
	    ERR_OK, NULL);
	slip_is(id_space(bytes_text(here), &rm.space), ERR_OK, NULL);
	slip_is(
	    store_write(bench->desk.store, &rm, &same, &changed), ERR_OK, NULL);
	desk_commit(&bench->desk);
	copy = copy_of(&bench->desk, &rm.record);
	assert_shown(&bench->desk, copies, &copy, "subject", "");
	rm.act = ACT_KEEP;
	desk_begin(&bench->desk, true);
	slip_is(
	    store_write(bench->desk.store, &rm, &same, &changed), ERR_OK, NULL);
	desk_commit(&bench->desk);
	desk_begin(&bench->desk, false);
	slip_is(
	    store_locate(bench->desk.store, &copy, &rm.space), ERR_OK, NULL);
	store_abort(bench->desk.store);
	assert_string_equal(rm.space.text, copies);
}

static void
the_nearest_key_of_the_newest_day_that_has_come_counts(void **state)
{
	static const struct {
		const char *space;
		const char *secret;
		const char *from;
		uint8_t counts; /* from then on */
	} keys[] = {
	    {"city/all/match_key", "secret=11111111111111111111111111111111",
		"valid_from=1960-01-01", 0x11},
	    {"d04/all/match_key", "secret=44444444444444444444444444444444",
		"valid_from=1960-01-01", 0x11},
	    {"d03/all/match_key", "secret=22222222222222222222222222222222",
		"valid_from=1960-01-01", 0x22},
	    {"d03/all/match_key", "secret=33333333333333333333333333333333",
		"valid_from=1960-01-02", 0x33},
	    {"d03/all/match_key", "secret=55555555555555555555555555555555",
		"valid_from=9999-01-01", 0x33},
	    {"d03/all/match_key", "secret=66666666666666666666666666666666",
		"valid_from=1959-01-01", 0x33},
	    {"d03/all/match_key", "secret=7777", "valid_from=1961-01-01", 0x33},
	    {"d03/c017/match_key", "secret=88888888888888888888888888888888",
		"valid_from=1950-01-01", 0x88},
	};
	struct bench *bench = *state;
	struct buf hash = {0};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct buf no = {0};
		struct record_id id;

		buf_add_format(&no, "hh_no=%zu", i);
		key_put(
		    &bench->desk, keys[i].space, keys[i].secret, keys[i].from);
		id = household(&bench->desk, buf_text(&no), "phone=010-1");
		hash_text(keys[i].counts, "0101", &hash);
		assert_shown(
		    &bench->desk, here, &id, "phone_key", buf_text(&hash));
		buf_fini(&no);
	}
	buf_fini(&hash);
}

static void
what_is_given_gives_way_to_what_is_made(void **state)
{
	struct bench *bench = *state;
	struct record_id id;
	struct buf hash = {0};

	key_put(&bench->desk, "city/all/match_key",
	    "secret=11111111111111111111111111111111", "valid_from=1960-01-01");
	desk_begin(&bench->desk, true);
	slip_is(slip_put(&bench->slip, "household",
		    WORDS("hh_no=1", "address=가상로 1", "state=active",
			"owner_dong=00000000000000000000000000000001",
			"phone_key=00000000000000000000000000000000",
			"phone=+82 10-1"),
		    &id),
	    ERR_OK, NULL);
	desk_commit(&bench->desk);
	hash_text(0x11, "0101", &hash);
	assert_shown(&bench->desk, here, &id, "phone_key", buf_text(&hash));
	buf_fini(&hash);
}

static void
a_copy_follows_its_record(void **state)
{
	struct bench *bench = *state;
	struct desk *desk = &bench->desk;
	struct record_id id;
	struct record_id copy;
	struct buf hash = {0};

	key_put(desk, "city/all/match_key",
	    "secret=11111111111111111111111111111111", "valid_from=1960-01-01");
	id = household(desk, "hh_no=1", "phone=010-1");
	copy = copy_of(desk, &id);
	hash_text(0x11, "0101", &hash);
	assert_shown(desk, copies, &copy, "phone", buf_text(&hash));
	desk_begin(desk, true);
	slip_is(
	    slip_patch(&bench->slip, &id, WORDS("phone=010-2")), ERR_OK, NULL);
	/* Twice in one transaction. */
	slip_is(
	    slip_patch(&bench->slip, &id, WORDS("phone=010-3")), ERR_OK, NULL);
	desk_commit(desk);
	hash_text(0x11, "0103", &hash);
	assert_shown(desk, copies, &copy, "phone", buf_text(&hash));
	desk_begin(desk, true);
	slip_is(slip_patch(&bench->slip, &id, WORDS("phone=")), ERR_OK, NULL);
	desk_commit(desk);
	assert_shown(desk, copies, &copy, "phone", "");
	buf_fini(&hash);
}

static void
copies_made_apart_are_one_record(void **state)
{
	struct bench *bench = *state;
	struct desk *desk = &bench->desk;
	static struct desk other;
	const struct slip slip = {.desk = &other, .space = here};
	struct record_id id = household(desk, "hh_no=1", "phone=010-1");
	struct record_id copy = copy_of(desk, &id);
	struct buf texts[2] = {{0}, {0}};
	struct buf hash = {0};

	desk_join(&other, desk, 42);
	desk_admit(desk, &other, "d03");
	key_put(desk, "city/all/match_key",
	    "secret=11111111111111111111111111111111", "valid_from=1960-01-01");
	desk_pull(&other, desk);
	slip_pack(&other);
	desk_begin(desk, true);
	slip_is(
	    slip_patch(&bench->slip, &id, WORDS("phone=010-2")), ERR_OK, NULL);
	desk_commit(desk);
	desk_begin(&other, true);
	slip_is(
	    slip_patch(&slip, &id, WORDS("address=가상로 2")), ERR_OK, NULL);
	desk_commit(&other);
	desk_pull(&other, desk);
	desk_pull(desk, &other);
	desk_text_all(desk, &texts[0]);
	desk_text_all(&other, &texts[1]);
	assert_string_equal(buf_text(&texts[0]), buf_text(&texts[1]));
	hash_text(0x11, "0102", &hash);
	assert_shown(&other, copies, &copy, "phone", buf_text(&hash));
	hash_text(0x11, "가상로2", &hash);
	assert_shown(&other, copies, &copy, "addr", buf_text(&hash));
	assert_int_equal(desk_check(&other, true), 0);
	desk_fini(&other);
	buf_fini(&hash);
	buf_fini(&texts[0]);
	buf_fini(&texts[1]);
}

/* One that was settled without the key: which of the hashes is that of the
 * value is not known. */
static void
of_two_values_no_hash_stays_without_a_key(void **state)
{
	struct bench *bench = *state;
	struct desk *desk = &bench->desk;
	static struct desk other;
	struct slip slip = {.desk = &other, .space = here};
	struct record_id id = household(desk, "hh_no=1", "phone=010-1");

	desk_join(&other, desk, 42);
	desk_admit(desk, &other, "d03");
	desk_pull(&other, desk);
	slip_pack(&other);
	for (int i = 0; i < 2; i++) {
		struct desk *at = i == 0 ? desk : &other;
		const char *phone = i == 0 ? "phone=010-2" : "phone=010-3";

		slip.desk = at;
		desk_begin(at, true);
		slip_is(slip_patch(&slip, &id, WORDS(phone)), ERR_OK, NULL);
		desk_commit(at);
		desk_begin(at, true);
		slip_is(slip_patch(&slip, &id,
			    WORDS(i == 0 ? "phone_key="
					   "22222222222222222222222222222222"
					 : "phone_key="
					   "33333333333333333333333333333333")),
		    ERR_OK, NULL);
		desk_commit(at);
	}
	desk_pull(desk, &other);
	slip = (struct slip){.desk = desk, .space = here, .resolve = true};
	desk_begin(desk, true);
	slip_is(slip_patch(&slip, &id, WORDS("phone=010-2")), ERR_OK, NULL);
	desk_commit(desk);
	assert_shown(desk, here, &id, "phone", "010-2");
	assert_shown(desk, here, &id, "phone_key", "");
	desk_fini(&other);
}

/* Deletes the record `id` as somebody of the role `role`. */
static enum err
delete_as(struct desk *desk, const char *space, const char *role,
    const struct record_id *id)
{
	struct store_write write = {
	    .has_record = true, .record = *id, .act = ACT_DELETE};
	struct record_id same;
	bool changed;
	enum err e;

	slip_is(id_space(bytes_text(space), &write.space), ERR_OK, NULL);
	desk_begin(desk, true);
	slip_is(
	    staff_get(store_pack(desk->store), bytes_text(role), &write.role),
	    ERR_OK, NULL);
	e = store_write(desk->store, &write, &same, &changed);
	if (e == ERR_OK)
		desk_commit(desk);
	else
		store_abort(desk->store);
	return e;
}

/* What the node fills itself hides nothing that its source does not. */
static void
who_sees_what_was_said_may_delete_it(void **state)
{
	struct bench *bench = *state;
	static const char reports[] = "d03/c017/report";
	struct slip slip = {.desk = &bench->desk, .space = reports};
	struct record_id id;

	key_put(&bench->desk, "city/all/match_key",
	    "secret=11111111111111111111111111111111", "valid_from=1960-01-01");
	id = household(&bench->desk, "hh_no=1", "phone=010-1");
	slip_is(delete_as(&bench->desk, here, "복지플래너", &id), ERR_OK, NULL);
	assert_shown(&bench->desk, here, &id, "hh_no", "");
	desk_begin(&bench->desk, true);
	slip_is(slip_put(&slip, "report",
		    WORDS("channel=복지통장", "reporter_contact=010-2",
			"subject_text=가", "place_text=나", "urgency=일반",
			"dong=00000000000000000000000000000001",
			"received_at=2026-03-02T10:00:00Z", "state=submitted"),
		    &id),
	    ERR_OK, NULL);
	desk_commit(&bench->desk);
	slip_is(delete_as(&bench->desk, reports, "민원담당", &id), ERR_DENIED,
	    "reporter_contact: holds something that the role 민원담당 "
	    "(Counter clerk) does not see, and so cannot delete");
	assert_shown(&bench->desk, reports, &id, "reporter_contact", "010-2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)
	    cmocka_unit_test(addresses_keep_their_numbers_and_little_else),
	    cmocka_unit_test(names_are_letters),
	    cmocka_unit_test(telephones_and_days_are_digits),
	    cmocka_unit_test(letters_of_all_syllables_are_told_apart),
	    cmocka_unit_test(the_hash_is_that_of_the_page),
	    TEST(without_a_key_nothing_is_filled),
	    TEST(the_nearest_key_of_the_newest_day_that_has_come_counts),
	    TEST(hashes_from_elsewhere_are_not_copied),
	    TEST(of_two_values_no_hash_stays_without_a_key),
	    TEST(a_copy_is_known_in_the_transaction_that_made_it),
	    TEST(what_is_not_that_of_the_value_any_more_goes),
	    TEST(what_is_given_gives_way_to_what_is_made),
	    TEST(a_copy_follows_its_record),
	    TEST(copies_made_apart_are_one_record),
	    TEST(who_sees_what_was_said_may_delete_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
