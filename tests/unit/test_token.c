/*
 * Promises of proto/token.h, and tests/vectors/token.txt: tokens are those that
 * docs/format.md §14 shows, survive being typed, and show every slip.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/mem.h"
#include "proto/token.h"
#include "tests/lib/vectors.h"

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* The token that a line of the vectors spells out; its texts are borrowed from
 * `words`. */
static void
token_of(const struct vectors *v, struct buf *words, struct token *token)
{
	*token = (struct token){.expires_s = vectors_number(v, 5)};
	vectors_hex(v, 2, token->city.b, sizeof(token->city.b));
	vectors_hex(v, 3, token->root.b, sizeof(token->root.b));
	vectors_hex(v, 4, token->secret.b, sizeof(token->secret.b));
	for (size_t i = 6; i < v->n; i++)
		assert_int_equal(
		    ascii_from_hex(v->words[i], &words[i - 6]), ERR_OK);
	token->label = buf_bytes(&words[0]);
	token->addresses_n = v->n - 7;
	for (size_t i = 0; i < token->addresses_n; i++)
		token->addresses[i] = buf_bytes(&words[i + 1]);
}

static void
assert_same(const struct token *a, const struct token *b)
{
	assert_memory_equal(&a->city, &b->city, sizeof(a->city));
	assert_memory_equal(&a->root, &b->root, sizeof(a->root));
	assert_memory_equal(&a->secret, &b->secret, sizeof(a->secret));
	assert_int_equal(a->expires_s, b->expires_s);
	assert_true(bytes_equal(a->label, b->label));
	assert_int_equal(a->addresses_n, b->addresses_n);
	for (size_t i = 0; i < a->addresses_n; i++)
		assert_true(bytes_equal(a->addresses[i], b->addresses[i]));
}

static void
check_token(const struct vectors *v, struct arena *arena, struct token *last)
{
	struct buf words[1 + LIMIT_ADDRESSES] = {0};
	struct buf text = {0};
	struct token token;

	token_of(v, words, &token);
	token_put(&token, &text);
	assert_true(bytes_equal(buf_bytes(&text), v->words[1]));
	assert_int_equal(token_get(v->words[1], arena, last), ERR_OK);
	assert_same(last, &token);
	buf_fini(&text);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		buf_fini(&words[i]);
}

static void
check_names(const struct vectors *v, const struct token *token)
{
	struct token_id id;
	struct token_id expected;
	struct secret psk;
	struct secret expected_psk;

	token_name(token, &id);
	token_psk(token, &psk);
	vectors_hex(v, 1, expected.b, sizeof(expected.b));
	vectors_hex(v, 2, expected_psk.b, sizeof(expected_psk.b));
	assert_memory_equal(&id, &expected, sizeof(id));
	assert_memory_equal(&psk, &expected_psk, sizeof(psk));
}

static void
check_code(const struct vectors *v, struct arena *arena, struct token *last)
{
	struct token token;
	struct buf text = {0};
	struct buf code = {0};

	assert_int_equal(token_get(v->words[1], arena, &token), ERR_OK);
	assert_same(&token, last);
	token_put(last, &text);
	token_code(buf_bytes(&text), &code);
	assert_true(bytes_equal(buf_bytes(&code), v->words[1]));
	buf_fini(&code);
	buf_fini(&text);
}

static void
tokens_are_those_of_the_vectors(void **state)
{
	struct arena arena = {0};
	struct token last = {0};
	struct token token;
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "token.txt");
	for (; vectors_next(&v); cases++) {
		if (vectors_is(&v, "token")) {
			check_token(&v, &arena, &last);
		} else if (vectors_is(&v, "names")) {
			check_names(&v, &last);
		} else if (vectors_is(&v, "code")) {
			check_code(&v, &arena, &last);
		} else if (vectors_is(&v, "taken")) {
			assert_int_equal(
			    token_get(v.words[1], &arena, &token), ERR_OK);
			assert_same(&token, &last);
		} else if (vectors_is(&v, "newer")) {
			assert_int_equal(
			    token_get(v.words[1], &arena, &token), ERR_VERSION);
		} else {
			enum err e = token_get(v.words[1], &arena, &token);

			assert_true(vectors_is(&v, "refused"));
			assert_true(e == ERR_MALFORMED || e == ERR_INVALID);
			assert_memory_equal(
			    &token, &(struct token){0}, sizeof(token));
		}
	}
	assert_int_equal(cases, 31);
	vectors_close(&v);
	arena_fini(&arena);
}

