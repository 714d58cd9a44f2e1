/*
 * Headers of deltas.  The store builds them, peers send them, auditors hash
 * them; the bytes on disk, on the wire and under the tree are the same.  Any
 * bytes are accepted as a header, because refusing one would leave a gap: what
 * breaks a rule becomes opaque.  Pure.
 */
#include "proto/delta.h"

#include <string.h>

#include "proto/codec.h"

/* Keys of the header, of a change, of what an open says (docs/format.md §6). */
enum {
	KEY_FORMAT,
	KEY_KIND,
	KEY_SEQ,
	KEY_STAMP,
	KEY_ACTOR,
	KEY_ORIGIN,
	KEY_REFS,
	KEY_CHANGES,
	KEY_OPEN
};
enum {
	CHANGE_RECORD,
	CHANGE_ACT,
	CHANGE_PARENTS,
	CHANGE_SEEN,
	CHANGE_COMMITMENTS
};
enum { OPEN_WHY, OPEN_GRANT, OPEN_PREVIOUS, OPEN_FOUNDING };
enum { KEY_IGNORABLE = 128, KEYS_MAX = 64, FOUNDING_SIZE_MAX = 1024 };

/* What a decoder carries along: where it reads, where it allocates, the sums
 * that are limited over the whole header, and the first broken rule. */
struct reading {
	struct reader r;
	struct arena *arena; /* borrowed */
	size_t refs_n;
	size_t parents_n;
	size_t seen_n;
	const char *why;
};

static void scalars_encode(const struct delta *delta, struct buf *out);
static void refs_encode(const struct delta *delta, struct buf *out);
static void change_encode(const struct delta_change *change, struct buf *out);
static void open_encode(const struct delta_open *open, struct buf *out);
static void header_read(struct reading *in, struct delta *delta);
static void header_field(struct reading *in, int64_t key, struct delta *delta);
static void refs_read(struct reading *in, struct delta *delta);
static void changes_read(struct reading *in, struct delta *delta);
static void change_read(struct reading *in, struct delta_change *change);
static size_t tuples_read(struct reading *in, size_t per, size_t max);
static void parents_read(struct reading *in, struct delta_change *change);
static void seen_read(struct reading *in, struct delta_change *change);
static void targets_read(struct reading *in, struct delta_seen *seen);
static void commitments_read(struct reading *in, struct delta_change *change);
static void open_read(struct reading *in, struct delta_open *open);
static void shape_check(struct reading *in, const struct delta *delta);
static void change_check(
    struct reading *in, uint64_t kind, const struct delta_change *change);

static void
broken(struct reading *in, const char *why)
{
	if (in->why == NULL)
		in->why = why;
	in->r.bad = true;
}

enum err
delta_encode(const struct delta *delta, struct buf *out)
{
	size_t was = out->n;

	assert(!delta->opaque);
	if (delta->refs_n > LIMIT_REFERENCES ||
	    delta->changes_n > LIMIT_CHANGES)
		return err_set(ERR_LIMIT,
		    "a delta of %zu changes with %zu references: at most %d "
		    "and %d are allowed",
		    delta->changes_n, delta->refs_n, LIMIT_CHANGES,
		    LIMIT_REFERENCES);
	scalars_encode(delta, out);
	if (delta->refs_n > 0)
		refs_encode(delta, out);
	if (delta->changes_n > 0) {
		codec_put_int(out, KEY_CHANGES);
		codec_put_array(out, delta->changes_n);
	}
	for (size_t i = 0; i < delta->changes_n; i++)
		change_encode(&delta->changes[i], out);
	if (delta->kind == DELTA_OPEN) {
		codec_put_int(out, KEY_OPEN);
		open_encode(&delta->open, out);
	}
	if (out->n - was > LIMIT_HEADER_SIZE) {
		buf_cut(out, was);
		return err_set(ERR_LIMIT,
		    "a header of more than %d bytes: write fewer changes at "
		    "once",
		    LIMIT_HEADER_SIZE);
	}
	return ERR_OK;
}

