/*
 * Any text as JSON, and any value as JSON and back.
 */
#include "proto/json.h"
#include "proto/text.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

/* A canonical value whose texts are in normal form comes back as it was. */
static void
there_and_back(struct bytes value)
{
	struct buf text = {0};
	struct buf again = {0};

	assert(json_encode(value, &text) == ERR_OK);
	assert(text_is_utf8(buf_bytes(&text)));
	if (json_decode(buf_bytes(&text), &again) == ERR_OK)
		assert(bytes_equal(buf_bytes(&again), value));
	else
		assert(text.n > LIMIT_JSON_SIZE);
	buf_fini(&text);
	buf_fini(&again);
}

void
target_json(struct bytes in)
{
	/* The parser of the library takes some hundred bytes for an element. */
	static const struct cost_limit limit = {
	    {.allocations = 100,
		.allocated_bytes = 32 * 1024,
		.largest_bytes = 8 * 1024},
	    {.allocations = 8, .allocated_bytes = 1024, .largest_bytes = 64}};
	struct buf value = {0};
	struct buf text = {0};
	enum err e;

	fuzz_start();
	buf_add_text(&value, "#");
	cost_begin();
	e = json_decode(in, &value);
	cost_assert(&limit, in.n);
	if (e == ERR_OK) {
		struct bytes made = bytes_after(buf_bytes(&value), 1);

		assert(codec_check(made) == ERR_OK);
		there_and_back(made);
	} else {
		assert(value.n == 1);
		assert(e == ERR_INVALID || e == ERR_LIMIT);
	}
	/* Texts of any value need not be in normal form: only the second time
	 * nothing changes any more. */
	e = json_encode(in, &text);
	assert((e == ERR_OK) == (codec_check(in) == ERR_OK));
	buf_cut(&value, 0);
	if (e == ERR_OK && json_decode(buf_bytes(&text), &value) == ERR_OK)
		there_and_back(buf_bytes(&value));
	buf_cut(&text, 0);
	json_add_text(&text, in);
	assert(text_is_utf8(buf_bytes(&text)));
	buf_fini(&value);
	buf_fini(&text);
}
