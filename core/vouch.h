#ifndef GOLMOK_CORE_VOUCH_H
#define GOLMOK_CORE_VOUCH_H

#include "proto/id.h"
#include "proto/note.h"

/*
 * Heads that are known to be signed by the author of their log.  A signature
 * takes longer to check than everything else about a delta, and can be checked
 * anywhere: other threads do it ahead, and what they found good is noted here.
 * A memo and no more: it forgets, and whoever misses a head in it checks it
 * again.  One thread uses it.
 */
struct vouch;

/* An empty memo of fixed size.  Ended with vouch_free; NULL does nothing. */
struct vouch *vouch_new(void) MUST_USE;
void vouch_free(struct vouch *vouch);

/* A name for the claim that the author of `log` signed `head`, which no other
 * claim has. */
void vouch_name(const struct log_name *log, const struct note_head *head,
    struct hash *name);
/* Did the author of `log` sign `head`?  ERR_MALFORMED: no.  Fit for any
 * thread. */
enum err vouch_check(
    const struct log_name *log, const struct note_head *head) MUST_USE;
/* Is the claim `name` known to be true?  A memo of NULL knows none. */
bool vouch_has(const struct vouch *vouch, const struct hash *name);
/* Notes that the claim `name` was found true; NULL does nothing. */
void vouch_put(struct vouch *vouch, const struct hash *name);

#endif
