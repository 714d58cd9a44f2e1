/*
 * Commands that show records: get, history.  Each reads in one
 * transaction, so that what it shows stood together.  Writes nothing.
 */
#include "cli/cmd_read.h"

#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/show.h"
#include "cli/value.h"
#include "core/staff.h"
#include "proto/ascii.h"

/* A record on its way to being shown. */
struct view {
	struct opened *work; /* borrowed, as all below */
	const struct authority *authority;
	const struct space *space;
	const struct record_id *id;
	const struct record *record;
	const struct pack_collection *collection; /* NULL: not in the pack */
};

static void get_json(const struct view *view);
static void get_table(const struct view *view);

static struct bytes
hex_of(struct arena *arena, const uint8_t *p, size_t n)
{
	struct buf hex = {0};
	struct bytes copy;

	ascii_hex(bytes_of(p, n), &hex);
	copy = arena_bytes(arena, buf_bytes(&hex));
	buf_fini(&hex);
	return copy;
}

/* What was built in `text`, moved to `arena`; `text` is empty again. */
static struct bytes
keep_text(struct arena *arena, struct buf *text)
{
	struct bytes copy = arena_bytes(arena, buf_bytes(text));

	buf_cut(text, 0);
	return copy;
}

/* What a role is not shown is told of, so that nobody takes it for empty. */
static void
hidden_say(const struct opened *work, size_t fields)
{
	struct buf text = {0};

	if (fields == 0)
		return;
	buf_add_format(&text, "%zu fields hold what the role %s does not see",
	    fields, work->role->name);
	out_notice(work->out, buf_text(&text));
	buf_fini(&text);
}

static enum err
get_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct space space;
	struct record_id id;
	struct record record;
	struct view view = {
	    .work = &work, .space = &space, .id = &id, .record = &record};
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = name_record(&work, args_word(args, 0), &space, &id);
	if (e == ERR_OK)
		e = store_get(work.store, &space, &id, &work.arena, &record);
	if (e == ERR_OK)
		e = open_role(&work);
	if (e == ERR_OK)
		e = store_authority(work.store, &view.authority);
	if (e == ERR_OK) {
		view.collection = pack_collection(work.pack, record.collection);
		hidden_say(
		    &work, staff_hide(work.role, view.collection, &record));
		if (out->json)
			get_json(&view);
		else
			get_table(&view);
	}
	open_end(&work);
	return e;
}

/* Who made the change that `source` is. */
static struct bytes
author_of(const struct view *view, const struct record_source *source)
{
	struct opened *work = view->work;
	struct txn *txn = store_txn(work->store);
	struct space_state *space = space_find(txn, view->space);
	struct log **tips;
	size_t tips_n = 0;
	struct buf text = {0};
	struct bytes name = {0};
	struct bytes whole;

	if (source->has_actor)
		name = store_actor_name(
		    work->store, &source->actor, &work->arena);
	if (name.n > 0)
		buf_add_format(&text, "%.*s, ", (int)name.n, name.p);
	if (space != NULL &&
	    oplog_tips(txn, space, &source->at.delta.log, &tips, &tips_n) ==
		ERR_OK &&
	    tips_n > 0)
		show_member(view->authority, &tips[0]->name.author, &text);
	whole = keep_text(&work->arena, &text);
	buf_fini(&text);
	return whole;
}

/* One value with where it comes from, as JSON. */
static void
value_json(const struct view *view, const struct pack_field *field,
    const struct record_value *value, struct buf *json)
{
	const struct record_source *source =
	    &view->record->sources[value->source];
	struct buf text = {0};

	object_begin(json, NULL);
	object_value(json, "value", value->value);
	show_value(field, value->value, &text);
	object_text(json, "text", buf_bytes(&text));
	buf_cut(&text, 0);
	show_utc(source->stamp, &text);
	object_text(json, "at", buf_bytes(&text));
	object_text(json, "by", author_of(view, source));
	object_end(json);
	buf_fini(&text);
}

