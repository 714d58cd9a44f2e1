/*
 * The unit that somebody means.  Called by the commands that are told of which
 * unit they shall speak; rows of imports, which ask by the thousand and say on
 * which day, have a table of their own (cli/map_units.c).
 */
#include "core/units_find.h"

#include "core/fold.h"
#include "proto/calendar.h"

enum { LISTED_MAX = 8, ABOVE_MAX = 8 };

/* How well a unit fits, from the worst on. */
enum fit {
	FIT_NOT,
	FIT_BEGINS,  /* its name begins so */
	FIT_ANOTHER, /* that is another name of it */
	FIT_NAME,    /* its name, code or prefix */
};

/* What is looked for; all texts are folded, and in the arena. */
struct sought {
	const struct units *units;
	const struct pack_scope *scope;
	struct bytes words;	   /* as they were given */
	struct bytes all;	   /* the same folded */
	struct bytes last;	   /* the last word */
	const struct bytes *above; /* those before it */
	size_t above_n;
	struct buf name; /* owned: for one name at a time */
};

static enum err sought_read(
    struct sought *sought, struct arena *arena) MUST_USE;
static enum fit fit_of(struct sought *sought, const struct unit *unit);
static enum err several(const struct sought *sought,
    const struct unit *const *fits, size_t n) MUST_USE;
static enum err none(const struct sought *sought) MUST_USE;
static enum err settle(struct sought *sought, enum fit fit,
    const struct unit **unit, struct buf *note) MUST_USE;

enum err
units_find_named(const struct units *units, struct bytes words,
    const struct pack_scope *scope, const struct unit **unit, struct buf *note)
{
	struct sought sought = {.units = units, .scope = scope, .words = words};
	struct arena arena = {0};
	const struct unit **fits = arena_array(
	    &arena, units->n, sizeof(const struct unit *));
	enum fit best = FIT_NOT;
	bool is_past = false;
	size_t n = 0;
	enum err e = sought_read(&sought, &arena);

	*unit = NULL;
	for (size_t i = 0; e == ERR_OK && i < units->n; i++) {
		const struct unit *is = &units->p[i];
		enum fit fit = fit_of(&sought, is);

		/* What is no more gives way to what is there. */
		if (fit == FIT_NOT || fit < best ||
		    (fit == best && is->is_past && !is_past))
			continue;
		if (fit > best || (is_past && !is->is_past))
			n = 0;
		best = fit;
		is_past = is->is_past;
		fits[n++] = is;
	}
	if (e == ERR_OK && n > 1)
		e = several(&sought, fits, n);
	if (e == ERR_OK && n == 0)
		e = none(&sought);
	if (e == ERR_OK) {
		*unit = fits[0];
		e = settle(&sought, best, unit, note);
	}
	buf_fini(&sought.name);
	arena_fini(&arena);
	return e;
}

/* `text` folded, in `arena`. */
static enum err
fold(const struct sought *sought, struct bytes text, struct arena *arena,
    struct bytes *folded)
{
	struct buf out = {0};
	enum err e = fold_text(sought->units->pack->fold, text, &out);

	*folded = arena_bytes(arena, buf_bytes(&out));
	buf_fini(&out);
	return e;
}

static enum err
sought_read(struct sought *sought, struct arena *arena)
{
	struct bytes rest = sought->words;
	struct bytes *words = arena_array(
	    arena, rest.n / 2 + 1, sizeof(*words));
	size_t n = 0;
	enum err e = fold(sought, sought->words, arena, &sought->all);

	while (e == ERR_OK && rest.n > 0) {
		size_t end = bytes_find(rest, ' ');
		struct bytes word = bytes_first(rest, end);

		rest = bytes_after(rest, end < rest.n ? end + 1 : end);
		if (word.n > 0)
			e = fold(sought, word, arena, &words[n++]);
	}
	if (e == ERR_OK && sought->all.n == 0)
		e = err_set(ERR_INVALID, "'%.*s' names no unit",
		    (int)sought->words.n, (const char *)sought->words.p);
	if (n > 0)
		sought->last = words[n - 1];
	sought->above = words;
	sought->above_n = n > 0 ? n - 1 : 0;
	return e;
}

/* `name` folded, until the next call; what cannot be folded fits nothing. */
static struct bytes
folded(struct sought *sought, struct bytes name)
{
	if (fold_text(sought->units->pack->fold, name, &sought->name) != ERR_OK)
		buf_cut(&sought->name, 0);
	return buf_bytes(&sought->name);
}

static enum fit
fit_of_name(struct sought *sought, const struct unit *unit, struct bytes word)
{
	struct bytes name = folded(sought, unit->name);
	bool begins = fold_has(sought->units->pack->fold, name, word, true);

	if (word.n == 0)
		return FIT_NOT;
	if (bytes_equal(name, word))
		return FIT_NAME;
	for (size_t i = 0; i < unit->aliases_n; i++)
		if (bytes_equal(folded(sought, unit->aliases[i]), word))
			return FIT_ANOTHER;
	return begins ? FIT_BEGINS : FIT_NOT;
}

