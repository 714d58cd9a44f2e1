#ifndef GOLMOK_TESTS_LIB_MEETING_H
#define GOLMOK_TESTS_LIB_MEETING_H

#include "tests/lib/desk.h"

/* Two stores of one city, which wrote apart from each other and then met: all
 * kinds of fields, conflicts, deletes, in two spaces. */
struct meeting {
	struct desk hall;
	struct desk dong;
	struct record_id ids[64];
	const char *spaces[64];
	struct buf shown[64]; /* the records as text */
	size_t n;
};

/* The spaces that both write in. */
extern const char meeting_here[];
extern const char meeting_there[];

/* cmocka setup and teardown: `*state` is a static meeting. */
int meeting_make(void **state);
int meeting_remove(void **state);

/* Appends what the record number `i` is to `text`, as the hall reads it now. */
enum err meeting_text(struct meeting *meeting, size_t i, struct buf *text);
/* Every read of the hall gives what it gave, or says that the store is damaged.
 */
void meeting_reads(struct meeting *meeting);

/* Copies key and value of the row number `n` of `table`; false behind the last.
 */
bool meeting_row(
    struct desk *desk, enum table table, uint64_t n, struct buf row[2]);
/* Puts `value` under `key`, behind everybody's back; NULL: removes the row. */
void meeting_row_put(struct desk *desk, enum table table, const struct buf *key,
    const struct buf *value);

#endif