static void
field_json(const struct view *view, const struct record_field *content,
    struct buf *json)
{
	const struct pack_field *field = value_field(view->collection, content);
	const struct record_value *counts = show_in_effect(
	    field, view->record, content);
	const size_t *order;
	struct buf text = {0};

	object_begin(json, NULL);
	object_text(json, "name", content->name);
	object_text(json, "kind", bytes_text(pack_kind_names[content->kind]));
	if (content->n > 0)
		object_text(json, "class",
		    bytes_text(show_class(content->values[0].class)));
	if (field != NULL) {
		object_begin(json, "label");
		object_text(json, "ko", bytes_text(field->label.ko));
		object_text(json, "en", bytes_text(field->label.en));
		object_end(json);
	}
	object_bool(json, "conflict", merge_is_conflict(content));
	show_field(view->record, content, field, &text);
	object_text(json, "shown", buf_bytes(&text));
	object_array(json, "values");
	order = show_order(view->record, content, &view->work->arena);
	for (size_t i = 0; i < content->n; i++)
		value_json(view, field, &content->values[order[i]], json);
	object_array_end(json);
	if (counts != NULL)
		object_value(json, "in_effect", counts->value);
	object_end(json);
	buf_fini(&text);
}

static void
get_json(const struct view *view)
{
	const struct record *record = view->record;
	struct buf json = {0};
	struct buf text = {0};

	object_begin(&json, NULL);
	object_hex(&json, "id", bytes_of(view->id->b, sizeof(view->id->b)));
	object_text(&json, "space", bytes_text(view->space->text));
	object_text(&json, "collection", record->collection);
	object_text(&json, "status", bytes_text(show_status(record->status)));
	show_utc(record->created, &text);
	object_text(&json, "created", buf_bytes(&text));
	buf_cut(&text, 0);
	show_utc(record->changed, &text);
	object_text(&json, "changed", buf_bytes(&text));
	buf_cut(&text, 0);
	object_array(&json, "fields");
	for (size_t i = 0; i < record->fields_n; i++)
		field_json(view, &record->fields[i], &json);
	object_array_end(&json);
	store_token(record, &text);
	object_text(&json, "token", buf_bytes(&text));
	object_end(&json);
	out_json(view->work->out, buf_bytes(&json));
	buf_fini(&text);
	buf_fini(&json);
}

/* Rows of the table of `get`: field, its labels, value, by whom. */
enum { GET_FIELD, GET_KO, GET_EN, GET_VALUE, GET_MARK, GET_COLUMNS };

/* Values that stand beside each other, or notes: a row for each. */
static void
values_rows(const struct view *view, const struct record_field *content,
    struct bytes *cells, struct out_table *table)
{
	const struct pack_field *field = value_field(view->collection, content);
	const struct record_value *counts = show_in_effect(
	    field, view->record, content);
	struct arena *arena = &view->work->arena;
	const size_t *order = show_order(view->record, content, arena);
	bool conflict = merge_is_conflict(content);
	struct buf text = {0};

	for (size_t i = 0; i < content->n; i++) {
		const struct record_value *value = &content->values[order[i]];
		const struct record_source *source =
		    &view->record->sources[value->source];

		show_value(field, value->value, &text);
		cells[GET_VALUE] = keep_text(arena, &text);
		buf_add_text(&text, conflict ? "CONFLICT " : "");
		buf_add_text(&text,
		    counts != NULL && bytes_equal(counts->value, value->value)
			? "(in effect) "
			: "");
		show_time(source->stamp, &text);
		buf_add_text(&text, " ");
		buf_add(&text, author_of(view, source));
		cells[GET_MARK] = keep_text(arena, &text);
		out_table_row(table, cells);
		cells[GET_FIELD] = cells[GET_KO] = cells[GET_EN] =
		    (struct bytes){0};
	}
	buf_fini(&text);
}

