/*
 * Writes headers.  proto/delta.c calls it once the counts are within limits;
 * what it writes, proto/delta.c reads back as the same.  Pure.
 */
#include "proto/delta_form.h"

#include "proto/codec.h"
#include "proto/cut.h"

static void scalars_encode(const struct delta *delta, struct buf *out);
static void refs_encode(const struct delta *delta, struct buf *out);
static void change_encode(const struct delta_change *change, struct buf *out);
static void seen_encode(const struct delta_change *change, struct buf *out);
static void open_encode(const struct delta_open *open, struct buf *out);
static void decision_encode(const struct delta *delta, struct buf *out);
static void indexes_encode(
    const uint32_t *indexes, size_t n, size_t refs_n, struct buf *out);

void
delta_form_put(const struct delta *delta, struct buf *out)
{
	scalars_encode(delta, out);
	if (delta->refs_n > 0)
		refs_encode(delta, out);
	if (delta->changes_n > 0) {
		codec_put_int(out, DELTA_KEY_CHANGES);
		codec_put_array(out, delta->changes_n);
	}
	for (size_t i = 0; i < delta->changes_n; i++)
		change_encode(&delta->changes[i], out);
	if (delta->kind == DELTA_OPEN) {
		codec_put_int(out, DELTA_KEY_OPEN);
		open_encode(&delta->open, out);
	}
	if (delta_form_decides(delta->kind)) {
		codec_put_int(out, DELTA_KEY_DECISION);
		decision_encode(delta, out);
	}
}

static void
scalars_encode(const struct delta *delta, struct buf *out)
{
	size_t optional = (size_t)delta->has_actor + (delta->refs_n > 0) +
			  (delta->changes_n > 0) + (delta->kind == DELTA_OPEN) +
			  delta_form_decides(delta->kind);

	codec_put_map(out, 5 + optional);
	codec_put_int(out, DELTA_KEY_FORMAT);
	codec_put_int(out, DELTA_FORMAT);
	codec_put_int(out, DELTA_KEY_KIND);
	codec_put_int(out, (int64_t)delta->kind);
	codec_put_int(out, DELTA_KEY_SEQ);
	codec_put_int(out, (int64_t)delta->seq);
	codec_put_int(out, DELTA_KEY_STAMP);
	codec_put_int(out, (int64_t)delta->stamp.v);
	if (delta->has_actor) {
		codec_put_int(out, DELTA_KEY_ACTOR);
		codec_put_bytes(out, bytes_of(delta->actor.b, 16));
	}
	codec_put_int(out, DELTA_KEY_ORIGIN);
	codec_put_bytes(out, bytes_of(delta->origin.b, 32));
}

static void
refs_encode(const struct delta *delta, struct buf *out)
{
	codec_put_int(out, DELTA_KEY_REFS);
	codec_put_array(out, delta->refs_n);
	for (size_t i = 0; i < delta->refs_n; i++) {
		const struct ref *ref = &delta->refs[i];

		assert(i == 0 || id_ref_compare(&ref[-1], ref) < 0);
		codec_put_array(out, 3);
		codec_put_bytes(out, bytes_of(ref->log.b, 16));
		codec_put_int(out, (int64_t)ref->seq);
		codec_put_bytes(out, bytes_of(ref->leaf, 8));
	}
}

static void
change_encode(const struct delta_change *change, struct buf *out)
{
	unsigned bodies = 0;

	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		bodies += change->classes >> class & 1;
	codec_put_map(out, (size_t)1 + (change->act != ACT_EDIT) +
			       (change->parents_n > 0) + (change->seen_n > 0) +
			       (bodies > 0));
	codec_put_int(out, DELTA_CHANGE_RECORD);
	codec_put_bytes(out, bytes_of(change->record.b, 16));
	if (change->act != ACT_EDIT) {
		codec_put_int(out, DELTA_CHANGE_ACT);
		codec_put_int(out, (int64_t)change->act);
	}
	if (change->parents_n > 0) {
		codec_put_int(out, DELTA_CHANGE_PARENTS);
		codec_put_array(out, 2 * change->parents_n);
	}
	for (size_t i = 0; i < change->parents_n; i++) {
		const struct delta_parent *parent = &change->parents[i];

		assert(i == 0 ||
		       delta_form_parent_compare(&parent[-1], parent) < 0);
		codec_put_int(out, parent->ref);
		codec_put_int(out, parent->change);
	}
	seen_encode(change, out);
	if (bodies > 0) {
		codec_put_int(out, DELTA_CHANGE_COMMITMENTS);
		codec_put_map(out, bodies);
	}
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		if ((change->classes >> class & 1) == 0)
			continue;
		codec_put_int(out, class);
		codec_put_bytes(
		    out, bytes_of(change->commitments[class].b, 32));
	}
}

