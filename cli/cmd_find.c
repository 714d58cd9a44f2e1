/*
 * find: the records of a collection for which a condition holds, or that have
 * words in them, as a table, as CSV or as JSON.  What is not shown is counted
 * and told.
 */
#include "cli/cmd_find.h"

#include <stdio.h>
#include <string.h>

#include "cli/access.h"
#include "cli/column.h"
#include "cli/grid.h"
#include "cli/host.h"
#include "cli/open.h"
#include "cli/scope.h"
#include "cli/show.h"
#include "cli/where.h"
#include "core/alias.h"
#include "core/query_seen.h"
#include "core/query_sort.h"
#include "core/query_text.h"
#include "core/record.h"
#include "core/staff.h"
#include "proto/ascii.h"
#include "proto/text.h"

enum {
	LIMIT_SHOWN = 40,  /* on a terminal: what can be read in one look */
	FIXED_COLUMNS = 3, /* id, space, status */
	COLUMNS_MAX = OUT_COLUMNS_MAX - FIXED_COLUMNS,
	COLUMNS_CHOSEN = 4, /* where nothing is wished */
	KEYS_MAX = 8,
	WORDS_MAX = 64,
	MERGED_SAID = 20, /* by name */
};

struct find {
	struct opened work;
	struct scope scope;
	struct expr_scope names;
	struct query query;
	struct query_run run;
	struct buf words;	/* owned: what --text says, in normal form C */
	struct query_text text; /* where that is looked for */
	struct column columns[COLUMNS_MAX];
	struct column_list list; /* of `columns` */
	struct query_key keys[KEYS_MAX];
	size_t keys_n;
	uint64_t limit; /* 0: none */
	uint64_t shown;
	uint64_t found;
	struct query_seen seen; /* once some record stands for others */
	uint64_t merged;	/* hits for which another one is shown */
	bool csv;
	struct grid grid; /* of it */
	struct out_column heads[OUT_COLUMNS_MAX];
	struct out_table *table; /* NULL with --csv */
};

static enum err find_prepare(struct find *find) MUST_USE;
static enum err reason_ask(struct find *find) MUST_USE;
static void text_notice(struct find *find);
static enum err find_plain(struct find *find) MUST_USE;
static enum err find_sorted(struct find *find) MUST_USE;
static enum err row_show(
    struct find *find, const struct expr_source *source) MUST_USE;
static void find_say(struct find *find);

static enum err
rows_begin(struct find *find)
{
	find->heads[0] = (struct out_column){.key = "id", .title = "RECORD"};
	find->heads[1] = (struct out_column){.key = "space", .title = "SPACE"};
	find->heads[2] = (struct out_column){
	    .key = "status", .title = "STATUS"};
	for (size_t i = 0; i < find->list.n; i++)
		find->heads[FIXED_COLUMNS + i] = (struct out_column){
		    .key = find->columns[i].key,
		    .title = find->columns[i].title,
		    .kind = find->columns[i].is_number ? OUT_NUMBER : OUT_TEXT};
	if (!find->csv) {
		find->table = out_table_new(
		    find->work.out, find->heads, FIXED_COLUMNS + find->list.n);
		return ERR_OK;
	}
	for (size_t i = 0; i < FIXED_COLUMNS + find->list.n; i++)
		grid_cell(&find->grid, bytes_text(find->heads[i].key), "head");
	return grid_row(&find->grid, "the header");
}

