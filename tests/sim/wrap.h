#ifndef GOLMOK_TESTS_SIM_WRAP_H
#define GOLMOK_TESTS_SIM_WRAP_H

#include "core/store.h"

/*
 * Calls between rooms that the linker sends through here (--wrap): for faults
 * of the disk, for a member that does what it may not, and for rules that are
 * broken on purpose, to show that the simulator notices.
 */
enum wrap_rule {
	RULE_NONE,
	RULE_MERGE,   /* who arrives first wins */
	RULE_SEEN,    /* what was seen is not hidden */
	RULE_DEDUPE,  /* what overlaps is taken twice */
	RULE_SYNC,    /* yes is said before it is durable */
	RULE_GRANT,   /* everybody may do everything */
	RULE_MARK,    /* a restored store is not noticed */
	RULE_RESUME,  /* a log is resumed one delta too late */
	RULE_OWED,    /* bodies that are owed are said to be there */
	RULE_CUT,     /* what lies beyond the cut of a revocation counts */
	RULE_EQUALS,  /* equals take back each other's grants */
	RULE_PREFIX,  /* a grant may reach beyond its giver's prefix */
	RULE_PASS,    /* a grant may give more than may be passed on */
	RULE_ADMIN,   /* everybody's decisions count */
	RULE_REPLACE, /* what was replaced still holds */
	RULE_VOID,    /* a void does nothing */
	RULE_ROTATE,  /* root keys count for ever */
	RULE_SERVE,   /* who lost its rights is served on */
	RULE_TAKE,    /* what is sent is taken, whatever the rights */
	RULE_SECRET,  /* who only holds gets secrets too */
	RULE_LATE,    /* what came before its grant stays outside */
	RULE_BRANCH,  /* nothing in the branch of a forked log counts */
	RULE_HELLO,   /* how much a peer has is not compared */
	RULE_BUDGET,  /* less is counted than was sent */
	RULE_PACK,    /* packing writes a body that is another */
	RULE_CARRIED, /* a bundle has come when it is written */
	RULE_STALE,   /* an old file is heard like a new one */
	RULE_PARTS,   /* bundles tell everybody of everything */
	RULE_NONCE,   /* a key and a counter seal two texts */
	RULE_BARE,    /* what people write is not sealed */
	RULE_CLEAR,   /* sessions are not encrypted */
	RULE_SHOWN,   /* heads are shown that no log has */
	RULE_QUEUE,   /* what waits to be sent has no limit */
	RULE_AGAIN,   /* equals do not see at the hello that they are */
	RULE_RETURN,  /* who gets back what it wrote goes on as before */
	RULE_HOLE,    /* a header of a run is left out */
	RULE_BODY,    /* a body is not held against its header */
	RULE_OVERDUE, /* nor is one that comes later */
	RULE_BLOCK,   /* what does not count blocks what comes after */
	RULE_SHRINK,  /* a log loses its newest deltas */
	RULE_SIGNED,  /* heads of others need no signature */
	RULE_TAG,     /* a frame that was changed is left out, and no more */
	RULE_HEIRS,   /* logs behind rotations that disagree are refused */
	RULE_REST,    /* sessions keep the room that they once needed */
	RULE_LEAVE,   /* what a session held outlives it */
	RULE_COUNT,
};
extern const char *const wrap_rules[RULE_COUNT];

/* From now on `rule` is broken, and all else as at the start of the program. */
void wrap_break(enum wrap_rule rule);
bool wrap_is_broken(enum wrap_rule rule);

/* What the next commit does. */
enum wrap_commit {
	COMMIT_TRUE,
	COMMIT_FAILS,	/* nothing happened, and it says so */
	COMMIT_UNKNOWN, /* it happened, and says that it did not */
};
void wrap_next_commit(enum wrap_commit what);
/* Did a commit fail by our doing since this was asked last? */
bool wrap_failed(void);

/* While it is set, every grant to write reaches every space: what a member with
 * a changed program may write. */
void wrap_forge(bool on);

#endif
