/*
 * What the deltas of a log make of it, one after the other.  core/oplog.c
 * appends by these rules; core/check_log.c and core/rebuild.c go through stored
 * logs with them again, so that both always agree.  Touches no table.
 */
#include "core/trace.h"

#include "core/oplog_row.h"

/* What of a delta is here: bit 1 << class when every body of the class can be
 * opened, and that every body is here in any form, in one that can be opened or
 * has a wrap, in one whose wrap is the author's. */
enum {
	HERE_HELD = 1 << CLASS_COUNT,
	HERE_WRAPPED = 2 * HERE_HELD,
	HERE_KEPT = 4 * HERE_HELD,
	HERE_ALL = 8 * HERE_HELD - 1,
};

static unsigned here(const struct delta *delta, struct bytes bodies);
static unsigned lacks(enum body_form form, enum delta_class class);

/* What a header breaks by where it stands makes it opaque, as what it breaks by
 * itself did already (docs/format.md §6).  Its log goes on either way. */
void
trace_judge(const struct log *log, struct delta *delta)
{
	uint64_t seq = log->frontier.size;
	bool first = seq == 0;

	if (!delta->opaque && delta->seq == seq &&
	    bytes_equal(
		bytes_of(delta->origin.b, 32), bytes_of(log->origin.b, 32)) &&
	    (first || delta->stamp.v > log->last.v) &&
	    (delta->kind == DELTA_OPEN) == first)
		return;
	*delta = (struct delta){
	    .opaque = true, .seq = seq, .origin = log->origin};
}

void
trace_take(struct log *log, const struct delta *delta,
    const struct stored_delta *stored)
{
	trace_count(log, delta, stored);
	if (delta->opaque)
		return;
	log->last = delta->stamp;
	if (delta->kind == DELTA_OPEN && delta->open.has_grant) {
		log->has_grant = true;
		log->grant = delta->refs[delta->open.grant];
	}
}

void
trace_count(struct log *log, const struct delta *delta,
    const struct stored_delta *stored)
{
	unsigned mask = here(delta, stored->bodies);
	uint64_t seq = stored->seq;

	if (log->held == seq && mask & HERE_HELD)
		log->held++;
	if (log->wrapped == seq && mask & HERE_WRAPPED)
		log->wrapped++;
	if (log->kept == seq && mask & HERE_KEPT)
		log->kept++;
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		if (log->open[class] == seq && mask >> class & 1)
			log->open[class]++;
}

/* Which of the bodies that `delta` has are among `bodies`; all that an opaque
 * one has not. */
static unsigned
here(const struct delta *delta, struct bytes bodies)
{
	unsigned mask = HERE_ALL;
	struct stored_body body;
	bool more = oplog_row_next(&bodies, &body);

	for (size_t i = 0; i < delta->changes_n; i++)
		for (unsigned class = 0; class < CLASS_COUNT; class ++) {
			struct stored_body due = {.change = (uint16_t)i,
			    .class = (enum delta_class) class};

			if ((delta->changes[i].classes >> class & 1) == 0)
				continue;
			while (more && oplog_row_compare(&body, &due) < 0)
				more = oplog_row_next(&bodies, &body);
			if (!more || oplog_row_compare(&body, &due) != 0)
				mask &= ~(unsigned)(HERE_HELD | HERE_WRAPPED |
						    HERE_KEPT | 1u << class);
			else
				mask &= ~lacks(body.form, due.class);
		}
	return mask;
}

/* What a body of this form is not. */
static unsigned
lacks(enum body_form form, enum delta_class class)
{
	switch (form) {
	case BODY_BLIND:
		return HERE_WRAPPED | HERE_KEPT | 1u << class;
	case BODY_PASSED:
		return HERE_KEPT | 1u << class;
	case BODY_KEPT:
		return 1u << class;
	case BODY_OPEN:
		return 0;
	}
	return HERE_ALL;
}

void
trace_init(struct trace *trace, const struct log *log)
{
	*trace = (struct trace){
	    .log = {.no = log->no,
		.space = log->space,
		.id = log->id,
		.trunk = log->trunk,
		.name = log->name,
		.origin = log->origin},
	};
}

void
trace_next(
    struct trace *trace, const struct stored_delta *stored, struct arena *arena)
{
	assert(stored->seq == trace->log.frontier.size);
	delta_decode(stored->header, arena, &trace->delta, NULL);
	trace_judge(&trace->log, &trace->delta);
	trace_take(&trace->log, &trace->delta, stored);
	merkle_leaf(stored->header, &trace->leaf);
	merkle_append(
	    &trace->log.frontier, &trace->leaf, trace->done, trace->arg);
}

void
trace_adopt(const struct trace *trace, struct log *log)
{
	const struct log *from = &trace->log;

	log->frontier = from->frontier;
	log->last = from->last;
	log->held = from->held;
	bytes_copy(log->open, bytes_of(from->open, sizeof(from->open)));
	log->wrapped = from->wrapped;
	log->kept = from->kept;
	log->has_grant = from->has_grant;
	log->grant = from->grant;
	log->dirty = true;
}
