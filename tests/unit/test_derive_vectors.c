/*
 * tests/vectors/derive.txt: what packs derive is what docs/format.md §17 says.
 * Its aliases are replayed by test_twins, in a store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/match.h"
#include "core/mirror.h"
#include "core/twins.h"
#include "proto/ascii.h"
#include "tests/lib/vectors.h"

enum { PARTS_MAX = 4 };

/* Appends word `i`, hex or - for nothing, to `out`. */
static void
bytes_read(const struct vectors *v, size_t i, struct buf *out)
{
	if (!bytes_is(v->words[i], "-"))
		assert_int_equal(ascii_from_hex(v->words[i], out), ERR_OK);
}

static void
check_match(const struct vectors *v)
{
	static const char *const names[PACK_NORMAL_COUNT] = {
	    [PACK_NORMAL_TEXT] = "text",
	    [PACK_NORMAL_NAME] = "name",
	    [PACK_NORMAL_ADDRESS] = "address",
	    [PACK_NORMAL_PHONE] = "phone",
	    [PACK_NORMAL_DATE] = "date"};
	static const char *const drop[] = {" ", ".", "·"};
	static const char *const before[] = {"제"};
	const struct pack_fold fold = {.drop = drop,
	    .drop_n = COUNT_OF(drop),
	    .drop_before_digit = before,
	    .drop_before_digit_n = COUNT_OF(before)};
	struct buf words[4] = {0};
	struct buf normal = {0};
	uint8_t hash[MATCH_SIZE];
	size_t as = 0;

	while (as < PACK_NORMAL_COUNT && !bytes_is(v->words[1], names[as]))
		as++;
	assert_true(as < PACK_NORMAL_COUNT);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		bytes_read(v, 2 + i, &words[i]);
	assert_int_equal(match_normal((enum pack_normal)as, &fold,
			     buf_bytes(&words[0]), &normal),
	    ERR_OK);
	assert_true(bytes_equal(buf_bytes(&normal), buf_bytes(&words[1])));
	match_hash(buf_bytes(&words[2]), buf_bytes(&normal), hash);
	if (normal.n > 0)
		assert_true(bytes_equal(
		    bytes_of(hash, sizeof(hash)), buf_bytes(&words[3])));
	for (size_t i = 0; i < COUNT_OF(words); i++)
		buf_fini(&words[i]);
	buf_fini(&normal);
}

/* The collection that word 1 names, with room for it in `name`. */
static struct pack_collection
collection_read(const struct vectors *v, struct buf *name)
{
	buf_add(name, v->words[1]);
	return (struct pack_collection){
	    .name = buf_text(name), .space = "match"};
}

static void
check_mirror(const struct vectors *v, const struct pack_collection *to)
{
	struct record_id source;
	struct record_id want;
	struct record_id copy;

	vectors_hex(v, 2, source.b, sizeof(source.b));
	vectors_hex(v, 3, want.b, sizeof(want.b));
	mirror_id(to, &source, &copy);
	assert_memory_equal(&copy, &want, sizeof(want));
}

static void
check_pair(const struct vectors *v, const struct pack_collection *candidate)
{
	struct record_id a;
	struct record_id b;
	struct record_id want;
	struct record_id id;

	vectors_hex(v, 2, a.b, sizeof(a.b));
	vectors_hex(v, 3, b.b, sizeof(b.b));
	vectors_hex(v, 4, want.b, sizeof(want.b));
	twins_id(candidate, &a, &b, &id);
	assert_memory_equal(&id, &want, sizeof(want));
}

static void
check_place(const struct vectors *v, const struct pack_collection *candidate)
{
	struct space space;

	assert_int_equal(
	    twins_space(candidate, v->words[2], v->words[3], &space), ERR_OK);
	assert_true(bytes_is(v->words[4], space.text));
}

static void
check_import(const struct vectors *v)
{
	struct buf texts[PARTS_MAX] = {0};
	struct bytes parts[PARTS_MAX];
	struct city_id city;
	struct record_id want;
	struct record_id id;
	size_t n = v->n - 4;

	assert_true(v->n > 4 && n <= PARTS_MAX);
	vectors_hex(v, 1, city.b, sizeof(city.b));
	vectors_hex(v, 3, want.b, sizeof(want.b));
	for (size_t i = 0; i < n; i++) {
		bytes_read(v, 4 + i, &texts[i]);
		parts[i] = buf_bytes(&texts[i]);
	}
	id_derive(&city, vectors_number(v, 2), parts, n, &id);
	assert_memory_equal(&id, &want, sizeof(want));
	for (size_t i = 0; i < n; i++)
		buf_fini(&texts[i]);
}

static void
all_is_as_the_vectors_have_it(void **state)
{
	size_t counts[5] = {0};
	struct vectors v;

	(void)state;
	vectors_open(&v, "derive.txt");
	while (vectors_next(&v)) {
		struct buf name = {0};
		struct pack_collection of = collection_read(&v, &name);

		if (vectors_is(&v, "match")) {
			check_match(&v);
			counts[0]++;
		} else if (vectors_is(&v, "mirror")) {
			check_mirror(&v, &of);
			counts[1]++;
		} else if (vectors_is(&v, "pair")) {
			check_pair(&v, &of);
			counts[2]++;
		} else if (vectors_is(&v, "place")) {
			check_place(&v, &of);
			counts[3]++;
		} else if (vectors_is(&v, "import")) {
			check_import(&v);
			counts[4]++;
		} else {
			assert_true(vectors_is(&v, "alias") ||
				    vectors_is(&v, "stands"));
		}
		buf_fini(&name);
	}
	vectors_close(&v);
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		assert_true(counts[i] > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_is_as_the_vectors_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
