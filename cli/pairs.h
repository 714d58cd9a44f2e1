#ifndef GOLMOK_CLI_PAIRS_H
#define GOLMOK_CLI_PAIRS_H

#include "cli/open.h"
#include "core/twins.h"
#include "core/twins_said.h"

/*
 * Pairs of records that may speak of the same, as records of the collection
 * that the pack names: read and written (docs/packs.md, duplicates).
 */
struct pairs_pair {
	struct space_state *space; /* of the transaction */
	struct record_id id;
	struct record_id a;
	struct record_id b;
	struct bytes unit_a; /* from work->arena, as all below */
	struct bytes unit_b;
	int64_t score;
	struct buf keys;    /* names of the fields, ", " between them; owned */
	struct bytes state; /* in effect */
	struct twins_word word_a;
	struct twins_word word_b;
	bool agreed;
	struct twin_members *members;
	size_t members_n;
	struct record record;
};

/* The rules of the pack in force; ERR_INVALID when it has none. */
enum err pairs_rules(
    const struct opened *work, const struct pack_duplicates **rules) MUST_USE;
/* Reads the pair that the record `record`, `id` of `space`, is; what it points
 * at is borrowed from the record.  Ended with pairs_fini in every case.
 * ERR_INVALID: it does not name two records; ERR_CORRUPT. */
enum err pairs_read(struct opened *work, struct space_state *space,
    const struct record_id *id, const struct record *record,
    struct pairs_pair *pair) MUST_USE;
/* The pair that `word` names, ended with pairs_fini in every case.  ERR_INVALID
 * when it is some other record. */
enum err pairs_get(
    struct opened *work, const char *word, struct pairs_pair *pair) MUST_USE;
void pairs_fini(struct pairs_pair *pair);

/* What pairs_keep did. */
enum pairs_kept { PAIRS_AS_IT_WAS, PAIRS_NEW, PAIRS_CHANGED, PAIRS_DENIED };
/* Writes `twin` as a pair in the open write transaction, if it is new or has
 * another score or other members than the one that is there; one that was
 * deleted stays so.  Where this node may not write, `*kept` says so and nothing
 * is an error.  Else errors as store_write and twins_space. */
enum err pairs_keep(struct opened *work, const struct twin *twin,
    enum pairs_kept *kept) MUST_USE;
/* Writes what `unit` says, in place of what it said before, and where that
 * leads, the state. */
enum err pairs_say(struct opened *work, const struct pairs_pair *pair,
    struct bytes unit, bool same) MUST_USE;
/* Writes the state. */
enum err pairs_move(struct opened *work, const struct pairs_pair *pair,
    const char *state) MUST_USE;
/* Makes `to` what stands for the record `from`, or (`to` NULL) nothing, if
 * `only` stands for it now; `*changed` says whether anything was written.
 * ERR_NOT_FOUND when `from` is not held here; ERR_DENIED. */
struct pairs_alias {
	const struct record_id *from;
	const struct record_id *to;
	const struct record_id *only;
};
enum err pairs_alias(struct opened *work, const struct pairs_alias *alias,
    bool *changed) MUST_USE;

#endif
