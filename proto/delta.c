/*
 * Headers of deltas.  The store builds them, peers send them, auditors hash
 * them; the bytes on disk, on the wire and under the tree are the same.  Any
 * bytes are accepted as a header, because refusing one would leave a gap: what
 * breaks a rule becomes opaque.  Pure.
 */
#include "proto/delta.h"

#include <string.h>

#include "proto/delta_form.h"
#include "proto/delta_read.h"

static enum err counts_check(const struct delta *delta) MUST_USE;
static enum err records_check(const struct delta *delta) MUST_USE;
static void header_read(struct delta_reading *in, struct delta *delta);
static void header_field(
    struct delta_reading *in, int64_t key, struct delta *delta);
static void refs_read(struct delta_reading *in, struct delta *delta);
static void changes_read(struct delta_reading *in, struct delta *delta);
static void change_read(struct delta_reading *in, struct delta_change *change);
static void act_read(struct delta_reading *in, struct delta_change *change);
static size_t tuples_read(struct delta_reading *in, size_t per, size_t max);
static void parents_read(struct delta_reading *in, struct delta_change *change);
static void seen_read(struct delta_reading *in, struct delta_change *change);
static void targets_read(struct delta_reading *in, struct delta_seen *seen);
static void commitments_read(
    struct delta_reading *in, struct delta_change *change);
static void shape_check(struct delta_reading *in, const struct delta *delta);
static void change_check(
    struct delta_reading *in, uint64_t kind, const struct delta_change *change);

enum err
delta_encode(const struct delta *delta, struct buf *out)
{
	size_t was = out->n;
	enum err e;

	assert(!delta->opaque);
	e = counts_check(delta);
	if (e != ERR_OK)
		return e;
	delta_form_put(delta, out);
	if (out->n - was > LIMIT_HEADER_SIZE) {
		buf_cut(out, was);
		return err_set(ERR_LIMIT,
		    "a header of more than %d bytes: write fewer changes, or "
		    "decide about fewer logs, at once",
		    LIMIT_HEADER_SIZE);
	}
	return ERR_OK;
}

/* What would come back as opaque must never be written. */
static enum err
counts_check(const struct delta *delta)
{
	size_t parents_n = 0;
	size_t seen_n = 0;

	if (delta->refs_n > LIMIT_REFERENCES ||
	    delta->changes_n > LIMIT_CHANGES)
		return err_set(ERR_LIMIT,
		    "a delta of %zu changes with %zu references: at most %d "
		    "and %d are allowed",
		    delta->changes_n, delta->refs_n, LIMIT_CHANGES,
		    LIMIT_REFERENCES);
	for (size_t i = 0; i < delta->changes_n; i++) {
		const struct delta_change *change = &delta->changes[i];

		parents_n += change->parents_n;
		for (size_t k = 0; k < change->seen_n; k++)
			seen_n += change->seen[k].n;
	}
	if (parents_n > LIMIT_PARENTS || seen_n > LIMIT_SEEN)
		return err_set(ERR_LIMIT,
		    "a delta that names %zu parents and replaces %zu values: "
		    "at most %d and %d are allowed",
		    parents_n, seen_n, LIMIT_PARENTS, LIMIT_SEEN);
	return records_check(delta);
}

static enum err
records_check(const struct delta *delta)
{
	if (delta->open.founding.n > DELTA_FOUNDING_SIZE_MAX)
		return err_set(ERR_LIMIT,
		    "a founding record of %zu bytes: at most %d are allowed",
		    delta->open.founding.n, DELTA_FOUNDING_SIZE_MAX);
	if (delta->open.rotation.n > DELTA_ROTATION_SIZE_MAX)
		return err_set(ERR_LIMIT,
		    "a rotation record of %zu bytes: at most %d are allowed",
		    delta->open.rotation.n, DELTA_ROTATION_SIZE_MAX);
	if (delta->decision.cuts_n > LIMIT_CUTS)
		return err_set(ERR_LIMIT,
		    "a decision about %zu logs: at most %d are allowed, so "
		    "decide in several steps",
		    delta->decision.cuts_n, LIMIT_CUTS);
	return ERR_OK;
}

void
delta_decode(
    struct bytes in, struct arena *arena, struct delta *delta, const char **why)
{
	struct delta_reading reading = {.arena = arena};