static enum err
find_run(const struct args *args, struct out *out)
{
	struct find find = {0};
	enum err e;

	find.list = (struct column_list){
	    .p = find.columns, .max = COUNT_OF(find.columns)};
	find.csv = args_has(args, "csv");
	e = open_list(args, out, &find.work);
	if (e == ERR_OK)
		e = open_role(&find.work);
	if (e == ERR_OK)
		e = scope_read(&find.work, &find.scope);
	if (e == ERR_OK)
		e = find_prepare(&find);
	if (e == ERR_OK && find.csv)
		e = reason_ask(&find);
	if (e == ERR_OK && find.text.fields_n > 0)
		text_notice(&find);
	if (e == ERR_OK)
		e = query_begin(
		    store_txn(find.work.store), &find.query, &find.run);
	if (e == ERR_OK)
		e = grid_read(args, out, &find.csv, &find.grid);
	if (e == ERR_OK)
		e = rows_begin(&find);
	if (e == ERR_OK) {
		e = find.keys_n > 0 ? find_sorted(&find) : find_plain(&find);
		if (find.table != NULL)
			out_table_end(find.table, "nothing is found");
	}
	if (e == ERR_OK)
		find_say(&find);
	query_end(&find.run);
	query_seen_fini(&find.seen);
	grid_fini(&find.grid);
	buf_fini(&find.words);
	scope_fini(&find.scope);
	open_end(&find.work);
	return e;
}

/* ---- what is wished ----------------------------------------------------- */

/* The fields that a new record must have, or the first of all. */
static void
columns_choose(struct find *find)
{
	const struct pack_collection *collection = find->query.collection;
	bool any = false;

	for (size_t i = 0; i < collection->fields_n; i++)
		any = any || collection->fields[i].required;
	for (size_t i = 0;
	     i < collection->fields_n && find->list.n < COLUMNS_CHOSEN; i++) {
		const struct pack_field *field = &collection->fields[i];

		if ((field->required || !any) && field->type != PACK_HASH &&
		    staff_sees(find->work.role, field, field->data_class))
			find->columns[find->list.n++] = column_of_field(field);
	}
}

/* Takes ":desc" or ":asc" off the end of `*text`. */
static bool
direction_read(struct bytes *text)
{
	static const struct {
		const char *end;
		bool down;
	} ends[] = {{":desc", true}, {":asc", false}};

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		size_t n = strlen(ends[i].end);

		if (text->n <= n ||
		    !bytes_is(bytes_after(*text, text->n - n), ends[i].end))
			continue;
		*text = bytes_first(*text, text->n - n);
		return ends[i].down;
	}
	return false;
}

/* One --sort: several keys with commas between. */
static enum err
sort_read(struct find *find, const char *word)
{
	struct arena *arena = &store_txn(find->work.store)->arena;
	struct bytes rest = bytes_text(word);

	for (bool more = true; more;) {
		size_t end = column_end(rest);
		struct bytes text = bytes_first(rest, end);
		struct query_key *key = &find->keys[find->keys_n];
		enum err e;

		more = end < rest.n;
		rest = bytes_after(rest, more ? end + 1 : end);
		if (find->keys_n == KEYS_MAX)
			return err_set(ERR_USAGE,
			    "--sort names more than %d things", KEYS_MAX);
		key->down = direction_read(&text);
		e = expr_parse(text, &find->names, EXPR_ANY, arena, &key->expr);
		if (e != ERR_OK)
			return err_wrap(e, "--sort %.*s", (int)text.n,
			    (const char *)text.p);
		find->keys_n++;
	}
	return ERR_OK;
}

/* Texts that no index helps to find are found by looking at all of them. */
static void
text_notice(struct find *find)
{
	const struct query_text *text = &find->text;
	struct buf note = {0};

	if (text->searched)
		return;
	buf_add_format(&note, "the texts of %s have no index for words: ",
	    find->query.collection->name);
	for (size_t i = 0; i < text->fields_n; i++)
		buf_add_format(
		    &note, "%s%s", i > 0 ? ", " : "", text->fields[i]->name);
	buf_add_text(&note, " of each record are looked through");
	out_notice(find->work.out, buf_text(&note));
	buf_fini(&note);
}

