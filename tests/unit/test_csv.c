/*
 * Promises of proto/csv.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/csv.h"
#include "proto/limits.h"

/* All rows of `csv` that are ready, as "line:[cell][cell]" each. */
static enum err
drain(struct csv *csv, struct buf *seen)
{
	struct csv_row row;
	bool found = true;
	enum err e = ERR_OK;

	while (e == ERR_OK && found) {
		e = csv_next(csv, &row, &found);
		if (e != ERR_OK || !found)
			continue;
		buf_add_format(seen, "%d:", (int)row.line);
		for (size_t i = 0; i < row.n; i++) {
			buf_add_u8(seen, '[');
			buf_add(seen, row.cells[i]);
			buf_add_u8(seen, ']');
		}
	}
	return e;
}

/* Reads `file` fed as its first `cut` bytes and then the rest. */
static enum err
read_cut(
    struct bytes file, size_t cut, enum csv_encoding encoding, struct buf *seen)
{
	struct csv *csv = csv_new(encoding);
	enum err e;

	csv_feed(csv, bytes_first(file, cut));
	e = drain(csv, seen);
	if (e == ERR_OK) {
		csv_feed(csv, bytes_after(file, cut));
		e = drain(csv, seen);
	}
	csv_end(csv);
	if (e == ERR_OK)
		e = drain(csv, seen);
	csv_free(csv);
	return e;
}

static void
assert_rows(const char *file, enum csv_encoding encoding, const char *rows)
{
	struct buf seen = {0};

	for (size_t cut = 0; cut <= strlen(file); cut++) {
		buf_cut(&seen, 0);
		assert_int_equal(
		    read_cut(bytes_text(file), cut, encoding, &seen), ERR_OK);
		assert_string_equal(buf_text(&seen), rows);
	}
	buf_fini(&seen);
}

static void
assert_refused(const char *file, enum csv_encoding encoding, const char *why)
{
	struct buf seen = {0};

	for (size_t cut = 0; cut <= strlen(file); cut++) {
		assert_int_equal(
		    read_cut(bytes_text(file), cut, encoding, &seen),
		    ERR_MALFORMED);
		assert_string_equal(err_text(), why);
	}
	buf_fini(&seen);
}

static void
rows_are_the_same_wherever_chunks_are_cut(void **state)
{
	(void)state;
	assert_rows("a,b\n혜화동,\"x,\"\"y\"\"\"\r\n\"두\r\n줄\",\n끝,",
	    CSV_UTF8, "1:[a][b]2:[혜화동][x,\"y\"]3:[두\r\n줄][]5:[끝][]");
}

static void
an_empty_file_has_no_rows(void **state)
{
	(void)state;
	assert_rows("", CSV_UTF8, "");
	assert_rows("\xef\xbb\xbf", CSV_UTF8, "");
	assert_rows("\n", CSV_UTF8, "1:[]");
	assert_rows("\"\"", CSV_UTF8, "1:[]");
}

static void
a_byte_order_mark_is_skipped_in_front_only(void **state)
{
	(void)state;
	assert_rows("\xef\xbb\xbf"
		    "a\n\xef\xbb\xbf"
		    "b\n",
	    CSV_UTF8,
	    "1:[a]2:[\xef\xbb\xbf"
	    "b]");
	assert_rows("\xef\xbb\xbf\"a,\"\n", CSV_UTF8, "1:[a,]");
}

static void
single_bytes_give_the_same_rows(void **state)
{
	struct bytes file = bytes_text("a,\"\xed\x98\x9c\n\"\r\nc,d");
	struct csv *csv = csv_new(CSV_UTF8);
	struct buf seen = {0};

	(void)state;
	for (size_t i = 0; i < file.n; i++) {
		csv_feed(csv, bytes_slice(file, i, 1));
		assert_int_equal(drain(csv, &seen), ERR_OK);
	}
	csv_end(csv);
	assert_int_equal(drain(csv, &seen), ERR_OK);
	assert_string_equal(buf_text(&seen), "1:[a][혜\n]3:[c][d]");
	csv_free(csv);
	buf_fini(&seen);
}

static void
cp949_becomes_utf8(void **state)
{
	(void)state;
	/* 혜화동,똠\ : 똠 (8c 63) is in CP949 only; its second byte is ASCII.
	 */
	assert_rows("\xc7\xfd\xc8\xad\xb5\xbf,\x8c\x63\\\n", CSV_CP949,
	    "1:[혜화동][똠\\]");
}

