/*
 * The units of a pack, all read at once: there are some hundreds of them, and
 * whoever asks for one (core/units_find.c, imports) or for many (reports, which
 * have a row for each) asks again and again.
 */
#include "core/units.h"

#include <stdlib.h>
#include <string.h>

#include "core/query.h"
#include "core/shown.h"
#include "proto/calendar.h"
#include "proto/codec.h"
#include "proto/mem.h"

/* A unit while all are read. */
struct draft {
	struct unit unit; /* the first: what p of struct units points at */
	struct record_id parent;
	bool has_parent;
	const struct record_id *successors;
	size_t successors_n;
};

struct loading {
	const struct pack_units *about;
	struct arena *arena;
	int64_t today;
	struct draft *drafts; /* owned */
	size_t n;
	size_t room;
};

static void draft_add(struct loading *l, const struct query_run *run);
static void units_link(struct loading *l, struct units *units);
enum err
units_load(struct txn *txn, int64_t now_seconds, struct arena *arena,
    struct units *units)
{
	const struct pack *pack = txn->pack;
	struct loading l = {.arena = arena};
	struct query query = {.now_seconds = now_seconds};
	struct query_run run;
	bool found = true;
	enum err e;

	*units = (struct units){.pack = pack};
	if (pack == NULL || pack->units == NULL)
		return ERR_OK;
	l.about = pack->units;
	l.today = calendar_day_at(now_seconds, pack->clock_seconds);
	query.collection = pack->units->collection;
	e = query_begin(txn, &query, &run);
	while (e == ERR_OK && found) {
		e = query_next(&run, &found);
		if (e == ERR_OK && found)
			draft_add(&l, &run);
	}
	query_end(&run);
	if (e == ERR_OK)
		units_link(&l, units);
	mem_free(l.drafts);
	return e;
}

/* The text that is shown of `field`, copied; empty without one. */
static struct bytes
text_of(const struct loading *l, const struct record *record,
    const struct pack_field *field)
{
	return arena_bytes(l->arena, shown_text(record, field));
}

static int64_t
day_of(const struct loading *l, const struct record *record,
    const struct pack_field *field, int64_t otherwise)
{
	int64_t day;

	return calendar_read_day(text_of(l, record, field), &day) ? day
								  : otherwise;
}

static void
aliases_read(
    const struct loading *l, const struct record *record, struct unit *unit)
{
	const struct pack_field *field = l->about->aliases;
	const struct record_field *has = NULL;
	struct bytes *aliases;

	if (field != NULL)
		has = merge_find(record, bytes_text(field->name), field->kind);
	if (has == NULL)
		return;
	aliases = arena_array(l->arena, has->n, sizeof(*aliases));
	for (size_t i = 0; i < has->n; i++) {
		struct reader r;

		codec_begin(&r, has->values[i].value);
		if (codec_peek(&r) == CODEC_TEXT)
			aliases[unit->aliases_n++] = arena_bytes(
			    l->arena, codec_get_text(&r));
	}
	unit->aliases = aliases;
}

/* The records that `field` refers to, into an array in the arena. */
static size_t
refs_read(const struct loading *l, const struct record *record,
    const struct pack_field *field, const struct record_id **refs)
{
	const struct record_field *has = NULL;
	struct record_id *ids;
	size_t n = 0;

	*refs = NULL;
	if (field != NULL)
		has = merge_find(record, bytes_text(field->name), field->kind);
	if (has == NULL)
		return 0;
	ids = arena_array(l->arena, has->n, sizeof(*ids));
	for (size_t i = 0; i < has->n; i++) {
		const struct record_value *value = field->kind == KIND_SET
						       ? &has->values[i]
						       : merge_winner(
							     record, has);
		struct reader r;
		struct bytes id;

		codec_begin(&r, value->value);
		id = codec_get_fixed(&r, PACK_REF_SIZE);
		if (!r.bad)
			bytes_copy(ids[n++].b, id);
	}
	*refs = ids;
	return n;
}

