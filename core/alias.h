#ifndef GOLMOK_CORE_ALIAS_H
#define GOLMOK_CORE_ALIAS_H

#include "core/query.h"
#include "core/space.h"
#include "proto/id.h"

/*
 * Records that were found to speak of the same as another one: a collection of
 * the pack names the field that leads there (docs/packs.md, alias).  Nothing of
 * either record is changed by it, so it can be taken back; who counts or lists
 * puts the one in the place of the other.
 */

/* One record and what stands for it in the end. */
struct alias {
	struct record_id from;
	struct record_id to;
};

/* All of them that are held here. */
struct aliases {
	struct alias *p; /* owned; by `from` */
	size_t n;
	size_t room;
	/* Of the same, made by alias_held: by `to`, then `from`. */
	const struct alias *ends;
};

/* Gathers the aliases of all spaces held into the zeroed `aliases`, ended with
 * alias_fini in every case: of each record the value that is shown, and that of
 * the record to which it leads, and so on to the end.  Where they go round in a
 * circle, all of it stands for the one with the least id.  What is deleted has
 * no alias.  Depends on what is held alone.  ERR_CORRUPT. */
enum err alias_load(struct txn *txn, struct aliases *aliases) MUST_USE;
/* A zeroed struct is fine. */
void alias_fini(struct aliases *aliases);
/* What stands for `id`: itself where nothing does, or `aliases` is NULL. */
struct record_id alias_of(
    const struct aliases *aliases, const struct record_id *id);

/* Makes `query` one for the records of `collection`, which has an alias, that
 * lead to another, in all spaces; its condition is in `arena`. */
enum err alias_query(struct txn *txn, const struct pack_collection *collection,
    struct arena *arena, struct query *query) MUST_USE;

/* The same as alias_load, once for all of a transaction that reads, in its
 * arena.  `*aliases` is NULL when there is none, and in one that writes, where
 * what is asked of a write goes by the records that it names. */
enum err alias_held(struct txn *txn, const struct aliases **aliases) MUST_USE;
/* Does another record stand for `id`, which is not known to be deleted?  Then
 * `*end` is that; else `id`.  ERR_CORRUPT. */
enum err alias_stands(struct txn *txn, const struct aliases *aliases,
    const struct record_id *id, struct record_id *end, bool *stands) MUST_USE;
/* Those for which `end` stands, by `from`; returns how many.  `aliases` is what
 * alias_held gave. */
size_t alias_members(const struct aliases *aliases, const struct record_id *end,
    const struct alias **members);

#endif
