/*
 * duplicates: records that may speak of the same, found by keyed hashes, judged
 * by the units in which they lie, and made one by an alias that can be taken
 * back.  Shows of each side where it lies and what matches, never what stands
 * in it.
 */
#include "cli/cmd_duplicates.h"

#include <stdio.h>
#include <string.h>

#include "cli/cmd_match.h"
#include "cli/object.h"
#include "cli/pairs.h"
#include "cli/scope.h"
#include "core/query.h"
#include "proto/ascii.h"

enum { PAIRS_AT_ONCE = 10000 }; /* in one transaction */

/* What `find` did. */
struct tally {
	uint64_t likely;
	uint64_t kept[PAIRS_DENIED + 1];
};

static enum err
under_read(const struct args *args, struct space *prefix)
{
	const char *under = args_text(args, "under", 0);

	return under != NULL ? id_prefix(bytes_text(under), prefix) : ERR_OK;
}

/* ---- find --------------------------------------------------------------- */

static void
find_say(struct out *out, const struct twins *twins, const struct tally *tally)
{
	struct buf json = {0};

	out_say(out,
	    "%llu records of %llu wholes compared: %zu pairs, %llu of them "
	    "likely; %llu new, %llu changed",
	    (unsigned long long)twins->entries,
	    (unsigned long long)twins->groups, twins->n,
	    (unsigned long long)tally->likely,
	    (unsigned long long)tally->kept[PAIRS_NEW],
	    (unsigned long long)tally->kept[PAIRS_CHANGED]);
	object_begin(&json, NULL);
	object_number(&json, "entries", twins->entries);
	object_number(&json, "groups", twins->groups);
	object_number(&json, "pairs", twins->n);
	object_number(&json, "likely", tally->likely);
	object_number(&json, "new", tally->kept[PAIRS_NEW]);
	object_number(&json, "changed", tally->kept[PAIRS_CHANGED]);
	object_number(&json, "denied", tally->kept[PAIRS_DENIED]);
	object_number(&json, "common", twins->common);
	object_number(&json, "common_groups", twins->common_groups);
	object_number(&json, "large", twins->large);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
}

/* What was left out, and why. */
static void
find_notes(
    struct out *out, const struct twins *twins, const struct tally *tally)
{
	struct buf note = {0};

	if (tally->kept[PAIRS_DENIED] > 0) {
		buf_add_format(&note,
		    "%llu pairs were not kept, since this node may not write "
		    "where they belong: a node that may finds the same",
		    (unsigned long long)tally->kept[PAIRS_DENIED]);
		out_notice(out, buf_text(&note));
	}
	note.n = 0;
	if (twins->common > 0) {
		buf_add_format(&note,
		    "%llu sets of values are shared by more than %d wholes "
		    "each (%llu in all) and tell nothing: by these no pairs "
		    "were made",
		    (unsigned long long)twins->common, LIMIT_TWINS_ALIKE,
		    (unsigned long long)twins->common_groups);
		out_notice(out, buf_text(&note));
	}
	note.n = 0;
	if (twins->large > 0) {
		buf_add_format(&note,
		    "wholes with more than %d ways to match were passed over "
		    "%llu times",
		    LIMIT_TWINS_KEYS, (unsigned long long)twins->large);
		out_notice(out, buf_text(&note));
	}
	buf_fini(&note);
}

static enum err
find_keep(struct opened *work, const struct twins *twins, struct tally *tally)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < twins->n && e == ERR_OK; i++) {
		enum pairs_kept kept;

		if (i > 0 && i % PAIRS_AT_ONCE == 0) {
			e = open_commit(work);
			if (e == ERR_OK)
				e = open_again(work);
		}
		if (e == ERR_OK)
			e = pairs_keep(work, &twins->p[i], &kept);
		if (e != ERR_OK)
			break;
		tally->kept[kept]++;
		if (twins->p[i].score >= work->pack->duplicates->likely)
			tally->likely++;
		arena_reset(&work->arena);
	}
	return e == ERR_OK ? open_commit(work) : e;
}

static enum err
find_run(const struct args *args, struct out *out)
{
	const struct pack_duplicates *rules;
	struct opened work = {0};
	struct twins twins = {0};
	struct tally tally = {0};
	struct space prefix = {0};
	enum err e = under_read(args, &prefix);

	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = pairs_rules(&work, &rules);
	if (e == ERR_OK)
		e = cmd_match_lacking_say(&work);
	if (e == ERR_OK)
		e = twins_find(store_txn(work.store), &prefix, &twins);
	if (e == ERR_OK)
		e = find_keep(&work, &twins, &tally);
	if (e == ERR_OK) {
		find_say(out, &twins, &tally);
		find_notes(out, &twins, &tally);
	}
	twins_fini(&twins);
	open_end(&work);
	return e;
}

