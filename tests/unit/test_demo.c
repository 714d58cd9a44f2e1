/*
 * The demo data of tests/demo obey the compiled-in pack, and the made-up year
 * has exactly the published totals.  Runs where the sources are.
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
#include "proto/codec.h"
#include "proto/csv.h"
#include "proto/json.h"
#include "proto/limits.h"

enum { PEOPLE_MAX = 8192 };

/* What is counted over the lines of a year. */
struct tally {
	const struct pack *pack;
	size_t services;
	size_t met_n;
	uint8_t met[PEOPLE_MAX][PACK_REF_SIZE];
};

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

/* Takes all elements of `value` for `field`, or the one value that it is. */
static void
check_field(
    struct tally *tally, const struct pack_field *field, struct bytes value)
{
	bool many = field->kind == KIND_SET || field->kind == KIND_NOTES;
	struct buf one = {0};
	struct reader r;
	size_t n = 1;

	codec_begin(&r, value);
	if (many)
		n = codec_get_array(&r, LIMIT_OPERATIONS);
	for (size_t i = 0; i < n; i++) {
		buf_cut(&one, 0);
		assert_fine(pack_text_json(field, codec_get_value(&r), &one),
		    "year.pl");
		if (strcmp(field->name, "persons_met") != 0)
			continue;
		assert_int_equal(one.n, 2 + PACK_REF_SIZE);
		assert_true(tally->met_n < PEOPLE_MAX);
		memcpy(tally->met[tally->met_n++], one.p + 2, PACK_REF_SIZE);
	}
	assert_fine(codec_end(&r, field->name), "year.pl");
	buf_fini(&one);
}

/* {"collection":..., "fields":{...}, "id":...}, in canonical order. */
static void
check_line(struct tally *tally, struct bytes line)
{
	const struct pack_collection *collection = NULL;
	const struct pack_field *present[LIMIT_FIELDS];
	struct bytes fields = {0};
	struct bytes last = {0};
	struct buf doc = {0};
	struct reader r;
	size_t n;

	assert_fine(json_decode(line, &doc), "year.pl");
	codec_begin(&r, buf_bytes(&doc));
	n = codec_get_map(&r, 3);
	for (size_t i = 0; i < n; i++) {
		struct bytes key = codec_get_text_key(&r, &last);

		if (bytes_is(key, "collection"))
			assert_fine(pack_get_collection(tally->pack,
					codec_get_text(&r), &collection),
			    "year.pl");
		else if (bytes_is(key, "fields"))
			fields = codec_get_value(&r);
		else
			assert_int_equal(codec_get_text(&r).n, 32);
	}
	assert_fine(codec_end(&r, "line"), "year.pl");
	assert_non_null(collection);
	codec_begin(&r, fields);
	n = codec_get_map(&r, LIMIT_FIELDS);
	last = (struct bytes){0};
	for (size_t i = 0; i < n; i++) {
		assert_fine(pack_get_field(collection,
				codec_get_text_key(&r, &last), &present[i]),
		    "year.pl");
		check_field(tally, present[i], codec_get_value(&r));
	}
	assert_fine(pack_check_required(collection, present, n), "year.pl");
	if (strcmp(collection->name, "service") == 0)
		tally->services++;
	buf_fini(&doc);
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, PACK_REF_SIZE);
}

static void
the_year_obeys_the_pack_and_has_the_published_totals(void **state)
{
	static struct tally tally;
	FILE *lines = popen("perl tests/demo/year.pl", "r");
	char line[4096];
	size_t people = 0;

	assert_non_null(lines);
	tally.pack = *state;
	while (fgets(line, sizeof(line), lines) != NULL) {
		assert_non_null(strchr(line, '\n'));
		check_line(&tally, bytes_text(line));
	}
	assert_int_equal(pclose(lines), 0);
	qsort(tally.met, tally.met_n, PACK_REF_SIZE, compare_ids);
	for (size_t i = 0; i < tally.met_n; i++) {
		if (i == 0 || compare_ids(tally.met[i - 1], tally.met[i]) != 0)
			people++;
	}
	assert_int_equal(people, 2400);
	assert_true(tally.met_n > people);
	assert_int_equal(tally.services, 1200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_dongs_are_424_organisation_units),
	    cmocka_unit_test(
		the_year_obeys_the_pack_and_has_the_published_totals),
	};

	return cmocka_run_group_tests(tests, open_pack, close_pack);
}
