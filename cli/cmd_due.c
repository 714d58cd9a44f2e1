/*
 * due: the lists of the pack, all with their numbers or one with what is on it.
 * core/due.c works them out; here they are put into words.
 */
#include "cli/cmd_due.h"

#include <string.h>

#include "cli/access.h"
#include "cli/grid.h"
#include "cli/host.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/scope.h"
#include "cli/show_expr.h"
#include "core/due.h"
#include "core/staff.h"
#include "proto/ascii.h"
#include "proto/calendar.h"

enum { LIMIT_DEFAULT = 40, FIXED_COLUMNS = 3, NOON_SECONDS = 12 * 3600 };

/* One list that was asked for. */
struct wish {
	struct opened *work; /* borrowed */
	struct due_ask ask;
	uint64_t limit; /* 0: all */
	bool late;	/* only what is late */
	bool csv;
	struct grid grid; /* of it */
};

static enum err
wish_day(struct wish *wish, const char *text)
{
	int64_t day;

	if (!calendar_read_day(bytes_text(text), &day))
		return err_set(
		    ERR_USAGE, "--on %s is no day as YYYY-MM-DD", text);
	wish->ask.now_seconds = day * CALENDAR_DAY_SECONDS + NOON_SECONDS -
				expr_offset_seconds(wish->work->pack);
	return ERR_OK;
}

static enum err
wish_read(const struct args *args, struct wish *wish)
{
	const char *on = args_text(args, "on", 0);
	struct buf scope = {0};
	enum err e;

	if (wish->work->pack == NULL || wish->work->pack->due_n == 0)
		return err_set(ERR_INVALID,
		    "the pack of this store has no due lists; `golmok help "
		    "init` says how a store gets one");
	wish->limit = LIMIT_DEFAULT;
	wish->late = args_has(args, "late");
	wish->ask.now_seconds = host_now_seconds();
	e = grid_read(args, wish->work->out, &wish->csv, &wish->grid);
	if (e == ERR_OK)
		e = scope_prefix(wish->work, &wish->ask.prefix, &scope);
	buf_fini(&scope);
	if (e == ERR_OK && on != NULL)
		e = wish_day(wish, on);
	return e == ERR_OK
		   ? args_number(args, "limit", UINT32_MAX, &wish->limit)
		   : e;
}

/* ---- all lists ---------------------------------------------------------- */

static void
hidden_say(const struct wish *wish, size_t n)
{
	struct buf words = {0};

	buf_add_format(&words,
	    "%zu lists are left out that go by what this role does not see", n);
	out_notice(wish->work->out, buf_text(&words));
	buf_fini(&words);
}

/* Lists of which some records may be missing. */
struct lack {
	struct buf names;
	unsigned classes; /* bits */
};

static void
lack_add(struct lack *lack, const struct pack_due *list,
    const struct due_items *items)
{
	if (items->missing == 0)
		return;
	buf_add_format(
	    &lack->names, "%s%s", lack->names.n > 0 ? ", " : "", list->name);
	lack->classes |= items->missing;
}

/* Who waits and is sealed here is on no list: that has to be said. */
static void
lack_say(const struct wish *wish, struct lack *lack)
{
	static const char letters[CLASS_COUNT + 1] = "NPSF";
	struct buf words = {0};

	if (lack->classes == 0)
		return;
	buf_add_format(&words, "%s: some may be missing: data of class",
	    buf_text(&lack->names));
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if ((lack->classes >> c & 1) != 0)
			buf_add_format(&words, " %c", letters[c]);
	buf_add_text(&words, " are not all here, or not to be read here");
	out_notice(wish->work->out, buf_text(&words));
	buf_fini(&words);
}

