/*
 * The names of units for an import: there are some hundreds, and every row
 * asks.  What one person means by a word is for core/units_find.c to say; rows
 * are taken by the letter, and by the day that they are of.
 */
#include "cli/map_units.h"

#include <stdlib.h>

#include "core/fold.h"
#include "proto/mem.h"

enum { LISTED_MAX = 5, ABOVE_MAX = 8 };

static enum err names_add(
    struct map_units *names, const struct unit *unit) MUST_USE;
static int by_key(const void *a, const void *b);

enum err
map_units_make(const struct units *units, struct map_units *names)
{
	enum err e = ERR_OK;

	names->fold = units->pack != NULL ? units->pack->fold : NULL;
	for (size_t i = 0; i < units->n && e == ERR_OK; i++)
		e = names_add(names, &units->p[i]);
	if (names->n > 0)
		qsort(names->names, names->n, sizeof(*names->names), by_key);
	return e;
}

void
map_units_fini(struct map_units *names)
{
	mem_free(names->names);
	arena_fini(&names->arena);
	*names = (struct map_units){0};
}

/* All units stand in one array, so that their places have an order. */
static int
by_key(const void *a, const void *b)
{
	const struct map_name *x = a;
	const struct map_name *y = b;
	int order = bytes_compare(x->key, y->key);

	return order != 0 ? order : (x->unit > y->unit) - (x->unit < y->unit);
}

static enum err
name_add(struct map_units *names, struct bytes text, const struct unit *unit)
{
	struct buf key = {0};
	enum err e = fold_text(names->fold, text, &key);

	if (e == ERR_OK && key.n > 0) {
		mem_room(&names->names, &names->room, names->n + 1,
		    sizeof(*names->names));
		names->names[names->n++] = (struct map_name){
		    .key = arena_bytes(&names->arena, buf_bytes(&key)),
		    .unit = unit};
	}
	buf_fini(&key);
	return e;
}

/* All that `unit` is called. */
static enum err
names_add(struct map_units *names, const struct unit *unit)
{
	struct buf text = {0};
	enum err e = name_add(names, unit->name, unit);

	if (e == ERR_OK)
		e = name_add(names, unit->code, unit);
	for (size_t i = 0; i < unit->aliases_n && e == ERR_OK; i++)
		e = name_add(names, unit->aliases[i], unit);
	if (e == ERR_OK && unit->parent != NULL) {
		buf_add(&text, unit->parent->name);
		buf_add_u8(&text, ' ');
		buf_add(&text, unit->name);
		e = name_add(names, buf_bytes(&text), unit);
	}
	buf_fini(&text);
	return e;
}

/* ---- Asked for ---------------------------------------------------------- */

/* The number of the first name that is not before `key`. */
static size_t
first_at(const struct map_units *names, struct bytes key)
{
	size_t low = 0;
	size_t high = names->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (bytes_compare(names->names[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
was_there(const struct unit *unit, int64_t day)
{
	return day == INT64_MIN ||
	       (day >= unit->from_days && day <= unit->to_days);
}

/* Is `words` what the units above `unit` are called, the nearest last? */
static bool
stands_above(const struct map_units *names, const struct unit *unit,
    struct bytes words, size_t depth)
{
	for (size_t i = 0;
	     unit->parent != NULL && depth < ABOVE_MAX && i < names->n; i++) {
		struct bytes name = names->names[i].key;
		size_t rest = words.n - name.n;

		if (names->names[i].unit != unit->parent || name.n > words.n ||
		    !bytes_equal(bytes_after(words, rest), name))
			continue;
		if (rest == 0 || stands_above(names, unit->parent,
				     bytes_first(words, rest), depth + 1))
			return true;
	}
	return false;
}

struct meant {
	const struct unit *one;
	size_t n;
	struct buf list; /* owned */
};

static void
meant_add(const struct unit *unit, struct meant *meant)
{
	meant->one = unit;
	if (meant->n++ < LISTED_MAX) {
		buf_add_text(&meant->list, meant->n > 1 ? ", " : "");
		units_words(unit, &meant->list);
	}
}

/* Units with a name at the end of `key`, and what is above them before it. */
static void
below_find(const struct map_units *names, struct bytes key, int64_t day,
    struct meant *meant)
{
	if (key.n > ABOVE_MAX * LIMIT_NAME_SIZE)
		return;
	for (size_t at = 1; at < key.n; at++) {
		struct bytes last = bytes_after(key, at);

		for (size_t i = first_at(names, last);
		     i < names->n && bytes_equal(names->names[i].key, last);
		     i++) {
			const struct unit *unit = names->names[i].unit;

			if (unit != meant->one && was_there(unit, day) &&
			    stands_above(names, unit, bytes_first(key, at), 0))
				meant_add(unit, meant);
		}
	}
}

/* Units of that name, each once; with `day` only those that were there. */
static void
meant_find(const struct map_units *names, struct bytes key, int64_t day,
    struct meant *meant)
{
	for (size_t i = first_at(names, key);
	     i < names->n && bytes_equal(names->names[i].key, key); i++) {
		const struct unit *unit = names->names[i].unit;

		if (unit != meant->one && was_there(unit, day))
			meant_add(unit, meant);
	}
	if (meant->n == 0)
		below_find(names, key, day, meant);
}

enum err
map_units_find(const struct map_units *names, struct bytes text, int64_t day,
    const struct unit **unit)
{
	struct buf key = {0};
	struct meant meant = {0};
	enum err e = fold_text(names->fold, text, &key);

	if (e == ERR_OK)
		meant_find(names, buf_bytes(&key), INT64_MIN, &meant);
	if (e == ERR_OK && meant.n > 1 && day != INT64_MIN) {
		struct meant then = {0};

		meant_find(names, buf_bytes(&key), day, &then);
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