/* ---- ls ----------------------------------------------------------------- */

static const struct out_column pair_columns[] = {
    {.key = "id", .title = "PAIR"},
    {.key = "score", .title = "SCORE", .kind = OUT_NUMBER},
    {.key = "degree", .title = "DEGREE"},
    {.key = "keys", .title = "SAME"},
    {.key = "unit_a", .title = "A"},
    {.key = "says_a", .title = "SAYS"},
    {.key = "unit_b", .title = "B"},
    {.key = "says_b", .title = "SAYS"},
    {.key = "state", .title = "STATE"},
};

static const char *
verdict_text(enum twins_verdict verdict)
{
	switch (verdict) {
	case TWINS_SILENT:
		return "-";
	case TWINS_SAME:
		return "same";
	case TWINS_DIFFERENT:
		return "different";
	case TWINS_TORN:
		return "both";
	}
	return "-";
}

/* What people call the unit, with its prefix in JSON alone. */
static enum err
unit_text(struct opened *work, struct bytes unit, struct buf *text)
{
	enum err e = ERR_OK;

	if (work->out->json || unit.n == 0)
		buf_add(text, unit);
	else
		e = scope_label(work, unit, text);
	return e;
}

static enum err
pair_row(
    struct opened *work, const struct pairs_pair *pair, struct out_table *table)
{
	const struct pack_duplicates *rules = work->pack->duplicates;
	struct buf id = {0};
	struct buf score = {0};
	struct buf a = {0};
	struct buf b = {0};
	enum err e = unit_text(work, pair->unit_a, &a);

	if (e == ERR_OK)
		e = unit_text(work, pair->unit_b, &b);
	ascii_hex(bytes_of(pair->id.b, sizeof(pair->id.b)), &id);
	buf_add_format(&score, "%lld", (long long)pair->score);
	if (e == ERR_OK)
		out_table_row(table,
		    (const struct bytes[]){buf_bytes(&id), buf_bytes(&score),
			bytes_text(
			    pair->score >= rules->likely ? "likely" : "review"),
			buf_bytes(&pair->keys), buf_bytes(&a),
			bytes_text(verdict_text(pair->word_a.verdict)),
			buf_bytes(&b),
			bytes_text(verdict_text(pair->word_b.verdict)),
			pair->state});
	buf_fini(&id);
	buf_fini(&score);
	buf_fini(&a);
	buf_fini(&b);
	return e;
}

static bool
is_below(const struct space *prefix, struct bytes unit)
{
	struct bytes above = bytes_text(prefix->text);

	return bytes_begins(unit, above) &&
	       (unit.n == above.n || above.n == 0 || unit.p[above.n] == '/');
}

static bool
is_wanted(const struct args *args, const struct space *prefix,
    const struct pairs_pair *pair)
{
	if (!is_below(prefix, pair->unit_a) && !is_below(prefix, pair->unit_b))
		return false;
	return args_has(args, "all") || !(bytes_is(pair->state, "merged") ||
					    bytes_is(pair->state, "different"));
}

static enum err
list_rows(
    struct opened *work, const struct space *prefix, struct out_table *table)
{
	struct query query = {
	    .collection = work->pack->duplicates->candidate.collection};
	struct query_run run = {0};
	bool found = true;
	enum err e = query_begin(store_txn(work->store), &query, &run);

	while (e == ERR_OK && found) {
		struct pairs_pair pair = {0};

		e = query_next(&run, &found);
		if (e != ERR_OK || !found)
			break;
		/* One that says nothing of use is passed over. */
		if (pairs_read(work, run.space, &run.id, &run.record, &pair) ==
			ERR_OK &&
		    is_wanted(work->args, prefix, &pair))
			e = pair_row(work, &pair, table);
		pairs_fini(&pair);
		arena_reset(&work->arena);
	}
	query_end(&run);
	return e;
}

static enum err
list_run(const struct args *args, struct out *out)
{
	const struct pack_duplicates *rules;
	struct opened work = {0};
	struct space prefix = {0};
	enum err e = under_read(args, &prefix);

	if (e == ERR_OK)
		e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = pairs_rules(&work, &rules);
	if (e == ERR_OK) {
		struct out_table *table = out_table_new(
		    out, pair_columns, COUNT_OF(pair_columns));

		e = list_rows(&work, &prefix, table);
		out_table_end(table, "no pairs wait for a word");
	}
	open_end(&work);
	return e;
}

/* ---- said --------------------------------------------------------------- */