	memset(delta, 0, sizeof(*delta));
	codec_begin(&reading.r, in);
	if (in.n > LIMIT_HEADER_SIZE)
		delta_read_broken(&reading, "larger than a header may be");
	else
		header_read(&reading, delta);
	if (!reading.r.bad && reading.r.in.n > 0)
		delta_read_broken(&reading, "bytes after the header");
	if (!reading.r.bad)
		shape_check(&reading, delta);
	if (reading.r.bad)
		*delta = (struct delta){.opaque = true,
		    .format = delta->format,
		    .kind = delta->kind,
		    .seq = delta->seq,
		    .origin = delta->origin};
	if (why != NULL)
		*why = !delta->opaque	     ? NULL
		       : reading.why != NULL ? reading.why
					     : "not in canonical form";
}

static void
header_read(struct delta_reading *in, struct delta *delta)
{
	size_t n = codec_get_map(&in->r, DELTA_KEYS_MAX);
	uint32_t found = 0;
	uint32_t needed = 1u << DELTA_KEY_FORMAT | 1u << DELTA_KEY_KIND |
			  1u << DELTA_KEY_SEQ | 1u << DELTA_KEY_STAMP |
			  1u << DELTA_KEY_ORIGIN;
	int64_t last = -1;

	for (size_t i = 0; i < n && !in->r.bad; i++) {
		int64_t key = codec_get_key(&in->r, &last);

		if (in->r.bad)
			break;
		if (key >= DELTA_KEY_IGNORABLE) {
			(void)codec_get_value(&in->r);
			continue;
		}
		if (key > DELTA_KEY_OPEN && key != DELTA_KEY_DECISION) {
			delta_read_broken(
			    in, "a critical key that is not known here");
			break;
		}
		found |= 1u << key;
		header_field(in, key, delta);
	}
	if (!in->r.bad && (found & needed) != needed)
		delta_read_broken(
		    in, "a field that every header has is missing");
	if (!in->r.bad &&
	    (found >> DELTA_KEY_OPEN & 1) != (delta->kind == DELTA_OPEN))
		delta_read_broken(
		    in, "an open without its field, or the other way");
	if (!in->r.bad && (found >> DELTA_KEY_DECISION & 1) !=
			      delta_form_decides(delta->kind))
		delta_read_broken(in,
		    "an adopt or void without its decision, or the "
		    "other way");
}

static void
header_field(struct delta_reading *in, int64_t key, struct delta *delta)
{
	struct reader *r = &in->r;

	switch (key) {
	case DELTA_KEY_FORMAT:
		delta->format = codec_get_uint(r, UINT32_MAX);
		if (!r->bad && delta->format != DELTA_FORMAT)
			delta_read_broken(
			    in, "a format that is not known here");
		break;
	case DELTA_KEY_KIND:
		delta->kind = codec_get_uint(r, UINT32_MAX);
		if (!r->bad && !delta_kind_is_known(delta->kind))
			delta_read_broken(in, "a kind that is not known here");
		break;
	case DELTA_KEY_SEQ:
		delta->seq = codec_get_uint(r, INT64_MAX);
		break;
	case DELTA_KEY_STAMP:
		delta->stamp.v = codec_get_uint(r, INT64_MAX);
		break;
	case DELTA_KEY_ACTOR:
		delta->has_actor = true;
		bytes_copy(delta->actor.b, codec_get_fixed(r, 16));
		break;
	case DELTA_KEY_ORIGIN:
		bytes_copy(delta->origin.b, codec_get_fixed(r, 32));
		break;
	case DELTA_KEY_REFS:
		refs_read(in, delta);
		break;
	case DELTA_KEY_CHANGES:
		changes_read(in, delta);
		break;
	case DELTA_KEY_OPEN:
		delta_read_open(in, &delta->open);
		break;
	default:
		delta_read_decision(in, &delta->decision);
		break;
	}
}