static void
field_rows(const struct view *view, const struct record_field *content,
    struct out_table *table)
{
	const struct pack_field *field = value_field(view->collection, content);
	struct bytes cells[GET_COLUMNS] = {[GET_FIELD] = content->name};
	struct buf text = {0};

	if (field != NULL) {
		cells[GET_KO] = bytes_text(field->label.ko);
		cells[GET_EN] = bytes_text(field->label.en);
	}
	if (content->kind == KIND_NOTES || merge_is_conflict(content)) {
		values_rows(view, content, cells, table);
		return;
	}
	show_field(view->record, content, field, &text);
	cells[GET_VALUE] = buf_bytes(&text);
	out_table_row(table, cells);
	buf_fini(&text);
}

static void
get_table(const struct view *view)
{
	static const struct out_column columns[GET_COLUMNS] = {
	    {.key = "field", .title = "FIELD"},
	    {.key = "ko", .title = "이름"},
	    {.key = "en", .title = "LABEL"},
	    {.key = "value", .title = "VALUE"},
	    {.key = "mark", .title = ""},
	};
	const struct record *record = view->record;
	struct out *out = view->work->out;
	struct arena *arena = &view->work->arena;
	struct out_table *table;
	struct buf text = {0};
	struct bytes id = hex_of(arena, view->id->b, sizeof(view->id->b));

	buf_add(&text, record->collection);
	if (text.n == 0)
		buf_add_text(&text, "a record whose words are not held here");
	if (view->collection != NULL)
		buf_add_format(&text, " (%s, %s)", view->collection->label.ko,
		    view->collection->label.en);
	out_say(out, "%s", buf_text(&text));
	out_say(out, "id      %.*s", (int)id.n, id.p);
	out_say(out, "space   %s", view->space->text);
	out_say(out, "status  %s%s", show_status(record->status),
	    record->status == RECORD_CONTESTED
		? ": deleted and changed apart; keep or rm decides"
		: "");
	buf_cut(&text, 0);
	show_time(record->changed, &text);
	out_say(out, "changed %s\n", buf_text(&text));
	table = out_table_new(out, columns, GET_COLUMNS);
	for (size_t i = 0; i < record->fields_n; i++)
		field_rows(view, &record->fields[i], table);
	out_table_end(table, "no fields that can be read here");
	buf_cut(&text, 0);
	store_token(record, &text);
	out_say(out, "\ntoken   %s", buf_text(&text));
	buf_fini(&text);
}

/* ---- history ------------------------------------------------------------ */

/* A record with all its changes. */
struct history {
	struct view view;
	struct merge_changes changes;
};

/* The value of the operation that `dot` names; nil when it is not here. */
static struct bytes
value_at(const struct merge_changes *changes, const struct dot *dot)
{
	static const uint8_t nil[] = {0xc0};

	for (size_t i = 0; i < changes->n; i++) {
		const struct merge_change *change = &changes->p[i];

		if (id_change_compare(&change->at, &dot->at) != 0)
			continue;
		for (size_t at = 0; at < change->ops_n; at++) {
			if (change->ops[at].number == dot->op &&
			    change->ops[at].has_body)
				return change->ops[at].value;
		}
	}
	return bytes_of(nil, sizeof(nil));
}

/* Appends what one operation did. */
static void
op_text(
    const struct history *history, const struct merge_op *op, struct buf *text)
{
	static const char *const signs[KIND_COUNT] = {[KIND_REGISTER] = " = ",
	    [KIND_SET] = " += ",
	    [KIND_COUNTER] = " += ",
	    [KIND_NOTES] = " += ",
	    [KIND_STATE] = " = "};
	struct record_field content = {
	    .name = op->field, .kind = body_kind(op->code)};
	const struct pack_field *field = value_field(
	    history->view.collection, &content);
	struct bytes value = op->value;

	buf_add_text(text, text->n > 0 ? "; " : "");
	buf_add(text, op->field);
	if (!staff_sees(history->view.work->role, field, op->class)) {
		buf_add_text(text, " (not for this role)");
		return;
	}
	if (op->code == OP_CLEAR) {
		buf_add_text(text, " cleared");
		return;
	}
	/* A removal names the additions that it saw, not their value. */
	if (op->code == OP_REMOVE && op->seen_n > 0)
		value = value_at(&history->changes, &op->seen[0]);
	buf_add_text(
	    text, op->code == OP_REMOVE ? " -= " : signs[content.kind]);
	show_value(field, value, text);
}

