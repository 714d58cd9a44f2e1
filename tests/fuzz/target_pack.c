/*
 * Any text as a pack; and any text or value as what a person, or another node
 * with another pack, writes into a field.
 */
#include "core/pack_check.h"
#include "core/pack_show.h"
#include "core/pack_text.h"
#include "proto/text.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

/* What may stand in the field is shown in a form that means it. */
static void
shown_and_read(const struct pack_field *field, struct bytes value)
{
	struct buf text = {0};
	struct buf again = {0};

	pack_show_value(field, value, &text);
	assert(text_is_utf8(buf_bytes(&text)));
	if (pack_check_value(field, value) == ERR_OK) {
		assert(
		    pack_text_value(field, buf_bytes(&text), &again) == ERR_OK);
		assert(bytes_equal(buf_bytes(&again), value));
	}
	buf_fini(&text);
	buf_fini(&again);
}

static void
value_try(const struct pack_field *field, struct bytes in)
{
	struct buf value = {0};
	struct bytes rest = in;
	struct bytes element;
	size_t elements = 0;

	if (pack_text_value(field, in, &value) == ERR_OK) {
		assert(pack_check_value(field, buf_bytes(&value)) == ERR_OK);
		shown_and_read(field, buf_bytes(&value));
	} else {
		assert(value.n == 0);
	}
	while (pack_text_next(field, &rest, &element))
		assert(++elements <= in.n && element.n <= in.n);
	buf_cut(&value, 0);
	if (codec_check(in) == ERR_OK) {
		shown_and_read(field, in);
		if (pack_text_json(field, in, &value) == ERR_OK)
			assert(pack_check_value(field, buf_bytes(&value)) ==
			       ERR_OK);
	} else {
		pack_show_value(field, in, &value);
	}
	buf_fini(&value);
}

static void
fields_try(const struct pack *pack, struct bytes in)
{
	assert(pack->collections_n > 0);
	for (size_t i = 0; i < pack->collections_n; i++) {
		const struct pack_collection *of = &pack->collections[i];

		assert(pack_collection(pack, bytes_text(of->name)) == of);
		for (size_t k = 0; k < of->fields_n; k++)
			assert(pack_field(of, bytes_text(of->fields[k].name)) ==
			       &of->fields[k]);
	}
	for (size_t i = 0; in.n > 0 && i < 3; i++) {
		const struct pack_collection *of =
		    &pack->collections[(in.p[0] + i) % pack->collections_n];

		assert(of->fields_n > 0);
		value_try(&of->fields[in.p[in.n - 1] % of->fields_n], in);
	}
}

void
target_pack(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 1000,
		.allocated_bytes = 256 * 1024,
		.largest_bytes = COST_ARENA},
	    {.allocations = 16, .allocated_bytes = 2048, .largest_bytes = 256}};
	static struct pack *embedded;
	struct pack *pack;
	enum err e;

	fuzz_start();
	if (embedded == NULL)
		assert(pack_parse(pack_embedded(), &embedded) == ERR_OK);
	cost_begin();
	e = pack_parse(in, &pack);
	cost_assert(&limit, in.n);
	assert((e == ERR_OK) == (pack != NULL));
	assert(e == ERR_OK || e == ERR_INVALID || e == ERR_VERSION ||
	       e == ERR_LIMIT);
	if (pack != NULL)
		fields_try(pack, in);
	pack_free(pack);
	fields_try(embedded, in);
}
