#ifndef GOLMOK_CORE_BUNDLE_IN_H
#define GOLMOK_CORE_BUNDLE_IN_H

#include "core/bundle_run.h"
#include "core/bundle_take.h"
#include "core/intake.h"

/*
 * The runs of one part of a bundle on their way to the gate.  For
 * core/bundle_take.c, which reads them from the medium and begins and commits
 * the transactions; a run may be spread over several.
 */
struct bundle_in {
	struct store *store;	     /* borrowed */
	struct bundle_taken *taken;  /* borrowed: what became of it */
	const struct secret *backup; /* borrowed: ours */
	struct sign_key from;	     /* who made the part */
	uint64_t refused;	  /* runs, for want of knowing who wrote them */
	struct frontier frontier; /* of the run to come */
	bool has_frontier;
	bool open;    /* a run is being read: */
	bool dropped; /* and not taken */
	struct msg_run run;
	struct frontier begin; /* where it begins */
	struct log_id log;
	struct log_id gap_log; /* of the last gap that was noted */
	uint64_t next;	       /* seq of its next header */
	struct log_no near;    /* where its last chunk went; 0: not known */
	struct bundle_run check;
	struct arena arena; /* owned; of the chunk that waits for bodies: */
	struct intake_chunk chunk;
	struct merkle_proof proof;
	struct msg_body *bodies;
	size_t bodies_room;
	uint64_t bodies_left;  /* 0: no chunk waits */
	struct bundle_sum sum; /* what came of the part */
};

/* Takes one message of a run, in an open write transaction.  Whatever is wrong
 * with it becomes a trouble in `in->taken`; errors are the store's. */
enum err bundle_in_message(struct bundle_in *in, struct bytes message) MUST_USE;
/* What comes next does not follow from what came: the chunk that still waits is
 * taken without the bodies that did not come. */
enum err bundle_in_lost(struct bundle_in *in) MUST_USE;
void bundle_in_fini(struct bundle_in *in);

/* Notes why something did not enter: `why` and err_text(); `log` may be NULL.
 */
void bundle_in_trouble(
    struct bundle_in *in, enum err why, const struct log_name *log);

#endif