static void
the_encoding_is_found_from_a_sample(void **state)
{
	static const char korean[] = "혜화동";

	(void)state;
	for (size_t n = 0; n < sizeof(korean); n++)
		assert_int_equal(csv_detect(bytes_of(korean, n)), CSV_UTF8);
	assert_int_equal(csv_detect(bytes_text("\xc7\xfd,a")), CSV_CP949);
	assert_int_equal(csv_detect(bytes_text("a,\x8c\x63")), CSV_CP949);
	assert_int_equal(csv_detect(bytes_text("\xed\xa0\x80")), CSV_CP949);
	assert_int_equal(csv_detect((struct bytes){0}), CSV_UTF8);
}

static void
wrong_bytes_are_named_by_line_and_column(void **state)
{
	(void)state;
	assert_refused("a\n혜화\xff\n", CSV_UTF8,
	    "line 2, column 3: byte 0xff is not text in UTF-8");
	assert_refused("\xc0\x80\n", CSV_UTF8,
	    "line 1, column 1: byte 0xc0 is not text in UTF-8");
	assert_refused("x\xe0\x80\x80\n", CSV_UTF8,
	    "line 1, column 2: byte 0x80 is not text in UTF-8");
	assert_refused("x\xf4\x90\x80\x80\n", CSV_UTF8,
	    "line 1, column 2: byte 0x90 is not text in UTF-8");
	assert_refused("a\n\xc7\xfd\xc7\x20\n", CSV_CP949,
	    "line 2, column 2: byte 0x20 is not text in CP949");
	assert_refused("a\nb\xed\x98", CSV_UTF8,
	    "line 2, column 2: the file ends inside a character");
	assert_refused("a\xc7", CSV_CP949,
	    "line 1, column 2: the file ends inside a character");
}

static void
misplaced_quotes_and_breaks_are_errors(void **state)
{
	(void)state;
	assert_refused("a,b\"c\n", CSV_UTF8,
	    "line 1, column 4: a quote inside a cell without quotes");
	assert_refused("a\n\"b\"c\n", CSV_UTF8,
	    "line 2, column 4: text after the closing quote of a cell");
	assert_refused("a\rb\n", CSV_UTF8,
	    "line 1, column 3: a carriage return without a line feed");
	assert_refused("a\r", CSV_UTF8,
	    "line 1, column 3: a carriage return without a line feed");
	assert_refused(
	    "a\n\"b\nc", CSV_UTF8, "line 2: the file ends inside quotes");
}

static void
ragged_rows_are_errors(void **state)
{
	(void)state;
	assert_refused("a,b\nc,d\ne\n", CSV_UTF8,
	    "line 3: the row has 1 cells, the first has 2");
	assert_refused("a,b\n\"c\n\",d,e", CSV_UTF8,
	    "line 2: the row has 3 cells, the first has 2");
	assert_refused("a,b\n\nc,d\n", CSV_UTF8,
	    "line 2: the row has 1 cells, the first has 2");
}

static void
a_nul_is_an_error(void **state)
{
	static const char file[] = "a\nb\0c\n";
	struct buf seen = {0};

	(void)state;
	assert_int_equal(
	    read_cut(bytes_of(file, sizeof(file) - 1), 3, CSV_UTF8, &seen),
	    ERR_MALFORMED);
	assert_string_equal(err_text(), "line 2, column 2: a NUL is not text");
	assert_string_equal(buf_text(&seen), "1:[a]");
	buf_fini(&seen);
}

static void
an_error_stays(void **state)
{
	struct csv *csv = csv_new(CSV_UTF8);
	struct csv_row row;
	bool found = true;

	(void)state;
	csv_feed(csv, bytes_text("\xff"));
	assert_int_equal(csv_next(csv, &row, &found), ERR_MALFORMED);
	assert_false(found);
	csv_feed(csv, bytes_text("a\n"));
	assert_int_equal(csv_next(csv, &row, &found), ERR_MALFORMED);
	assert_string_equal(
	    err_text(), "line 1, column 1: byte 0xff is not text in UTF-8");
	csv_free(csv);
	csv_free(NULL);
}

