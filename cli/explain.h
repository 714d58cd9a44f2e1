#ifndef GOLMOK_CLI_EXPLAIN_H
#define GOLMOK_CLI_EXPLAIN_H

#include "core/authority.h"
#include "proto/buf.h"

/*
 * Grants and what became of them, in words; functions that return nothing
 * append to `text`.
 */

/* The grant under which `grant` was given, as far as it is known here; NULL for
 * one of root's. */
const struct grant *explain_under(
    const struct authority *authority, const struct grant *grant);
/* What it gives: "d03/c017: read:NPSF,write; passes on read:N". */
void explain_gives(const struct grant *grant, struct buf *text);
/* "valid", "revoked", "does not count". */
const char *explain_status(const struct grant *grant);
/* Why it gives nothing: who revoked it, when and for what reason, or what is
 * missing; nothing for a valid one. */
void explain_end(const struct authority *authority, const struct grant *grant,
    struct buf *text);
/* Who gave it and when: "from 종로구 since 2026-03-02 14:05:09". */
void explain_origin(const struct authority *authority,
    const struct grant *grant, struct buf *text);
/* A member's standing: "root", "member", "revoked", "compromised", "does not
 * count". */
const char *explain_member(
    const struct authority *authority, const struct member *member);

#endif