static enum err
say_summary(struct wish *wish)
{
	static const struct out_column columns[] = {
	    {.key = "list", .title = "LIST"},
	    {.key = "open", .title = "OPEN", .kind = OUT_NUMBER},
	    {.key = "late", .title = "LATE", .kind = OUT_NUMBER},
	    {.key = "ko", .title = "이름"}, {.key = "en", .title = "NAME"}};
	const struct pack *pack = wish->work->pack;
	struct out_table *table = out_table_new(
	    wish->work->out, columns, COUNT_OF(columns));
	struct lack lack = {0};
	size_t hidden = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < pack->due_n; i++) {
		struct due_items items = {0};
		struct buf all = {0};
		struct buf late = {0};

		wish->ask.list = &pack->due[i];
		e = due_find(store_txn(wish->work->store), &wish->ask, &items);
		lack_add(&lack, wish->ask.list, &items);
		buf_add_format(&all, "%zu", items.n);
		buf_add_format(&late, "%zu", items.late_n);
		if (e == ERR_OK)
			out_table_row(
			    table, (const struct bytes[]){
				       bytes_text(pack->due[i].name),
				       buf_bytes(&all), buf_bytes(&late),
				       bytes_text(pack->due[i].label.ko),
				       bytes_text(pack->due[i].label.en)});
		else if (e == ERR_DENIED) {
			hidden++;
			e = ERR_OK;
		} else
			e = err_wrap(e, "%s", pack->due[i].name);
		buf_fini(&late);
		buf_fini(&all);
		due_fini(&items);
	}
	out_table_end(table, "no due lists");
	if (e == ERR_OK && hidden > 0)
		hidden_say(wish, hidden);
	if (e == ERR_OK)
		lack_say(wish, &lack);
	buf_fini(&lack.names);
	return e;
}

/* ---- one list ----------------------------------------------------------- */

/* For people, or for a machine that reads CSV. */
static void
value_add(
    const struct wish *wish, const struct expr_value *value, struct buf *text)
{
	if (wish->csv)
		show_expr_text(wish->work->pack, value, SHOW_EXPR_WHOLE, text);
	else
		show_expr_text(wish->work->pack, value, SHOW_EXPR_SHORT, text);
}

/* How many days or hours ago it was due, or how many are left: in CSV as a bare
 * number. */
static void
say_lateness(
    const struct wish *wish, const struct due_item *item, struct buf *text)
{
	const char *unit = item->due.type == EXPR_DATETIME ? "h" : "d";

	if (item->due.type == EXPR_NOTHING)
		return;
	if (wish->csv) {
		buf_add_format(text, "%lld", (long long)item->passed);
		return;
	}
	buf_add_format(text, "%s%lld%s", item->passed > 0 ? "+" : "",
	    (long long)item->passed, unit);
	if (item->is_late)
		buf_add_text(text, " !");
}

/* Of open work: what contradicts itself. */
static enum err
open_words(const struct wish *wish, const struct due_item *item,
    struct arena *arena, struct buf *collection, struct buf *text)
{
	const struct record_field **fields;
	struct record record;
	size_t n;
	enum err e = due_record(
	    store_txn(wish->work->store), item, arena, &record);

	if (e != ERR_OK)
		return e;
	(void)staff_hide(wish->work->role,
	    pack_collection(wish->work->pack, record.collection), &record);
	buf_add(collection, record.collection);
	n = due_conflicts(&record, arena, &fields);
	for (size_t i = 0; i < n; i++) {
		const struct pack_collection *has = pack_collection(
		    wish->work->pack, record.collection);
		const struct pack_field *field = has == NULL
						     ? NULL
						     : pack_field(has,
							   fields[i]->name);

		if (i > 0)
			buf_add_text(text, ", ");
		if (field != NULL)
			buf_add_text(text, field->label.ko);
		else
			buf_add(text, fields[i]->name);
	}
	if (n == 0)
		buf_add_text(text, "deleted and changed apart");
	return ERR_OK;
}

static void
json_row(const struct wish *wish, const struct due_item *item,
    const struct expr_value *values)
{
	const struct pack_due *list = wish->ask.list;
	struct buf json = {0};

	object_begin(&json, NULL);
	object_text(&json, "list", bytes_text(list->name));
	object_hex(&json, "id", bytes_of(item->id.b, sizeof(item->id.b)));
	object_text(&json, "space", bytes_text(item->space->name.text));
	show_expr_json(wish->work->pack, "due", &item->due, &json);
	object_bool(&json, "late", item->is_late);
	object_number(&json, "urgency", (uint64_t)item->urgency);
	object_number(&json, "risk", (uint64_t)item->risk);
	object_array(&json, "show");
	for (size_t i = 0; values != NULL && i < list->show_n + list->by_n; i++)
		show_expr_json(wish->work->pack, NULL, &values[i], &json);
	object_array_end(&json);
	object_end(&json);
	out_json(wish->work->out, buf_bytes(&json));
	buf_fini(&json);
}