/* A row of `cells` cells of `size` bytes each. */
static enum err
read_row_of(size_t cells, size_t size)
{
	struct buf file = {0};
	struct buf seen = {0};
	enum err e;

	for (size_t i = 0; i < cells; i++) {
		if (i > 0)
			buf_add_u8(&file, ',');
		memset(buf_extend(&file, size), 'x', size);
	}
	e = read_cut(buf_bytes(&file), file.n / 2, CSV_UTF8, &seen);
	buf_fini(&file);
	buf_fini(&seen);
	return e;
}

static void
cells_and_rows_have_limits(void **state)
{
	(void)state;
	assert_int_equal(read_row_of(1, LIMIT_TEXT_SIZE), ERR_OK);
	assert_int_equal(read_row_of(1, LIMIT_TEXT_SIZE + 1), ERR_LIMIT);
	assert_int_equal(read_row_of(8, LIMIT_ROW_SIZE / 8), ERR_OK);
	assert_int_equal(read_row_of(8, LIMIT_ROW_SIZE / 8 + 1), ERR_LIMIT);
	assert_int_equal(read_row_of(LIMIT_ROW_CELLS, 1), ERR_OK);
	assert_int_equal(read_row_of(LIMIT_ROW_CELLS + 1, 1), ERR_LIMIT);
}

static void
what_is_written_is_read_back(void **state)
{
	static const char *const cells[] = {
	    "", "a", "", "x,y", "\"", "두\n줄", "\r", "=1+1", " "};
	struct buf file = {0};
	struct buf seen = {0};

	(void)state;
	for (int row = 0; row < 2; row++) {
		for (size_t i = 0; i < COUNT_OF(cells); i++)
			csv_add_cell(&file, bytes_text(cells[i]));
		csv_add_row_end(&file);
	}
	assert_int_equal(
	    read_cut(buf_bytes(&file), 9, CSV_UTF8, &seen), ERR_OK);
	assert_string_equal(buf_text(&seen),
	    "1:[][a][][x,y][\"][두\n줄][\r][=1+1][ ]"
	    "3:[][a][][x,y][\"][두\n줄][\r][=1+1][ ]");
	buf_fini(&file);
	buf_fini(&seen);
}

/* At the beginning of a file it would be taken away. */
static void
a_cell_that_begins_with_the_mark_keeps_it(void **state)
{
	struct buf file = {0};

	(void)state;
	csv_add_cell(&file, bytes_text("\xef\xbb\xbf"));
	csv_add_cell(&file, bytes_text("\xef\xbb\xbf"
				       "b"));
	csv_add_row_end(&file);
	assert_rows(buf_text(&file), CSV_UTF8,
	    "1:[\xef\xbb\xbf][\xef\xbb\xbf"
	    "b]");
	buf_fini(&file);
}

/* Bytes that RFC 3629 §4 forbids, of each kind. */
static void
what_is_not_utf8_is_refused_byte_by_byte(void **state)
{
	static const char *const wrong[] = {"\x80", "\xbf", "\xc0\x80",
	    "\xc1\xbf", "\xf5\x80\x80\x80", "\xff", "\xc2\x41", "\xc2\xc0",
	    "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
	    "\xf4\x90\x80\x80", "\xe1\x80\x41", "\xe1\x80\xc0",
	    "\xf1\x80\x80\x41", "\xe1", "\xe1\x80", "\xf1\x80\x80"};
	static const char *const right[] = {"\xc2\x80", "\xdf\xbf",
	    "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
	    "\xf4\x8f\xbf\xbf"};
	struct buf seen = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		for (size_t cut = 0; cut <= strlen(wrong[i]); cut++)
			assert_int_equal(read_cut(bytes_text(wrong[i]), cut,
					     CSV_UTF8, &seen),
			    ERR_MALFORMED);
	}
	for (size_t i = 0; i < COUNT_OF(right); i++) {
		buf_cut(&seen, 0);
		assert_int_equal(
		    read_cut(bytes_text(right[i]), 1, CSV_UTF8, &seen), ERR_OK);
		assert_int_equal(seen.n, 4 + strlen(right[i]));
	}
	buf_fini(&seen);
}

static void
cp949_is_written_as_it_is_read(void **state)
{
	static const char text[] = "혜화동,똠\\ a";
	struct buf out = {0};
	struct buf seen = {0};

	(void)state;
	buf_add_text(&out, "x");
	assert_int_equal(csv_to_cp949((struct bytes){0}, &out), ERR_OK);
	assert_int_equal(out.n, 1);
	buf_cut(&out, 0);
	assert_int_equal(csv_to_cp949(bytes_text(text), &out), ERR_OK);
	assert_int_equal(
	    read_cut(buf_bytes(&out), 3, CSV_CP949, &seen), ERR_OK);
	assert_string_equal(buf_text(&seen), "1:[혜화동][똠\\ a]");
	buf_fini(&out);
	buf_fini(&seen);
}

