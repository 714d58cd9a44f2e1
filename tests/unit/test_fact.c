/*
 * Promises of proto/fact.h, and tests/vectors/fact.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/fact.h"
#include "proto/fact_pack.h"
#include "tests/lib/vectors.h"

static struct bytes
text_or_none(struct bytes word)
{
	return bytes_is(word, "-") ? (struct bytes){0} : word;
}

static struct buf
hex_of(struct bytes word)
{
	struct buf out = {0};

	assert_int_equal(ascii_from_hex(text_or_none(word), &out), ERR_OK);
	return out;
}

/* As pass, for the facts that have arrays. */
static enum err
pass_later(struct bytes name, struct bytes in, struct buf *again)
{
	struct arena arena = {0};
	struct fact_revoke revoke;
	struct fact_rotation rotation;
	struct fact_reason reason;
	struct fact_pack pack;
	enum err e;

	if (bytes_is(name, "revoke")) {
		e = fact_revoke_get(in, &arena, &revoke);
		if (e == ERR_OK)
			fact_revoke_put(&revoke, again);
	} else if (bytes_is(name, "rotation")) {
		e = fact_rotation_get(in, &arena, &rotation);
		if (e == ERR_OK)
			fact_rotation_put(&rotation, again);
	} else if (bytes_is(name, "pack")) {
		e = fact_pack_get(in, &pack);
		if (e == ERR_OK)
			fact_pack_put(&pack, again);
	} else {
		assert_true(bytes_is(name, "reason"));
		e = fact_reason_get(in, &reason);
		if (e == ERR_OK)
			fact_reason_put(&reason, again);
	}
	arena_fini(&arena);
	return e;
}

/* Reads `in` as the fact `name`, and when it is one writes it to `again`. */
static enum err
pass(struct bytes name, struct bytes in, struct buf *again)
{
	struct fact_founding founding;
	struct fact_member member;
	struct fact_grant grant;
	enum err e;

	if (bytes_is(name, "founding")) {
		e = fact_founding_get(in, &founding);
		if (e == ERR_OK)
			fact_founding_put(&founding, again);
	} else if (bytes_is(name, "member")) {
		e = fact_member_get(in, &member);
		if (e == ERR_OK)
			fact_member_put(&member, again);
	} else if (bytes_is(name, "grant")) {
		e = fact_grant_get(in, &grant);
		if (e == ERR_OK)
			fact_grant_put(&grant, again);
	} else {
		e = pass_later(name, in, again);
	}
	return e;
}

typedef void case_fn(const struct vectors *v);

static void
each(const char *kind, size_t n, case_fn *check)
{
	struct vectors v;
	size_t cases = 0;

	vectors_open(&v, "fact.txt");
	while (vectors_next(&v)) {
		if (!vectors_is(&v, kind))
			continue;
		check(&v);
		cases++;
	}
	vectors_close(&v);
	assert_int_equal(cases, n);
}

static void
check_founding(const struct vectors *v)
{
	struct fact_founding founding;
	struct fact_founding back;
	struct buf name = hex_of(v->words[3]);
	struct buf in = hex_of(v->words[4]);
	struct buf out = {0};
	struct city_id city;
	struct city_id expected;

	vectors_hex(v, 1, founding.root.b, 32);
	vectors_hex(v, 2, founding.next_root.b, 32);
	vectors_hex(v, 5, expected.b, 32);
	founding.name = buf_bytes(&name);
	fact_founding_put(&founding, &out);
	assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
	fact_city(buf_bytes(&out), &city);
	assert_memory_equal(city.b, expected.b, 32);
	assert_int_equal(fact_founding_get(buf_bytes(&in), &back), ERR_OK);
	assert_memory_equal(back.root.b, founding.root.b, 32);
	assert_memory_equal(back.next_root.b, founding.next_root.b, 32);
	assert_true(bytes_equal(back.name, founding.name));
	buf_fini(&name);
	buf_fini(&in);
	buf_fini(&out);
}

static void
a_founding_record_names_root_and_the_city(void **state)
{
	(void)state;
	each("founding", 3, check_founding);
}

