#ifndef GOLMOK_CLI_PROGRESS_H
#define GOLMOK_CLI_PROGRESS_H

#include "cli/out.h"

/*
 * A line on the terminal of standard error that says how far long work has got,
 * how fast it goes and how long it will take.  Nothing is shown for short work,
 * without a terminal, or with --json.
 */
struct progress {
	struct out *out;  /* borrowed */
	const char *what; /* borrowed: "deltas" */
	uint64_t total;	  /* 0: not known */
	/* Where things differ in size, bar and time left go by their bytes: so
	 * many of so many are done; 0: not known. */
	uint64_t bytes_done;
	uint64_t bytes_total;
	uint64_t began_ms; /* monotonic, as all times here */
	uint64_t drawn_ms;
	bool drawn; /* a line stands on the terminal */
};

/* A monotonic clock for the functions below. */
uint64_t progress_now_ms(void);

/* Work on `total` things called `what` (both as in "1,200 deltas") begins. */
void progress_init(struct progress *progress, struct out *out, const char *what,
    uint64_t total, uint64_t now_ms);
/* `done` of them are done.  Draws at most ten times a second, and only once the
 * work is likely to take longer than half a second in all. */
void progress_step(struct progress *progress, uint64_t done, uint64_t now_ms);
/* The work has ended, well or not: the line goes.  Must come before anything
 * else is written. */
void progress_end(struct progress *progress);

/* Appends the line for `done` at `now_ms`, at most `columns` wide. */
void progress_line(const struct progress *progress, uint64_t done,
    uint64_t now_ms, size_t columns, struct buf *line);

#endif
