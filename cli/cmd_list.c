/*
 * ls: spaces with what they hold, and the records of a space, in a table.
 * Reads one record after another, so that a large space needs no memory.
 */
#include "cli/cmd_list.h"

#include "cli/name.h"
#include "cli/open.h"
#include "cli/show.h"
#include "cli/value.h"
#include "core/lookup.h"
#include "core/pack_text.h"
#include "core/staff.h"
#include "proto/ascii.h"
#include "proto/text.h"

enum { LIST_FIELDS_MAX = 5, LIMIT_DEFAULT = 100, WHERE_MAX = 8 };

/* One --where. */
struct where {
	struct bytes name;
	struct bytes text; /* in normal form C */
};

/* What is wished, and how far it has got. */
struct list {
	struct opened *work;	   /* borrowed */
	struct space_state *space; /* borrowed */
	struct bytes collection;   /* empty: all */
	const struct pack_collection *pack;
	struct where wheres[WHERE_MAX];
	size_t wheres_n;
	uint64_t limit;
	uint64_t n;
	uint64_t met; /* without an index */
	bool more;    /* there is more than the limit */
	bool indexed; /* `scan` leads to all that may fit */
	struct lookup_scan scan;
	/* Columns: id, collection or status, and fields. */
	struct out_column columns[2 + LIST_FIELDS_MAX];
	size_t columns_n;
	struct out_table *table;
};

static enum err list_records(struct list *list) MUST_USE;
static bool fits(const struct list *list, const struct record *record);
static void record_row(
    struct list *list, const struct record_id *id, const struct record *record);

static void
space_row(struct out_table *table, const struct space_state *space, size_t logs)
{
	struct buf records = {0};
	struct buf count = {0};

	buf_add_format(&records, "%llu", (unsigned long long)space->records);
	buf_add_format(&count, "%zu", logs);
	out_table_row(
	    table, (const struct bytes[]){bytes_text(space->name.text),
		       buf_bytes(&records), buf_bytes(&count)});
	buf_fini(&count);
	buf_fini(&records);
}

static enum err
list_spaces(struct opened *work)
{
	static const struct out_column columns[] = {
	    {.key = "space", .title = "SPACE"},
	    {.key = "records", .title = "RECORDS", .kind = OUT_NUMBER},
	    {.key = "logs", .title = "LOGS", .kind = OUT_NUMBER},
	};
	struct txn *txn = store_txn(work->store);
	struct space_state **spaces;
	struct out_table *table;
	size_t n;
	enum err e = space_all(txn, &spaces, &n);

	if (e != ERR_OK)
		return e;
	table = out_table_new(work->out, columns, COUNT_OF(columns));
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct log **logs;
		size_t logs_n = 0;

		e = oplog_all(txn, spaces[i], &logs, &logs_n);
		space_row(table, spaces[i], logs_n);
	}
	out_table_end(table, "no spaces yet");
	return e;
}

/* field=value of a --where. */
static enum err
where_add(struct list *list, const char *word)
{
	struct bytes all = bytes_text(word);
	size_t at = bytes_find(all, '=');
	const struct pack_field *field;
	struct where *where;
	struct buf normal = {0};
	enum err e = ERR_OK;

	if (at == all.n || at == 0)
		return err_set(
		    ERR_USAGE, "--where %s is not field=value", word);
	if (list->wheres_n == WHERE_MAX)
		return err_set(
		    ERR_USAGE, "--where may be given %d times", WHERE_MAX);
	where = &list->wheres[list->wheres_n++];
	where->name = bytes_first(all, at);
	if (list->pack != NULL)
		e = pack_get_field(list->pack, where->name, &field);
	if (e == ERR_OK)
		e = text_nfc(bytes_after(all, at + 1), &normal);
	/* In the arena of the transaction, which no record resets. */
	where->text = arena_bytes(
	    &store_txn(list->work->store)->arena, buf_bytes(&normal));
	buf_fini(&normal);
	return e;
}

