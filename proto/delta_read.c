/*
 * Reads two parts of a header, what an open and what a decision says, for
 * proto/delta.c, which reads the rest.  Pure.
 */
#include "proto/delta_read.h"

#include "proto/cut.h"
#include "proto/delta_form.h"

static struct bytes record_read(
    struct delta_reading *in, size_t size_max, const char *why);
static void previous_read(struct delta_reading *in, struct delta_open *open);
static const uint32_t *indexes_read(struct delta_reading *in, size_t *n);

void
delta_read_broken(struct delta_reading *in, const char *why)
{
	if (in->why == NULL)
		in->why = why;
	in->r.bad = true;
}

void
delta_read_open(struct delta_reading *in, struct delta_open *open)
{
	struct reader *r = &in->r;
	size_t n = codec_get_map(r, DELTA_KEYS_MAX);
	int64_t last = -1;
	bool has_why = false;

	for (size_t i = 0; i < n && !r->bad; i++) {
		int64_t key = codec_get_key(r, &last);

		if (r->bad)
			return;
		if (key == DELTA_OPEN_WHY) {
			has_why = true;
			open->why = (enum open_why)codec_get_uint(
			    r, OPEN_REGRANT);
		} else if (key == DELTA_OPEN_GRANT) {
			open->has_grant = true;
			open->grant = (uint32_t)codec_get_uint(r, UINT32_MAX);
		} else if (key == DELTA_OPEN_PREVIOUS) {
			previous_read(in, open);
		} else if (key == DELTA_OPEN_FOUNDING) {
			open->founding = record_read(in,
			    DELTA_FOUNDING_SIZE_MAX,
			    "an empty or too large founding record");
		} else if (key == DELTA_OPEN_ROTATION) {
			open->rotation = record_read(in,
			    DELTA_ROTATION_SIZE_MAX,
			    "an empty or too large rotation record");
		} else if (key < DELTA_KEY_IGNORABLE) {
			delta_read_broken(
			    in, "a critical key of an open, not known here");
		} else {
			(void)codec_get_value(r);
		}
	}
	if (!r->bad && !has_why)
		delta_read_broken(in, "an open without a reason");
	if (open->founding.n > 0 && open->rotation.n > 0)
		delta_read_broken(
		    in, "an open with a founding and a rotation record");
}

static struct bytes
record_read(struct delta_reading *in, size_t size_max, const char *why)
{
	struct bytes record = codec_get_bytes(&in->r);

	if (record.n == 0 || record.n > size_max)
		delta_read_broken(in, why);
	return record;
}

static void
previous_read(struct delta_reading *in, struct delta_open *open)
{
	struct reader *r = &in->r;

	if (codec_get_array(r, 3) != 3)
		delta_read_broken(
		    in, "a previous log that is not of three parts");
	open->has_previous = true;
	bytes_copy(open->previous.b, codec_get_fixed(r, 8));
	open->previous_size = codec_get_uint(r, INT64_MAX);
	bytes_copy(open->previous_root.b, codec_get_fixed(r, 32));
}

void
delta_read_decision(struct delta_reading *in, struct delta_decision *decision)
{
	struct reader *r = &in->r;
	size_t n = codec_get_map(r, DELTA_KEYS_MAX);
	int64_t last = -1;

	for (size_t i = 0; i < n && !r->bad; i++) {
		int64_t key = codec_get_key(r, &last);

		if (r->bad)
			return;
		if (key == DELTA_DECISION_TARGETS) {
			decision->targets = indexes_read(
			    in, &decision->targets_n);
		} else if (key == DELTA_DECISION_CUTS) {
			decision->cuts = cut_get(
			    r, LIMIT_CUTS, in->arena, &decision->cuts_n);
			if (decision->cuts_n == 0)
				delta_read_broken(in,
				    "cuts that are none, too many, "
				    "not whole or out of order");
		} else if (key == DELTA_DECISION_REPLACES) {
			decision->replaces = indexes_read(
			    in, &decision->replaces_n);
		} else if (key < DELTA_KEY_IGNORABLE) {
			delta_read_broken(
			    in, "a critical key of a decision, not known here");
		} else {
			(void)codec_get_value(r);
		}
	}
	if (!r->bad && decision->targets_n == 0 && decision->cuts_n == 0)
		delta_read_broken(in, "a decision about nothing");
}

static const uint32_t *
indexes_read(struct delta_reading *in, size_t *n)
{
	uint32_t *indexes;

	*n = codec_get_array(&in->r, LIMIT_REFERENCES);
	indexes = arena_array(in->arena, *n, sizeof(*indexes));
	if (*n == 0)
		delta_read_broken(in,
		    "nothing in a list of decided or replaced deltas, "
		    "or too many");
	for (size_t i = 0; i < *n && !in->r.bad; i++) {
		indexes[i] = (uint32_t)codec_get_uint(&in->r, LIMIT_REFERENCES);
		if (indexes[i] >= in->refs_n)
			delta_read_broken(in,
			    "a decided or replaced delta outside the "
			    "references");
		if (i > 0 && indexes[i - 1] >= indexes[i])
			delta_read_broken(
			    in, "decided or replaced deltas out of order");
	}
	return indexes;
}
