/*
 * tests/vectors/body.txt: what docs/format.md §7 shows is what is written, what
 * it allows is read, and each of its rules refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/body.h"
#include "tests/lib/vectors.h"

enum { ROOM = 16 };

/* The case that lines describe. */
struct described {
	enum delta_class class;
	struct body body;
	struct body_op ops[ROOM];
	struct buf values[ROOM];
};

static struct buf
hex_of(const struct vectors *v, size_t i)
{
	struct buf out = {0};

	if (!bytes_is(v->words[i], "-"))
		assert_int_equal(ascii_from_hex(v->words[i], &out), ERR_OK);
	return out;
}

static void
end(struct described *d)
{
	for (size_t i = 0; i < ROOM; i++)
		buf_fini(&d->values[i]);
	*d = (struct described){0};
}

static void
describe(struct described *d, const struct vectors *v)
{
	size_t n = d->body.ops_n;

	if (vectors_is(v, "body")) {
		end(d);
		d->class = (enum delta_class)vectors_number(v, 1);
		if (!bytes_is(v->words[2], "-"))
			d->body.collection = v->words[2];
		d->body.ops = d->ops;
	} else if (vectors_is(v, "op")) {
		assert_true(n < ROOM);
		d->values[n] = hex_of(v, 4);
		d->ops[n] = (struct body_op){
		    .number = (uint16_t)vectors_number(v, 1),
		    .code = (enum op_code)vectors_number(v, 2),
		    .field = v->words[3],
		    .value = buf_bytes(&d->values[n])};
		d->body.ops_n++;
	}
}

static void
same(const struct body *a, const struct body *b)
{
	assert_true(bytes_equal(a->collection, b->collection));
	assert_int_equal(a->ops_n, b->ops_n);
	for (size_t i = 0; i < a->ops_n; i++) {
		assert_int_equal(a->ops[i].number, b->ops[i].number);
		assert_int_equal(a->ops[i].code, b->ops[i].code);
		assert_true(bytes_equal(a->ops[i].field, b->ops[i].field));
		assert_true(bytes_equal(a->ops[i].value, b->ops[i].value));
	}
}

/* Bytes that were changed are refused, or are the only form of what they say
 * now. */
static void
check_harm(enum delta_class class, struct buf *in)
{
	struct arena arena = {0};
	struct buf again = {0};
	struct body body;

	for (size_t n = 0; n < in->n; n++) {
		struct bytes exact = arena_bytes(
		    &arena, bytes_first(buf_bytes(in), n));

		assert_int_not_equal(
		    body_decode(exact, class, &arena, &body), ERR_OK);
	}
	for (size_t bit = 0; bit < 8 * in->n; bit++) {
		in->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		buf_cut(&again, 0);
		if (body_decode(buf_bytes(in), class, &arena, &body) ==
		    ERR_OK) {
			assert_int_equal(body_encode(&body, &again), ERR_OK);
			assert_true(
			    bytes_equal(buf_bytes(&again), buf_bytes(in)));
		}
		in->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	arena_fini(&arena);
	buf_fini(&again);
}

static void
each_described_body_is_written_and_read_as_shown(void **state)
{
	struct described d = {0};
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "body.txt");
	while (vectors_next(&v)) {
		struct arena arena = {0};
		struct buf in = {0};
		struct buf out = {0};
		struct body body;

		describe(&d, &v);
		if (!vectors_is(&v, "bytes"))
			continue;
		cases++;
		in = hex_of(&v, 1);
		assert_int_equal(body_encode(&d.body, &out), ERR_OK);
		assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
		assert_int_equal(
		    body_decode(buf_bytes(&in), d.class, &arena, &body),
		    ERR_OK);
		same(&d.body, &body);
		check_harm(d.class, &in);
		arena_fini(&arena);
		buf_fini(&in);
		buf_fini(&out);
	}
	assert_int_equal(cases, 6);
	end(&d);
	vectors_close(&v);
}

static void
ignorable_keys_do_not_change_what_a_body_says(void **state)
{
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "body.txt");
	while (vectors_next(&v)) {
		struct arena arena = {0};
		struct buf plain;
		struct buf other;
		struct body a;
		struct body b;

		if (!vectors_is(&v, "same"))
			continue;
		cases++;
		plain = hex_of(&v, 2);
		other = hex_of(&v, 3);
		assert_int_equal(
		    body_decode(buf_bytes(&plain), CLASS_N, &arena, &a),
		    ERR_OK);
		assert_int_equal(
		    body_decode(buf_bytes(&other), CLASS_N, &arena, &b),
		    ERR_OK);
		same(&a, &b);
		arena_fini(&arena);
		buf_fini(&plain);
		buf_fini(&other);
	}
	assert_int_equal(cases, 1);
	vectors_close(&v);
}