static void
refs_read(struct delta_reading *in, struct delta *delta)
{
	size_t n = codec_get_array(&in->r, LIMIT_REFERENCES);
	struct ref *refs = arena_array(in->arena, n, sizeof(*refs));

	if (n == 0)
		delta_read_broken(
		    in, "no references in a list of them, or too many");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		if (codec_get_array(&in->r, 3) != 3)
			delta_read_broken(
			    in, "a reference that is not of three parts");
		bytes_copy(refs[i].log.b, codec_get_fixed(&in->r, 16));
		refs[i].seq = codec_get_uint(&in->r, INT64_MAX);
		bytes_copy(refs[i].leaf, codec_get_fixed(&in->r, 8));
		if (i > 0 && id_ref_compare(&refs[i - 1], &refs[i]) >= 0)
			delta_read_broken(in, "references out of order");
	}
	delta->refs = refs;
	delta->refs_n = n;
	in->refs_n = n;
}

static void
changes_read(struct delta_reading *in, struct delta *delta)
{
	size_t n = codec_get_array(&in->r, LIMIT_CHANGES);
	struct delta_change *changes = arena_array(
	    in->arena, n, sizeof(*changes));

	if (n == 0)
		delta_read_broken(
		    in, "no changes in a list of them, or too many");
	for (size_t i = 0; i < n && !in->r.bad; i++)
		change_read(in, &changes[i]);
	delta->changes = changes;
	delta->changes_n = n;
}

static void
change_read(struct delta_reading *in, struct delta_change *change)
{
	struct reader *r = &in->r;
	size_t n = codec_get_map(r, DELTA_KEYS_MAX);
	bool has_record = false;
	int64_t last = -1;

	for (size_t i = 0; i < n && !r->bad; i++) {
		int64_t key = codec_get_key(r, &last);

		if (r->bad)
			return;
		if (key == DELTA_CHANGE_RECORD) {
			has_record = true;
			bytes_copy(change->record.b, codec_get_fixed(r, 16));
		} else if (key == DELTA_CHANGE_ACT) {
			act_read(in, change);
		} else if (key == DELTA_CHANGE_PARENTS) {
			parents_read(in, change);
		} else if (key == DELTA_CHANGE_SEEN) {
			seen_read(in, change);
		} else if (key == DELTA_CHANGE_COMMITMENTS) {
			commitments_read(in, change);
		} else if (key < DELTA_KEY_IGNORABLE) {
			delta_read_broken(
			    in, "a critical key of a change, not known here");
		} else {
			(void)codec_get_value(r);
		}
	}
	if (!r->bad && !has_record)
		delta_read_broken(in, "a change without a record");
}

static void
act_read(struct delta_reading *in, struct delta_change *change)
{
	uint64_t act = codec_get_uint(&in->r, UINT32_MAX);

	if (in->r.bad)
		return;
	if (act == ACT_EDIT)
		delta_read_broken(in, "an edit that says so");
	else if (act > ACT_KEEP)
		delta_read_broken(in, "an act that is not known here");
	else
		change->act = (enum delta_act)act;
}

/* Begins an array of whole groups of `per` integers, at most `max` of them. */
static size_t
tuples_read(struct delta_reading *in, size_t per, size_t max)
{
	size_t n = codec_get_array(&in->r, per * max);

	if (n % per != 0)
		delta_read_broken(in, "a list of groups that ends within one");
	return n / per;
}

static void
parents_read(struct delta_reading *in, struct delta_change *change)
{
	size_t n = tuples_read(in, 2, LIMIT_PARENTS);
	struct delta_parent *parents = arena_array(
	    in->arena, n, sizeof(*parents));

	in->parents_n += n;
	if (n == 0 || in->parents_n > LIMIT_PARENTS)
		delta_read_broken(
		    in, "no parents in a list of them, or too many");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		struct delta_parent *p = &parents[i];

		p->ref = (uint32_t)codec_get_uint(&in->r, LIMIT_REFERENCES);
		p->change = (uint16_t)codec_get_uint(&in->r, LIMIT_CHANGES - 1);
		if (p->ref >= in->refs_n)
			delta_read_broken(
			    in, "a parent outside the references");
		if (i > 0 && delta_form_parent_compare(&p[-1], p) >= 0)
			delta_read_broken(in, "parents out of order");
	}
	change->parents = parents;
	change->parents_n = n;
}

