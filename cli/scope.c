/*
 * Words to the spaces that they mean.  The commands that list, find and report
 * ask here, after they have opened the store: the pack says which scopes there
 * are.
 */
#include "cli/scope.h"

#include <string.h>

#include "cli/similar.h"
#include "proto/mem.h"

static enum err given_read(struct opened *work, const struct args_scope *given,
    struct scope *scope) MUST_USE;

static void
word_insert(struct scope *scope, size_t at, const char *word)
{
	memmove(&scope->words[at + 1], &scope->words[at],
	    (scope->words_n - at) * sizeof(*scope->words));
	scope->words[at] = word;
	scope->words_n++;
}

enum err
scope_read(struct opened *work, struct scope *scope)
{
	const struct args *args = work->args;
	const char *under = args_text(args, "under", 0);
	enum err e = ERR_OK;

	*scope = (struct scope){0};
	scope->words = mem_zeros(
	    args->words_n + args->scopes_n + 1, sizeof(*scope->words));
	for (size_t i = 0; i < args->words_n; i++)
		scope->words[scope->words_n++] = args->words[i];
	if (args->scopes_n > 1 || (args->scopes_n == 1 && under != NULL))
		return err_set(ERR_USAGE,
		    "--%.*s and --%.*s both say where to look: give one",
		    (int)args->scopes[0].name.n,
		    (const char *)args->scopes[0].name.p,
		    under != NULL ? 5 : (int)args->scopes[1].name.n,
		    under != NULL ? "under"
				  : (const char *)args->scopes[1].name.p);
	if (under != NULL) {
		e = id_prefix(bytes_text(under), &scope->prefix);
		if (e != ERR_OK)
			e = err_wrap(ERR_USAGE, "--under %s", under);
	}
	if (e == ERR_OK && args->scopes_n == 1)
		e = given_read(work, &args->scopes[0], scope);
	if (e == ERR_OK && scope->words_n < args->command->words_min)
		e = err_set(ERR_USAGE, "words are missing: golmok %s %s",
		    args->command->name, args->command->words);
	return e;
}

void
scope_fini(struct scope *scope)
{
	mem_free(scope->words);
	*scope = (struct scope){0};
}

const char *
scope_word(const struct scope *scope, size_t i)
{
	return i < scope->words_n ? scope->words[i] : NULL;
}

static enum err
unknown(struct opened *work, struct bytes name)
{
	const struct args_command *command = work->args->command;
	struct similar best = similar_to(name);

	for (size_t i = 0; i < command->options_n; i++)
		similar_try(&best, command->options[i].name);
	for (size_t i = 0; work->pack != NULL && i < work->pack->scopes_n; i++)
		similar_try(&best, work->pack->scopes[i].name);
	if (best.name != NULL)
		return err_set(ERR_USAGE,
		    "there is no option '--%.*s'; did you mean --%s?",
		    (int)name.n, (const char *)name.p, best.name);
	return err_set(ERR_USAGE,
	    "there is no option '--%.*s'; see golmok help %s", (int)name.n,
	    (const char *)name.p, command->name);
}

/* The only unit of the level of `about`, if there is one at all. */
static enum err
only_unit(const struct units *units, const struct pack_scope *about,
    struct scope *scope)
{
	struct buf list = {0};
	size_t n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->p[i];

		if (!bytes_is(unit->level, about->level) || unit->is_past)
			continue;
		if (n++ == 0)
			scope->unit = unit;
		if (n <= 4) {
			buf_add_text(&list, n > 1 ? ", " : "");
			units_words(unit, &list);
		}
	}
	if (n > 1)
		e = err_set(ERR_USAGE, "--%s needs a name; there are %zu: %s%s",
		    about->name, n, buf_text(&list), n > 4 ? ", ..." : "");
	buf_fini(&list);
	return e;
}

/* Can the value be a word that the command wants?  One is missing, or it is a
 * condition; anything else was meant as a name. */
