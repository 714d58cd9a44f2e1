/*
 * Promises of proto/body.h: bodies and their sealing.  The rules one by one are
 * in test_body_vectors.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/body.h"
#include "proto/codec.h"
#include "tests/lib/prng.h"

static const struct secret secret = {{1, 2, 3}};

/* One body sealed, with all that belongs to it. */
struct sample {
	struct squeeze squeeze;
	struct buf sealed;
	struct buf plain;
	struct hash commitment;
};

static void
sample_fini(struct sample *s)
{
	squeeze_fini(&s->squeeze);
	buf_fini(&s->sealed);
	buf_fini(&s->plain);
}

static void
seal(struct sample *s, struct bytes plain)
{
	buf_cut(&s->sealed, 0);
	assert_int_equal(
	    body_seal(&s->squeeze, plain, &secret, &s->sealed, &s->commitment),
	    ERR_OK);
	assert_true(s->sealed.n <= LIMIT_SEALED_SIZE);
}

static void
goes_through(struct sample *s, struct bytes plain)
{
	seal(s, plain);
	buf_cut(&s->plain, 0);
	assert_int_equal(
	    body_open(&s->squeeze, buf_bytes(&s->sealed), &secret, &s->plain),
	    ERR_OK);
	assert_true(bytes_equal(buf_bytes(&s->plain), plain));
}

static void
every_size_is_sealed_and_opened(void **state)
{
	struct sample s = {0};
	struct prng prng = {1};
	uint8_t noise[2001];
	uint8_t zeros[2001] = {0};

	(void)state;
	prng_fill(&prng, noise, sizeof(noise));
	for (size_t n = 0; n <= 2000; n++) {
		goes_through(&s, bytes_of(noise, n));
		goes_through(&s, bytes_of(zeros, n));
	}
	sample_fini(&s);
}

static void
the_largest_body_is_sealed_and_opened(void **state)
{
	struct sample s = {0};
	struct prng prng = {2};
	struct buf big = {0};

	(void)state;
	prng_fill(&prng, buf_extend(&big, LIMIT_BODY_SIZE), LIMIT_BODY_SIZE);
	goes_through(&s, buf_bytes(&big));
	memset(big.p, 'a', big.n);
	goes_through(&s, buf_bytes(&big));
	assert_true(s.sealed.n < 200);
	sample_fini(&s);
	buf_fini(&big);
}

static void
sealing_appends_and_a_failed_opening_appends_nothing(void **state)
{
	struct sample s = {0};
	struct secret wrong = secret;

	(void)state;
	seal(&s, bytes_text("hello"));
	buf_add_text(&s.plain, "before");
	wrong.b[31] ^= 1;
	assert_int_equal(
	    body_open(&s.squeeze, buf_bytes(&s.sealed), &wrong, &s.plain),
	    ERR_MALFORMED);
	assert_true(bytes_is(buf_bytes(&s.plain), "before"));
	assert_int_equal(
	    body_open(&s.squeeze, buf_bytes(&s.sealed), &secret, &s.plain),
	    ERR_OK);
	assert_true(bytes_is(buf_bytes(&s.plain), "beforehello"));
	sample_fini(&s);
}

static void
lengths_tell_little(void **state)
{
	struct sample s = {0};
	struct prng prng = {3};
	uint8_t noise[2000];
	size_t lengths = 0;
	size_t last = 0;

	(void)state;
	prng_fill(&prng, noise, sizeof(noise));
	for (size_t n = 0; n <= sizeof(noise); n++) {
		seal(&s, bytes_of(noise, n));
		assert_true(s.sealed.n >= last);
		assert_true(s.sealed.n - 16 >= 32 && s.sealed.n >= n + 3 + 16);
		assert_true(s.sealed.n <= 48 + (n + 3) * 112 / 100);
		lengths += s.sealed.n != last;
		last = s.sealed.n;
	}
	assert_int_equal(lengths, 73);
	sample_fini(&s);
}

