#ifndef GOLMOK_CLI_NAME_H
#define GOLMOK_CLI_NAME_H

#include "cli/open.h"

/*
 * The names that a person gives to things of a store.  Where an id is long, its
 * first digits will do as long as nothing else begins with them.
 */
enum { NAME_DIGITS_MIN = 8 };

/* The record `word`: 32 hex digits, or at least NAME_DIGITS_MIN that begin
 * exactly one record.  ERR_USAGE: no id; ERR_NOT_FOUND; ERR_INVALID lists the
 * records when there are several. */
enum err name_record(struct opened *work, const char *word, struct space *space,
    struct record_id *id) MUST_USE;
/* The log `word`, the same way; it lives until the transaction ends. */
enum err name_log(
    struct opened *work, const char *word, struct log **log) MUST_USE;
/* The space `word`, which need not hold anything yet.  ERR_USAGE. */
enum err name_space(const char *word, struct space *space) MUST_USE;
/* What this store holds of the space `word`.  ERR_NOT_FOUND, with what may have
 * been meant. */
enum err name_known_space(
    struct opened *work, const char *word, struct space_state **state) MUST_USE;
/* The spaces that `word` names: the one of that name as name_known_space finds
 * it, or with NULL all that this store holds, by name, as an array of `*n` that
 * lives until the transaction ends. */
enum err name_known_spaces(struct opened *work, const char *word,
    struct space_state ***spaces, size_t *n) MUST_USE;
/* The key `word`: 64 hex digits, or the label of exactly one member of
 * `authority` (which may be NULL), or at least NAME_DIGITS_MIN digits that
 * begin the key of exactly one.  ERR_USAGE; ERR_INVALID lists the members when
 * there are several. */
enum err name_key(const struct authority *authority, const char *word,
    struct sign_key *key) MUST_USE;
/* As name_key, of a member that is known here; ERR_NOT_FOUND. */
enum err name_member(const struct authority *authority, const char *word,
    const struct member **member) MUST_USE;
/* The delta `word`, held here: LOG:SEQ, with a log as name_log takes it, as
 * show_ref writes it; and that log.  ERR_USAGE, ERR_NOT_FOUND, ERR_INVALID. */
enum err name_ref(struct opened *work, const char *word, struct ref *ref,
    struct log **log) MUST_USE;

#endif
