/*
 * The progress line.  Commands whose work may take long call it as they go.
 * Draws on a terminal only, and leaves nothing behind.
 */
#include "cli/progress.h"

#include <inttypes.h>
#include <time.h>

#include "proto/text.h"

enum {
	WORTH_MS = 500, /* shorter work shows nothing */
	LEARN_MS = 100, /* before that the rate says nothing */
	DRAW_MS = 100,	/* between two drawings */
	BAR_COLUMNS = 20,
	LEFT_S_MAX = 365 * 24 * 60 * 60,
};

struct share {
	uint64_t done;
	uint64_t total; /* 0: not known */
};

uint64_t
progress_now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
progress_init(struct progress *progress, struct out *out, const char *what,
    uint64_t total, uint64_t now_ms)
{
	*progress = (struct progress){
	    .out = out, .what = what, .total = total, .began_ms = now_ms};
}

/* a * b / c without overflow for the sizes of work there is; UINT64_MAX when it
 * does not fit. */
static uint64_t
scaled(uint64_t a, uint64_t b, uint64_t c)
{
	long double v = (long double)a * (long double)b / (long double)c;

	return v < 1e18L ? (uint64_t)v : UINT64_MAX;
}

/* How far the work has got; never further than its end. */
static struct share
share_of(const struct progress *progress, uint64_t done)
{
	struct share share = {.done = done, .total = progress->total};

	if (progress->bytes_total > 0)
		share = (struct share){.done = progress->bytes_done,
		    .total = progress->bytes_total};
	if (share.done > share.total && share.total > 0)
		share.done = share.total;
	return share;
}

/* Will the whole work take long enough for a line? */
static bool
is_long(const struct progress *progress, uint64_t done, uint64_t spent_ms)
{
	struct share share = share_of(progress, done);

	if (spent_ms >= WORTH_MS)
		return true;
	if (spent_ms < LEARN_MS || share.total == 0 || share.done == 0)
		return false;
	return scaled(spent_ms, share.total, share.done) >= WORTH_MS;
}

void
progress_step(struct progress *progress, uint64_t done, uint64_t now_ms)
{
	struct out *out = progress->out;
	struct buf line = {0};

	assert(now_ms >= progress->began_ms);
	if (out->json || out->errors_columns == 0)
		return;
	if (!is_long(progress, done, now_ms - progress->began_ms))
		return;
	if (progress->drawn && now_ms - progress->drawn_ms < DRAW_MS)
		return;
	/* The last column stays free: some terminals wrap there. */
	progress_line(progress, done, now_ms, out->errors_columns - 1, &line);
	(void)fprintf(out->errors, "\r%s\033[K", buf_text(&line));
	(void)fflush(out->errors);
	progress->drawn = true;
	progress->drawn_ms = now_ms;
	buf_fini(&line);
}

void
progress_end(struct progress *progress)
{
	if (progress->drawn) {
		(void)fputs("\r\033[K", progress->out->errors);
		(void)fflush(progress->out->errors);
	}
	progress->drawn = false;
}

/* Appends `n` with commas between its thousands. */
static void
number_add(uint64_t n, struct buf *text)
{
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			buf_add_u8(text, ',');
		buf_add_u8(text, (uint8_t)digits[i]);
	}
}

/* Appends a time as a person says it. */
static void
time_add(uint64_t s, struct buf *text)
{
	if (s < 60)
		buf_add_format(text, "%" PRIu64 " s", s);
	else if (s < 60 * 60)
		buf_add_format(
		    text, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else
		buf_add_format(text, "%" PRIu64 " h %" PRIu64 " min", s / 3600,
		    s / 60 % 60);
}

/* Whoever promises more work than anybody lives to see gets no time named. */
static void
left_add(uint64_t left_ms, struct buf *text)
{
	if (left_ms > LEFT_S_MAX * UINT64_C(1000))
		return;
	buf_add_text(text, "  ");
	time_add((left_ms + 999) / 1000, text);
	buf_add_text(text, " left");
}

void
progress_line(const struct progress *progress, uint64_t done, uint64_t now_ms,
    size_t columns, struct buf *line)
{
	uint64_t spent_ms = now_ms - progress->began_ms;
	uint64_t total = progress->total;
	struct share share = share_of(progress, done);
	struct buf text = {0};

	if (done > total && total > 0)
		done = total;
	if (share.total > 0) {
		uint64_t bars = scaled(share.done, BAR_COLUMNS, share.total);

		buf_add_u8(&text, '[');
		for (uint64_t i = 0; i < BAR_COLUMNS; i++)
			buf_add_u8(&text, i < bars ? '#' : '.');
		buf_add_format(&text, "] %3" PRIu64 "%%  ",
		    scaled(share.done, 100, share.total));
	}
	number_add(done, &text);
	if (total > 0) {
		buf_add_text(&text, " of ");
		number_add(total, &text);
	}
	buf_add_format(&text, " %s", progress->what);
	if (spent_ms > 0 && done > 0) {
		buf_add_text(&text, "  ");
		number_add(scaled(done, 1000, spent_ms), &text);
		buf_add_text(&text, "/s");
	}
	if (spent_ms > 0 && share.done > 0 && share.total > share.done)
		left_add(scaled(share.total - share.done, spent_ms, share.done),
		    &text);
	buf_add(line, text_cut_columns(buf_bytes(&text), columns));
	buf_fini(&text);
}