static bool
is_word(const struct opened *work, const struct args_scope *given)
{
	return given->words_n < work->args->command->words_min ||
	       strpbrk(given->value, " =<>!()") != NULL;
}

/* Which unit was meant; a value that is none is a word of its own where the
 * scope needs no name. */
static enum err
unit_choose(struct opened *work, const struct pack_scope *about,
    const struct args_scope *given, struct scope *scope)
{
	const struct units *units = work->units;
	struct buf note = {0};
	enum err e = ERR_NOT_FOUND;

	if (given->value != NULL)
		e = units_find_named(units, bytes_text(given->value), about,
		    &scope->unit, &note);
	if (e == ERR_OK && note.n > 0)
		out_notice(work->out, buf_text(&note));
	buf_fini(&note);
	if (e != ERR_NOT_FOUND || given->is_inside)
		return e;
	e = only_unit(units, about, scope);
	if (given->value == NULL || e == ERR_NOT_FOUND)
		return e;
	/* It does need a name, or the value reads like one, a wrong one. */
	if (e != ERR_OK || !is_word(work, given))
		return err_set(ERR_NOT_FOUND,
		    "no %s is called '%s'; golmok find %s lists them%s",
		    about->name, given->value,
		    work->pack->units->collection->name,
		    e == ERR_OK ? "; words that are no name stand in front"
				: "");
	word_insert(scope, given->words_n, given->value);
	return ERR_OK;
}

static enum err
given_read(
    struct opened *work, const struct args_scope *given, struct scope *scope)
{
	const struct pack_scope *about = NULL;
	const struct units *units;
	const struct unit *unit;
	struct buf words = {0};
	enum err e;

	for (size_t i = 0; work->pack != NULL && i < work->pack->scopes_n; i++)
		if (bytes_is(given->name, work->pack->scopes[i].name))
			about = &work->pack->scopes[i];
	if (about == NULL)
		return unknown(work, given->name);
	e = open_units(work, &units);
	if (e == ERR_OK)
		e = unit_choose(work, about, given, scope);
	if (e != ERR_OK || scope->unit == NULL)
		return e;
	scope->prefix = scope->unit->prefix;
	/* The whole city may have no prefix; one of several must. */
	unit = scope->unit;
	if (scope->prefix.text[0] != '\0' ||
	    (only_unit(units, about, scope) == ERR_OK && scope->unit == unit))
		return ERR_OK;
	units_words(unit, &words);
	e = err_set(ERR_NOT_FOUND,
	    "%s has no %s, so it is not known which spaces are its own; set "
	    "it, or use --under PREFIX",
	    buf_text(&words), work->pack->units->prefix->name);
	buf_fini(&words);
	return e;
}

enum err
scope_prefix(struct opened *work, struct space *prefix, struct buf *label)
{
	const struct args *args = work->args;
	struct scope scope;
	enum err e = scope_read(work, &scope);

	*prefix = scope.prefix;
	if (e == ERR_OK && scope.words_n > args->words_n)
		e = err_set(ERR_USAGE,
		    "'%s' behind --%.*s is no name of a unit: put it in front",
		    args->scopes[0].value, (int)args->scopes[0].name.n,
		    (const char *)args->scopes[0].name.p);
	if (e == ERR_OK && scope.unit != NULL)
		units_words(scope.unit, label);
	else if (e == ERR_OK && prefix->text[0] == '\0')
		buf_add_text(label, "전체");
	else if (e == ERR_OK)
		e = scope_label(work, bytes_text(prefix->text), label);
	scope_fini(&scope);
	return e;
}

enum err
scope_label(struct opened *work, struct bytes prefix, struct buf *text)
{
	const struct unit *unit;
	const struct units *units;
	enum err e = open_units(work, &units);

	if (e != ERR_OK)
		return e;
	unit = units_at(units, prefix);
	buf_add(text, unit != NULL && unit->name.n > 0 ? unit->name : prefix);
	return ERR_OK;
}