static enum err
text_read(struct find *find)
{
	struct txn *txn = store_txn(find->work.store);
	enum err e = ERR_OK;

	for (size_t i = 0;
	     i < args_count(find->work.args, "text") && e == ERR_OK; i++) {
		buf_add_text(&find->words, i > 0 ? " " : "");
		e = text_nfc(bytes_text(args_text(find->work.args, "text", i)),
		    &find->words);
	}
	if (e != ERR_OK || args_count(find->work.args, "text") == 0)
		return e;
	/* No words at all are no wish to see everything. */
	e = query_text_read(txn->pack, find->query.collection,
	    buf_bytes(&find->words), &txn->arena, &find->text);
	if (e != ERR_OK)
		return err_wrap(e, "--text");
	find->query.words = buf_bytes(&find->words);
	return ERR_OK;
}

static enum err
find_prepare(struct find *find)
{
	const struct args *args = find->work.args;
	const struct pack *pack = find->work.pack;
	struct arena *arena = &store_txn(find->work.store)->arena;
	bool is_read = find->csv || find->work.out->json ||
		       find->work.out->columns == 0;
	enum err e;

	if (pack == NULL)
		return err_set(ERR_INVALID,
		    "this store follows no pack, so nothing is known of its "
		    "fields; golmok ls lists its records");
	if (!args_has(args, "apart")) {
		e = alias_held(
		    store_txn(find->work.store), &find->query.aliases);
		if (e != ERR_OK)
			return e;
	}
	find->query.prefix = find->scope.prefix;
	find->query.now_seconds = host_now_seconds();
	e = pack_get_collection(pack, bytes_text(scope_word(&find->scope, 0)),
	    &find->query.collection);
	if (e != ERR_OK)
		return e;
	find->names = (struct expr_scope){.pack = pack,
	    .role = find->work.role,
	    .collection = find->query.collection,
	    .may = EXPR_MAY_ALL};
	e = where_read(&find->names, find->scope.words + 1,
	    find->scope.words_n - 1, arena, &find->query.where);
	if (e == ERR_OK)
		e = text_read(find);
	if (e == ERR_OK && args_has(args, "fields"))
		e = column_read(&find->names, args_text(args, "fields", 0),
		    arena, &find->list);
	else
		columns_choose(find);
	for (size_t i = 0;
	     i < find->list.n && !find->csv && !find->work.out->json; i++)
		column_titled(&find->names, arena, &find->columns[i]);
	for (size_t i = 0; i < args_count(args, "sort") && e == ERR_OK; i++)
		e = sort_read(find, args_text(args, "sort", i));
	find->limit = is_read ? 0 : LIMIT_SHOWN;
	return e == ERR_OK ? args_number(args, "limit", INT64_MAX, &find->limit)
			   : e;
}

/* What is personal leaves with a reason, as by export. */
static enum err
reason_ask(struct find *find)
{
	struct access_table table = {.collection = find->query.collection,
	    .prefix = &find->query.prefix,
	    .instead = "name columns that are not personal with --fields"};
	bool written;
	enum err e;

	for (size_t i = 0; i < find->list.n; i++) {
		if (find->columns[i].field != NULL)
			access_reads(&table.classes, find->columns[i].field);
		if (find->columns[i].expr != NULL)
			expr_fields(find->columns[i].expr, access_reads,
			    &table.classes);
	}
	e = access_table(&find->work, &table, &written);
	if (e != ERR_OK || !written)
		return e;
	/* All that was made ready was of the transaction before. */
	find->query = (struct query){0};
	find->list.n = 0;
	find->keys_n = 0;
	buf_cut(&find->words, 0);
	return find_prepare(find);
}

/* ---- what is found ------------------------------------------------------ */

static void
merged_say(struct find *find, const struct record_id *from,
    const struct record_id *to, bool is_held)
{
	struct buf text = {0};

	if (find->merged++ >= MERGED_SAID)
		return;
	ascii_hex(bytes_of(from->b, sizeof(from->b)), &text);
	buf_add_text(&text, " was merged into ");
	ascii_hex(bytes_of(to->b, sizeof(to->b)), &text);
	buf_add_text(&text,
	    is_held ? ", which is shown for it" : ", which is not held here");
	out_notice(find->work.out, buf_text(&text));
	buf_fini(&text);
}