/* Which columns the table has: the fields that a new record must have, or the
 * first ones. */
static void
choose_columns(struct list *list)
{
	list->columns[0] = (struct out_column){.key = "id", .title = "RECORD"};
	list->columns[1] = list->pack != NULL
			       ? (struct out_column){.key = "status",
				     .title = "STATUS"}
			       : (struct out_column){.key = "collection",
				     .title = "COLLECTION"};
	list->columns_n = 2;
	for (size_t i = 0; list->pack != NULL && i < list->pack->fields_n;
	     i++) {
		const struct pack_field *field = &list->pack->fields[i];

		if (!field->required || field->type == PACK_HASH ||
		    list->columns_n == COUNT_OF(list->columns))
			continue;
		list->columns[list->columns_n++] = (struct out_column){
		    .key = field->name, .title = field->label.ko};
	}
}

static enum err
list_prepare(struct list *list)
{
	const struct args *args = list->work->args;
	const char *collection = args_word(args, 1);
	enum err e = ERR_OK;

	if (collection != NULL) {
		list->collection = bytes_text(collection);
		list->pack = pack_collection(
		    list->work->pack, list->collection);
	}
	list->limit = LIMIT_DEFAULT;
	e = args_number(args, "limit", INT64_MAX, &list->limit);
	for (size_t i = 0; i < args_count(args, "where") && e == ERR_OK; i++)
		e = where_add(list, args_text(args, "where", i));
	choose_columns(list);
	return e;
}

static enum err
ls_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct list list = {.work = &work};
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = open_role(&work);
	if (e == ERR_OK && args_word(args, 0) == NULL) {
		e = list_spaces(&work);
	} else if (e == ERR_OK) {
		e = name_known_space(&work, args_word(args, 0), &list.space);
		if (e == ERR_OK)
			e = list_prepare(&list);
		if (e == ERR_OK)
			e = list_records(&list);
	}
	open_end(&work);
	return e;
}

/* Starts a walk through an index of `where`, if its field has one. */
static bool
index_use(struct list *list, const struct where *where)
{
	struct txn *txn = store_txn(list->work->store);
	const struct pack_field *field = NULL;
	struct buf value = {0};
	bool use = false;

	if (list->pack != NULL)
		field = pack_field(list->pack, where->name);
	/* A counter is asked for its sum, a set perhaps for all of it. */
	if (field == NULL || !lookup_has(txn, field) ||
	    field->kind == KIND_COUNTER || field->kind == KIND_NOTES ||
	    (field->kind == KIND_SET &&
		bytes_find(where->text, ';') < where->text.n))
		return false;
	if (pack_text_value(field, where->text, &value) == ERR_OK) {
		lookup_equal(txn, list->space->no, field,
		    arena_bytes(&txn->arena, buf_bytes(&value)), &list->scan);
		use = true;
	}
	buf_fini(&value);
	return use;
}

static enum err
list_next(
    struct list *list, struct record_id *id, struct record *record, bool *found)
{
	struct opened *work = list->work;
	enum err e;

	if (!list->indexed)
		return record_next(store_txn(work->store),
		    &(struct record_read){.space = list->space,
			.cells = true,
			.arena = &work->arena,
			.met = &list->met},
		    id, record, found);
	e = lookup_next(&list->scan, id, found);
	if (e != ERR_OK || !*found)
		return e;
	return store_get(
	    work->store, &list->space->name, id, &work->arena, record);
}

