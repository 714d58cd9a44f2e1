/*
 * Promises of cli/qr.h: both pictures show the code's modules, dark on light,
 * with nothing around them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/qr.h"
#include "proto/mem.h"

enum { SIDE_MAX = 177 + 2 * QR_QUIET };

/* What a picture shows: 1 is dark. */
struct seen {
	uint8_t dark[SIDE_MAX + 1][SIDE_MAX];
	size_t side;
};

static bool
is_dark(const struct qr *qr, size_t row, size_t column)
{
	if (row < QR_QUIET || column < QR_QUIET || row >= qr->size + QR_QUIET ||
	    column >= qr->size + QR_QUIET)
		return false;
	return qr->modules[(row - QR_QUIET) * qr->size + column - QR_QUIET];
}

static void
assert_shows(const struct seen *seen, const struct qr *qr)
{
	assert_int_equal(seen->side, qr->size + 2 * QR_QUIET);
	for (size_t row = 0; row < seen->side; row++) {
		for (size_t column = 0; column < seen->side; column++)
			assert_int_equal(
			    seen->dark[row][column], is_dark(qr, row, column));
	}
}

/* The finder patterns stand in three corners: 7 by 7, a ring and a middle. */
static void
assert_is_code(const struct qr *qr)
{
	const size_t corners[][2] = {
	    {0, 0}, {0, qr->size - 7}, {qr->size - 7, 0}};

	assert_true(qr->size >= 21 && qr->size % 4 == 1);
	for (size_t i = 0; i < COUNT_OF(corners); i++) {
		for (size_t row = 0; row < 7; row++) {
			for (size_t column = 0; column < 7; column++) {
				size_t at = (corners[i][0] + row) * qr->size +
					    corners[i][1] + column;
				bool edge = row == 0 || row == 6 ||
					    column == 0 || column == 6;
				bool middle = row >= 2 && row <= 4 &&
					      column >= 2 && column <= 4;

				assert_int_equal(
				    qr->modules[at], edge || middle);
			}
		}
	}
}

static void
lines_read(struct bytes text, bool colour, struct seen *seen)
{
	static const char begin[] = "\033[38;5;16;48;5;231m";
	static const char end[] = "\033[0m";
	size_t row = 0;

	*seen = (struct seen){0};
	while (text.n > 0) {
		size_t column = 0;

		if (colour) {
			assert_true(bytes_begins(text, bytes_text(begin)));
			text = bytes_after(text, strlen(begin));
		}
		while (text.p[0] != '\n' && text.p[0] != '\033') {
			size_t n = text.p[0] == ' ' ? 1 : 3;
			struct bytes block = bytes_first(text, n);
			bool full = bytes_is(block, "█");

			assert_true(row + 1 <= SIDE_MAX && column < SIDE_MAX);
			assert_true(full || n == 1 || bytes_is(block, "▀") ||
				    bytes_is(block, "▄"));
			seen->dark[row][column] = full || bytes_is(block, "▀");
			seen->dark[row + 1][column] = full ||
						      bytes_is(block, "▄");
			column++;
			text = bytes_after(text, n);
		}
		assert_true(seen->side == 0 || seen->side == column);
		seen->side = column;
		if (colour) {
			assert_true(bytes_begins(text, bytes_text(end)));
			text = bytes_after(text, strlen(end));
		}
		assert_int_equal(text.p[0], '\n');
		text = bytes_after(text, 1);
		row += 2;
	}
	assert_true(row == seen->side || row == seen->side + 1);
}

/* The runs of the path: "Mx yhnv1h-nz". */
static void
svg_read(struct buf *html, struct seen *seen)
{
	const char *at = strstr(buf_text(html), "viewBox=\"0 0 ");
	size_t n;

	*seen = (struct seen){0};
	assert_non_null(at);
	seen->side = strtoul(at + strlen("viewBox=\"0 0 "), NULL, 10);
	at = strstr(at, "<path d=\"");
	assert_non_null(at);
	at += strlen("<path d=\"");
	while (*at == 'M') {
		char *end;
		size_t column = strtoul(at + 1, &end, 10);
		size_t row = strtoul(end + 1, &end, 10);
		size_t width;

		assert_int_equal(*end, 'h');
		width = strtoul(end + 1, &end, 10);
		assert_true(row < SIDE_MAX && column + width <= SIDE_MAX);
		memset(&seen->dark[row][column], 1, width);
		assert_memory_equal(end, "v1h-", 4);
		n = strtoul(end + 4, &end, 10);
		assert_int_equal(n, width);
		assert_int_equal(*end, 'z');
		at = end + 1;
	}
	assert_int_equal(*at, '"');
}

static void
both_pictures_show_the_code(void **state)
{
	static const char *const texts[] = {"A", "GOLMOK1ABCDEFGH0123456789",
	    "혜화동 주민센터, 무엇이든 담을 수 있다"};
	struct seen *seen = mem_new(sizeof(*seen));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct buf text = {0};
		struct qr qr;

		assert_int_equal(qr_make(bytes_text(texts[i]), &qr), ERR_OK);
		assert_is_code(&qr);
		for (int colour = 0; colour < 2; colour++) {
			buf_cut(&text, 0);
			qr_lines(&qr, colour != 0, &text);
			lines_read(buf_bytes(&text), colour != 0, seen);
			assert_shows(seen, &qr);
		}
		buf_cut(&text, 0);
		qr_svg(&qr, &text);
		svg_read(&text, seen);
		assert_shows(seen, &qr);
		buf_fini(&text);
		qr_fini(&qr);
	}
	mem_free(seen);
}

/* The longest token fits; what is longer than any code is refused. */
static void
capitals_take_less_room_and_too_much_is_refused(void **state)
{
	struct buf text = {0};
	struct qr large;
	struct qr small;

	(void)state;
	memset(buf_extend(&text, 300), 'a', 300);
	assert_int_equal(qr_make(buf_bytes(&text), &large), ERR_OK);
	memset(text.p, 'A', text.n);
	assert_int_equal(qr_make(buf_bytes(&text), &small), ERR_OK);
	assert_true(small.size < large.size);
	qr_fini(&small);
	qr_fini(&large);
	memset(buf_extend(&text, 2600), 'A', 2600);
	assert_int_equal(qr_make(buf_bytes(&text), &large), ERR_OK);
	qr_fini(&large);
	memset(buf_extend(&text, 2000), 'A', 2000);
	assert_int_equal(qr_make(buf_bytes(&text), &large), ERR_LIMIT);
	qr_fini(&large);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_pictures_show_the_code),
	    cmocka_unit_test(capitals_take_less_room_and_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