/* The cells of one item, each in a buffer of `cells`. */
static enum err
item_cells(const struct wish *wish, const struct due_item *item,
    struct arena *arena, struct buf *cells)
{
	const struct pack_due *list = wish->ask.list;
	struct expr_value *values = arena_array(
	    arena, list->show_n + list->by_n, sizeof(*values));
	struct buf hex = {0};
	enum err e;

	ascii_hex(bytes_of(item->id.b, sizeof(item->id.b)), &hex);
	value_add(wish, &item->due, &cells[0]);
	say_lateness(wish, item, &cells[1]);
	buf_add(&cells[2], buf_bytes(&hex));
	buf_fini(&hex);
	if (list->open) {
		e = open_words(wish, item, arena, &cells[3], &cells[4]);
		values = NULL;
	} else {
		e = due_show(store_txn(wish->work->store), &wish->ask, item,
		    arena, values);
	}
	if (e == ERR_OK && wish->work->out->json)
		json_row(wish, item, values);
	for (size_t i = 0; e == ERR_OK && values != NULL && i < list->show_n;
	     i++)
		value_add(wish, &values[i], &cells[FIXED_COLUMNS + i]);
	return e;
}

/* Which columns a list has. */
static size_t
columns_make(const struct pack_due *list, struct out_column *columns)
{
	size_t n = FIXED_COLUMNS;

	columns[0] = (struct out_column){.key = "due", .title = "기한"};
	columns[1] = (struct out_column){.key = "late", .title = "경과"};
	columns[2] = (struct out_column){.key = "id", .title = "RECORD"};
	if (list->open) {
		columns[n++] = (struct out_column){
		    .key = "collection", .title = "COLLECTION"};
		columns[n++] = (struct out_column){
		    .key = "what", .title = "충돌"};
	}
	for (size_t i = 0; i < list->show_n && n < OUT_COLUMNS_MAX; i++)
		columns[n++] = (struct out_column){
		    .key = list->show[i].label.en,
		    .title = list->show[i].label.ko};
	return n;
}

/* Writes the rows of `items`; `*shown` is how many. */
static enum err
say_rows(struct wish *wish, const struct due_items *items, size_t *shown)
{
	struct out_column columns[OUT_COLUMNS_MAX];
	size_t n = columns_make(wish->ask.list, columns);
	struct bytes titles[OUT_COLUMNS_MAX];
	struct out_table *table = NULL;
	struct arena arena = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; i < n; i++)
		titles[i] = bytes_text(columns[i].title);
	if (wish->csv)
		e = grid_line(&wish->grid, titles, n);
	if (!wish->csv && !wish->work->out->json)
		table = out_table_new(wish->work->out, columns, n);
	for (size_t i = 0; e == ERR_OK && i < items->n &&
			   (wish->limit == 0 || *shown < wish->limit);
	     i++) {
		struct buf cells[FIXED_COLUMNS + 2 * LIMIT_COLUMNS] = {0};
		struct bytes row[OUT_COLUMNS_MAX];

		if (wish->late && !items->p[i].is_late)
			continue;
		arena_reset(&arena);
		e = item_cells(wish, &items->p[i], &arena, cells);
		for (size_t k = 0; k < n; k++)
			row[k] = buf_bytes(&cells[k]);
		if (e == ERR_OK && wish->csv)
			e = grid_line(&wish->grid, row, n);
		else if (e == ERR_OK && table != NULL)
			out_table_row(table, row);
		for (size_t k = 0; k < COUNT_OF(cells); k++)
			buf_fini(&cells[k]);
		(*shown)++;
	}
	arena_fini(&arena);
	if (table != NULL)
		out_table_end(table, "nothing is due");
	return e;
}

static void
merged_say(const struct wish *wish, size_t n)
{
	struct buf words = {0};

	buf_add_format(&words,
	    "%zu were merged into others, which are on the list if something "
	    "is to be done",
	    n);
	out_notice(wish->work->out, buf_text(&words));
	buf_fini(&words);
}