/* May this node speak for `unit`? */
static enum err
speaks_for(struct opened *work, struct bytes unit, bool *speaks)
{
	const struct authority *authority = NULL;
	struct space of;
	enum err e = twins_said_space(work->pack->duplicates, unit, &of);

	if (e == ERR_OK)
		e = store_authority(work->store, &authority);
	*speaks = e == ERR_OK &&
		  authority_may(authority, &store_identity(work->store)->key,
		      RIGHT_WRITE, &of, NULL);
	return e;
}

/* The unit for which the word is said: --for, else the one that is ours. */
static enum err
unit_choose(
    struct opened *work, const struct pairs_pair *pair, struct bytes *unit)
{
	const char *given = args_text(work->args, "for", 0);
	bool one = bytes_equal(pair->unit_a, pair->unit_b);
	bool a = false;
	bool b = false;
	enum err e = speaks_for(work, pair->unit_a, &a);

	if (e == ERR_OK)
		e = speaks_for(work, pair->unit_b, &b);
	if (e != ERR_OK)
		return e;
	if (given != NULL) {
		a = a && bytes_is(pair->unit_a, given);
		b = b && bytes_is(pair->unit_b, given);
	}
	if (!a && !b)
		return err_set(ERR_DENIED,
		    "this node writes neither for %.*s nor for %.*s: their "
		    "own nodes say what they know",
		    (int)pair->unit_a.n, pair->unit_a.p, (int)pair->unit_b.n,
		    pair->unit_b.p);
	if (a && b && !one)
		return err_set(ERR_USAGE,
		    "this node writes for %.*s and for %.*s: say with --for "
		    "which of them says so",
		    (int)pair->unit_a.n, pair->unit_a.p, (int)pair->unit_b.n,
		    pair->unit_b.p);
	*unit = a ? pair->unit_a : pair->unit_b;
	return ERR_OK;
}

/* Reads the pair again, as it is with what was written. */
static enum err
pair_again(struct opened *work, struct pairs_pair *pair)
{
	struct buf hex = {0};
	enum err e = store_settle(work->store);

	ascii_hex(bytes_of(pair->id.b, sizeof(pair->id.b)), &hex);
	pairs_fini(pair);
	*pair = (struct pairs_pair){0};
	if (e == ERR_OK)
		e = pairs_get(work, buf_text(&hex), pair);
	buf_fini(&hex);
	return e;
}

/* What the words come to. */
static const char *
state_of(const struct pairs_pair *pair)
{
	if (pair->agreed)
		return "same";
	if (pair->word_a.verdict >= TWINS_DIFFERENT ||
	    pair->word_b.verdict >= TWINS_DIFFERENT)
		return "different";
	return "open";
}

/* Shows the pair and makes all durable. */
static enum err
pair_end(struct opened *work, struct pairs_pair *pair)
{
	struct out_table *table;
	enum err e = pair_again(work, pair);

	if (e == ERR_OK)
		e = open_commit(work);
	if (e == ERR_OK)
		e = store_begin(work->store, false);
	if (e != ERR_OK)
		return e;
	table = out_table_new(work->out, pair_columns, COUNT_OF(pair_columns));
	e = pair_row(work, pair, table);
	out_table_end(table, "");
	return e;
}

static enum err
say(struct opened *work, struct pairs_pair *pair, bool same)
{
	struct bytes unit;
	enum err e = unit_choose(work, pair, &unit);

	if (e == ERR_OK && bytes_is(pair->state, "merged"))
		e = err_set(ERR_INVALID,
		    "the two are merged: `golmok duplicates undo` takes that "
		    "back first");
	if (e == ERR_OK)
		e = pairs_say(work, pair, unit, same);
	if (e == ERR_OK)
		e = pair_again(work, pair);
	if (e == ERR_OK && !bytes_is(pair->state, state_of(pair)))
		e = pairs_move(work, pair, state_of(pair));
	return e;
}

/* One command about one pair. */
static enum err
pair_run(const struct args *args, struct out *out,
    enum err (*act)(struct opened *work, struct pairs_pair *pair))
{
	struct opened work = {0};
	struct pairs_pair pair = {0};
	enum err e = open_begin(args, out, true, &work);

	if (e == ERR_OK)
		e = pairs_get(&work, args_word(args, 0), &pair);
	if (e == ERR_OK)
		e = act(&work, &pair);
	if (e == ERR_OK)
		e = pair_end(&work, &pair);
	pairs_fini(&pair);
	open_end(&work);
	return e;
}

static enum err
same_act(struct opened *work, struct pairs_pair *pair)
{
	return say(work, pair, true);
}

static enum err
different_act(struct opened *work, struct pairs_pair *pair)
{
	return say(work, pair, false);
}

/* ---- merged ------------------------------------------------------------- */

