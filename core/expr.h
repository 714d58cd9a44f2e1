#ifndef GOLMOK_CORE_EXPR_H
#define GOLMOK_CORE_EXPR_H

#include "core/pack.h"
#include "core/space.h"
#include "core/merge.h"

/*
 * The small language in which packs and people say conditions and values
 * (docs/packs.md, "Expressions"): `state = done and due_on < today`.  It has no
 * loops and no names of its own, and is checked whole before it is used: what
 * was parsed can be evaluated against any record.
 *
 * A struct expr never changes and lives as long as its arena and its pack.
 */
struct expr;
struct aliases;

enum expr_type {
	EXPR_NOTHING, /* no value */
	EXPR_BOOL,
	EXPR_INT,
	EXPR_TEXT,
	EXPR_DATE,     /* a day as in proto/calendar.h */
	EXPR_DATETIME, /* seconds since 1970, UTC */
	EXPR_SPAN,     /* seconds: 72h, 7d */
	EXPR_REF,      /* a record id */
	EXPR_BYTES,    /* a hash */
	EXPR_MAP,      /* only what stands in it can be asked for */
};

/* What the place in which an expression stands lets it look at beside the
 * fields of one record. */
enum expr_may {
	EXPR_MAY_CLOCK = 1,  /* today, now */
	EXPR_MAY_FOLLOW = 2, /* what a reference leads to */
	EXPR_MAY_QUERY = 4,  /* other records */
	EXPR_MAY_ALL = 7,
};

struct expr_scope {
	const struct pack *pack;		  /* borrowed */
	const struct pack_collection *collection; /* whose fields have names */
	unsigned may;				  /* of enum expr_may */
	/* Fields that this role does not see (core/staff.h) cannot be named:
	 * ERR_DENIED.  NULL: all can. */
	const struct pack_role *role;
};

/* A set of expression types, 1 << EXPR_BOOL and so on, none of them a set of
 * values. */
enum {
	EXPR_ANY = 1 << EXPR_BOOL | 1 << EXPR_INT | 1 << EXPR_TEXT |
		   1 << EXPR_DATE | 1 << EXPR_DATETIME | 1 << EXPR_REF |
		   1 << EXPR_BYTES,
	EXPR_WHEN = 1 << EXPR_DATE | 1 << EXPR_DATETIME,
	EXPR_SETS = 1 << 30, /* a set of values of these types is fine too */
};

/* Parses `text` in `scope`; it must give one of the types `want`.  `*expr` is
 * from `arena` and borrows the pack, not `text`.  ERR_INVALID, "column 17:
 * ...", for anything that is not of the language, names no field, compares what
 * cannot be compared, or looks where it may not; ERR_LIMIT beyond
 * LIMIT_EXPRESSION_* (proto/limits.h). */
enum err expr_parse(struct bytes text, const struct expr_scope *scope,
    unsigned want, struct arena *arena, const struct expr **expr) MUST_USE;
/* The type of what `expr` gives, and whether it is a set of these. */
enum expr_type expr_type(const struct expr *expr);
bool expr_is_set(const struct expr *expr);
/* The field that `expr` is and nothing more; NULL when it is anything else. */
const struct pack_field *expr_field(const struct expr *expr);
/* Does `expr` read `field` of the record it is evaluated for, itself or in a
 * sub-query by `this`? */
bool expr_reads(const struct expr *expr, const struct pack_field *field);

/* Does it read `created` or `changed` of that record? */
bool expr_reads_stamps(const struct expr *expr);

/* Calls `each` with every field that `expr` reads, of whatever record, perhaps
 * more than once. */
typedef void expr_each(void *arg, const struct pack_field *field);
void expr_fields(const struct expr *expr, expr_each *each, void *arg);

/* Does `expr` look at other records than those that it is evaluated for? */
bool expr_asks(const struct expr *expr);

/* For core/expr*.c: does anything in `expr` look at the record `up` levels out
 * of it? */
bool expr_looks(const struct expr *expr, unsigned up);

/* What binds a field of the record, among the conditions that `expr` puts
 * together by `and`: `field = value`, `field in (..)`, `field has value`,
 * `field < value`, `field is something`.  The values do not depend on the
 * record. */
enum expr_relation {
	EXPR_EQUAL,
	EXPR_LESS,
	EXPR_LESS_EQUAL,
	EXPR_MORE,
	EXPR_MORE_EQUAL,
	EXPR_SOME, /* any value, and none is given */
};
struct expr_bind {
	const struct pack_field *field;
	enum expr_relation relation;
	const struct expr *const *values; /* any of them; else one */
	size_t values_n;
};
/* All of them into an array from `arena`; returns how many.  `expr` may be
 * NULL. */
size_t expr_binds(const struct expr *expr, struct arena *arena,
    const struct expr_bind **binds);

/* A value; `is_set` says that it is `n` of them, none of which is nothing and
 * no two alike. */
struct expr_value {
	enum expr_type type;
	bool is_set;
	int64_t i;	/* BOOL, INT, DATE, DATETIME, SPAN */
	struct bytes b; /* TEXT, REF, BYTES; MAP as it is stored */
	size_t n;
	const struct expr_value *items;
};

/* Where names are looked up. */
struct expr_source {
	struct txn *txn;	   /* for references and sub-queries */
	const struct space *space; /* in which the record lies */
	const struct record_id *id;
	const struct record *record; /* all values that expr_reads loaded */
	int64_t now_seconds;
	struct arena *arena; /* what is made on the way is taken from it */
	/* References to a record are taken for what stands for it
	 * (core/alias.h); NULL: as they are. */
	const struct aliases *aliases;
};

/* Evaluates `expr`, which was parsed for the record's collection.  What is not
 * there is nothing; values that are not of the type of their field are passed
 * over.  ERR_CORRUPT for damaged rows of records that it looks at. */
enum err expr_eval(const struct expr *expr, const struct expr_source *source,
    struct expr_value *value) MUST_USE;
/* The same for what asks for no other record (expr_asks): that cannot fail. */
void expr_eval_own(const struct expr *expr, const struct expr_source *source,
    struct expr_value *value);
/* As expr_eval for a condition: nothing is false. */
enum err expr_test(const struct expr *expr, const struct expr_source *source,
    bool *holds) MUST_USE;
/* Can the condition hold for any record of source->space?  Tests what of it
 * looks at no record (source->record may be empty): that there is a notice of
 * today, say. */
enum err expr_may(const struct expr *expr, const struct expr_source *source,
    bool *may) MUST_USE;
/* Appends the canonical value that `value`, no set and not nothing, is in a
 * field of the type `type`; dates and times as text, times in UTC. */
void expr_encode(
    const struct expr_value *value, enum pack_type type, struct buf *out);
/* Orders two values of one type: < 0, 0, > 0; nothing comes first. */
int expr_compare(const struct expr_value *a, const struct expr_value *b);
/* The number of seconds by which clocks of `pack` (NULL: of none) are ahead of
 * UTC: what day it is depends on it. */
int64_t expr_offset_seconds(const struct pack *pack);

#endif