/* A token with everything that one has. */
static void
sample(struct buf *text)
{
	struct token token = {.expires_s = 1767225600,
	    .label = bytes_text("혜화동 주민센터"),
	    .addresses_n = 2,
	    .addresses = {
		bytes_text("10.1.2.3:7700"), bytes_text("[fd00::17]:7700")}};

	for (size_t i = 0; i < sizeof(token.secret.b); i++)
		token.secret.b[i] = (uint8_t)(37 * i + 11);
	memset(token.city.b, 0xa5, sizeof(token.city.b));
	memset(token.root.b, 0x3c, sizeof(token.root.b));
	token_put(&token, text);
}

static enum err
get_text(struct bytes text)
{
	struct arena arena = {0};
	struct token token;
	enum err e = token_get(text, &arena, &token);

	arena_fini(&arena);
	return e;
}

/* Which group the error names. */
static size_t
group_said(void)
{
	const char *at = strstr(err_text(), "group ");

	assert_non_null(at);
	return strtoul(at + strlen("group "), NULL, 10);
}

static void
every_wrong_digit_is_found_in_its_group(void **state)
{
	struct buf text = {0};
	size_t tried = 0;
	size_t group = 0;

	(void)state;
	sample(&text);
	for (size_t i = 8; i < text.n; i++) {
		uint8_t was = text.p[i];

		if (was == '-')
			continue;
		group = (i - 8) / 9 + 1;
		for (size_t d = 0; digits[d] != '\0'; d++) {
			if (digits[d] == (char)was)
				continue;
			text.p[i] = (uint8_t)digits[d];
			assert_int_equal(get_text(buf_bytes(&text)), ERR_USAGE);
			assert_int_equal(group_said(), group);
			tried++;
		}
		text.p[i] = 'u';
		assert_int_equal(get_text(buf_bytes(&text)), ERR_USAGE);
		assert_int_equal(group_said(), group);
		text.p[i] = was;
	}
	assert_int_equal(get_text(buf_bytes(&text)), ERR_OK);
	assert_true(tried > 7000 && group > 30);
	buf_fini(&text);
}

static void
neighbours_that_changed_places_are_found(void **state)
{
	struct buf text = {0};

	(void)state;
	sample(&text);
	for (size_t i = 8; i + 1 < text.n; i++) {
		uint8_t a = text.p[i];
		uint8_t b = text.p[i + 1];

		if (a == b || a == '-' || b == '-')
			continue;
		text.p[i] = b;
		text.p[i + 1] = a;
		assert_int_equal(get_text(buf_bytes(&text)), ERR_USAGE);
		assert_int_equal(group_said(), (i - 8) / 9 + 1);
		text.p[i] = a;
		text.p[i + 1] = b;
	}
	buf_fini(&text);
}