static void
scalars_encode(const struct delta *delta, struct buf *out)
{
	size_t optional = (size_t)delta->has_actor + (delta->refs_n > 0) +
			  (delta->changes_n > 0) + (delta->kind == DELTA_OPEN);

	codec_put_map(out, 5 + optional);
	codec_put_int(out, KEY_FORMAT);
	codec_put_int(out, DELTA_FORMAT);
	codec_put_int(out, KEY_KIND);
	codec_put_int(out, (int64_t)delta->kind);
	codec_put_int(out, KEY_SEQ);
	codec_put_int(out, (int64_t)delta->seq);
	codec_put_int(out, KEY_STAMP);
	codec_put_int(out, (int64_t)delta->stamp.v);
	if (delta->has_actor) {
		codec_put_int(out, KEY_ACTOR);
		codec_put_bytes(out, bytes_of(delta->actor.b, 16));
	}
	codec_put_int(out, KEY_ORIGIN);
	codec_put_bytes(out, bytes_of(delta->origin.b, 32));
}

static void
refs_encode(const struct delta *delta, struct buf *out)
{
	codec_put_int(out, KEY_REFS);
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
	codec_put_int(out, CHANGE_RECORD);
	codec_put_bytes(out, bytes_of(change->record.b, 16));
	if (change->act != ACT_EDIT) {
		codec_put_int(out, CHANGE_ACT);
		codec_put_int(out, (int64_t)change->act);
	}
	if (change->parents_n > 0) {
		codec_put_int(out, CHANGE_PARENTS);
		codec_put_array(out, 2 * change->parents_n);
	}
	for (size_t i = 0; i < change->parents_n; i++) {
		codec_put_int(out, change->parents[i].ref);
		codec_put_int(out, change->parents[i].change);
	}
	if (change->seen_n > 0) {
		codec_put_int(out, CHANGE_SEEN);
		codec_put_map(out, change->seen_n);
	}
	for (size_t i = 0; i < change->seen_n; i++) {
		const struct delta_seen *seen = &change->seen[i];

		codec_put_int(out, seen->op);
		codec_put_array(out, 3 * seen->n);
		for (size_t k = 0; k < seen->n; k++) {
			codec_put_int(out, seen->targets[k].ref);
			codec_put_int(out, seen->targets[k].change);
			codec_put_int(out, seen->targets[k].op);
		}
	}
	if (bodies > 0) {
		codec_put_int(out, CHANGE_COMMITMENTS);
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
open_encode(const struct delta_open *open, struct buf *out)
{
	codec_put_map(out, (size_t)1 + open->has_grant + open->has_previous +
			       (open->founding.n > 0));
	codec_put_int(out, OPEN_WHY);
	codec_put_int(out, (int64_t)open->why);
	if (open->has_grant) {
		codec_put_int(out, OPEN_GRANT);
		codec_put_int(out, open->grant);
	}
	if (open->has_previous) {
		codec_put_int(out, OPEN_PREVIOUS);
		codec_put_array(out, 3);
		codec_put_bytes(out, bytes_of(open->previous.b, 8));
		codec_put_int(out, (int64_t)open->previous_size);
		codec_put_bytes(out, bytes_of(open->previous_root.b, 32));
	}
	if (open->founding.n > 0) {
		codec_put_int(out, OPEN_FOUNDING);
		codec_put_bytes(out, open->founding);
	}
}

void
delta_decode(
    struct bytes in, struct arena *arena, struct delta *delta, const char **why)
{
	struct reading reading = {.arena = arena};

	memset(delta, 0, sizeof(*delta));
	codec_begin(&reading.r, in);
	if (in.n > LIMIT_HEADER_SIZE)
		broken(&reading, "larger than a header may be");
	else
		header_read(&reading, delta);
	if (!reading.r.bad && reading.r.in.n > 0)
		broken(&reading, "bytes after the header");
	if (!reading.r.bad)
		shape_check(&reading, delta);
	delta->opaque = reading.r.bad;
	if (delta->opaque) {
		delta->changes_n = 0;
		delta->refs_n = 0;
	}
	if (why != NULL)
		*why = !delta->opaque	     ? NULL
		       : reading.why != NULL ? reading.why
					     : "not in canonical form";
}

static void
header_read(struct reading *in, struct delta *delta)
{
	size_t n = codec_get_map(&in->r, KEYS_MAX);
	uint32_t found = 0;
	uint32_t needed = 1u << KEY_FORMAT | 1u << KEY_KIND | 1u << KEY_SEQ |
			  1u << KEY_STAMP | 1u << KEY_ORIGIN;
	int64_t last = -1;

	for (size_t i = 0; i < n && !in->r.bad; i++) {
		int64_t key = codec_get_key(&in->r, &last);

		if (in->r.bad)
			break;
		if (key >= KEY_IGNORABLE) {
			(void)codec_get_value(&in->r);
			continue;
		}
		if (key > KEY_OPEN) {
			broken(in, "a critical key that is not known here");
			break;
		}
		found |= 1u << key;
		header_field(in, key, delta);
	}
	if (!in->r.bad && (found & needed) != needed)
		broken(in, "a field that every header has is missing");
	if (!in->r.bad &&
	    (found >> KEY_OPEN & 1) != (delta->kind == DELTA_OPEN))
		broken(in, "an open without its field, or the other way");
}

static void
header_field(struct reading *in, int64_t key, struct delta *delta)
{
	struct reader *r = &in->r;

	switch (key) {
	case KEY_FORMAT:
		delta->format = codec_get_uint(r, UINT32_MAX);
		if (!r->bad && delta->format != DELTA_FORMAT)
			broken(in, "a format that is not known here");
		break;
	case KEY_KIND:
		delta->kind = codec_get_uint(r, UINT32_MAX);
		if (!r->bad && delta->kind > DELTA_GRANT)
			broken(in, "a kind that is not known here");
		break;
	case KEY_SEQ:
		delta->seq = codec_get_uint(r, INT64_MAX);
		break;
	case KEY_STAMP:
		delta->stamp.v = codec_get_uint(r, INT64_MAX);
		break;
	case KEY_ACTOR:
		delta->has_actor = true;
		bytes_copy(delta->actor.b, codec_get_fixed(r, 16));
		break;
	case KEY_ORIGIN:
		bytes_copy(delta->origin.b, codec_get_fixed(r, 32));
		break;
	case KEY_REFS:
		refs_read(in, delta);
		break;
	case KEY_CHANGES:
		changes_read(in, delta);
		break;
	default:
		open_read(in, &delta->open);
		break;
	}
}

static void
refs_read(struct reading *in, struct delta *delta)
{
	size_t n = codec_get_array(&in->r, LIMIT_REFERENCES);
	struct ref *refs = arena_array(in->arena, n, sizeof(*refs));

	if (n == 0)
		broken(in, "an empty list of references");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		if (codec_get_array(&in->r, 3) != 3)
			broken(in, "a reference that is not of three parts");
		bytes_copy(refs[i].log.b, codec_get_fixed(&in->r, 16));
		refs[i].seq = codec_get_uint(&in->r, INT64_MAX);
		bytes_copy(refs[i].leaf, codec_get_fixed(&in->r, 8));
		if (i > 0 && id_ref_compare(&refs[i - 1], &refs[i]) >= 0)
			broken(in, "references out of order");
	}
	delta->refs = refs;
	delta->refs_n = n;
	in->refs_n = n;
}

static void
changes_read(struct reading *in, struct delta *delta)
{
	size_t n = codec_get_array(&in->r, LIMIT_CHANGES);
	struct delta_change *changes = arena_array(
	    in->arena, n, sizeof(*changes));

	if (n == 0)
		broken(in, "an empty list of changes");
	for (size_t i = 0; i < n && !in->r.bad; i++)
		change_read(in, &changes[i]);
	delta->changes = changes;
	delta->changes_n = n;
}

static void
change_read(struct reading *in, struct delta_change *change)
{
	struct reader *r = &in->r;
	size_t n = codec_get_map(r, KEYS_MAX);
	bool has_record = false;
	int64_t last = -1;

	for (size_t i = 0; i < n && !r->bad; i++) {
		int64_t key = codec_get_key(r, &last);

		if (r->bad)
			return;
		if (key == CHANGE_RECORD) {
			has_record = true;
			bytes_copy(change->record.b, codec_get_fixed(r, 16));
		} else if (key == CHANGE_ACT) {
			change->act = (enum delta_act)codec_get_uint(
			    r, ACT_KEEP);
			if (change->act == ACT_EDIT)
				broken(in, "an edit that says so");
		} else if (key == CHANGE_PARENTS) {
			parents_read(in, change);
		} else if (key == CHANGE_SEEN) {
			seen_read(in, change);
		} else if (key == CHANGE_COMMITMENTS) {
			commitments_read(in, change);
		} else if (key < KEY_IGNORABLE) {
			broken(
			    in, "a critical key of a change, not known here");
		} else {
			(void)codec_get_value(r);
		}
	}
	if (!r->bad && !has_record)
		broken(in, "a change without a record");
}

/* Begins an array of whole groups of `per` integers, at most `max` of them. */
static size_t
tuples_read(struct reading *in, size_t per, size_t max)
{
	size_t n = codec_get_array(&in->r, per * max);

	if (n % per != 0)
		broken(in, "a list of groups that ends within one");
	return n / per;
}

static void
parents_read(struct reading *in, struct delta_change *change)
{
	size_t n = tuples_read(in, 2, LIMIT_PARENTS);
	struct delta_parent *parents = arena_array(
	    in->arena, n, sizeof(*parents));

	in->parents_n += n;
	if (n == 0 || in->parents_n > LIMIT_PARENTS)
		broken(in, "no parents in a list of them, or too many");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		struct delta_parent *p = &parents[i];

		p->ref = (uint32_t)codec_get_uint(&in->r, LIMIT_REFERENCES);
		p->change = (uint16_t)codec_get_uint(&in->r, LIMIT_CHANGES - 1);
		if (p->ref >= in->refs_n)
			broken(in, "a parent outside the references");
		if (i > 0 &&
		    (p[-1].ref > p->ref ||
			(p[-1].ref == p->ref && p[-1].change >= p->change)))
			broken(in, "parents out of order");
	}
	change->parents = parents;
	change->parents_n = n;
}