static void
seen_read(struct delta_reading *in, struct delta_change *change)
{
	size_t n = codec_get_map(&in->r, LIMIT_SEEN);
	struct delta_seen *seen = arena_array(in->arena, n, sizeof(*seen));
	int64_t last = -1;

	if (n == 0)
		delta_read_broken(
		    in, "no operations in a map of them, or too many");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		int64_t op = codec_get_key(&in->r, &last);

		if (in->r.bad)
			break;
		if (op >= LIMIT_OPERATION_NUMBER)
			delta_read_broken(
			    in, "an operation number out of range");
		seen[i].op = (uint16_t)op;
		targets_read(in, &seen[i]);
	}
	change->seen = seen;
	change->seen_n = n;
}

static void
targets_read(struct delta_reading *in, struct delta_seen *seen)
{
	size_t n = tuples_read(in, 3, LIMIT_SEEN);
	struct delta_target *targets = arena_array(
	    in->arena, n, sizeof(*targets));

	in->seen_n += n;
	if (n == 0 || in->seen_n > LIMIT_SEEN)
		delta_read_broken(
		    in, "nothing seen in a list of it, or too much");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		struct delta_target *t = &targets[i];

		t->ref = (uint32_t)codec_get_uint(&in->r, LIMIT_REFERENCES);
		t->change = (uint16_t)codec_get_uint(&in->r, LIMIT_CHANGES - 1);
		t->op = (uint16_t)codec_get_uint(
		    &in->r, LIMIT_OPERATION_NUMBER - 1);
		if (t->ref >= in->refs_n)
			delta_read_broken(
			    in, "something seen outside the references");
		if (i > 0 && delta_form_target_compare(&t[-1], t) >= 0)
			delta_read_broken(in, "what was seen is out of order");
	}
	seen->targets = targets;
	seen->n = n;
}

static void
commitments_read(struct delta_reading *in, struct delta_change *change)
{
	size_t n = codec_get_map(&in->r, CLASS_COUNT);
	int64_t last = -1;

	if (n == 0)
		delta_read_broken(
		    in, "no commitments in a map of them, or too many");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		int64_t class = codec_get_key(&in->r, &last);

		if (class >= CLASS_COUNT) {
			delta_read_broken(
			    in, "a data class that is not known here");
			return;
		}
		bytes_copy(
		    change->commitments[class].b, codec_get_fixed(&in->r, 32));
		change->classes |= 1u << class;
	}
}

/* Rules between the fields, when each alone was right. */
static void
shape_check(struct delta_reading *in, const struct delta *delta)
{
	bool fact = delta->kind != DELTA_OPEN && delta->kind != DELTA_CHANGE;

	if ((delta->kind == DELTA_OPEN) != (delta->seq == 0))
		delta_read_broken(in,
		    "an open that is not the first, or a first that is "
		    "not an open");
	if (delta->kind == DELTA_OPEN && delta->changes_n > 0)
		delta_read_broken(in, "an open with changes");
	if (delta->open.has_grant && delta->open.grant >= delta->refs_n)
		delta_read_broken(in, "a grant outside the references");
	if (delta->kind == DELTA_CHANGE && delta->changes_n == 0)
		delta_read_broken(in, "a change delta without changes");
	if (fact && delta->changes_n != 1)
		delta_read_broken(in, "a fact that is not one change");
	for (size_t i = 0; i < delta->changes_n; i++)
		change_check(in, delta->kind, &delta->changes[i]);
}

static void
change_check(
    struct delta_reading *in, uint64_t kind, const struct delta_change *change)
{
	if (change->act != ACT_EDIT &&
	    (change->classes != 0 || change->seen_n > 0))
		delta_read_broken(
		    in, "a delete or keep with a body or something seen");
	if (change->act == ACT_EDIT && change->classes == 0)
		delta_read_broken(in, "an edit without a body");
	if (kind != DELTA_CHANGE &&
	    (change->act != ACT_EDIT || change->classes != 1u << CLASS_N ||
		change->seen_n > 0 || change->parents_n > 0))
		delta_read_broken(in, "a fact with more than one class N body");
}

struct dot
delta_dot(const struct delta *delta, struct delta_target target)
{
	assert(target.ref < delta->refs_n);
	return (struct dot){
	    .at = {.delta = delta->refs[target.ref], .change = target.change},
	    .op = target.op};
}

struct change_ref
delta_parent(const struct delta *delta, struct delta_parent parent)
{
	assert(parent.ref < delta->refs_n);
	return (struct change_ref){
	    .delta = delta->refs[parent.ref], .change = parent.change};
}
