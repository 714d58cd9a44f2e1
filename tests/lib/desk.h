#ifndef GOLMOK_TESTS_LIB_DESK_H
#define GOLMOK_TESTS_LIB_DESK_H

#include "core/fsck.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

/*
 * A whole store behind its door, with a clock and randomness of its own.
 * Whatever fails here fails the test.
 */
struct desk {
	struct tempdir dir;
	char path[2 * TEMPDIR_PATH_SIZE]; /* of the store, in `dir` */
	struct host host;
	struct prng prng;
	uint64_t now_ms; /* rises by one at each look */
	struct store *store;
};

/* Founds the city "서울" in a new directory and opens its store. */
void desk_found(struct desk *desk, uint64_t seed);
/* Makes and opens a store that belongs to the city of `founder`. */
void desk_join(struct desk *desk, const struct desk *founder, uint64_t seed);
/* Closes the store and removes all. */
void desk_fini(struct desk *desk);
/* Opens the store, alone or beside others, and closes it. */
void desk_open(struct desk *desk, bool alone);
void desk_close(struct desk *desk);
/* What clock and randomness `desk` has, for stores made by hand. */
void desk_host(struct desk *desk, uint64_t seed);

void desk_begin(struct desk *desk, bool write);
void desk_commit(struct desk *desk);

/* In the open write transaction: makes a record of the collection "case" in
 * `space`, whose field `name` says `text`. */
struct record_id desk_create(
    struct desk *desk, const char *space, const char *text);
/* One edit of a record; `token` as store_write takes it (NULL: none). */
void desk_edit(struct desk *desk, const char *space, const struct record_id *id,
    const struct store_edit *edit, const struct buf *token);
/* A delete or a keep. */
void desk_settle(struct desk *desk, const char *space,
    const struct record_id *id, enum delta_act act, const struct buf *token);
/* The token of the record as it is. */
void desk_token(struct desk *desk, const char *space,
    const struct record_id *id, struct buf *token);
/* An edit: `code` of `field` in `class` with the text `text`, which must live
 * as long as the edit. */
struct store_edit desk_text(enum op_code code, enum delta_class class,
    const char *field, const char *text);

/* Admits `member` to the city of `founder` with all rights under `prefix`. */
void desk_admit(
    struct desk *founder, const struct desk *member, const char *prefix);
/* Takes over what `from` holds and `to` does not, in one transaction. */
void desk_pull(struct desk *to, struct desk *from);

/* Checks everything; returns how many things are wrong.  The first of them is
 * printed when `clean` is wanted. */
uint64_t desk_check(struct desk *desk, bool clean);
/* Appends all records, and the digests of their spaces, as text. */
void desk_text_all(struct desk *desk, struct buf *text);

#endif