static void
seen_read(struct reading *in, struct delta_change *change)
{
	size_t n = codec_get_map(&in->r, LIMIT_SEEN);
	struct delta_seen *seen = arena_array(in->arena, n, sizeof(*seen));
	int64_t last = -1;

	if (n == 0)
		broken(in, "an empty map of what was seen");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		int64_t op = codec_get_key(&in->r, &last);

		if (op >= LIMIT_OPERATION_NUMBER)
			broken(in, "an operation number out of range");
		seen[i].op = (uint16_t)op;
		targets_read(in, &seen[i]);
	}
	change->seen = seen;
	change->seen_n = n;
}

static void
targets_read(struct reading *in, struct delta_seen *seen)
{
	size_t n = tuples_read(in, 3, LIMIT_SEEN);
	struct delta_target *targets = arena_array(
	    in->arena, n, sizeof(*targets));

	in->seen_n += n;
	if (n == 0 || in->seen_n > LIMIT_SEEN)
		broken(in, "nothing seen in a list of it, or too much");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		struct delta_target *t = &targets[i];

		t->ref = (uint32_t)codec_get_uint(&in->r, LIMIT_REFERENCES);
		t->change = (uint16_t)codec_get_uint(&in->r, LIMIT_CHANGES - 1);
		t->op = (uint16_t)codec_get_uint(
		    &in->r, LIMIT_OPERATION_NUMBER - 1);
		if (t->ref >= in->refs_n)
			broken(in, "something seen outside the references");
		if (i == 0 || in->r.bad)
			continue;
		if (t[-1].ref > t->ref ||
		    (t[-1].ref == t->ref &&
			(t[-1].change > t->change ||
			    (t[-1].change == t->change && t[-1].op >= t->op))))
			broken(in, "what was seen is out of order");
	}
	seen->targets = targets;
	seen->n = n;
}