static void
every_flipped_byte_of_a_sealed_body_is_noticed(void **state)
{
	struct sample s = {0};
	uint8_t text[700];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t size = 5; size <= sizeof(text); size += 695) {
		seal(&s, bytes_of(text, size));
		for (size_t i = 0; i < s.sealed.n; i++) {
			s.sealed.p[i] ^= 0x10;
			assert_int_equal(
			    body_open(&s.squeeze, buf_bytes(&s.sealed), &secret,
				&s.plain),
			    ERR_MALFORMED);
			s.sealed.p[i] ^= 0x10;
		}
	}
	assert_int_equal(s.plain.n, 0);
	sample_fini(&s);
}

static void
every_truncation_of_a_sealed_body_is_noticed(void **state)
{
	struct sample s = {0};

	(void)state;
	seal(&s, bytes_text("a body of more than thirty-two bytes, so two"));
	for (size_t n = 0; n < s.sealed.n; n++) {
		struct buf exact = {0};

		buf_add(&exact, bytes_first(buf_bytes(&s.sealed), n));
		assert_int_equal(
		    body_open(&s.squeeze, buf_bytes(&exact), &secret, &s.plain),
		    ERR_MALFORMED);
		buf_fini(&exact);
	}
	memset(buf_extend(&s.sealed, LIMIT_SEALED_SIZE), 0, LIMIT_SEALED_SIZE);
	assert_int_equal(
	    body_open(&s.squeeze, buf_bytes(&s.sealed), &secret, &s.plain),
	    ERR_MALFORMED);
	sample_fini(&s);
}

