#ifndef GOLMOK_CORE_DUE_H
#define GOLMOK_CORE_DUE_H

#include "core/query.h"

/*
 * Lists of what has to be done (docs/packs.md, `due`): a pure function of what
 * is held here and of the day.  Nothing of them is stored or sent; whoever has
 * the same records sees the same lists.
 */
struct due_ask {
	const struct pack_due *list; /* of the pack in force */
	struct space prefix;	     /* as struct query has it */
	int64_t now_seconds;
	/* Who asks (core/staff.h); NULL: nothing is hidden. */
	const struct pack_role *role;
};

struct due_item {
	struct space_state *space;
	struct record_id id;
	struct expr_value due; /* a date or a time; nothing: nobody knows */
	/* How long it is late: days since the day from which on it is, or
	 * hours where `due` is a time.  Negative: so many are left. */
	int64_t late;
	bool is_late;
	/* The same since `due`, which a list may let pass for some days before
	 * it speaks of late. */
	int64_t passed;
	int64_t urgency; /* 0 to 9 */
	int64_t risk;
};

struct due_items {
	struct due_item *p; /* owned; the most pressing first */
	size_t n;
	size_t late_n; /* of them are late */
	/* Of records left out since another one stands for them (core/alias.h),
	 * which is on the list if it has to be. */
	size_t merged_n;
	/* Data classes (bits) of what decides who is on the list that are not
	 * wholly here, and in how many logs: some may be missing. */
	unsigned missing;
	uint64_t missing_logs;
};

/* Puts all that `ask` has on its list into the zeroed `items`, ended with
 * due_fini in every case.  What is more urgent comes first, then what is late
 * for longer, then what has more risk, then by id; what has no day comes last
 * of its urgency.  ERR_LIMIT: more than LIMIT_DUE_ITEMS.  ERR_CORRUPT.
 * ERR_DENIED: what decides who is on it is not for ask->role to see.  What
 * only puts it in order, and what is only shown, is then nothing. */
enum err due_find(struct txn *txn, const struct due_ask *ask,
    struct due_items *items) MUST_USE;
/* A zeroed struct is fine. */
void due_fini(struct due_items *items);

/* What `item` shows in the columns of the list, `show` and then `by`, into
 * `values`, which has room for list->show_n + list->by_n.  They live as long as
 * `arena`. */
enum err due_show(struct txn *txn, const struct due_ask *ask,
    const struct due_item *item, struct arena *arena,
    struct expr_value *values) MUST_USE;
/* For an item of open work: the record, with all values, in `arena`, so that
 * what contradicts itself can be told. */
enum err due_record(struct txn *txn, const struct due_item *item,
    struct arena *arena, struct record *record) MUST_USE;
/* The fields of `record` whose values contradict each other, into an array from
 * `arena`; returns how many.  None for a record that was deleted and changed
 * apart. */
size_t due_conflicts(const struct record *record, struct arena *arena,
    const struct record_field ***fields);

#endif