static void
commitments_read(struct reading *in, struct delta_change *change)
{
	size_t n = codec_get_map(&in->r, CLASS_COUNT);
	int64_t last = -1;

	if (n == 0)
		broken(in, "an empty map of commitments");
	for (size_t i = 0; i < n && !in->r.bad; i++) {
		int64_t class = codec_get_key(&in->r, &last);

		if (class >= CLASS_COUNT) {
			broken(in, "a data class that is not known here");
			return;
		}
		bytes_copy(
		    change->commitments[class].b, codec_get_fixed(&in->r, 32));
		change->classes |= 1u << class;
	}
}

static void
open_read(struct reading *in, struct delta_open *open)
{
	struct reader *r = &in->r;
	size_t n = codec_get_map(r, KEYS_MAX);
	int64_t last = -1;
	bool has_why = false;

	for (size_t i = 0; i < n && !r->bad; i++) {
		int64_t key = codec_get_key(r, &last);

		if (r->bad)
			return;
		if (key == OPEN_WHY) {
			has_why = true;
			open->why = (enum open_why)codec_get_uint(
			    r, OPEN_REGRANT);
		} else if (key == OPEN_GRANT) {
			open->has_grant = true;
			open->grant = (uint32_t)codec_get_uint(r, UINT32_MAX);
		} else if (key == OPEN_PREVIOUS) {
			open->has_previous = codec_get_array(r, 3) == 3;
			bytes_copy(open->previous.b, codec_get_fixed(r, 8));
			open->previous_size = codec_get_uint(r, INT64_MAX);
			bytes_copy(
			    open->previous_root.b, codec_get_fixed(r, 32));
		} else if (key == OPEN_FOUNDING) {
			open->founding = codec_get_bytes(r);
		} else if (key < KEY_IGNORABLE) {
			broken(in, "a critical key of an open, not known here");
		} else {
			(void)codec_get_value(r);
		}
	}
	if (!r->bad && (!has_why || open->founding.n > FOUNDING_SIZE_MAX))
		broken(in, "an open without a reason, or too large");
}

