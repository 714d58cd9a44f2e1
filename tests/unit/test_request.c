/*
 * Promises of proto/request.h, and tests/vectors/request.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/request.h"
#include "tests/lib/vectors.h"

static const struct sign_seed seed = {{3, 1, 4, 1, 5, 9}};

static struct request
sample(const char *label)
{
	struct request request = {
	    .link_key = {{2, 7, 1, 8}}, .label = bytes_text(label)};

	crypto_sign_key(&seed, &request.key);
	return request;
}

static enum err
get(struct bytes text)
{
	struct arena arena = {0};
	struct request request;
	enum err e = request_get(text, &arena, &request);

	arena_fini(&arena);
	return e;
}

static void
what_is_written_is_read(void **state)
{
	static const char *const labels[] = {"", "혜화동 주민센터"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(labels); i++) {
		struct request request = sample(labels[i]);
		struct arena arena = {0};
		struct request read;
		struct buf text = {0};
		struct buf mailed = {0};

		request_put(&request, &seed, &text);
		assert_int_equal(
		    request_get(buf_bytes(&text), &arena, &read), ERR_OK);
		assert_memory_equal(&read.key, &request.key, sizeof(read.key));
		assert_memory_equal(
		    &read.link_key, &request.link_key, sizeof(read.link_key));
		assert_true(bytes_equal(read.label, request.label));
		/* A mail programme changes the ends of lines. */
		for (size_t at = 0; at < text.n; at++) {
			if (text.p[at] == '\n')
				buf_add_u8(&mailed, '\r');
			buf_add_u8(&mailed, text.p[at]);
		}
		assert_int_equal(get(buf_bytes(&mailed)), ERR_OK);
		buf_fini(&mailed);
		buf_fini(&text);
		arena_fini(&arena);
	}
}

static void
every_changed_or_missing_byte_is_found(void **state)
{
	struct request request = sample("혜화동");
	struct buf text = {0};

	(void)state;
	request_put(&request, &seed, &text);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t was = text.p[i];

		for (unsigned bit = 0; bit < 8; bit++) {
			text.p[i] = (uint8_t)(was ^ 1u << bit);
			/* A line end may become another gap. */
			if (was == '\n' && i > 20 &&
			    (text.p[i] == ' ' || text.p[i] == '\r'))
				continue;
			assert_int_not_equal(get(buf_bytes(&text)), ERR_OK);
		}
		text.p[i] = was;
		if (i + 1 < text.n)
			assert_int_not_equal(
			    get(bytes_first(buf_bytes(&text), i)), ERR_OK);
	}
	assert_int_equal(get(buf_bytes(&text)), ERR_OK);
	buf_fini(&text);
}

/* Somebody puts a key of theirs in the place of the one that asked. */
static void
a_swapped_key_is_refused(void **state)
{
	static const struct sign_seed other = {{9}};
	struct request request = sample("혜화동");
	struct buf text = {0};

	(void)state;
	crypto_sign_key(&other, &request.key);
	request_put(&request, &seed, &text);
	assert_int_equal(get(buf_bytes(&text)), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "not signed by the key"));
	buf_fini(&text);
}

static void
what_is_no_request_is_said_to_be_none(void **state)
{
	static const char *const texts[] = {"", "golmok", "golmok request 1",
	    "golmok request 1\n", "golmok request 1\n====\n",
	    "golmok request 1\nAAAA\n", "golmok identity 1\n"};
	struct buf large = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(get(bytes_text(texts[i])), ERR_MALFORMED);
	assert_int_equal(
	    get(bytes_text("golmok request 2\nAAAA\n")), ERR_VERSION);
	buf_add_text(&large, "golmok request 1\n");
	memset(buf_extend(&large, 1 << 20), 'A', 1 << 20);
	assert_int_equal(get(buf_bytes(&large)), ERR_MALFORMED);
	buf_fini(&large);
}

/* The request whose content is `content`, as a text. */
static enum err
get_content(const struct buf *content)
{
	struct buf text = {0};
	enum err e;

	buf_add_text(&text, "golmok request 1\n");
	ascii_base64(buf_bytes(content), &text);
	e = get(buf_bytes(&text));
	buf_fini(&text);
	return e;
}

static void
keys_of_later_versions_are_passed_over_or_refused(void **state)
{
	struct request request = sample("혜화동");
	struct buf text = {0};
	struct buf content = {0};
	struct buf packed = {0};

	(void)state;
	request_put(&request, &seed, &text);
	for (size_t i = bytes_find(buf_bytes(&text), '\n'); i < text.n; i++)
		if (text.p[i] != '\n')
			buf_add_u8(&packed, text.p[i]);
	assert_int_equal(
	    ascii_from_base64(buf_bytes(&packed), &content), ERR_OK);
	assert_int_equal(get_content(&content), ERR_OK);
	for (int64_t key = 4; key < 256; key++) {
		size_t was = content.n;

		content.p[0]++;
		codec_put_int(&content, key);
		codec_put_text(&content, bytes_text("더"));
		assert_int_equal(
		    get_content(&content), key < 128 ? ERR_MALFORMED : ERR_OK);
		/* And nothing behind it. */
		content.p[0]--;
		assert_int_equal(get_content(&content), ERR_MALFORMED);
		buf_cut(&content, was);
	}
	buf_fini(&packed);
	buf_fini(&content);
	buf_fini(&text);
}

static void
requests_are_those_of_the_vectors(void **state)
{
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "request.txt");
	for (; vectors_next(&v); cases++) {
		struct sign_seed whose;
		struct request request = {0};
		struct buf label = {0};
		struct buf expected = {0};
		struct buf text = {0};

		assert_true(vectors_is(&v, "request"));
		vectors_hex(&v, 1, whose.b, sizeof(whose.b));
		vectors_hex(&v, 2, request.link_key.b, 32);
		if (!bytes_is(v.words[3], "-"))
			assert_int_equal(
			    ascii_from_hex(v.words[3], &label), ERR_OK);
		assert_int_equal(ascii_from_hex(v.words[4], &expected), ERR_OK);
		crypto_sign_key(&whose, &request.key);
		request.label = buf_bytes(&label);
		request_put(&request, &whose, &text);
		assert_true(
		    bytes_equal(buf_bytes(&text), buf_bytes(&expected)));
		assert_int_equal(get(buf_bytes(&expected)), ERR_OK);
		buf_fini(&text);
		buf_fini(&expected);
		buf_fini(&label);
	}
	assert_int_equal(cases, 3);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(every_changed_or_missing_byte_is_found),
	    cmocka_unit_test(a_swapped_key_is_refused),
	    cmocka_unit_test(what_is_no_request_is_said_to_be_none),
	    cmocka_unit_test(keys_of_later_versions_are_passed_over_or_refused),
	    cmocka_unit_test(requests_are_those_of_the_vectors),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