static void
check_member(const struct vectors *v)
{
	struct fact_member member = {0};
	struct fact_member back;
	struct buf addresses[LIMIT_ADDRESSES] = {0};
	struct buf label = hex_of(v->words[2]);
	struct buf in = hex_of(v->words[3]);
	struct buf out = {0};

	vectors_hex(v, 1, member.key.b, 32);
	member.label = buf_bytes(&label);
	member.addresses_n = v->n - 4;
	assert_true(member.addresses_n <= COUNT_OF(addresses));
	for (size_t i = 0; i < member.addresses_n; i++) {
		addresses[i] = hex_of(v->words[4 + i]);
		member.addresses[i] = buf_bytes(&addresses[i]);
	}
	fact_member_put(&member, &out);
	assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
	assert_int_equal(fact_member_get(buf_bytes(&in), &back), ERR_OK);
	assert_memory_equal(back.key.b, member.key.b, 32);
	assert_true(bytes_equal(back.label, member.label));
	assert_int_equal(back.addresses_n, member.addresses_n);
	for (size_t i = 0; i < back.addresses_n; i++) {
		assert_true(
		    bytes_equal(back.addresses[i], member.addresses[i]));
		buf_fini(&addresses[i]);
	}
	buf_fini(&label);
	buf_fini(&in);
	buf_fini(&out);
}

static void
a_member_fact_goes_both_ways(void **state)
{
	(void)state;
	each("member", 5, check_member);
}

static void
check_grant(const struct vectors *v)
{
	struct fact_grant grant;
	struct fact_grant back;
	struct buf in = hex_of(v->words[7]);
	struct buf out = {0};

	vectors_hex(v, 1, grant.member.b, 32);
	assert_int_equal(
	    id_prefix(text_or_none(v->words[2]), &grant.prefix), ERR_OK);
	grant.gives.bits = (unsigned)vectors_number(v, 3);
	grant.gives.classes = (unsigned)vectors_number(v, 4);
	grant.passes.bits = (unsigned)vectors_number(v, 5);
	grant.passes.classes = (unsigned)vectors_number(v, 6);
	fact_grant_put(&grant, &out);
	assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
	assert_int_equal(fact_grant_get(buf_bytes(&in), &back), ERR_OK);
	assert_memory_equal(back.member.b, grant.member.b, 32);
	assert_true(id_space_equal(&back.prefix, &grant.prefix));
	assert_int_equal(back.gives.bits, grant.gives.bits);
	assert_int_equal(back.gives.classes, grant.gives.classes);
	assert_int_equal(back.passes.bits, grant.passes.bits);
	assert_int_equal(back.passes.classes, grant.passes.classes);
	buf_fini(&in);
	buf_fini(&out);
}

static void
a_grant_fact_goes_both_ways(void **state)
{
	(void)state;
	each("grant", 5, check_grant);
}

enum { CUTS_SHOWN = 16 };

/* The cuts that stand from word `first` on. */
static size_t
cuts_of(const struct vectors *v, size_t first, struct log_cut *cuts)
{
	size_t n = 0;

	for (size_t i = first; i < v->n; i += 3) {
		assert_true(n < CUTS_SHOWN);
		vectors_hex(v, i, cuts[n].log.b, 16);
		cuts[n].size = vectors_number(v, i + 1);
		vectors_hex(v, i + 2, cuts[n++].root.b, 32);
	}
	return n;
}

static void
same_cuts(const struct log_cut *a, const struct log_cut *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_memory_equal(a[i].log.b, b[i].log.b, 16);
		assert_int_equal(a[i].size, b[i].size);
		assert_memory_equal(a[i].root.b, b[i].root.b, 32);
	}
}

static void
check_revoke(const struct vectors *v)
{
	struct arena arena = {0};
	struct log_cut cuts[CUTS_SHOWN];
	struct fact_revoke revoke = {.cuts = cuts};
	struct fact_revoke back;
	struct buf reason = hex_of(v->words[5]);
	struct buf in = hex_of(v->words[6]);
	struct buf out = {0};

	vectors_hex(v, 1, revoke.grant.log.b, 16);
	revoke.grant.seq = vectors_number(v, 2);
	vectors_hex(v, 3, revoke.grant.leaf, 8);
	revoke.compromised = vectors_number(v, 4) == 1;
	revoke.reason = buf_bytes(&reason);
	revoke.cuts_n = cuts_of(v, 7, cuts);
	fact_revoke_put(&revoke, &out);
	assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
	assert_int_equal(
	    fact_revoke_get(buf_bytes(&in), &arena, &back), ERR_OK);
	assert_int_equal(id_ref_compare(&back.grant, &revoke.grant), 0);
	assert_int_equal(back.compromised, revoke.compromised);
	assert_true(bytes_equal(back.reason, revoke.reason));
	assert_int_equal(back.cuts_n, revoke.cuts_n);
	same_cuts(back.cuts, cuts, back.cuts_n);
	arena_fini(&arena);
	buf_fini(&reason);
	buf_fini(&in);
	buf_fini(&out);
}