static enum err
list_records(struct list *list)
{
	struct opened *work = list->work;
	struct record_id id = {0};
	enum err e;

	list->table = out_table_new(work->out, list->columns, list->columns_n);
	for (size_t i = 0; i < list->wheres_n && !list->indexed; i++)
		list->indexed = index_use(list, &list->wheres[i]);
	for (;;) {
		struct record record;
		bool found;

		e = list_next(list, &id, &record, &found);
		if (e != ERR_OK || !found)
			break;
		(void)staff_hide(work->role,
		    pack_collection(work->pack, record.collection), &record);
		if (fits(list, &record)) {
			list->more = list->n == list->limit;
			if (list->more)
				break;
			record_row(list, &id, &record);
			list->n++;
		}
		arena_reset(&work->arena);
	}
	out_table_end(list->table, "no such records");
	/* A word that neither the pack nor the space knows was a slip. */
	if (e == ERR_OK && list->n == 0 && list->collection.n > 0 &&
	    work->pack != NULL)
		e = pack_get_collection(
		    work->pack, list->collection, &list->pack);
	if (e == ERR_OK && list->more)
		out_notice(work->out, "there are more; --limit N shows more");
	return e;
}

/* Does one of the values of `content` read as `text`, or all of it? */
static bool
has_text(const struct list *list, const struct record *record,
    const struct record_field *content, struct bytes text)
{
	const struct pack_field *field = value_field(
	    pack_collection(list->work->pack, record->collection), content);
	struct buf shown = {0};
	bool found;

	show_field(record, content, field, &shown);
	found = bytes_equal(buf_bytes(&shown), text);
	for (size_t i = 0; i < content->n && !found; i++) {
		buf_cut(&shown, 0);
		show_value(field, content->values[i].value, &shown);
		found = bytes_equal(buf_bytes(&shown), text);
	}
	buf_fini(&shown);
	return found;
}

static bool
fits(const struct list *list, const struct record *record)
{
	if (list->collection.n > 0 &&
	    !bytes_equal(record->collection, list->collection))
		return false;
	if (record->status == RECORD_DELETED &&
	    !args_has(list->work->args, "deleted"))
		return false;
	for (size_t i = 0; i < list->wheres_n; i++) {
		bool found = false;

		for (size_t at = 0; at < record->fields_n && !found; at++)
			found = bytes_equal(record->fields[at].name,
				    list->wheres[i].name) &&
				has_text(list, record, &record->fields[at],
				    list->wheres[i].text);
		if (!found)
			return false;
	}
	return true;
}

static void
record_row(
    struct list *list, const struct record_id *id, const struct record *record)
{
	struct bytes cells[COUNT_OF(list->columns)] = {0};
	struct buf texts[COUNT_OF(list->columns)] = {0};

	ascii_hex(bytes_of(id->b, sizeof(id->b)), &texts[0]);
	cells[0] = buf_bytes(&texts[0]);
	cells[1] = list->pack != NULL ? bytes_text(show_standing(record))
				      : record->collection;
	for (size_t i = 2; i < list->columns_n; i++) {
		const struct pack_field *field = pack_field(
		    list->pack, bytes_text(list->columns[i].key));
		const struct record_field *content;

		assert(field != NULL);
		content = merge_find(
		    record, bytes_text(field->name), field->kind);
		if (content == NULL)
			continue;
		show_field(record, content, field, &texts[i]);
		cells[i] = buf_bytes(&texts[i]);
	}
	out_table_row(list->table, cells);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		buf_fini(&texts[i]);
}

static const struct args_option ls_options[] = {
    {.name = "where",
	.value = "FIELD=VALUE",
	.many = true,
	.help = "only records with that value"},
    {.name = "limit", .value = "N", .help = "at most N records (100)"},
    {.name = "deleted", .help = "also deleted records"},
    OPEN_ROLE_OPTION,
};

const struct args_command cmd_list_commands[] = {
    {.name = "ls",
	.words = "[SPACE [COLLECTION]]",
	.words_max = 2,
	.help = "list the spaces, or the records of one",
	.options = ls_options,
	.options_n = COUNT_OF(ls_options),
	.run = ls_run},
};
const size_t cmd_list_commands_n = COUNT_OF(cmd_list_commands);