static void
seen_encode(const struct delta_change *change, struct buf *out)
{
	if (change->seen_n > 0) {
		codec_put_int(out, DELTA_CHANGE_SEEN);
		codec_put_map(out, change->seen_n);
	}
	for (size_t i = 0; i < change->seen_n; i++) {
		const struct delta_seen *seen = &change->seen[i];

		assert(i == 0 || seen[-1].op < seen->op);
		codec_put_int(out, seen->op);
		codec_put_array(out, 3 * seen->n);
		for (size_t k = 0; k < seen->n; k++) {
			const struct delta_target *t = &seen->targets[k];

			assert(
			    k == 0 || delta_form_target_compare(&t[-1], t) < 0);
			codec_put_int(out, t->ref);
			codec_put_int(out, t->change);
			codec_put_int(out, t->op);
		}
	}
}

static void
open_encode(const struct delta_open *open, struct buf *out)
{
	assert(open->founding.n == 0 || open->rotation.n == 0);
	codec_put_map(out, (size_t)1 + open->has_grant + open->has_previous +
			       (open->founding.n > 0) + (open->rotation.n > 0));
	codec_put_int(out, DELTA_OPEN_WHY);
	codec_put_int(out, (int64_t)open->why);
	if (open->has_grant) {
		codec_put_int(out, DELTA_OPEN_GRANT);
		codec_put_int(out, open->grant);
	}
	if (open->has_previous) {
		codec_put_int(out, DELTA_OPEN_PREVIOUS);
		codec_put_array(out, 3);
		codec_put_bytes(out, bytes_of(open->previous.b, 8));
		codec_put_int(out, (int64_t)open->previous_size);
		codec_put_bytes(out, bytes_of(open->previous_root.b, 32));
	}
	if (open->founding.n > 0) {
		codec_put_int(out, DELTA_OPEN_FOUNDING);
		codec_put_bytes(out, open->founding);
	}
	if (open->rotation.n > 0) {
		codec_put_int(out, DELTA_OPEN_ROTATION);
		codec_put_bytes(out, open->rotation);
	}
}

static void
decision_encode(const struct delta *delta, struct buf *out)
{
	const struct delta_decision *decision = &delta->decision;

	assert(decision->targets_n > 0 || decision->cuts_n > 0);
	codec_put_map(out, (size_t)(decision->targets_n > 0) +
			       (decision->cuts_n > 0) +
			       (decision->replaces_n > 0));
	if (decision->targets_n > 0) {
		codec_put_int(out, DELTA_DECISION_TARGETS);
		indexes_encode(
		    decision->targets, decision->targets_n, delta->refs_n, out);
	}
	if (decision->cuts_n > 0) {
		codec_put_int(out, DELTA_DECISION_CUTS);
		cut_put(decision->cuts, decision->cuts_n, out);
	}
	if (decision->replaces_n > 0) {
		codec_put_int(out, DELTA_DECISION_REPLACES);
		indexes_encode(decision->replaces, decision->replaces_n,
		    delta->refs_n, out);
	}
}

static void
indexes_encode(
    const uint32_t *indexes, size_t n, size_t refs_n, struct buf *out)
{
	codec_put_array(out, n);
	for (size_t i = 0; i < n; i++) {
		assert(indexes[i] < refs_n);
		assert(i == 0 || indexes[i - 1] < indexes[i]);
		codec_put_int(out, indexes[i]);
	}
}

bool
delta_form_decides(uint64_t kind)
{
	return kind == DELTA_ADOPT || kind == DELTA_VOID;
}

int
delta_form_parent_compare(
    const struct delta_parent *a, const struct delta_parent *b)
{
	if (a->ref != b->ref)
		return a->ref < b->ref ? -1 : 1;
	return (int)a->change - (int)b->change;
}

int
delta_form_target_compare(
    const struct delta_target *a, const struct delta_target *b)
{
	if (a->ref != b->ref)
		return a->ref < b->ref ? -1 : 1;
	if (a->change != b->change)
		return (int)a->change - (int)b->change;
	return (int)a->op - (int)b->op;
}
