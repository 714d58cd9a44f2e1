#ifndef GOLMOK_CORE_MERGE_H
#define GOLMOK_CORE_MERGE_H

#include "proto/arena.h"
#include "proto/body.h"

/*
 * What a record is, given the changes of it that are held: the definition of
 * merging (docs/format.md §9), pure, total, independent of order.
 * core/record.c does the same step by step where that is faster, and is tested
 * against this.
 */

/* One operation of a change: from its body, from its header's `seen`, or both.
 */
struct merge_op {
	uint16_t number;
	bool has_body; /* code, class, field and value are known */
	enum op_code code;
	enum delta_class class;
	struct bytes field;
	struct bytes value; /* canonical value */
	size_t seen_n;
	const struct dot *seen;
};

/* One change of the record, whatever its status. */
struct merge_change {
	struct change_ref at;
	struct stamp stamp;
	bool has_actor;
	struct actor_id actor;
	enum delta_act act;
	bool counts;		 /* its author was allowed to make it */
	struct bytes collection; /* not empty: this change creates */
	size_t parents_n;
	const struct change_ref *parents;
	size_t ops_n;
	const struct merge_op *ops; /* by rising number */
};

/* A list of changes, in an arena. */
struct merge_changes {
	struct merge_change *p;
	size_t n;
};

enum record_status {
	RECORD_LIVE = 0,
	RECORD_DELETED = 1,
	RECORD_CONTESTED = 2, /* deleted and edited apart: shown whole */
};

/* The change that a value stems from. */
struct record_source {
	struct change_ref at;
	struct stamp stamp;
	bool has_actor;
	struct actor_id actor;
};

/* One surviving value. */
struct record_value {
	uint32_t source; /* index into record.sources */
	uint16_t op;
	enum delta_class class;
	struct bytes value;
};

/* The surviving values of one (field, kind), in the order of their dots. */
struct record_field {
	struct bytes name;
	enum field_kind kind;
	size_t n;
	struct record_value *values; /* n of them; NULL while they lie in
					TABLE_CELLS and were not loaded */
};

struct record {
	/* Some counting change is held.  Without one only the heads are given,
	 * so that what is quarantined can be continued and is not forgotten. */
	bool exists;
	/* Nothing is missing, nothing is deleted or kept, every change counts:
	 * the next change may be folded in without looking at the others. */
	bool plain;
	enum record_status status;
	struct bytes collection; /* of the first creating change by (stamp,
				    log); empty when its body is not here */
	struct stamp created;	 /* stamp of that change; 0 when unknown */
	struct stamp changed;	 /* the newest stamp of a counting change */
	size_t heads_n;
	struct change_ref *heads; /* the latest changes: nobody's parents;
				     sorted */
	size_t sources_n;
	struct record_source *sources; /* sorted by change */
	size_t fields_n;
	struct record_field *fields; /* sorted by (name, kind) */
};

/* The record that the `n` changes make, in any order, each given once (a
 * second one with the same name is ignored).  `record` and what it points at
 * are taken from `arena`; values are views into the changes.  Parents and seen
 * that are not among the changes are missing ones: record->plain is then false.
 */
void merge_record(const struct merge_change *changes, size_t n,
    struct arena *arena, struct record *record);

/* The value of `field` that is shown first: the highest (stamp, log id), then
 * dot.  NULL when it has none (or they were not loaded). */
const struct record_value *merge_winner(
    const struct record *record, const struct record_field *field);
/* Does `field` hold values that contradict each other: a register or state
 * with two different values?  (Their values must be loaded.) */
bool merge_is_conflict(const struct record_field *field);
/* The field `name` of `kind`; NULL when it has no values. */
const struct record_field *merge_find(
    const struct record *record, struct bytes name, enum field_kind kind);
/* Orders `field` against (name, kind): < 0, 0, > 0; as record.fields lie. */
int merge_compare(
    const struct record_field *field, struct bytes name, enum field_kind kind);
/* The dot of a value of `record`. */
struct dot merge_dot(
    const struct record *record, const struct record_value *value);

#endif
