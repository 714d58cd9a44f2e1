/*
 * conflicts: the records that wait for a decision.  Reads in one transaction,
 * so that what it lists stood together.  Writes nothing.
 */
#include "cli/cmd_conflicts.h"

#include "cli/name.h"
#include "cli/open.h"
#include "cli/show.h"
#include "cli/value.h"
#include "core/lookup.h"
#include "core/repeats.h"
#include "core/staff.h"
#include "proto/ascii.h"

/* A record that may wait. */
struct waiting {
	const struct space *space; /* borrowed, as all below */
	const struct record_id *id;
	const struct record *record;
	const struct pack_collection *collection; /* NULL: not in the pack */
};

static const struct out_column conflict_columns[] = {
    {.key = "space", .title = "SPACE"},
    {.key = "id", .title = "RECORD"},
    {.key = "collection", .title = "COLLECTION"},
    {.key = "what", .title = "WHAT"},
};

static bool
is_same(const struct record_value *a, const struct record_value *b)
{
	return a != NULL && bytes_equal(a->value, b->value);
}

/* The field with its values, the one in effect first. */
static void
values_text(const struct waiting *view, const struct record_field *content,
    struct buf *what)
{
	const struct pack_field *field = value_field(view->collection, content);
	const struct record_value *counts = show_in_effect(
	    field, view->record, content);
	bool any = false;

	buf_add_format(what, "%.*s: ", (int)content->name.n, content->name.p);
	if (counts != NULL) {
		show_value(field, counts->value, what);
		buf_add_text(what, " (in effect)");
		any = true;
	}
	for (size_t i = 0; i < content->n; i++) {
		if (is_same(counts, &content->values[i]))
			continue;
		buf_add_text(what, any ? " | " : "");
		show_value(field, content->values[i].value, what);
		any = true;
	}
}

/* A row for `record` if something in it waits for a decision. */
static void
conflict_row(const struct waiting *view, struct out_table *table)
{
	const struct record *record = view->record;
	struct buf what = {0};
	struct buf hex = {0};
	struct bytes cells[COUNT_OF(conflict_columns)];

	if (record->status == RECORD_CONTESTED)
		buf_add_text(&what, "deleted and changed apart");
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *content = &record->fields[i];

		if (!merge_is_conflict(content))
			continue;
		buf_add_text(&what, what.n > 0 ? "; " : "");
		values_text(view, content, &what);
	}
	cells[0] = bytes_text(view->space->text);
	ascii_hex(bytes_of(view->id->b, sizeof(view->id->b)), &hex);
	cells[1] = buf_bytes(&hex);
	cells[2] = record->collection;
	cells[3] = buf_bytes(&what);
	if (what.n > 0)
		out_table_row(table, cells);
	buf_fini(&hex);
	buf_fini(&what);
}

/* The next record of `space` that may wait: by the list of open work, or while
 * that is not whole, any. */
static enum err
waiting_next(struct opened *work, struct space_state *space,
    struct lookup_scan *scan, struct record_id *id, bool *found)
{
	struct txn *txn = store_txn(work->store);
	struct record record;

	if (lookup_is_current(txn))
		return lookup_next(scan, id, found);
	return record_next(txn,
	    &(struct record_read){.space = space, .arena = &work->arena}, id,
	    &record, found);
}

static enum err
conflicts_in(
    struct opened *work, struct space_state *space, struct out_table *table)
{
	struct record_id id = {0};
	struct lookup_scan scan;

	lookup_open(store_txn(work->store), space->no, &scan);
	for (;;) {
		struct record record;
		struct waiting view = {
		    .space = &space->name, .id = &id, .record = &record};
		bool found;
		enum err e = waiting_next(work, space, &scan, &id, &found);

		if (e != ERR_OK || !found)
			return e;
		e = store_get(
		    work->store, &space->name, &id, &work->arena, &record);
		if (e != ERR_OK)
			return e;
		view.collection = pack_collection(
		    work->pack, record.collection);
		(void)staff_hide(work->role, view.collection, &record);
		conflict_row(&view, table);
		arena_reset(&work->arena);
	}
}

/* The field that is said, or all that are to be unique together. */
static void
rule_text(const struct repeat *repeat, struct buf *what)
{
	if (repeat->field != NULL) {
		buf_add_text(what, repeat->field->name);
		return;
	}
	for (size_t i = 0; i < repeat->compound->fields_n; i++)
		buf_add_format(what, "%s%s", i > 0 ? " + " : "",
		    repeat->compound->fields[i]->name);
}

/* A row for each record of `repeat`, with the others. */
static void
repeat_rows(const struct space *space, const struct repeat *repeat,
    struct out_table *table)
{
	for (size_t i = 0; i < repeat->n; i++) {
		struct buf what = {0};
		struct buf hex = {0};

		rule_text(repeat, &what);
		buf_add_text(&what, ": only one may have it, and so has ");
		for (size_t k = 0, said = 0; k < repeat->n; k++) {
			if (k == i)
				continue;
			buf_add_text(&what, said++ > 0 ? ", " : "");
			ascii_hex(bytes_of(repeat->ids[k].b,
				      sizeof(repeat->ids[k].b)),
			    &what);
		}
		ascii_hex(
		    bytes_of(repeat->ids[i].b, sizeof(repeat->ids[i].b)), &hex);
		out_table_row(table,
		    (const struct bytes[]){bytes_text(space->text),
			buf_bytes(&hex), bytes_text(repeat->collection->name),
			buf_bytes(&what)});
		buf_fini(&hex);
		buf_fini(&what);
	}
}

/* What two nodes gave twice, each without the other. */
static enum err
repeats_in(
    struct opened *work, struct space_state *space, struct out_table *table)
{
	struct repeat *repeats;
	size_t n;
	enum err e = repeats_find(
	    store_txn(work->store), space, &work->arena, &repeats, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		repeat_rows(&space->name, &repeats[i], table);
	arena_reset(&work->arena);
	return e;
}

static enum err
conflicts_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct space_state **spaces = NULL;
	struct out_table *table;
	size_t n = 0;
	enum err e;

	e = open_list(args, out, &work);
	if (e == ERR_OK)
		e = open_role(&work);
	if (e == ERR_OK)
		e = name_known_spaces(&work, args_word(args, 0), &spaces, &n);
	if (e == ERR_OK) {
		table = out_table_new(
		    out, conflict_columns, COUNT_OF(conflict_columns));
		for (size_t i = 0; i < n && e == ERR_OK; i++) {
			e = conflicts_in(&work, spaces[i], table);
			if (e == ERR_OK)
				e = repeats_in(&work, spaces[i], table);
		}
		out_table_end(table, "nothing waits for a decision");
	}
	open_end(&work);
	return e;
}

static const struct args_option options[] = {OPEN_ROLE_OPTION};

const struct args_command cmd_conflicts_commands[] = {
    {.name = "conflicts",
	.words = "[SPACE]",
	.words_max = 1,
	.help = "list the records that wait for a decision",
	.options = options,
	.options_n = COUNT_OF(options),
	.run = conflicts_run},
};
const size_t cmd_conflicts_commands_n = COUNT_OF(cmd_conflicts_commands);