static enum err
merge_act(struct opened *work, struct pairs_pair *pair)
{
	struct bytes silent = pair->word_a.verdict != TWINS_SAME ? pair->unit_a
								 : pair->unit_b;
	bool changed;
	enum err e;

	if (!pair->agreed && pair->word_a.verdict == TWINS_SAME &&
	    pair->word_b.verdict == TWINS_SAME)
		return err_set(ERR_DENIED,
		    "one person said for both that they are the same: another "
		    "one has to say so too");
	if (!pair->agreed)
		return err_set(ERR_DENIED,
		    "%.*s has not said that they are the same: `golmok "
		    "duplicates same` there does",
		    (int)silent.n, silent.p);
	e = pairs_alias(work,
	    &(struct pairs_alias){.from = &pair->b, .to = &pair->a}, &changed);
	if (e == ERR_NOT_FOUND || e == ERR_DENIED)
		return err_wrap(e,
		    "the record that gives way lies in %.*s, and is merged "
		    "there",
		    (int)pair->unit_b.n, pair->unit_b.p);
	for (size_t i = 0; i < pair->members_n && e == ERR_OK; i++) {
		e = pairs_alias(work,
		    &(struct pairs_alias){
			.from = &pair->members[i].b, .to = &pair->members[i].a},
		    &changed);
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	return e == ERR_OK ? pairs_move(work, pair, "merged") : e;
}

static enum err
undo_act(struct opened *work, struct pairs_pair *pair)
{
	bool changed;
	enum err e;

	if (!bytes_is(pair->state, "merged"))
		return err_set(ERR_INVALID, "the two are not merged, but %.*s",
		    (int)pair->state.n, pair->state.p);
	e = pairs_alias(work,
	    &(struct pairs_alias){.from = &pair->b, .only = &pair->a},
	    &changed);
	if (e == ERR_NOT_FOUND || e == ERR_DENIED)
		return err_wrap(e,
		    "the record that gave way lies in %.*s, and is parted "
		    "there",
		    (int)pair->unit_b.n, pair->unit_b.p);
	for (size_t i = 0; i < pair->members_n && e == ERR_OK; i++) {
		e = pairs_alias(work,
		    &(struct pairs_alias){.from = &pair->members[i].b,
			.only = &pair->members[i].a},
		    &changed);
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	return e == ERR_OK ? pairs_move(work, pair, "unmerged") : e;
}

static enum err
same_run(const struct args *args, struct out *out)
{
	return pair_run(args, out, same_act);
}

static enum err
different_run(const struct args *args, struct out *out)
{
	return pair_run(args, out, different_act);
}

static enum err
merge_run(const struct args *args, struct out *out)
{
	return pair_run(args, out, merge_act);
}

static enum err
undo_run(const struct args *args, struct out *out)
{
	return pair_run(args, out, undo_act);
}

static const struct args_option find_options[] = {
    {.name = "under",
	.value = "PREFIX",
	.help = "only of spaces below it (d03, d03/c017)"},
};

static const struct args_option list_options[] = {
    {.name = "under",
	.value = "PREFIX",
	.help = "only of spaces below it (d03, d03/c017)"},
    {.name = "all", .help = "also what is merged or known to be different"},
};

static const struct args_option say_options[] = {
    {.name = "for",
	.value = "UNIT",
	.help = "for which unit (d03/c017), where this node writes for both"},
};

const struct args_command cmd_duplicates_commands[] = {
    {.name = "duplicates find",
	.help = "find records that may speak of the same",
	.options = find_options,
	.options_n = COUNT_OF(find_options),
	.run = find_run},
    {.name = "duplicates ls",
	.help = "list pairs that wait for a word: where, and what matches",
	.options = list_options,
	.options_n = COUNT_OF(list_options),
	.run = list_run},
    {.name = "duplicates same",
	.words = "PAIR",
	.words_min = 1,
	.words_max = 1,
	.help = "say for your unit that the two are the same",
	.options = say_options,
	.options_n = COUNT_OF(say_options),
	.run = same_run},
    {.name = "duplicates different",
	.words = "PAIR",
	.words_min = 1,
	.words_max = 1,
	.help = "say for your unit that they are not",
	.options = say_options,
	.options_n = COUNT_OF(say_options),
	.run = different_run},
    {.name = "duplicates merge",
	.words = "PAIR",
	.words_min = 1,
	.words_max = 1,
	.help = "count the two as one, once all units said same",
	.run = merge_run},
    {.name = "duplicates undo",
	.words = "PAIR",
	.words_min = 1,
	.words_max = 1,
	.help = "count them as two again",
	.run = undo_run},
};
const size_t cmd_duplicates_commands_n = COUNT_OF(cmd_duplicates_commands);