static void
each_broken_rule_refuses_a_body(void **state)
{
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "body.txt");
	while (vectors_next(&v)) {
		struct arena arena = {0};
		struct buf in;
		struct body body;
		enum err e;

		if (!vectors_is(&v, "refuse"))
			continue;
		cases++;
		in = hex_of(&v, 2);
		e = body_decode(buf_bytes(&in),
		    (enum delta_class)vectors_number(&v, 1), &arena, &body);
		if (!bytes_is(v.words[3], err_name(e)))
			fail_msg("%.*s", (int)v.words[2].n,
			    (const char *)v.words[2].p);
		arena_fini(&arena);
		buf_fini(&in);
	}
	assert_int_equal(cases, 62);
	vectors_close(&v);
}

static void
check_sealed(const struct vectors *v, struct squeeze *squeeze)
{
	bool exact = vectors_is(v, "sealed");
	size_t at = exact ? 4 : 3;
	struct buf plain = hex_of(v, 1);
	struct buf sealed = hex_of(v, at + 1);
	struct buf out = {0};
	struct secret secret;
	struct hash expected;
	struct hash got;

	vectors_hex(v, 2, secret.b, sizeof(secret.b));
	vectors_hex(v, at, expected.b, sizeof(expected.b));
	body_tag(&secret, &got);
	assert_memory_equal(got.b, expected.b, sizeof(got.b));
	vectors_hex(v, at + 2, expected.b, sizeof(expected.b));
	body_commitment(&got, buf_bytes(&sealed), &got);
	assert_memory_equal(got.b, expected.b, sizeof(got.b));
	assert_int_equal(
	    body_open(squeeze, buf_bytes(&sealed), &secret, &out), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&plain)));
	if (exact) {
		buf_cut(&out, 0);
		assert_int_equal(
		    body_seal(squeeze, buf_bytes(&plain), &secret, &out, &got),
		    ERR_OK);
		assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&sealed)));
		assert_memory_equal(got.b, expected.b, sizeof(got.b));
	}
	buf_fini(&plain);
	buf_fini(&sealed);
	buf_fini(&out);
}

static void
sealed_bodies_are_those_of_the_vectors(void **state)
{
	struct squeeze squeeze = {0};
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "body.txt");
	while (vectors_next(&v)) {
		if (!vectors_is(&v, "sealed") && !vectors_is(&v, "squeezed"))
			continue;
		check_sealed(&v, &squeeze);
		cases++;
	}
	assert_int_equal(cases, 13);
	squeeze_fini(&squeeze);
	vectors_close(&v);
}

/* Random content is not compressed, so that its length alone decides. */
static void
content_is_padded_to_the_sizes_shown(void **state)
{
	struct squeeze squeeze = {0};
	const struct secret secret = {{9}};
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "body.txt");
	while (vectors_next(&v)) {
		struct buf plain = {0};
		struct buf sealed = {0};
		struct hash hash = {{0}};
		size_t n;

		if (!vectors_is(&v, "padded"))
			continue;
		cases++;
		n = vectors_number(&v, 1) - 3;
		while (plain.n < n) {
			crypto_sha256(bytes_of(hash.b, sizeof(hash.b)), &hash);
			buf_add(&plain, bytes_of(hash.b, sizeof(hash.b)));
		}
		buf_cut(&plain, n);
		assert_int_equal(body_seal(&squeeze, buf_bytes(&plain), &secret,
				     &sealed, &hash),
		    ERR_OK);
		assert_int_equal(
		    sealed.n - CRYPTO_TAG_SIZE, vectors_number(&v, 2));
		buf_fini(&plain);
		buf_fini(&sealed);
	}
	assert_int_equal(cases, 28);
	squeeze_fini(&squeeze);
	vectors_close(&v);
}

static void
what_is_sealed_wrongly_stays_shut(void **state)
{
	struct squeeze squeeze = {0};
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "body.txt");
	while (vectors_next(&v)) {
		struct buf sealed;
		struct buf plain = {0};
		struct secret secret;
		enum err e;

		if (!vectors_is(&v, "shut"))
			continue;
		cases++;
		sealed = hex_of(&v, 1);
		vectors_hex(&v, 2, secret.b, sizeof(secret.b));
		e = body_open(&squeeze, buf_bytes(&sealed), &secret, &plain);
		if (!bytes_is(v.words[3], err_name(e)))
			fail_msg("case %zu: %s", cases, err_text());
		assert_int_equal(plain.n, 0);
		buf_fini(&sealed);
		buf_fini(&plain);
	}
	assert_int_equal(cases, 18);
	squeeze_fini(&squeeze);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_described_body_is_written_and_read_as_shown),
	    cmocka_unit_test(ignorable_keys_do_not_change_what_a_body_says),
	    cmocka_unit_test(each_broken_rule_refuses_a_body),
	    cmocka_unit_test(sealed_bodies_are_those_of_the_vectors),
	    cmocka_unit_test(content_is_padded_to_the_sizes_shown),
	    cmocka_unit_test(what_is_sealed_wrongly_stays_shut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
