#ifndef GOLMOK_TESTS_FUZZ_STAGE_H
#define GOLMOK_TESTS_FUZZ_STAGE_H

#include "tests/lib/rogue.h"

/*
 * A small city that is made once, and a victim in it that is as it was for each
 * input.  Its other members know things that the victim does not; one of them,
 * the rogue, may write and read under one centre alone, and has true keys, and
 * all that it may have.
 */
enum {
	STAGE_VICTIM,	/* the founder */
	STAGE_ROGUE,	/* its keys make what the input says */
	STAGE_HONEST,	/* may do everything; the rogue holds its logs */
	STAGE_STRANGER, /* keys that nobody has admitted */
	STAGE_NODES,
};
#define STAGE_OPEN "d01/c001/case"   /* the rogue's own space */
#define STAGE_CLOSED "d02/c002/case" /* where it has no right at all */

struct stage {
	struct town town;
	struct rogue rogue; /* without a link: its keys, and room for logs */
	struct ref grant;   /* of the rogue */
	struct arena arena; /* owned: of the logs below */
	struct rogue_log logs[2]; /* of the rogue and the honest: in OPEN */
	struct log_id closed[2];  /* logs of CLOSED */
	struct record_id records[3];
	/* The victim, as it is kept. */
	struct buf files[8]; /* owned */
	char names[8][32];
	size_t files_n;
	struct prng prng;
	struct buf state; /* of what the rogue has no right to change */
};

/* The stage, made at the first call; all transactions are ended. */
struct stage *stage_get(void);
/* The same numbers are drawn as for each input. */
void stage_rewind(struct stage *stage);
/* From now on the victim is put back to what it is now; no transaction may be
 * open. */
void stage_keep(struct stage *stage);
/* Puts the victim's store back to what it was, if it has committed. */
void stage_reset(struct stage *stage);
/* In the victim's open transaction: nothing has changed where the rogue has no
 * right, and it and the stranger have no right that they had not. */
void stage_assert_harmless(struct stage *stage);
/* The victim's store, in which all is committed, is sound. */
void stage_assert_sound(struct stage *stage);
/* Nothing of what `said` holds is of a space that the rogue may not see. */
void stage_assert_discreet(const struct stage *stage, struct bytes said);

#endif
