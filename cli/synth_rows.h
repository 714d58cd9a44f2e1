#ifndef GOLMOK_CLI_SYNTH_ROWS_H
#define GOLMOK_CLI_SYNTH_ROWS_H

#include "proto/id.h"

/*
 * Rows of one part of the synthetic city, as JSON lines (docs/packs.md), put
 * into the order of time when all are there.  Times are seconds since 1970 on a
 * clock in Seoul, 9 hours ahead of UTC.
 */
enum { SYNTH_CLOCK_SECONDS = 9 * 3600, SYNTH_DAY_SECONDS = 24 * 3600 };

/* What a row is about. */
struct synth_row {
	const char *collection;
	const char *class; /* of the space: the last component */
	struct record_id id;
	int64_t at;
	bool change;	   /* of a record that an earlier row made */
	const char *where; /* the prefix of the space; NULL when begun: of
			      the part */
	struct bytes json; /* the line with its end; set when it is taken */
};

/* Takes a row, which lives for the call; an error ends the work. */
typedef enum err synth_take(const struct synth_row *row, void *arg);

struct synth_entry {
	struct synth_row row;
	size_t text; /* where its line begins, and how long it is */
	size_t text_n;
};

/* A zeroed struct holds nothing; `from` and `to` say which times are kept. */
struct synth_rows {
	const char *prefix; /* borrowed */
	int64_t from;	    /* rows before it, */
	int64_t to;	    /* and from then on are left out */
	struct buf text;
	struct synth_entry *entries; /* owned */
	size_t n;
	size_t room;
	bool open;   /* a row that is kept is under way */
	bool more;   /* and has a field, */
	bool listed; /* or its list an element */
};

/* Begins `row`, of which json is ignored.  What follows is its fields, each at
 * most once, until synth_rows_end. */
void synth_rows_begin(struct synth_rows *rows, const struct synth_row *row);
/* A field.  Text is ours: without quotes, backslashes and control characters;
 * `day` is a day of proto/calendar.h. */
void synth_rows_text(
    struct synth_rows *rows, const char *field, const char *text);
void synth_rows_int(struct synth_rows *rows, const char *field, int64_t n);
void synth_rows_bool(struct synth_rows *rows, const char *field, bool yes);
void synth_rows_day(struct synth_rows *rows, const char *field, int64_t day);
void synth_rows_time(struct synth_rows *rows, const char *field, int64_t at);
void synth_rows_ref(
    struct synth_rows *rows, const char *field, const struct record_id *id);
void synth_rows_hex(
    struct synth_rows *rows, const char *field, struct bytes bytes);
/* A field with a set or notes, its elements, and its end. */
void synth_rows_list(struct synth_rows *rows, const char *field);
void synth_rows_add(struct synth_rows *rows, const char *text);
void synth_rows_add_ref(struct synth_rows *rows, const struct record_id *id);
void synth_rows_list_end(struct synth_rows *rows);
/* A set or notes with one element. */
void synth_rows_one(
    struct synth_rows *rows, const char *field, const char *text);
/* A map from texts to numbers: as a list, with pairs as elements. */
void synth_rows_map(struct synth_rows *rows, const char *field);
void synth_rows_pair(struct synth_rows *rows, const char *key, int64_t n);
void synth_rows_map_end(struct synth_rows *rows);
void synth_rows_end(struct synth_rows *rows);

/* Hands all rows in the order of time (of equals as they came) to `take` with
 * `arg`, and forgets them.  The error of `take`. */
enum err synth_rows_out(
    struct synth_rows *rows, synth_take *take, void *arg) MUST_USE;
void synth_rows_fini(struct synth_rows *rows);

#endif