/* Puts in the place of `source` what stands for its record (`other`, with the
 * `id`); `*again` when that was shown already.  Where it is not held, the
 * record speaks for itself. */
static enum err
stand_in(struct find *find, struct expr_source *source, struct record *other,
    struct record_id *id, bool *again)
{
	struct txn *txn = source->txn;
	struct space_state *space;
	bool stands;
	enum err e;

	*again = false;
	if (find->query.aliases == NULL)
		return ERR_OK;
	e = alias_stands(txn, find->query.aliases, source->id, id, &stands);
	if (e == ERR_OK && stands) {
		e = record_locate(txn, id, &space);
		merged_say(find, source->id, id, e == ERR_OK);
	}
	if (e == ERR_OK && stands) {
		e = record_get(txn,
		    &(struct record_read){
			.space = space, .cells = true, .arena = source->arena},
		    id, other);
		source->space = &space->name;
		source->id = id;
		source->record = other;
	}
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	*again = e == ERR_OK && !query_seen_add(&find->seen, source->id);
	return e;
}

static enum err
find_plain(struct find *find)
{
	bool found = true;

	for (;;) {
		struct expr_source source;
		struct record other;
		struct record_id id;
		bool again;
		enum err e = query_next(&find->run, &found);

		if (e != ERR_OK || !found)
			return e;
		source = query_source(&find->run);
		e = stand_in(find, &source, &other, &id, &again);
		if (e != ERR_OK)
			return e;
		find->found += again ? 0 : 1;
		/* The others are only counted. */
		if (again || (find->limit > 0 && find->shown == find->limit))
			continue;
		e = row_show(find, &source);
		if (e != ERR_OK)
			return e;
	}
}

static enum err
find_sorted(struct find *find)
{
	struct txn *txn = store_txn(find->work.store);
	struct query_order order = {
	    .keys = find->keys, .keys_n = find->keys_n, .limit = find->limit};
	struct query_sorted sorted;
	enum err e = query_sort_run(&find->run, &order, &sorted);

	if (e == ERR_LIMIT)
		e = err_wrap(e, "--limit N shows the first N");
	find->found = sorted.found;
	for (size_t i = 0; i < sorted.n && e == ERR_OK; i++) {
		struct record record;
		struct record other;
		struct record_id id;
		bool again = false;
		struct expr_source source = {.txn = txn,
		    .space = &sorted.rows[i].space->name,
		    .id = &sorted.rows[i].id,
		    .record = &record,
		    .now_seconds = find->query.now_seconds,
		    .arena = &find->work.arena,
		    .aliases = find->query.aliases};

		e = record_get(txn,
		    &(struct record_read){.space = sorted.rows[i].space,
			.cells = true,
			.arena = &find->work.arena},
		    &sorted.rows[i].id, &record);
		if (e == ERR_OK)
			e = stand_in(find, &source, &other, &id, &again);
		find->found -= again ? 1 : 0;
		if (e == ERR_OK && !again)
			e = row_show(find, &source);
		arena_reset(&find->work.arena);
	}
	query_sort_fini(&sorted);
	return e;
}

static enum err
row_show(struct find *find, const struct expr_source *source)
{
	struct buf texts[OUT_COLUMNS_MAX] = {0};
	struct bytes cells[OUT_COLUMNS_MAX] = {0};
	enum err e = ERR_OK;

	ascii_hex(bytes_of(source->id->b, sizeof(source->id->b)), &texts[0]);
	buf_add_text(&texts[1], source->space->text);
	buf_add_text(&texts[2], show_standing(source->record));
	for (size_t i = 0; i < find->list.n && e == ERR_OK; i++)
		e = (find->csv ? column_cell : column_text)(&find->columns[i],
		    find->work.pack, source, &texts[FIXED_COLUMNS + i]);
	for (size_t i = 0; i < FIXED_COLUMNS + find->list.n; i++)
		if (texts[i].n > 0)
			cells[i] = buf_bytes(&texts[i]);
	find->shown++;
	if (e == ERR_OK && find->csv)
		e = grid_line(&find->grid, cells, FIXED_COLUMNS + find->list.n);
	else if (e == ERR_OK)
		out_table_row(find->table, cells);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		buf_fini(&texts[i]);
	return e;
}

