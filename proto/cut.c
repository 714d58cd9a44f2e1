/*
 * Lists of cuts.  proto/delta_form.c and proto/fact.c write them,
 * proto/delta.c and proto/fact.c read them.  Knows their bytes, not which
 * deltas lie within a cut.  Pure.
 */
#include "proto/cut.h"

#include <string.h>

static int
compare(const struct log_cut *a, const struct log_cut *b)
{
	return memcmp(a->log.b, b->log.b, sizeof(a->log.b));
}

void
cut_put(const struct log_cut *cuts, size_t n, struct buf *out)
{
	codec_put_array(out, n);
	for (size_t i = 0; i < n; i++) {
		assert(i == 0 || compare(&cuts[i - 1], &cuts[i]) < 0);
		codec_put_array(out, 3);
		codec_put_bytes(out, bytes_of(cuts[i].log.b, 16));
		codec_put_int(out, (int64_t)cuts[i].size);
		codec_put_bytes(out, bytes_of(cuts[i].root.b, 32));
	}
}

const struct log_cut *
cut_get(struct reader *r, size_t max, struct arena *arena, size_t *n)
{
	size_t count = codec_get_array(r, max);
	struct log_cut *cuts = arena_array(arena, count, sizeof(*cuts));

	for (size_t i = 0; i < count && !r->bad; i++) {
		if (codec_get_array(r, 3) != 3)
			r->bad = true;
		bytes_copy(cuts[i].log.b, codec_get_fixed(r, 16));
		cuts[i].size = codec_get_uint(r, INT64_MAX);
		bytes_copy(cuts[i].root.b, codec_get_fixed(r, 32));
		if (i > 0 && compare(&cuts[i - 1], &cuts[i]) >= 0)
			r->bad = true;
	}
	*n = r->bad ? 0 : count;
	return cuts;
}
