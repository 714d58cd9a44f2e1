/*
 * Promises of cli/out.h and cli/progress.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/out.h"
#include "cli/progress.h"
#include "proto/text.h"

/* Both streams, kept in memory. */
struct kept {
	struct out out;
	char *results;
	char *errors;
	size_t results_n;
	size_t errors_n;
};

static void
kept_init(struct kept *kept, bool json, size_t columns)
{
	*kept = (struct kept){0};
	kept->out = (struct out){
	    .to = open_memstream(&kept->results, &kept->results_n),
	    .errors = open_memstream(&kept->errors, &kept->errors_n),
	    .json = json,
	    .columns = columns,
	    .errors_columns = columns};
	assert_non_null(kept->out.to);
	assert_non_null(kept->out.errors);
}

/* Ends the streams and compares what they hold. */
static void
kept_holds(struct kept *kept, const char *results, const char *errors)
{
	assert_int_equal(out_end(&kept->out), ERR_OK);
	(void)fclose(kept->out.to);
	(void)fclose(kept->out.errors);
	assert_string_equal(kept->results, results);
	assert_string_equal(kept->errors, errors);
	free(kept->results);
	free(kept->errors);
}

static const struct out_column columns[] = {
    {.key = "name", .title = "NAME"},
    {.key = "cases", .title = "CASES", .kind = OUT_NUMBER},
    {.key = "open", .title = "OPEN", .kind = OUT_BOOL},
    {.key = "memo", .title = "MEMO"},
};

static void
row(struct out_table *table, const char *name, const char *cases,
    const char *open, const char *memo)
{
	struct bytes cells[] = {
	    bytes_text(name), bytes_text(cases), bytes_text(open), {0}};

	if (memo != NULL)
		cells[3] = bytes_text(memo);
	out_table_row(table, cells);
}

static void
columns_line_up_for_hangul(void **state)
{
	struct kept kept;
	struct out_table *table;

	(void)state;
	kept_init(&kept, false, 0);
	table = out_table_new(&kept.out, columns, COUNT_OF(columns));
	row(table, "혜화동", "12", "yes", "좋다");
	row(table, "c017", "1024", "no", NULL);
	out_table_end(table, "none");
	kept_holds(&kept,
	    "NAME    CASES  OPEN  MEMO\n"
	    "혜화동     12  yes   좋다\n"
	    "c017     1024  no\n",
	    "");
}

static void
a_table_is_json_lines_for_scripts(void **state)
{
	struct kept kept;
	struct out_table *table;

	(void)state;
	kept_init(&kept, true, 0);
	table = out_table_new(&kept.out, columns, COUNT_OF(columns));
	row(table, "혜화동", "12", "yes", "\"a\\b\"\n\x1b");
	row(table, "c017", "", "no", NULL);
	row(table, "", "0", "", "");
	out_table_end(table, "none");
	kept_holds(&kept,
	    "{\"name\":\"혜화동\",\"cases\":12,\"open\":true,"
	    "\"memo\":\"\\\"a\\\\b\\\"\\n\\u001b\"}\n"
	    "{\"name\":\"c017\",\"cases\":null,\"open\":false,"
	    "\"memo\":null}\n"
	    "{\"name\":\"\",\"cases\":0,\"open\":null,\"memo\":\"\"}\n",
	    "");
}

static void
an_empty_table_says_so_to_people_only(void **state)
{
	struct kept kept;

	(void)state;
	kept_init(&kept, false, 0);
	out_table_end(out_table_new(&kept.out, columns, 2), "no cases");
	kept_holds(&kept, "no cases\n", "");
	kept_init(&kept, true, 0);
	out_table_end(out_table_new(&kept.out, columns, 2), "no cases");
	kept_holds(&kept, "", "");
}

static void
long_text_is_wrapped_on_a_terminal(void **state)
{
	struct kept kept;
	struct out_table *table;

	(void)state;
	kept_init(&kept, false, 40);
	table = out_table_new(&kept.out, columns, COUNT_OF(columns));
	row(table, "c017", "3", "no", "visited on Monday and again on Friday");
	row(table, "c018", "4", "no", "가나다라마바사아자차카타파하");
	out_table_end(table, "none");
	kept_holds(&kept,
	    "NAME  CASES  OPEN  MEMO\n"
	    "c017      3  no    visited on Monday and\n"
	    "                   again on Friday\n"
	    "c018      4  no    가나다라마바사아자차\n"
	    "                   카타파하\n",
	    "");
}

