#ifndef GOLMOK_TESTS_LIB_VERDICT_H
#define GOLMOK_TESTS_LIB_VERDICT_H

#include "core/authority.h"

/*
 * What an evaluation of `authority` says, as text that can be compared: core's
 * own, or that of tests/lib/justice.h.
 */

/* Append a line about one thing to `out`. */
void verdict_grant(struct buf *out, const struct grant *grant);
void verdict_revocation(struct buf *out, const struct revocation *revocation);
void verdict_outsider(
    struct buf *out, const struct ref *ref, bool voided, bool disputed);
void verdict_member(struct buf *out, const struct member *member);
void verdict_root(struct buf *out, const struct sign_key *key);

/* Appends what core made of the authority logs: what counts, strata and whose
 * word it is, decisions' marks, members, root keys. */
void verdict_print(const struct authority *authority, struct buf *out);
/* Appends all else that core knows, reasons above all: to compare stores. */
void verdict_print_rest(const struct authority *authority, struct buf *out);

#endif
