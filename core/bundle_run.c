/*
 * Runs verified by themselves.  Taking in a bundle asks here about those that
 * lie beyond a gap, showing one about all.  Knows no store.
 */
#include "core/bundle_run.h"

#include "proto/note.h"

enum err
bundle_run_begin(const struct msg_run *run, const struct frontier *frontier,
    struct bundle_run *check)
{
	struct note_checkpoint head = {
	    .size = run->head_size, .root = run->head_root};
	struct buf origin = {0};
	enum err e;

	*check = (struct bundle_run){.frontier = *frontier,
	    .head_size = run->head_size,
	    .head_root = run->head_root};
	if (frontier->size != run->from)
		return err_set(ERR_MALFORMED,
		    "a run from %llu with the frontier of %llu",
		    (unsigned long long)run->from,
		    (unsigned long long)frontier->size);
	id_origin(&run->name, &origin);
	head.origin = buf_bytes(&origin);
	e = note_checkpoint_verify(
	    &head, &run->name.author, &run->head_signature);
	if (e != ERR_OK)
		e = err_wrap(e, "head of a log in '%s'", run->name.space.text);
	buf_fini(&origin);
	return e;
}

enum err
bundle_run_chunk(struct bundle_run *check, const struct msg_chunk *chunk)
{
	struct hash leaf;
	struct hash root;

	if (chunk->n > check->head_size ||
	    check->frontier.size > check->head_size - chunk->n)
		return err_set(ERR_MALFORMED,
		    "headers beyond the head that they came with");
	for (size_t i = 0; i < chunk->n; i++) {
		merkle_leaf(chunk->headers[i], &leaf);
		merkle_append(&check->frontier, &leaf, NULL, NULL);
	}
	merkle_root(&check->frontier, &root);
	if (!merkle_consistency_holds(check->frontier.size, check->head_size,
		&root, &chunk->proof, &check->head_root))
		return err_set(ERR_MALFORMED,
		    "headers up to %llu do not lead to their signed head",
		    (unsigned long long)check->frontier.size);
	return ERR_OK;
}
