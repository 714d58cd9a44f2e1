/*
 * The dongs of tests/demo obey the compiled-in pack.  Runs where the sources
 * are; what its year holds, tests/e2e/60-import.t looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/pack_check.h"
#include "core/pack_text.h"
#include "proto/csv.h"
#include "proto/limits.h"

static int
open_pack(void **state)
{
	struct pack *pack;

	if (pack_parse(pack_embedded(), &pack) != ERR_OK)
		fail_msg("%s", err_text());
	*state = pack;
	return 0;
}

static int
close_pack(void **state)
{
	pack_free(*state);
	return 0;
}

static void
assert_fine(enum err e, const char *where)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", where, err_text());
}

/* One row of dongs.csv against the fields of its header. */
static void
check_row(const struct pack_collection *units,
    const struct pack_field *const *columns, const struct csv_row *row)
{
	const struct pack_field *present[LIMIT_ROW_CELLS];
	struct buf value = {0};
	size_t n = 0;

	for (size_t i = 0; i < row->n; i++) {
		struct bytes rest = row->cells[i];
		struct bytes element;

		while (pack_text_next(columns[i], &rest, &element)) {
			assert_fine(
			    pack_text_value(columns[i], element, &value),
			    "dongs.csv");
		}
		if (row->cells[i].n > 0)
			present[n++] = columns[i];
	}
	assert_fine(pack_check_required(units, present, n), "dongs.csv");
	assert_int_equal(row->cells[0].n, 10);
	buf_fini(&value);
}

static void
the_dongs_are_424_organisation_units(void **state)
{
	const struct pack_collection *units = pack_collection(
	    *state, bytes_text("org_unit"));
	const struct pack_field *columns[LIMIT_ROW_CELLS] = {0};
	FILE *file = fopen("tests/demo/dongs.csv", "rb");
	struct csv *csv = csv_new(CSV_UTF8);
	struct buf codes = {0};
	char chunk[1000];
	size_t rows = 0;
	size_t n;

	assert_non_null(file);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		struct csv_row row;
		bool found;

		csv_feed(csv, bytes_of(chunk, n));
		assert_fine(csv_next(csv, &row, &found), "dongs.csv");
		for (; found; rows++) {
			if (rows > 0) {
				check_row(units, columns, &row);
				buf_add(&codes, row.cells[0]);
				buf_add_u8(&codes, ' ');
			}
			for (size_t i = 0; rows == 0 && i < row.n; i++)
				assert_fine(pack_get_field(units, row.cells[i],
						&columns[i]),
				    "dongs.csv");
			assert_fine(csv_next(csv, &row, &found), "dongs.csv");
		}
	}
	assert_int_equal(rows, 1 + 424);
	for (size_t i = 0; i < codes.n; i += 11) {
		char code[12] = {0};

		memcpy(code, codes.p + i, 11);
		assert_null(strstr(buf_text(&codes) + i + 11, code));
	}
	buf_fini(&codes);
	csv_free(csv);
	assert_int_equal(fclose(file), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_dongs_are_424_organisation_units),
	};

	return cmocka_run_group_tests(tests, open_pack, close_pack);
}