static enum err
say_list(struct wish *wish)
{
	const struct pack_due *list = wish->ask.list;
	struct due_items items = {0};
	struct lack lack = {0};
	size_t shown = 0;
	size_t all;
	enum err e = due_find(store_txn(wish->work->store), &wish->ask, &items);

	if (e == ERR_OK && !wish->csv)
		out_say(wish->work->out, "%s %s (%s)", list->name,
		    list->label.ko, list->label.en);
	if (e == ERR_OK)
		e = say_rows(wish, &items, &shown);
	all = wish->late ? items.late_n : items.n;
	if (e == ERR_OK && items.merged_n > 0)
		merged_say(wish, items.merged_n);
	if (e == ERR_OK) {
		lack_add(&lack, list, &items);
		lack_say(wish, &lack);
	}
	buf_fini(&lack.names);
	if (e == ERR_OK && shown < all) {
		struct buf words = {0};

		buf_add_format(&words,
		    "%zu of %zu are shown; --limit 0 shows all", shown, all);
		out_notice(wish->work->out, buf_text(&words));
		buf_fini(&words);
	}
	due_fini(&items);
	return e == ERR_OK ? e : err_wrap(e, "%s", list->name);
}

static enum err
list_named(
    const struct pack *pack, const char *name, const struct pack_due **list)
{
	struct buf known = {0};
	enum err e;

	for (size_t i = 0; i < pack->due_n; i++) {
		*list = &pack->due[i];
		if (strcmp(pack->due[i].name, name) == 0) {
			buf_fini(&known);
			return ERR_OK;
		}
		buf_add_format(
		    &known, "%s%s", i > 0 ? ", " : "", pack->due[i].name);
	}
	e = err_set(ERR_NOT_FOUND, "there is no list '%s'; there are %s", name,
	    buf_text(&known));
	buf_fini(&known);
	return e;
}

/* What is personal leaves with a reason, as by export. */
static enum err
reason_ask(struct wish *wish, const char *name)
{
	const struct pack_due *list = wish->ask.list;
	struct opened *work = wish->work;
	struct access_table table = {.collection = list->collection,
	    .prefix = &wish->ask.prefix,
	    .instead = "look at them here, without --csv"};
	bool written;
	enum err e;

	for (size_t i = 0; i < list->show_n; i++)
		expr_fields(
		    list->show[i].is.code, access_reads, &table.classes);
	e = access_table(work, &table, &written);
	if (e != ERR_OK || !written)
		return e;
	wish->ask.role = work->role;
	return list_named(work->pack, name, &wish->ask.list);
}

static enum err
due_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct wish wish = {.work = &work};
	enum err e = open_list(args, out, &work);

	if (e == ERR_OK)
		e = open_role(&work);
	wish.ask.role = work.role;
	if (e == ERR_OK)
		e = wish_read(args, &wish);
	if (e == ERR_OK && args->words_n == 0)
		e = say_summary(&wish);
	for (size_t i = 0; e == ERR_OK && i < args->words_n; i++) {
		e = list_named(work.pack, args_word(args, i), &wish.ask.list);
		if (e == ERR_OK && wish.csv)
			e = reason_ask(&wish, args_word(args, i));
		if (e == ERR_OK)
			e = say_list(&wish);
	}
	grid_fini(&wish.grid);
	open_end(&work);
	return e;
}

static const struct args_option due_options[] = {
    SCOPE_UNDER,
    OPEN_ROLE_OPTION,
    {.name = "on", .value = "DAY", .help = "as if today were DAY"},
    {.name = "late", .help = "only what is late"},
    {.name = "limit", .value = "N", .help = "so many of each (40); 0: all"},
    GRID_OPTIONS,
    ACCESS_REASON,
};

const struct args_command cmd_due_commands[] = {
    {.name = "due",
	.scoped = true,
	.words = "[LIST]...",
	.words_max = LIMIT_DUE,
	.help = "what has to be done: all lists, or what is on some of them",
	.about = "Without LIST: how much is on each list of the pack, and how "
		 "much of it is late.\nThe most pressing comes first: what is "
		 "urgent, then what is late for longest, then what is at "
		 "risk.\nNothing of a list is stored: it is worked out from "
		 "what is held here, for today or the DAY of --on.",
	.options = due_options,
	.options_n = COUNT_OF(due_options),
	.run = due_run},
};
const size_t cmd_due_commands_n = COUNT_OF(cmd_due_commands);