/* Is some unit above `unit` called `word`? */
static bool
is_below(struct sought *sought, const struct unit *unit, struct bytes word)
{
	/* Parents may lead in a circle. */
	for (size_t i = 0; i < ABOVE_MAX && unit->parent != NULL; i++) {
		unit = unit->parent;
		if (fit_of_name(sought, unit, word) != FIT_NOT)
			return true;
	}
	return false;
}

/* The same as one word with that of the unit above: "강남구신사동". */
static bool
is_joined(struct sought *sought, const struct unit *unit)
{
	struct bytes all = sought->all;
	struct bytes name;

	if (unit->parent == NULL)
		return false;
	name = folded(sought, unit->parent->name);
	if (name.n == 0 || !bytes_begins(all, name))
		return false;
	all = bytes_after(all, name.n);
	return all.n > 0 && bytes_equal(folded(sought, unit->name), all);
}

static enum fit
fit_of(struct sought *sought, const struct unit *unit)
{
	enum fit fit;

	if (sought->scope != NULL &&
	    !bytes_is(unit->level, sought->scope->level))
		return FIT_NOT;
	if (bytes_equal(sought->words, unit->code) ||
	    bytes_is(sought->words, unit->prefix.text) ||
	    is_joined(sought, unit))
		return FIT_NAME;
	fit = fit_of_name(sought, unit, sought->all);
	if (fit != FIT_NOT || sought->above_n == 0)
		return fit;
	fit = fit_of_name(sought, unit, sought->last);
	for (size_t i = 0; i < sought->above_n && fit != FIT_NOT; i++)
		if (!is_below(sought, unit, sought->above[i]))
			fit = FIT_NOT;
	return fit;
}

/* ---- what to say -------------------------------------------------------- */

static void
list_add(struct buf *list, const struct unit *const *units, size_t n)
{
	for (size_t i = 0; i < n && i < LISTED_MAX; i++) {
		buf_add_text(list, i > 0 ? ", " : "");
		units_words(units[i], list);
	}
	if (n > LISTED_MAX)
		buf_add_format(list, " and %zu more", n - LISTED_MAX);
}

static enum err
several(const struct sought *sought, const struct unit *const *fits, size_t n)
{
	struct buf list = {0};
	enum err e;

	list_add(&list, fits, n);
	e = err_set(ERR_INVALID,
	    "'%.*s' fits %zu units: %s; name the one above it as well, or give "
	    "its code",
	    (int)sought->words.n, (const char *)sought->words.p, n,
	    buf_text(&list));
	buf_fini(&list);
	return e;
}

static enum err
none(const struct sought *sought)
{
	const char *what = sought->scope != NULL ? sought->scope->name : "unit";

	if (sought->units->n == 0)
		return err_set(ERR_NOT_FOUND,
		    "no units are held here, so none is called '%.*s'",
		    (int)sought->words.n, (const char *)sought->words.p);
	return err_set(ERR_NOT_FOUND, "no %s is called '%.*s'", what,
	    (int)sought->words.n, (const char *)sought->words.p);
}

/* Is the last that was given, but for the units above, the name of `unit`?
 * "강남구 신사동" may be another name and tells nothing new. */
static bool
is_told(struct sought *sought, const struct unit *unit)
{
	struct bytes name = folded(sought, unit->name);
	struct bytes all = sought->all;

	return all.n > name.n &&
	       bytes_equal(bytes_after(all, all.n - name.n), name);
}

/* From the unit that was named to the one that is there now. */
static enum err
settle(struct sought *sought, enum fit fit, const struct unit **unit,
    struct buf *note)
{
	if (fit == FIT_ANOTHER && !is_told(sought, *unit)) {
		buf_add_format(note, "%.*s is another name of ",
		    (int)sought->words.n, (const char *)sought->words.p);
		units_words(*unit, note);
	}
	/* They may lead in a circle as well. */
	for (size_t i = 0; i < ABOVE_MAX && (*unit)->is_past; i++) {
		const struct unit *is = *unit;
		char day[CALENDAR_TEXT_SIZE];
		struct buf next = {0};
		enum err e = ERR_OK;

		calendar_write_day(is->to_days, day);
		list_add(&next, is->successors, is->successors_n);
		if (is->successors_n > 1)
			e = err_set(ERR_INVALID,
			    "'%.*s' existed until %s; in its place came %s: "
			    "name one of them",
			    (int)sought->words.n, (const char *)sought->words.p,
			    day, buf_text(&next));
		buf_add_text(note, note->n > 0 ? "; " : "");
		units_words(is, note);
		buf_add_format(note, " existed until %s", day);
		if (is->successors_n == 1)
			buf_add_format(
			    note, ", in its place came %s", buf_text(&next));
		buf_fini(&next);
		if (is->successors_n != 1)
			return e;
		*unit = is->successors[0];
	}
	return ERR_OK;
}