/* ---- what there is to say besides --------------------------------------- */

static void
explain(struct find *find, struct buf *text)
{
	buf_cut(text, 0);
	query_explain(&find->run, text);
	buf_add_text(text, "; ");
	show_number(find->run.looked, text);
	buf_add_format(
	    text, " record%s looked at, ", find->run.looked == 1 ? "" : "s");
	show_number(find->found, text);
	buf_add_text(text, " found");
	out_notice(find->work.out, buf_text(text));
}

static void
find_say(struct find *find)
{
	struct out *out = find->work.out;
	struct buf text = {0};

	if (find->run.spaces_n == 0) {
		buf_add_format(&text, "no space of %s is held here",
		    find->query.collection->space);
		if (find->query.prefix.text[0] != '\0')
			buf_add_format(
			    &text, " below %s", find->query.prefix.text);
		out_notice(out, buf_text(&text));
	}
	if (find->found > find->shown) {
		buf_cut(&text, 0);
		show_number(find->shown, &text);
		buf_add_text(&text, " of ");
		show_number(find->found, &text);
		buf_add_text(&text, " shown; --limit 0 shows all");
		out_notice(out, buf_text(&text));
	}
	if (find->merged > MERGED_SAID) {
		buf_cut(&text, 0);
		show_number(find->merged - MERGED_SAID, &text);
		buf_add_text(&text, " more were merged; --apart shows each by "
				    "itself");
		out_notice(out, buf_text(&text));
	}
	if (args_has(find->work.args, "explain"))
		explain(find, &text);
	buf_fini(&text);
}

static const char about[] =
    "EXPRESSION is in the language of docs/packs.md, as one word in quotes or "
    "as\n"
    "several: 'state = done and due_on < today'.  Short forms need no quotes "
    "inside and\n"
    "hold together: state=done hh_no=가-12 'due_on>=2016-07-01'; FIELD= asks "
    "for what is\n"
    "empty; of a set FIELD=VALUE asks whether it has the value.\n"
    "\n"
    "--text finds records that have all the words in their texts, whatever "
    "spaces and\n"
    "points the pack leaves out.  The scopes of the pack say where to look: "
    "--dong NAME,\n"
    "--gu NAME, --city in 찾동; a name that two units have needs that of the "
    "one above:\n"
    "--dong '강남 신사동', or the code, or the prefix.\n"
    "\n"
    "  golmok find household state=active --dong 신림동 --sort hh_no\n"
    "  golmok find visit 'state = planned and due_on < today' \\\n"
    "      --fields household.hh_no,kind,due_on --csv\n"
    "  golmok find org_unit --text 신사\n";

static const struct args_option find_options[] = {
    {.name = "text",
	.value = "WORDS",
	.many = true,
	.help = "only records with these words in their texts"},
    SCOPE_UNDER,
    OPEN_ROLE_OPTION,
    {.name = "fields",
	.value = "LIST",
	.help = "which columns: a,b,household.hh_no"},
    {.name = "sort",
	.value = "FIELD[:desc]",
	.many = true,
	.help = "in this order; the first counts most"},
    {.name = "limit",
	.value = "N",
	.help = "at most N records; 0 all (terminals 40)"},
    {.name = "apart", .help = "what was merged into another by itself"},
    GRID_OPTIONS,
    ACCESS_REASON,
    {.name = "explain", .help = "tell which index was used"},
};

const struct args_command cmd_find_commands[] = {
    {.name = "find",
	.words = "COLLECTION [EXPRESSION]",
	.words_min = 1,
	.words_max = WORDS_MAX,
	.scoped = true,
	.help = "find records by a condition or by words",
	.about = about,
	.options = find_options,
	.options_n = COUNT_OF(find_options),
	.run = find_run},
};
const size_t cmd_find_commands_n = COUNT_OF(cmd_find_commands);