static void
what_cp949_does_not_have_is_named(void **state)
{
	static const char *const letters[] = {"😀", "ӿ"};
	struct buf out = {0};
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(letters); i++) {
		buf_cut(&text, 0);
		buf_cut(&out, 0);
		buf_add_text(&text, "주민 ");
		buf_add_text(&text, letters[i]);
		buf_add_text(&text, "가");
		buf_add_text(&out, "앞");
		assert_int_equal(
		    csv_to_cp949(buf_bytes(&text), &out), ERR_INVALID);
		assert_string_equal(buf_text(&out), "앞");
		buf_cut(&text, 0);
		buf_add_format(&text, "'%s'", letters[i]);
		assert_non_null(strstr(err_text(), buf_text(&text)));
	}
	/* The last one, too. */
	assert_int_equal(csv_to_cp949(bytes_text("가😀"), &out), ERR_INVALID);
	assert_non_null(strstr(err_text(), "'😀'"));
	buf_fini(&text);
	buf_fini(&out);
}

static void
no_cell_is_computed_and_all_come_back(void **state)
{
	static const struct {
		const char *text;
		const char *cell;
	} examples[] = {
	    {"=1+1", "'=1+1"},
	    {"+82", "'+82"},
	    {"-x", "'-x"},
	    {"@a", "'@a"},
	    {"\ta", "'\ta"},
	    {"\ra", "'\ra"},
	    {"＝a", "'＝a"},
	    {"-12", "-12"},
	    {"-", "'-"},
	    {"-1-1", "'-1-1"},
	    {"'=a", "''=a"},
	    {"''=a", "'''=a"},
	    {"'-12", "''-12"},
	    {"'a", "'a"},
	    {"'", "'"},
	    {"a=1", "a=1"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		struct buf cell = {0};

		csv_guard(bytes_text(examples[i].text), &cell);
		assert_string_equal(buf_text(&cell), examples[i].cell);
		assert_true(bytes_is(
		    csv_unguarded(buf_bytes(&cell)), examples[i].text));
		buf_fini(&cell);
	}
}

static void
two_encodings_in_one_file_are_noticed(void **state)
{
	static const char both[] = "a\n혜화동\nb\n\xc7\xfd\xc8\xad\n";
	static const char korean[] = "a\n\xc7\xfd\xc8\xad\n\xc3\xb3\n";
	uint64_t utf8;
	uint64_t other;

	(void)state;
	assert_true(csv_mixed(bytes_text(both), &utf8, &other));
	assert_int_equal(utf8, 2);
	assert_int_equal(other, 4);
	/* A word of CP949 may be UTF-8 by chance. */
	assert_false(csv_mixed(bytes_text(korean), &utf8, &other));
	assert_false(csv_mixed(bytes_text("a\n혜화동\n"), &utf8, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_the_same_wherever_chunks_are_cut),
	    cmocka_unit_test(an_empty_file_has_no_rows),
	    cmocka_unit_test(a_byte_order_mark_is_skipped_in_front_only),
	    cmocka_unit_test(single_bytes_give_the_same_rows),
	    cmocka_unit_test(cp949_becomes_utf8),
	    cmocka_unit_test(the_encoding_is_found_from_a_sample),
	    cmocka_unit_test(wrong_bytes_are_named_by_line_and_column),
	    cmocka_unit_test(misplaced_quotes_and_breaks_are_errors),
	    cmocka_unit_test(ragged_rows_are_errors),
	    cmocka_unit_test(a_nul_is_an_error),
	    cmocka_unit_test(an_error_stays),
	    cmocka_unit_test(cells_and_rows_have_limits),
	    cmocka_unit_test(what_is_written_is_read_back),
	    cmocka_unit_test(a_cell_that_begins_with_the_mark_keeps_it),
	    cmocka_unit_test(what_is_not_utf8_is_refused_byte_by_byte),
	    cmocka_unit_test(cp949_is_written_as_it_is_read),
	    cmocka_unit_test(what_cp949_does_not_have_is_named),
	    cmocka_unit_test(no_cell_is_computed_and_all_come_back),
	    cmocka_unit_test(two_encodings_in_one_file_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
