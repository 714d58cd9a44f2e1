/*
 * Promises of core/pack_text.h and core/pack_check.h about fields of many names
 * and values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/pack_text.h"
#include "proto/buf.h"
#include "proto/limits.h"
#include "tests/lib/pack_sample.h"

static void
a_map_has_so_many_names(void **state)
{
	static const char form[] = "%s%c%c=1";
	struct pack *pack;
	struct buf text = {0};
	struct buf value = {0};
	const struct pack_field *field;

	(void)state;
	assert_int_equal(
	    pack_parse(
		bytes_text(PACK(
		    FIELD("m", "\"kind\":\"register\",\"type\":\"map\""), "")),
		&pack),
	    ERR_OK);
	field = pack_field(&pack->collections[0], bytes_text("m"));
	for (int i = 0; i < LIMIT_VALUES; i++)
		buf_add_format(
		    &text, form, i > 0 ? "," : "", 'a' + i / 26, 'a' + i % 26);
	assert_int_equal(
	    pack_text_value(field, buf_bytes(&text), &value), ERR_OK);
	buf_add_text(&text, ",zz=1");
	assert_int_equal(
	    pack_text_value(field, buf_bytes(&text), &value), ERR_INVALID);
	buf_fini(&text);
	buf_fini(&value);
	pack_free(pack);
}

/* Of many values that there could be a reader is told some. */
static void
of_many_values_some_are_named(void **state)
{
	static const char head[] =
	    "{\"format\":1,\"name\":\"p\",\"version\":1," LABEL
	    ",\"collections\":[{\"name\":\"c\",\"space\":\"s\"," LABEL
	    ",\"fields\":[";

	(void)state;
	for (int n = 16; n <= 17; n++) {
		struct pack *pack;
		struct buf json = {0};
		struct buf value = {0};

		buf_add_text(&json, head);
		buf_add_text(&json,
		    "{\"name\":\"f\",\"class\":\"N\"," LABEL
		    ",\"kind\":\"register\",\"type\":\"enum\",\"values\":[");
		for (int i = 0; i < n; i++)
			buf_add_format(
			    &json, "%s\"v%02d\"", i > 0 ? "," : "", i);
		buf_add_text(&json, "]}]}]}");
		assert_int_equal(pack_parse(buf_bytes(&json), &pack), ERR_OK);
		assert_int_equal(
		    pack_text_value(
			pack_field(&pack->collections[0], bytes_text("f")),
			bytes_text("x"), &value),
		    ERR_INVALID);
		assert_non_null(strstr(err_text(), "v15"));
		assert_int_equal(strstr(err_text(), "v15, …") != NULL, n == 17);
		pack_free(pack);
		buf_fini(&json);
		buf_fini(&value);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_map_has_so_many_names),
	    cmocka_unit_test(of_many_values_some_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