static void
a_revocation_goes_both_ways(void **state)
{
	(void)state;
	each("revoke", 4, check_revoke);
}

static void
check_rotation(const struct vectors *v)
{
	struct arena arena = {0};
	struct log_cut cuts[CUTS_SHOWN];
	struct fact_rotation rotation = {.cuts = cuts};
	struct fact_rotation back;
	struct buf in = hex_of(v->words[3]);
	struct buf out = {0};

	vectors_hex(v, 1, rotation.before.b, 32);
	vectors_hex(v, 2, rotation.next_root.b, 32);
	rotation.cuts_n = cuts_of(v, 4, cuts);
	fact_rotation_put(&rotation, &out);
	assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
	assert_int_equal(
	    fact_rotation_get(buf_bytes(&in), &arena, &back), ERR_OK);
	assert_memory_equal(back.before.b, rotation.before.b, 32);
	assert_memory_equal(back.next_root.b, rotation.next_root.b, 32);
	assert_int_equal(back.cuts_n, rotation.cuts_n);
	same_cuts(back.cuts, cuts, back.cuts_n);
	arena_fini(&arena);
	buf_fini(&in);
	buf_fini(&out);
}

static void
a_rotation_record_goes_both_ways(void **state)
{
	(void)state;
	each("rotation", 2, check_rotation);
}

static void
check_reason(const struct vectors *v)
{
	struct fact_reason back;
	struct buf text = hex_of(v->words[1]);
	struct buf in = hex_of(v->words[2]);
	struct buf out = {0};

	fact_reason_put(&(struct fact_reason){.text = buf_bytes(&text)}, &out);
	assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
	assert_int_equal(fact_reason_get(buf_bytes(&in), &back), ERR_OK);
	assert_true(bytes_equal(back.text, buf_bytes(&text)));
	buf_fini(&text);
	buf_fini(&in);
	buf_fini(&out);
}

static void
a_reason_goes_both_ways(void **state)
{
	(void)state;
	each("reason", 3, check_reason);
}

static void
check_pack(const struct vectors *v)
{
	struct fact_pack pack = {.name = v->words[1],
	    .version = vectors_number(v, 2),
	    .size = vectors_number(v, 4),
	    .piece = vectors_number(v, 5)};
	struct fact_pack back;
	struct buf json = hex_of(v->words[6]);
	struct buf in = hex_of(v->words[7]);
	struct buf out = {0};

	vectors_hex(v, 3, pack.sha256.b, 32);
	pack.json = buf_bytes(&json);
	fact_pack_put(&pack, &out);
	assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
	assert_int_equal(fact_pack_get(buf_bytes(&in), &back), ERR_OK);
	assert_true(bytes_equal(back.name, pack.name));
	assert_int_equal(back.version, pack.version);
	assert_memory_equal(back.sha256.b, pack.sha256.b, 32);
	assert_int_equal(back.size, pack.size);
	assert_int_equal(back.piece, pack.piece);
	assert_true(bytes_equal(back.json, pack.json));
	buf_fini(&json);
	buf_fini(&in);
	buf_fini(&out);
}

static void
a_piece_of_a_pack_goes_both_ways(void **state)
{
	(void)state;
	each("pack", 3, check_pack);
	assert_int_equal(fact_pack_pieces(LIMIT_PACK_SIZE), LIMIT_PACK_PIECES);
	assert_int_equal(fact_pack_pieces(LIMIT_PACK_PIECE), 1);
	assert_int_equal(fact_pack_pieces(LIMIT_PACK_PIECE + 1), 2);
}

static void
check_same(const struct vectors *v)
{
	struct buf plain = hex_of(v->words[2]);
	struct buf other = hex_of(v->words[3]);
	struct buf again = {0};

	assert_int_equal(pass(v->words[1], buf_bytes(&other), &again), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&again), buf_bytes(&plain)));
	buf_fini(&plain);
	buf_fini(&other);
	buf_fini(&again);
}

static void
ignorable_keys_are_passed_over(void **state)
{
	(void)state;
	each("same", 8, check_same);
}

