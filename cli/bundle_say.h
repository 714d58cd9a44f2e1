#ifndef GOLMOK_CLI_BUNDLE_SAY_H
#define GOLMOK_CLI_BUNDLE_SAY_H

#include "cli/open.h"
#include "core/bundle_show.h"
#include "core/bundle_take.h"
#include "core/bundle_write.h"

/* How bundles, and what became of them, look in words and in JSON. */

/* The bundle `path` for `to_n` members was written. */
void bundle_say_written(struct out *out, const char *path, size_t to_n,
    const struct bundle_written *written);
/* The acknowledgement `path` for `to` is written.  In a transaction. */
void bundle_say_acked(
    struct opened *work, const char *path, const struct sign_key *to);
/* What was taken of the bundle `path`, and what not, in a transaction.  ERR_OK:
 * all of it is held here.  ERR_PART: some is.  Otherwise nothing is: ERR_DENIED
 * (it is not for this node, or not from a member), ERR_NOT_FOUND (what comes
 * before it is missing), ERR_MALFORMED (it is damaged). */
enum err bundle_say_taken(struct opened *work, const char *path,
    const struct bundle_taken *taken,
    const struct bundle_found_in *found) MUST_USE;
/* What the bundle `path` is, in a transaction.  ERR_OK: it is whole and true.
 * ERR_PART: as far as it is there.  ERR_DENIED: not for this node.
 * ERR_MALFORMED: nothing of it is left, or something is not what it claims. */
enum err bundle_say_shown(struct opened *work, const char *path,
    const struct bundle_shown *shown,
    const struct bundle_found_in *found) MUST_USE;

#endif
