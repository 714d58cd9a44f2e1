#ifndef GOLMOK_TESTS_LIB_OFFICE_H
#define GOLMOK_TESTS_LIB_OFFICE_H

#include "core/due.h"
#include "core/report.h"
#include "tests/lib/town.h"

/*
 * A small pack with lists, figures and reports of every kind, and nodes of a
 * town that write under it.  A test that follows the pack says
 * "LINK: -Wl,--wrap=pack_embedded" and gives office_pack() there.  Whatever
 * fails here fails the test.
 */
#define OFFICE_SPACE "d03/c017/case"

/* A list of words for office_put. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Its JSON; static. */
struct bytes office_pack(void);
/* From now on node `i` follows the pack. */
void office_follow(struct town *town, size_t i);
/* For cmocka, around a test: its state is a struct town of which the founder
 * (0) follows the pack. */
int office_make(void **state);
int office_remove(void **state);

/* Node `i` makes a record as `words` ("state=done") say, or changes one. */
struct record_id office_put(struct town *town, size_t i, const char *space,
    const char *collection, const char *const *words);
void office_patch(struct town *town, size_t i, const char *space,
    const struct record_id *id, const char *const *words);
/* "field=" and the digits of `id`, in one of 16 static buffers. */
const char *office_ref(const char *field, const struct record_id *id);
/* Seconds since 1970 of a time such as "2016-07-25T09:30:00+09:00". */
int64_t office_time(const char *text);

/* A report of node `i`, which reads until office_close. */
struct office_report {
	struct store *store;
	struct arena arena;
	struct report report;
};
struct office_ask {
	const char *report;
	const char *prefix; /* NULL: all */
	const char *period; /* NULL: all */
	int64_t now_seconds;
};
void office_open(struct town *town, size_t i, const struct office_ask *ask,
    struct office_report *report);
void office_close(struct office_report *report);
/* The rows of table `table`, as "key: 1 2 -;" each, then "= 3 4 -". */
void office_rows(
    const struct office_report *report, size_t table, struct buf *text);
/* Fails unless the rows of table `table` are `wanted`. */
void office_rows_are(
    struct town *town, const struct office_ask *ask, const char *wanted);

#endif