static void
no_line_is_wider_than_the_terminal(void **state)
{
	(void)state;
	for (size_t width = 60; width < 160; width += 7) {
		struct kept kept;
		struct out_table *table;

		kept_init(&kept, false, width);
		table = out_table_new(&kept.out, columns, COUNT_OF(columns));
		row(table, "동 주민센터 찾아가는 복지 서비스 담당 부서 이름",
		    "3", "no",
		    "a-very-long-word-without-any-space-that-has-to-be-cut "
		    "가나다라마바사아자차카타파하가나다라마바사아자차");
		out_table_end(table, "none");
		(void)fclose(kept.out.to);
		(void)fclose(kept.out.errors);
		for (char *line = strtok(kept.results, "\n"); line != NULL;
		     line = strtok(NULL, "\n"))
			assert_true(text_width(bytes_text(line)) <= width);
		free(kept.results);
		free(kept.errors);
	}
}

static void
what_others_wrote_cannot_steer_the_terminal(void **state)
{
	struct kept kept;
	struct out_table *table;

	(void)state;
	kept_init(&kept, false, 0);
	table = out_table_new(&kept.out, columns, 1);
	row(table, "a\x1b[2Jb\rc\xff", "", "", NULL);
	out_table_end(table, "none");
	out_say(&kept.out, "one\x1b]0;x\x07\ntwo %s", "\x7f");
	assert_int_equal(out_end(&kept.out), ERR_OK);
	for (size_t i = 0; i < kept.results_n; i++) {
		unsigned char c = (unsigned char)kept.results[i];

		assert_true(c == '\n' || (c >= 0x20 && c != 0x7f));
	}
	assert_non_null(strstr(kept.results, "\ntwo "));
	assert_true(text_is_utf8(bytes_of(kept.results, kept.results_n)));
	(void)fclose(kept.out.to);
	(void)fclose(kept.out.errors);
	free(kept.results);
	free(kept.errors);
}

static void
people_and_scripts_each_get_their_own_lines(void **state)
{
	struct kept kept;

	(void)state;
	kept_init(&kept, false, 0);
	out_say(&kept.out, "%d done", 3);
	out_json(&kept.out, bytes_text("{\"done\":3}"));
	kept_holds(&kept, "3 done\n", "");
	kept_init(&kept, true, 0);
	out_say(&kept.out, "%d done", 3);
	out_json(&kept.out, bytes_text("{\"done\":3}"));
	kept_holds(&kept, "{\"done\":3}\n", "");
}

static void
an_error_goes_to_standard_error(void **state)
{
	struct kept kept;
	enum err e = err_set(ERR_NOT_FOUND, "there is no record '%s'", "r\n1");

	(void)state;
	kept_init(&kept, false, 0);
	out_error(&kept.out, e);
	kept_holds(&kept, "", "golmok: there is no record 'r 1'\n");
	kept_init(&kept, true, 0);
	out_error(&kept.out, e);
	kept_holds(&kept, "",
	    "{\"error\":{\"code\":\"not_found\","
	    "\"text\":\"there is no record 'r\\n1'\"}}\n");
}

static void
json_text_is_always_utf8(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			uint8_t in[] = {'x', (uint8_t)a, (uint8_t)b, 'y'};
			struct buf json = {0};

			out_json_text(bytes_of(in, sizeof(in)), &json);
			assert_true(text_is_utf8(buf_bytes(&json)));
			for (size_t i = 0; i < json.n; i++)
				assert_true(json.p[i] >= 0x20);
			assert_int_equal(json.p[json.n - 1], '"');
			assert_int_equal(json.p[json.n - 2], 'y');
			buf_fini(&json);
		}
	}
}

static void
results_that_cannot_be_written_are_an_error(void **state)
{
	struct out out = {.to = fopen("/dev/full", "w"), .errors = stderr};

	(void)state;
	assert_non_null(out.to);
	out_say(&out, "lost");
	assert_int_equal(out_end(&out), ERR_FULL);
	(void)fclose(out.to);
}

static void
progress_says_how_far_how_fast_how_long(void **state)
{
	struct kept kept;
	struct progress progress;
	struct buf line = {0};

	(void)state;
	kept_init(&kept, false, 80);
	progress_init(&progress, &kept.out, "deltas", 27000, 1000);
	progress_line(&progress, 13500, 3000, 79, &line);
	assert_string_equal(buf_text(&line),
	    "[##########..........]  50%  13,500 of 27,000 deltas"
	    "  6,750/s  2 s left");
	buf_cut(&line, 0);
	progress_line(&progress, 1, 3000, 79, &line);
	assert_non_null(strstr(buf_text(&line), "14 h 59 min left"));
	buf_cut(&line, 0);
	progress_line(&progress, 99999, 3000, 79, &line);
	assert_non_null(strstr(buf_text(&line), "100%  27,000 of 27,000"));
	buf_cut(&line, 0);
	progress_line(&progress, 0, 1000, 10, &line);
	assert_int_equal(line.n, 10);
	buf_cut(&line, 0);
	progress_init(&progress, &kept.out, "files", 0, 0);
	progress_line(&progress, 5, 1000, 79, &line);
	assert_string_equal(buf_text(&line), "5 files  5/s");
	buf_fini(&line);
	kept_holds(&kept, "", "");
}