static void
draft_add(struct loading *l, const struct query_run *run)
{
	const struct pack_units *about = l->about;
	const struct record *record = &run->record;
	const struct record_id *parent;
	struct draft *draft;
	struct unit *unit;

	mem_room(&l->drafts, &l->room, l->n + 1, sizeof(*l->drafts));
	draft = &l->drafts[l->n++];
	*draft = (struct draft){0};
	unit = &draft->unit;
	unit->id = run->id;
	unit->name = text_of(l, record, about->name);
	unit->code = text_of(l, record, about->code);
	unit->level = text_of(l, record, about->level);
	/* What is no prefix leads to no space. */
	if (id_prefix(text_of(l, record, about->prefix), &unit->prefix) !=
	    ERR_OK)
		unit->prefix = (struct space){0};
	aliases_read(l, record, unit);
	unit->from_days = day_of(l, record, about->from, INT64_MIN);
	unit->to_days = day_of(l, record, about->to, INT64_MAX);
	unit->is_past = unit->to_days < l->today;
	draft->has_parent = refs_read(l, record, about->parent, &parent) > 0;
	if (draft->has_parent)
		draft->parent = parent[0];
	draft->successors_n = refs_read(
	    l, record, about->successors, &draft->successors);
}

static int
order(const void *a, const void *b)
{
	const struct draft *x = a;
	const struct draft *y = b;
	int way = bytes_compare(x->unit.code, y->unit.code);

	return way != 0 ? way
			: memcmp(&x->unit.id, &y->unit.id, sizeof(x->unit.id));
}

/* The unit `id`; NULL when it is not held. */
static const struct unit *
unit_by_id(const struct unit *units, size_t n, const struct record_id *id)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(&units[i].id, id, sizeof(*id)) == 0)
			return &units[i];
	return NULL;
}

/* Is the unit `id` one of those that came in the place of `draft`? */
static bool
is_among(const struct draft *draft, const struct record_id *id)
{
	for (size_t i = 0; i < draft->successors_n; i++)
		if (memcmp(&draft->successors[i], id, sizeof(*id)) == 0)
			return true;
	return false;
}

/* Puts the drafts in order, as units that know each other. */
static void
units_link(struct loading *l, struct units *units)
{
	struct unit *p = arena_array(l->arena, l->n, sizeof(*p));

	if (l->n > 1)
		qsort(l->drafts, l->n, sizeof(*l->drafts), order);
	for (size_t i = 0; i < l->n; i++)
		p[i] = l->drafts[i].unit;
	for (size_t i = 0; i < l->n; i++) {
		const struct draft *draft = &l->drafts[i];
		const struct unit **next = arena_array(
		    l->arena, draft->successors_n, sizeof(*next));

		if (draft->has_parent)
			p[i].parent = unit_by_id(p, l->n, &draft->parent);
		/* In the order of the units, whoever wrote them first. */
		for (size_t k = 0;
		     k < l->n && p[i].successors_n < draft->successors_n; k++)
			if (is_among(draft, &p[k].id))
				next[p[i].successors_n++] = &p[k];
		p[i].successors = next;
	}
	units->p = p;
	units->n = l->n;
}

const struct unit *
units_at(const struct units *units, struct bytes prefix)
{
	for (size_t i = 0; i < units->n; i++)
		if (prefix.n > 0 && bytes_is(prefix, units->p[i].prefix.text))
			return &units->p[i];
	return NULL;
}

void
units_words(const struct unit *unit, struct buf *words)
{
	if (unit->parent != NULL) {
		buf_add(words, unit->parent->name);
		buf_add_text(words, " ");
	}
	buf_add(words, unit->name);
	if (unit->code.n == 0 && unit->prefix.text[0] == '\0')
		return;
	buf_add_text(words, " (");
	buf_add(words, unit->code);
	if (unit->prefix.text[0] != '\0')
		buf_add_format(words, "%s%s", unit->code.n > 0 ? ", " : "",
		    unit->prefix.text);
	buf_add_text(words, ")");
}
