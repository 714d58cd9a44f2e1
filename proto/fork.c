/*
 * Proofs that a log is forked.  The session and fsck ask here whether what they
 * have is one.  A proof that fails says nothing against anybody: whoever sent
 * it may have made it up.  Pure.
 */
#include "proto/fork.h"

#include <string.h>

enum err
fork_side_check(
    const struct log_name *name, uint64_t size, const struct fork_side *side)
{
	struct note_checkpoint checkpoint = {
	    .size = side->head.size, .root = side->head.root};
	struct buf origin = {0};
	enum err e;

	if (size == 0 || size > side->head.size)
		return err_set(ERR_MALFORMED,
		    "a side of a fork whose head is not as large as the fork");
	if (!merkle_consistency_holds(size, side->head.size, &side->root,
		&side->proof, &side->head.root))
		return err_set(ERR_MALFORMED,
		    "a side of a fork does not lead to its signed head");
	id_origin(name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	e = note_checkpoint_verify(
	    &checkpoint, &name->author, &side->head.signature);
	buf_fini(&origin);
	return e == ERR_OK ? e : err_wrap(e, "head of a forked log");
}

enum err
fork_check(const struct log_name *name, const struct fork *fork)
{
	enum err e = ERR_OK;

	if (memcmp(&fork->sides[0].root, &fork->sides[1].root,
		sizeof(struct hash)) == 0)
		e = err_set(ERR_MALFORMED, "the sides of a fork do not differ");
	for (size_t i = 0; i < 2 && e == ERR_OK; i++)
		e = fork_side_check(name, fork->size, &fork->sides[i]);
	return e;
}