static void
missing_doubled_and_moved_parts_are_found(void **state)
{
	struct buf text = {0};

	(void)state;
	sample(&text);
	for (size_t n = 0; n < text.n; n++) {
		struct buf cut = {0};
		struct buf without = {0};
		struct buf twice = {0};
		struct buf moved = {0};
		struct bytes all = buf_bytes(&text);

		buf_add(&cut, bytes_first(all, n));
		buf_add(&without, bytes_first(all, n));
		buf_add(&without, bytes_after(all, n + 1));
		buf_add(&twice, bytes_first(all, n + 1));
		buf_add(&twice, bytes_after(all, n));
		if (text.p[n] != '-') {
			assert_int_equal(get_text(buf_bytes(&cut)), ERR_USAGE);
			assert_int_equal(
			    get_text(buf_bytes(&without)), ERR_USAGE);
			assert_int_equal(
			    get_text(buf_bytes(&twice)), ERR_USAGE);
		} else if (n + 18 < text.n) {
			buf_add(&moved, bytes_first(all, n));
			buf_add(&moved, bytes_slice(all, n + 9, 9));
			buf_add(&moved, bytes_slice(all, n, 9));
			buf_add(&moved, bytes_after(all, n + 18));
			assert_int_equal(
			    get_text(buf_bytes(&moved)), ERR_USAGE);
			assert_int_equal(group_said(), n / 9 + 1);
		}
		buf_fini(&cut);
		buf_fini(&without);
		buf_fini(&twice);
		buf_fini(&moved);
	}
	buf_fini(&text);
}

/* As somebody types it who sees o for 0 and l for 1. */
static void
case_gaps_and_letters_that_look_alike_do_not_matter(void **state)
{
	struct buf text = {0};
	struct buf typed = {0};
	size_t zeros = 0;

	(void)state;
	sample(&text);
	buf_add_text(&typed, "  \r\n");
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c >= 'a' && c <= 'z' && i % 3 == 0)
			c = (uint8_t)(c - 'a' + 'A');
		if (c == '0')
			c = (uint8_t)(zeros++ % 2 == 0 ? 'O' : 'o');
		else if (c == '1')
			c = (uint8_t) "IlLi"[i % 4];
		else if (c == '-')
			c = (uint8_t) " \n-\t"[i % 4];
		buf_add_u8(&typed, c);
	}
	buf_add_text(&typed, "\n");
	assert_int_equal(get_text(buf_bytes(&typed)), ERR_OK);
	assert_true(zeros > 0);
	buf_fini(&typed);
	buf_fini(&text);
}

static void
what_is_no_token_is_said_to_be_none(void **state)
{
	static const char *const texts[] = {"", "-", "golmok", "golmok1",
	    "golmok1-", "golmok1-0", "golmok1-00000001", "hello",
	    "golmok-store", "혜화동", "golmok1-혜화동", "golmok1-\x01",
	    "gqlmok1-22222222"};
	struct buf large = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(get_text(bytes_text(texts[i])), ERR_USAGE);
	sample(&large);
	memset(buf_extend(&large, 1024 * 1024), '-', 1024 * 1024);
	assert_int_equal(get_text(buf_bytes(&large)), ERR_USAGE);
	buf_fini(&large);
}

/* An error text is logged, and seen by whoever stands behind. */
static void
errors_do_not_repeat_what_was_typed(void **state)
{
	struct buf text = {0};

	(void)state;
	sample(&text);
	for (size_t i = 8; i + 8 < text.n; i += 9) {
		struct buf part = {0};
		uint8_t was = text.p[i];

		text.p[i] = (uint8_t)(was == '0' ? '2' : '0');
		assert_int_equal(get_text(buf_bytes(&text)), ERR_USAGE);
		buf_add(&part, bytes_slice(buf_bytes(&text), i, 6));
		assert_null(strstr(err_text(), buf_text(&part)));
		text.p[i] = was;
		buf_fini(&part);
	}
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tokens_are_those_of_the_vectors),
	    cmocka_unit_test(every_wrong_digit_is_found_in_its_group),
	    cmocka_unit_test(neighbours_that_changed_places_are_found),
	    cmocka_unit_test(missing_doubled_and_moved_parts_are_found),
	    cmocka_unit_test(
		case_gaps_and_letters_that_look_alike_do_not_matter),
	    cmocka_unit_test(what_is_no_token_is_said_to_be_none),
	    cmocka_unit_test(errors_do_not_repeat_what_was_typed),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
