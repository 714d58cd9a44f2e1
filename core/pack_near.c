/*
 * What somebody may have meant who wrote a name that is not there.  Called for
 * names in packs and names that people type.
 */
#include "core/pack_near.h"

#include <string.h>

#include "proto/limits.h"
#include "proto/text.h"

enum { NAME_COLUMNS = 40 };

static size_t distance(struct bytes a, struct bytes b);

void
pack_near_add(struct bytes asked, const char *name,
    const struct pack_label *label, struct buf *list)
{
	size_t allowed = asked.n < 5 ? 1 : 2;
	bool near = label != NULL &&
		    (bytes_is(asked, label->ko) || bytes_is(asked, label->en));

	/* A long name has nothing near it, and distance() has no room. */
	if (!near && asked.n <= LIMIT_NAME_SIZE &&
	    strlen(name) <= LIMIT_NAME_SIZE)
		near = distance(asked, bytes_text(name)) <= allowed;
	if (!near && asked.n >= 3)
		near = bytes_begins(bytes_text(name), asked);
	if (near)
		buf_add_format(list, "%s%s", list->n == 0 ? "" : " or ", name);
}

enum err
pack_near_unknown(const char *what, struct bytes asked, struct buf *near)
{
	struct buf shown = {0};
	struct bytes seen;
	enum err e;

	text_shown(asked, &shown);
	seen = text_cut_columns(buf_bytes(&shown), NAME_COLUMNS);
	e = err_set(ERR_INVALID, "there is no %s '%.*s%s'%s%s%s", what,
	    (int)seen.n, (const char *)seen.p, seen.n < shown.n ? "…" : "",
	    near->n > 0 ? "; did you mean " : "", buf_text(near),
	    near->n > 0 ? "?" : "");
	buf_fini(&shown);
	buf_fini(near);
	return e;
}

/* How many bytes have to be put in, left out or changed to make `b` of `a`;
 * both at most LIMIT_NAME_SIZE long. */
static size_t
distance(struct bytes a, struct bytes b)
{
	size_t row[LIMIT_NAME_SIZE + 1];

	assert(a.n <= LIMIT_NAME_SIZE && b.n <= LIMIT_NAME_SIZE);
	for (size_t k = 0; k <= b.n; k++)
		row[k] = k;
	for (size_t i = 0; i < a.n; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t k = 0; k < b.n; k++) {
			size_t best = corner + (a.p[i] != b.p[k] ? 1 : 0);

			corner = row[k + 1];
			if (row[k] + 1 < best)
				best = row[k] + 1;
			if (corner + 1 < best)
				best = corner + 1;
			row[k + 1] = best;
		}
	}
	return row[b.n];
}