/* Rules between the fields, when each alone was right. */
static void
shape_check(struct reading *in, const struct delta *delta)
{
	bool fact = delta->kind == DELTA_MEMBER || delta->kind == DELTA_GRANT;

	if ((delta->kind == DELTA_OPEN) != (delta->seq == 0))
		broken(in, "an open that is not the first, or a first that is "
			   "not an open");
	if (delta->kind == DELTA_OPEN && delta->changes_n > 0)
		broken(in, "an open with changes");
	if (delta->open.has_grant && delta->open.grant >= delta->refs_n)
		broken(in, "a grant outside the references");
	if (delta->kind == DELTA_CHANGE && delta->changes_n == 0)
		broken(in, "a change delta without changes");
	if (fact && delta->changes_n != 1)
		broken(in, "a fact that is not one change");
	for (size_t i = 0; i < delta->changes_n; i++)
		change_check(in, delta->kind, &delta->changes[i]);
}

static void
change_check(
    struct reading *in, uint64_t kind, const struct delta_change *change)
{
	if (change->act != ACT_EDIT &&
	    (change->classes != 0 || change->seen_n > 0))
		broken(in, "a delete or keep with a body or something seen");
	if (change->act == ACT_EDIT && change->classes == 0)
		broken(in, "an edit without a body");
	if (kind != DELTA_CHANGE &&
	    (change->act != ACT_EDIT || change->classes != 1u << CLASS_N ||
		change->seen_n > 0 || change->parents_n > 0))
		broken(in, "a fact with more than one class N body");
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