static void
progress_bears_any_promise(void **state)
{
	static const uint64_t numbers[] = {
	    0, 1, 1000, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};
	struct kept kept;
	struct progress progress;
	struct buf line = {0};

	(void)state;
	kept_init(&kept, false, 80);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		for (size_t k = 0; k < COUNT_OF(numbers); k++) {
			for (size_t l = 0; l < COUNT_OF(numbers); l++) {
				progress_init(
				    &progress, &kept.out, "deltas", 10, 1000);
				progress.total = numbers[i];
				progress.bytes_done = numbers[k];
				progress.bytes_total = numbers[l];
				buf_cut(&line, 0);
				progress_line(&progress, 7, 9000, 79, &line);
				assert_in_range(line.n, 1, 79);
			}
		}
	}
	/* By bytes, where they are known; nobody waits for a million years. */
	progress.total = 10;
	progress.bytes_done = 250;
	progress.bytes_total = 1000;
	buf_cut(&line, 0);
	progress_line(&progress, 7, 9000, 79, &line);
	assert_string_equal(buf_text(&line),
	    "[#####...............]  25%  7 of 10 deltas  0/s  24 s left");
	progress.bytes_total = INT64_MAX;
	buf_cut(&line, 0);
	progress_line(&progress, 7, 9000, 79, &line);
	assert_null(strstr(buf_text(&line), "left"));
	buf_fini(&line);
	kept_holds(&kept, "", "");
}

static void
short_work_shows_no_progress(void **state)
{
	struct kept kept;
	struct progress progress;

	(void)state;
	kept_init(&kept, false, 80);
	progress_init(&progress, &kept.out, "deltas", 100, 0);
	for (uint64_t i = 0; i <= 100; i++)
		progress_step(&progress, i, i * 4);
	progress_end(&progress);
	kept_holds(&kept, "", "");
}

static void
long_work_is_drawn_ten_times_a_second_and_wiped(void **state)
{
	struct kept kept;
	struct progress progress;
	size_t drawn = 0;

	(void)state;
	kept_init(&kept, false, 80);
	progress_init(&progress, &kept.out, "deltas", 1000, 0);
	for (uint64_t i = 0; i <= 1000; i++)
		progress_step(&progress, i, i);
	progress_end(&progress);
	(void)fflush(kept.out.errors);
	for (size_t i = 0; i < kept.errors_n; i++)
		drawn += kept.errors[i] == '\r';
	assert_int_equal(drawn, 10 + 1);
	assert_string_equal(kept.errors + kept.errors_n - 4, "\r\033[K");
	(void)fclose(kept.out.to);
	(void)fclose(kept.out.errors);
	free(kept.results);
	free(kept.errors);
}

static void
progress_is_for_terminals_and_people(void **state)
{
	struct kept kept;
	struct progress progress;

	(void)state;
	kept_init(&kept, false, 0);
	progress_init(&progress, &kept.out, "deltas", 10, 0);
	progress_step(&progress, 1, 5000);
	progress_end(&progress);
	kept_holds(&kept, "", "");
	kept_init(&kept, true, 80);
	progress_init(&progress, &kept.out, "deltas", 10, 0);
	progress_step(&progress, 1, 5000);
	progress_end(&progress);
	kept_holds(&kept, "", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns_line_up_for_hangul),
	    cmocka_unit_test(a_table_is_json_lines_for_scripts),
	    cmocka_unit_test(an_empty_table_says_so_to_people_only),
	    cmocka_unit_test(long_text_is_wrapped_on_a_terminal),
	    cmocka_unit_test(no_line_is_wider_than_the_terminal),
	    cmocka_unit_test(what_others_wrote_cannot_steer_the_terminal),
	    cmocka_unit_test(people_and_scripts_each_get_their_own_lines),
	    cmocka_unit_test(an_error_goes_to_standard_error),
	    cmocka_unit_test(json_text_is_always_utf8),
	    cmocka_unit_test(results_that_cannot_be_written_are_an_error),
	    cmocka_unit_test(progress_says_how_far_how_fast_how_long),
	    cmocka_unit_test(progress_bears_any_promise),
	    cmocka_unit_test(short_work_shows_no_progress),
	    cmocka_unit_test(long_work_is_drawn_ten_times_a_second_and_wiped),
	    cmocka_unit_test(progress_is_for_terminals_and_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