static void
a_commitment_changes_with_any_byte_of_the_sealed_body_and_tag(void **state)
{
	struct sample s = {0};
	struct hash tag;
	struct hash other;

	(void)state;
	seal(&s, bytes_text("hello"));
	body_tag(&secret, &tag);
	body_commitment(&tag, buf_bytes(&s.sealed), &other);
	assert_memory_equal(other.b, s.commitment.b, 32);
	for (size_t i = 0; i < s.sealed.n; i++) {
		s.sealed.p[i] ^= 1;
		body_commitment(&tag, buf_bytes(&s.sealed), &other);
		assert_memory_not_equal(other.b, s.commitment.b, 32);
		s.sealed.p[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof(tag.b); i++) {
		tag.b[i] ^= 1;
		body_commitment(&tag, buf_bytes(&s.sealed), &other);
		assert_memory_not_equal(other.b, s.commitment.b, 32);
		tag.b[i] ^= 1;
	}
	sample_fini(&s);
}

static void
the_tag_is_neither_the_secret_nor_its_key(void **state)
{
	struct hash tag;
	struct hash other_tag;
	struct secret other = secret;
	struct secret as_key;
	struct sample s = {0};

	(void)state;
	body_tag(&secret, &tag);
	assert_memory_not_equal(tag.b, secret.b, 32);
	other.b[0] ^= 1;
	body_tag(&other, &other_tag);
	assert_memory_not_equal(tag.b, other_tag.b, 32);
	seal(&s, bytes_text("hello"));
	memcpy(as_key.b, tag.b, sizeof(as_key.b));
	assert_int_equal(
	    body_open(&s.squeeze, buf_bytes(&s.sealed), &as_key, &s.plain),
	    ERR_MALFORMED);
	sample_fini(&s);
}

static void
the_same_body_under_another_secret_is_other_bytes(void **state)
{
	struct sample s = {0};
	struct buf sealed = {0};
	struct secret other = secret;
	struct hash commitment;

	(void)state;
	seal(&s, bytes_text("hello"));
	other.b[31] ^= 1;
	assert_int_equal(body_seal(&s.squeeze, bytes_text("hello"), &other,
			     &sealed, &commitment),
	    ERR_OK);
	assert_int_equal(sealed.n, s.sealed.n);
	assert_memory_not_equal(sealed.p, s.sealed.p, sealed.n);
	assert_memory_not_equal(commitment.b, s.commitment.b, 32);
	buf_fini(&sealed);
	sample_fini(&s);
}

/* `n` operations of class N with no more than a true in each. */
static struct body_op *
operations(struct arena *arena, size_t n)
{
	struct body_op *ops = arena_array(arena, n, sizeof(*ops));

	for (size_t i = 0; i < n; i++)
		ops[i] = (struct body_op){.number = (uint16_t)(4 * i),
		    .code = OP_ADD,
		    .field = bytes_text("tags"),
		    .value = bytes_text("\xc3")};
	return ops;
}

static void
a_body_has_1000_operations_and_not_one_more(void **state)
{
	struct arena arena = {0};
	struct body body = {.ops = operations(&arena, 1001), .ops_n = 1000};
	struct body back;
	struct buf out = {0};

	(void)state;
	assert_int_equal(body_encode(&body, &out), ERR_OK);
	assert_int_equal(
	    body_decode(buf_bytes(&out), CLASS_N, &arena, &back), ERR_OK);
	assert_int_equal(back.ops_n, 1000);
	buf_cut(&out, 0);
	body.ops_n = 1001;
	assert_int_equal(body_encode(&body, &out), ERR_LIMIT);
	assert_int_equal(out.n, 0);
	arena_fini(&arena);
	buf_fini(&out);
}

static void
a_body_has_256_kib_and_not_one_byte_more(void **state)
{
	struct arena arena = {0};
	struct body_op op = {.code = OP_SET, .field = bytes_text("text")};
	struct body body = {.ops = &op, .ops_n = 1};
	struct buf long_text = {0};
	struct buf value = {0};
	struct buf out = {0};
	/* map, key, array, array, number, code, field, head of the text */
	size_t around = 1 + 1 + 1 + 1 + 1 + 1 + 5 + 5;

	(void)state;
	memset(buf_extend(&long_text, LIMIT_BODY_SIZE), 'x', LIMIT_BODY_SIZE);
	buf_cut(&long_text, LIMIT_BODY_SIZE - around);
	codec_put_text(&value, buf_bytes(&long_text));
	op.value = buf_bytes(&value);
	assert_int_equal(body_encode(&body, &out), ERR_OK);
	assert_int_equal(out.n, LIMIT_BODY_SIZE);
	assert_int_equal(
	    body_decode(buf_bytes(&out), CLASS_N, &arena, &body), ERR_OK);
	buf_add_u8(&long_text, 'x');
	buf_cut(&value, 0);
	codec_put_text(&value, buf_bytes(&long_text));
	op.value = buf_bytes(&value);
	body = (struct body){.ops = &op, .ops_n = 1};
	assert_int_equal(body_encode(&body, &out), ERR_LIMIT);
	assert_int_equal(out.n, LIMIT_BODY_SIZE);
	arena_fini(&arena);
	buf_fini(&long_text);
	buf_fini(&value);
	buf_fini(&out);
}

static void
a_code_says_which_kind_it_works_on_and_what_it_leaves(void **state)
{
	(void)state;
	assert_int_equal(body_kind(OP_SET), KIND_REGISTER);
	assert_int_equal(body_kind(OP_CLEAR), KIND_REGISTER);
	assert_int_equal(body_kind(OP_ADD), KIND_SET);
	assert_int_equal(body_kind(OP_REMOVE), KIND_SET);
	assert_int_equal(body_kind(OP_COUNT), KIND_COUNTER);
	assert_int_equal(body_kind(OP_APPEND), KIND_NOTES);
	assert_int_equal(body_kind(OP_MOVE), KIND_STATE);
	assert_true(body_has_value(OP_SET) && body_has_value(OP_ADD));
	assert_true(body_has_value(OP_COUNT) && body_has_value(OP_APPEND));
	assert_true(body_has_value(OP_MOVE));
	assert_false(body_has_value(OP_CLEAR) || body_has_value(OP_REMOVE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_size_is_sealed_and_opened),
	    cmocka_unit_test(the_largest_body_is_sealed_and_opened),
	    cmocka_unit_test(
		sealing_appends_and_a_failed_opening_appends_nothing),
	    cmocka_unit_test(lengths_tell_little),
	    cmocka_unit_test(every_flipped_byte_of_a_sealed_body_is_noticed),
	    cmocka_unit_test(every_truncation_of_a_sealed_body_is_noticed),
	    cmocka_unit_test(
		a_commitment_changes_with_any_byte_of_the_sealed_body_and_tag),
	    cmocka_unit_test(the_tag_is_neither_the_secret_nor_its_key),
	    cmocka_unit_test(the_same_body_under_another_secret_is_other_bytes),
	    cmocka_unit_test(a_body_has_1000_operations_and_not_one_more),
	    cmocka_unit_test(a_body_has_256_kib_and_not_one_byte_more),
	    cmocka_unit_test(
		a_code_says_which_kind_it_works_on_and_what_it_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