static void
check_refuse(const struct vectors *v)
{
	struct buf in = hex_of(v->words[2]);
	struct buf again = {0};
	enum err e = pass(v->words[1], buf_bytes(&in), &again);

	assert_string_equal(err_name(e),
	    bytes_is(v->words[3], "version") ? "version" : "malformed");
	assert_int_equal(again.n, 0);
	buf_fini(&in);
}

static void
what_is_no_fact_is_refused_by_its_reason(void **state)
{
	(void)state;
	each("refuse", 169, check_refuse);
}

static void
check_harm(const struct vectors *v)
{
	struct buf in = hex_of(v->words[2]);
	struct buf exact = {0};
	struct buf again = {0};

	for (size_t n = 0; n < in.n; n++) {
		buf_fini(&exact);
		buf_add(&exact, bytes_first(buf_bytes(&in), n));
		assert_int_equal(pass(v->words[1], buf_bytes(&exact), &again),
		    ERR_MALFORMED);
	}
	for (size_t bit = 0; bit < 8 * in.n; bit++) {
		buf_cut(&again, 0);
		in.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (pass(v->words[1], buf_bytes(&in), &again) == ERR_OK)
			assert_true(
			    bytes_equal(buf_bytes(&again), buf_bytes(&in)));
		in.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_fini(&in);
	buf_fini(&exact);
	buf_fini(&again);
}

static void
cut_or_flipped_facts_are_never_read_as_the_same(void **state)
{
	(void)state;
	each("same", 8, check_harm);
}

static void
check_rights(const struct vectors *v)
{
	struct rights rights;
	struct buf text = {0};

	assert_int_equal(fact_rights(v->words[1], &rights), ERR_OK);
	assert_int_equal(rights.bits, vectors_number(v, 2));
	assert_int_equal(rights.classes, vectors_number(v, 3));
	fact_rights_text(rights, &text);
	assert_true(bytes_equal(buf_bytes(&text), v->words[4]));
	buf_fini(&text);
}

static void
rights_are_text_and_back(void **state)
{
	(void)state;
	each("rights", 9, check_rights);
}

static void
check_norights(const struct vectors *v)
{
	struct rights rights;

	assert_int_equal(
	    fact_rights(text_or_none(v->words[1]), &rights), ERR_INVALID);
}

static void
words_that_are_no_right_are_refused(void **state)
{
	(void)state;
	each("norights", 11, check_norights);
}

static void
all_rights_survive_text(void **state)
{
	(void)state;
	for (unsigned bits = 1; bits <= RIGHTS_ALL; bits++) {
		unsigned classes = (bits & RIGHT_READ) != 0 ? 5 : 0;
		struct rights rights = {.bits = bits, .classes = classes};
		struct rights back;
		struct buf text = {0};

		fact_rights_text(rights, &text);
		assert_int_equal(fact_rights(buf_bytes(&text), &back), ERR_OK);
		assert_int_equal(back.bits, bits);
		assert_int_equal(back.classes, classes);
		buf_fini(&text);
	}
}

static void
rights_are_within_others_in_bits_and_classes(void **state)
{
	const struct rights some = {.bits = RIGHT_READ, .classes = 3};
	const struct rights more = {
	    .bits = RIGHT_READ | RIGHT_WRITE, .classes = 7};
	const struct rights other = {.bits = RIGHTS_ALL, .classes = 1};

	(void)state;
	assert_true(fact_rights_within(some, some));
	assert_true(fact_rights_within(some, more));
	assert_false(fact_rights_within(more, some));
	assert_false(fact_rights_within(some, other));
	assert_true(fact_rights_within((struct rights){0}, some));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_founding_record_names_root_and_the_city),
	    cmocka_unit_test(a_member_fact_goes_both_ways),
	    cmocka_unit_test(a_grant_fact_goes_both_ways),
	    cmocka_unit_test(a_revocation_goes_both_ways),
	    cmocka_unit_test(a_rotation_record_goes_both_ways),
	    cmocka_unit_test(a_reason_goes_both_ways),
	    cmocka_unit_test(a_piece_of_a_pack_goes_both_ways),
	    cmocka_unit_test(ignorable_keys_are_passed_over),
	    cmocka_unit_test(what_is_no_fact_is_refused_by_its_reason),
	    cmocka_unit_test(cut_or_flipped_facts_are_never_read_as_the_same),
	    cmocka_unit_test(rights_are_text_and_back),
	    cmocka_unit_test(words_that_are_no_right_are_refused),
	    cmocka_unit_test(all_rights_survive_text),
	    cmocka_unit_test(rights_are_within_others_in_bits_and_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
