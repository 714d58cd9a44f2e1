/*
 * The table of units of an import: there are some hundreds, and every row asks.
 */
#include "cli/map_units.h"

#include <stdlib.h>

#include "core/fold.h"
#include "core/pack_show.h"
#include "core/record.h"
#include "proto/calendar.h"
#include "proto/codec.h"
#include "proto/mem.h"

enum { LISTED_MAX = 5, ABOVE_MAX = 8 };

static enum err space_load(struct opened *work, struct space_state *space,
    struct map_units *units) MUST_USE;
static void unit_add(struct opened *work, const struct record_id *id,
    const struct record *record, struct map_units *units);
static enum err names_add(
    struct opened *work, struct map_units *units, size_t i) MUST_USE;
static int by_key(const void *a, const void *b);

/* Is `class` the last component of the name of `space`? */
static bool
is_of_class(const struct space *space, const char *class)
{
	const char *last = strrchr(space->text, '/');

	return strcmp(last == NULL ? space->text : last + 1, class) == 0;
}

enum err
map_units_load(struct opened *work, struct map_units *units)
{
	const struct pack_units *of = work->pack->units;
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(store_txn(work->store), &spaces, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (is_of_class(&spaces[i]->name, of->collection->space))
			e = space_load(work, spaces[i], units);
	for (size_t i = 0; e == ERR_OK && i < units->n; i++)
		e = names_add(work, units, i);
	if (units->names_n > 0)
		qsort(units->names, units->names_n, sizeof(*units->names),
		    by_key);
	return e;
}

void
map_units_fini(struct map_units *units)
{
	mem_free(units->units);
	mem_free(units->names);
	arena_fini(&units->arena);
	*units = (struct map_units){0};
}

static int
by_key(const void *a, const void *b)
{
	const struct map_name *x = a;
	const struct map_name *y = b;
	int order = bytes_compare(x->key, y->key);

	return order != 0 ? order : (x->unit > y->unit) - (x->unit < y->unit);
}

static enum err
space_load(
    struct opened *work, struct space_state *space, struct map_units *units)
{
	const char *name = work->pack->units->collection->name;
	struct record_id id = {0};
	uint64_t met = 0;

	for (;;) {
		struct record record;
		bool found;
		enum err e;

		arena_reset(&work->arena);
		e = record_next(store_txn(work->store),
		    &(struct record_read){.space = space,
			.cells = true,
			.arena = &work->arena,
			.met = &met},
		    &id, &record, &found);
		if (e != ERR_OK || !found)
			return e;
		if (record.status != RECORD_DELETED &&
		    bytes_is(record.collection, name))
			unit_add(work, &id, &record, units);
	}
}

/* The value shown of a register as people read it; empty when there is none. */
static struct bytes
shown(const struct record *record, const struct pack_field *field,
    struct arena *arena)
{
	const struct record_field *has = NULL;
	struct buf text = {0};
	struct bytes copy;

	if (field != NULL)
		has = merge_find(record, bytes_text(field->name), field->kind);
	if (has == NULL || has->n == 0)
		return (struct bytes){0};
	pack_show_value(field, merge_winner(record, has)->value, &text);
	copy = arena_bytes(arena, buf_bytes(&text));
	buf_fini(&text);
	return copy;
}

static int64_t
day_of(const struct record *record, const struct pack_field *field,
    struct arena *arena, int64_t other)
{
	struct bytes text = shown(record, field, arena);
	int64_t day;

	return calendar_read_day(text, &day) ? day : other;
}

static void
name_push(struct map_units *units, struct bytes key, size_t unit)
{
	mem_room(&units->names, &units->names_room, units->names_n + 1,
	    sizeof(*units->names));
	units->names[units->names_n++] = (struct map_name){
	    .key = arena_bytes(&units->arena, key), .unit = unit};
}

/* The unit and its aliases, as they are; names_add folds them once all units
 * are known. */
static void
unit_add(struct opened *work, const struct record_id *id,
    const struct record *record, struct map_units *units)
{
	const struct pack_units *of = work->pack->units;
	struct arena *arena = &units->arena;
	const struct record_field *has = NULL;
	const struct record_field *parent = NULL;
	struct map_unit unit = {.id = *id,
	    .name = shown(record, of->name, arena),
	    .prefix = shown(record, of->prefix, arena),
	    .code = shown(record, of->code, arena),
	    .from_days = day_of(record, of->from, arena, INT64_MIN),
	    .to_days = day_of(record, of->to, arena, INT64_MAX)};

	if (of->parent != NULL)
		parent = merge_find(
		    record, bytes_text(of->parent->name), of->parent->kind);
	if (parent != NULL && parent->n > 0) {
		struct reader r;

		codec_begin(&r, merge_winner(record, parent)->value);
		bytes_copy(
		    unit.parent.b, codec_get_fixed(&r, sizeof(unit.parent.b)));
		unit.has_parent = !r.bad;
	}
	if (of->aliases != NULL)
		has = merge_find(
		    record, bytes_text(of->aliases->name), of->aliases->kind);
	for (size_t i = 0; has != NULL && i < has->n; i++) {
		struct reader r;

		codec_begin(&r, has->values[i].value);
		name_push(units, codec_get_text(&r), units->n);
	}
	mem_room(
	    &units->units, &units->room, units->n + 1, sizeof(*units->units));
	units->units[units->n++] = unit;
}

static const struct map_unit *
parent_of(const struct map_units *units, const struct map_unit *unit)
{
	for (size_t i = 0; unit->has_parent && i < units->n; i++)
		if (bytes_equal(bytes_of(units->units[i].id.b,
				    sizeof(units->units[i].id.b)),
			bytes_of(unit->parent.b, sizeof(unit->parent.b))))
			return &units->units[i];
	return NULL;
}

static enum err
fold_push(struct opened *work, struct map_units *units, struct bytes text,
    size_t unit)
{
	struct buf key = {0};
	enum err e = fold_text(work->pack->fold, text, &key);

	if (e == ERR_OK && key.n > 0)
		name_push(units, buf_bytes(&key), unit);
	buf_fini(&key);
	return e;
}

/* All that unit number `i` is called. */
static enum err
names_add(struct opened *work, struct map_units *units, size_t i)
{
	struct map_unit *unit = &units->units[i];
	const struct map_unit *parent = parent_of(units, unit);
	struct buf text = {0};
	size_t aliases_n = i == 0 ? units->names_n : 0;
	enum err e = ERR_OK;

	/* The aliases of all units, which stand there unfolded. */
	for (size_t k = 0; k < aliases_n && e == ERR_OK; k++) {
		struct buf key = {0};

		e = fold_text(work->pack->fold, units->names[k].key, &key);
		units->names[k].key = arena_bytes(
		    &units->arena, buf_bytes(&key));
		buf_fini(&key);
	}
	if (parent != NULL) {
		buf_add(&text, parent->name);
		buf_add_u8(&text, ' ');
	}
	buf_add(&text, unit->name);
	if (e == ERR_OK)
		e = fold_push(work, units, unit->name, i);
	if (e == ERR_OK)
		e = fold_push(work, units, unit->code, i);
	if (e == ERR_OK && parent != NULL)
		e = fold_push(work, units, buf_bytes(&text), i);
	if (unit->code.n > 0)
		buf_add_format(&text, " (%.*s)", (int)unit->code.n,
		    (const char *)unit->code.p);
	unit->shown = arena_bytes(&units->arena, buf_bytes(&text));
	buf_fini(&text);
	return e;
}

/* ---- Asked for ---------------------------------------------------------- */

/* The number of the first name that is not before `key`. */
static size_t
first_at(const struct map_units *units, struct bytes key)
{
	size_t low = 0;
	size_t high = units->names_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (bytes_compare(units->names[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
was_there(const struct map_unit *unit, int64_t day)
{
	return day == INT64_MIN ||
	       (day >= unit->from_days && day <= unit->to_days);
}

struct meant {
	const struct map_unit *one;
	size_t n;
	struct buf list; /* owned */
};

/* Is `words` what the units above number `i` are called, the nearest last? */
static bool
stands_above(
    const struct map_units *units, size_t i, struct bytes words, size_t depth)
{
	const struct map_unit *parent = parent_of(units, &units->units[i]);

	for (size_t k = 0;
	     parent != NULL && depth < ABOVE_MAX && k < units->names_n; k++) {
		struct bytes name = units->names[k].key;
		size_t rest = words.n - name.n;

		if (&units->units[units->names[k].unit] != parent ||
		    name.n > words.n ||
		    !bytes_equal(bytes_after(words, rest), name))
			continue;
		if (rest == 0 || stands_above(units, units->names[k].unit,
				     bytes_first(words, rest), depth + 1))
			return true;
	}
	return false;
}

static void
meant_add(const struct map_unit *unit, struct meant *meant)
{
	meant->one = unit;
	if (meant->n++ < LISTED_MAX)
		buf_add_format(&meant->list, "%s%.*s", meant->n > 1 ? ", " : "",
		    (int)unit->shown.n, (const char *)unit->shown.p);
}

/* Units with a name at the end of `key`, and what is above them before it. */
static void
below_find(const struct map_units *units, struct bytes key, int64_t day,
    struct meant *meant)
{
	if (key.n > ABOVE_MAX * LIMIT_NAME_SIZE)
		return;
	for (size_t at = 1; at < key.n; at++) {
		struct bytes last = bytes_after(key, at);

		for (size_t i = first_at(units, last);
		     i < units->names_n &&
		     bytes_equal(units->names[i].key, last);
		     i++) {
			size_t unit = units->names[i].unit;

			if (meant->one != &units->units[unit] &&
			    was_there(&units->units[unit], day) &&
			    stands_above(units, unit, bytes_first(key, at), 0))
				meant_add(&units->units[unit], meant);
		}
	}
}

/* Units of that name, each once; with `day` only those that were there. */
static void
meant_find(const struct map_units *units, struct bytes key, int64_t day,
    struct meant *meant)
{
	size_t last = SIZE_MAX;

	for (size_t i = first_at(units, key);
	     i < units->names_n && bytes_equal(units->names[i].key, key); i++) {
		const struct map_unit *unit =
		    &units->units[units->names[i].unit];

		if (units->names[i].unit == last || !was_there(unit, day))
			continue;
		last = units->names[i].unit;
		meant_add(unit, meant);
	}
	if (meant->n == 0)
		below_find(units, key, day, meant);
}

enum err
map_units_find(const struct map_units *units, const struct pack_fold *fold,
    struct bytes text, int64_t day, const struct map_unit **unit)
{
	struct buf key = {0};
	struct meant meant = {0};
	enum err e = fold_text(fold, text, &key);

	if (e == ERR_OK)
		meant_find(units, buf_bytes(&key), INT64_MIN, &meant);
	if (e == ERR_OK && meant.n > 1 && day != INT64_MIN) {
		struct meant then = {0};

		meant_find(units, buf_bytes(&key), day, &then);
		if (then.n == 1)
			meant.n = 1;
		if (then.n == 1)
			meant.one = then.one;
		buf_fini(&then.list);
	}
	*unit = meant.one;
	if (e == ERR_OK && meant.n == 0)
		e = err_set(ERR_NOT_FOUND,
		    "no unit that is held here is called '%.*s'", (int)text.n,
		    (const char *)text.p);
	if (e == ERR_OK && meant.n > 1)
		e = err_set(ERR_INVALID,
		    "'%.*s' may mean %s: say which, with the name of the unit "
		    "above it or its code",
		    (int)text.n, (const char *)text.p, buf_text(&meant.list));
	buf_fini(&key);
	buf_fini(&meant.list);
	return e;
}