static void
change_text(const struct history *history, const struct merge_change *change,
    struct buf *text)
{
	size_t unread = 0;

	if (change->collection.n > 0)
		buf_add_format(text, "made a %.*s", (int)change->collection.n,
		    change->collection.p);
	else if (change->act == ACT_DELETE)
		buf_add_text(text, "deleted");
	else if (change->act == ACT_KEEP)
		buf_add_text(text, "kept");
	for (size_t i = 0; i < change->ops_n; i++) {
		if (change->ops[i].has_body)
			op_text(history, &change->ops[i], text);
		else
			unread++;
	}
	if (unread > 0)
		buf_add_format(text, "%s%zu values that are not here",
		    text->n > 0 ? "; " : "", unread);
}

static void
history_row(const struct history *history, const struct merge_change *change,
    struct out_table *table)
{
	const struct view *view = &history->view;
	struct record_source source = {.at = change->at,
	    .stamp = change->stamp,
	    .has_actor = change->has_actor,
	    .actor = change->actor};
	struct arena *arena = &view->work->arena;
	struct buf text = {0};
	struct bytes cells[4];

	if (view->work->out->json)
		show_utc(change->stamp, &text);
	else
		show_time(change->stamp, &text);
	cells[0] = keep_text(arena, &text);
	cells[1] = author_of(view, &source);
	change_text(history, change, &text);
	cells[2] = keep_text(arena, &text);
	cells[3] = bytes_text(change->counts ? "counts" : "kept outside");
	out_table_row(table, cells);
	buf_fini(&text);
}

static enum err
history_run(const struct args *args, struct out *out)
{
	static const struct out_column columns[] = {
	    {.key = "at", .title = "WHEN"},
	    {.key = "by", .title = "WHO"},
	    {.key = "what", .title = "WHAT"},
	    {.key = "status", .title = "STATUS"},
	};
	struct opened work = {0};
	struct space space;
	struct record_id id;
	struct history history = {
	    .view = {.work = &work, .space = &space, .id = &id}};
	struct merge_changes *changes = &history.changes;
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = name_record(&work, args_word(args, 0), &space, &id);
	if (e == ERR_OK)
		e = store_history(
		    work.store, &space, &id, &work.arena, changes);
	if (e == ERR_OK)
		e = open_role(&work);
	if (e == ERR_OK)
		e = store_authority(work.store, &history.view.authority);
	if (e == ERR_OK) {
		struct out_table *table = out_table_new(
		    out, columns, COUNT_OF(columns));

		for (size_t i = 0; i < changes->n; i++) {
			if (changes->p[i].collection.n > 0)
				history.view.collection = pack_collection(
				    work.pack, changes->p[i].collection);
			history_row(&history, &changes->p[i], table);
		}
		out_table_end(table, "no changes are held");
	}
	open_end(&work);
	return e;
}

static const struct args_option read_options[] = {OPEN_ROLE_OPTION};

const struct args_command cmd_read_commands[] = {
    {.name = "get",
	.words = "ID",
	.words_min = 1,
	.words_max = 1,
	.help = "show a record with all values that stand",
	.options = read_options,
	.options_n = COUNT_OF(read_options),
	.run = get_run},
    {.name = "history",
	.words = "ID",
	.words_min = 1,
	.words_max = 1,
	.help = "show who changed a record, when and how",
	.options = read_options,
	.options_n = COUNT_OF(read_options),
	.run = history_run},
};
const size_t cmd_read_commands_n = COUNT_OF(cmd_read_commands);
