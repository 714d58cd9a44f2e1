#ifndef GOLMOK_TESTS_LIB_COUNCIL_H
#define GOLMOK_TESTS_LIB_COUNCIL_H

#include "core/inbox.h"
#include "tests/lib/town.h"

/*
 * What the people of a town decide about rights: grants taken back, deltas
 * adopted or voided, and what lies in an inbox.  Whatever fails here but for
 * what is returned fails the test.
 */

/* Takes the root keys from the founder, so that it writes as itself. */
void council_unroot(struct town *town);
/* The newest grant of node `whom` that node `at` holds. */
struct ref council_grant(struct town *town, size_t at, size_t whom);
/* Node `by` takes the newest grant of `whom` back: as far as is held there, or
 * when `since` is not 0, compromised, what was written before. */
enum err council_revoke(struct town *town, size_t by, size_t whom,
    uint64_t since_ms, struct store_revoked *revoked) MUST_USE;
/* Node `by` adopts, or voids, the `n` deltas `refs` of `space`. */
enum err council_decide(struct town *town, size_t by, const char *space,
    bool adopt, const struct ref *refs, size_t n) MUST_USE;
/* Appends `delta` with the body `plain` to the log of node `by` in `space`:
 * what it says need not make sense. */
void council_put(struct town *town, size_t by, const struct space *space,
    struct delta *delta, struct bytes plain);
/* The same as council_decide for all of `cut`, without asking core/decide.c. */
void council_decide_range(struct town *town, size_t by, const char *space,
    bool adopt, const struct log_cut *cut);
/* Node `by` takes the grant `grant` back with the `n` cuts `cuts`, which may be
 * wrong. */
void council_revoke_at(struct town *town, size_t by, const struct ref *grant,
    const struct log_cut *cuts, size_t n);

/* The newest log of node `whom` in `space`, as node `at` holds it: its first
 * `size` deltas as a cut (0: all that are held). */
struct log_cut council_cut(struct town *town, size_t at, size_t whom,
    const char *space, uint64_t size);
/* The same of the log with the unforked id `log`. */
struct log_cut council_cut_of(struct town *town, size_t at, const char *space,
    const struct log_id *log, uint64_t size);
/* Delta `seq` of that log. */
struct ref council_ref(
    struct town *town, size_t at, size_t whom, const char *space, uint64_t seq);

/* What lies in the inbox of node `i` (NULL: all spaces), an entry a line: its
 * text is the same on every node that holds the same. */
size_t council_inbox(
    struct town *town, size_t i, const char *space, struct buf *text);
/* Puts the first `max` deltas in the inbox of node `i` for `space` into `refs`;
 * gives their number. */
size_t council_refs(struct town *town, size_t i, const char *space,
    struct ref *refs, size_t max);
/* The entry about `ref` in the inbox of node `i`; false when there is none.
 * Its reason and records are not kept. */
bool council_entry(struct town *town, size_t i, const struct ref *ref,
    struct inbox_entry *entry);

/* Node `i` is sound: fsck finds nothing, and a rebuild changes nothing. */
void council_sound(struct town *town, size_t i);

#endif
