#ifndef GOLMOK_PROTO_DELTA_H
#define GOLMOK_PROTO_DELTA_H

#include "proto/arena.h"
#include "proto/id.h"
#include "proto/stamp.h"

/*
 * One signed entry of a log (docs/format.md §6 and §7): a header, which is the
 * leaf that is hashed, and bodies that the header commits to, one for each
 * change and data class, each sealed under a secret of its own.
 */
enum { DELTA_FORMAT = 1 };

/* Kinds of deltas that this program knows; any other number is kept as opaque
 * (docs/format.md §6 lists those that are reserved). */
enum delta_kind {
	DELTA_OPEN = 0,	  /* the first of a log: under which grant, and why */
	DELTA_CHANGE = 1, /* changes of records */
	DELTA_MEMBER = 2, /* authority: a key and its label */
	DELTA_GRANT = 3,  /* authority: member, prefix, rights */
	DELTA_REVOKE = 4, /* authority: a grant, cuts of its logs */
	DELTA_ADOPT = 5,  /* deltas without rights shall count */
	DELTA_VOID = 6,	  /* deltas without rights shall stay outside */
	DELTA_PACK = 10,  /* authority: a piece of a version of a pack */
	/* Facts that newer programs know.  This one keeps them and their
	 * bodies, passes both on, and takes them to say nothing. */
	DELTA_LATER_FIRST = 16,
	DELTA_LATER_LAST = 31,
};

/* Has a header of this kind a meaning here, or a body that is kept at least?
 * One of any other kind is opaque. */
static inline bool
delta_kind_is_known(uint64_t kind)
{
	return kind <= DELTA_VOID || kind == DELTA_PACK ||
	       (kind >= DELTA_LATER_FIRST && kind <= DELTA_LATER_LAST);
}

/* Data classes: what a body holds. */
enum delta_class {
	CLASS_N = 0, /* not personal */
	CLASS_P = 1, /* personal */
	CLASS_S = 2, /* sensitive */
	CLASS_F = 3, /* financial */
	CLASS_COUNT = 4,
};

/* What a change does to its record. */
enum delta_act { ACT_EDIT = 0, ACT_DELETE = 1, ACT_KEEP = 2 };

/* Kinds of fields; state is kept per (field, kind). */
enum field_kind {
	KIND_REGISTER = 0,
	KIND_SET = 1,
	KIND_COUNTER = 2,
	KIND_NOTES = 3,
	KIND_STATE = 4,
	KIND_COUNT = 5,
};

/* What an operation does: kind * 16 + verb. */
enum op_code {
	OP_SET = 0x00,	  /* register: this value */
	OP_CLEAR = 0x01,  /* register: no value */
	OP_ADD = 0x10,	  /* set: one more element */
	OP_REMOVE = 0x11, /* set: without the additions seen */
	OP_COUNT = 0x20,  /* counter: plus this integer */
	OP_APPEND = 0x30, /* notes: one more entry */
	OP_MOVE = 0x40,	  /* state: to this value */
};

/* Why a log was opened. */
enum open_why {
	OPEN_NEW = 0,
	OPEN_RESTORE = 1,
	OPEN_CLONE = 2,
	OPEN_CLOCK = 3,
	OPEN_FORK = 4,
	OPEN_REGRANT = 5,
};

/* A change in the delta's reference list: refs[ref], number `change` there. */
struct delta_parent {
	uint32_t ref;
	uint16_t change;
};

/* An operation in the delta's reference list. */
struct delta_target {
	uint32_t ref;
	uint16_t change;
	uint16_t op;
};

/* The dots that operation `op` of a change replaces. */
struct delta_seen {
	uint16_t op;
	size_t n;
	const struct delta_target *targets; /* n of them; arena */
};

/* One change, as the header tells it. */
struct delta_change {
	struct record_id record;
	enum delta_act act;
	size_t parents_n;
	const struct delta_parent *parents; /* arena */
	size_t seen_n;
	const struct delta_seen *seen; /* by rising op; arena */
	unsigned classes;	       /* bit 1 << class for each body */
	struct hash commitments[CLASS_COUNT];
};

/* What the first delta of a log says besides. */
struct delta_open {
	enum open_why why;
	bool has_grant;
	uint32_t grant; /* refs[grant] is the grant fact, in authority */
	bool has_previous;
	struct incarnation previous; /* the log that this one continues */
	uint64_t previous_size;
	struct hash previous_root;
	struct bytes founding; /* root's own open: the founding record */
	struct bytes rotation; /* a later root key's: the rotation record */
};

/* What an adopt or a void is about.  All of it stands in the header. */
struct delta_decision {
	size_t targets_n;
	const uint32_t
	    *targets; /* refs[...] are single deltas; rising; arena */
	size_t cuts_n;
	const struct log_cut *cuts; /* logs up to a size; by log; arena */
	size_t replaces_n;
	const uint32_t *replaces; /* refs[...] are earlier decisions that this
				     one replaces; rising; arena */
};

/* A header.  `opaque` says that it is kept without meaning: an unknown format,
 * kind or critical key, or a broken rule; then only seq (its position) and
 * `origin` may be looked at, and what could not be read is zero. */
struct delta {
	bool opaque;
	uint64_t format;
	uint64_t kind; /* enum delta_kind, or unknown */
	uint64_t seq;
	struct stamp stamp;
	bool has_actor;
	struct actor_id actor;
	struct hash origin;
	size_t refs_n;
	const struct ref *refs; /* arena */
	size_t changes_n;
	const struct delta_change *changes; /* arena */
	struct delta_open open;		    /* DELTA_OPEN only */
	struct delta_decision decision;	    /* DELTA_ADOPT, DELTA_VOID only */
};

/* Appends the only encoding of `delta` (not opaque) to `out`.  ERR_LIMIT when
 * it is larger than LIMIT_HEADER_SIZE or has more of something than
 * proto/limits.h allows; `out` is then as it was. */
enum err delta_encode(const struct delta *delta, struct buf *out) MUST_USE;

/* Reads a header of at most LIMIT_HEADER_SIZE.  Arrays are taken from `arena`,
 * the founding record is a view into `in`.  Any bytes are a header: what breaks
 * a rule of docs/format.md §6 gives an opaque one, and `why`, when not NULL,
 * says in static words which. */
void delta_decode(struct bytes in, struct arena *arena, struct delta *delta,
    const char **why);

/* The dot, or the change, that a target of `delta` names. */
struct dot delta_dot(const struct delta *delta, struct delta_target target);
struct change_ref delta_parent(
    const struct delta *delta, struct delta_parent parent);

#endif
