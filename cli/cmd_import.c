/*
 * import: rows of files become records.  All of them are checked first, as the
 * store would check them, and all that are bad are told; only when none is,
 * they are written, up to 20,000 in a transaction.
 */
#include "cli/cmd_import.h"

#include <stdio.h>
#include <string.h>

#include "cli/map_open.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/plan.h"
#include "cli/progress.h"
#include "cli/seen.h"
#include "cli/source.h"
#include "cli/stop.h"
#include "core/pack.h"
#include "proto/crypto.h"
#include "proto/mem.h"

enum { CHUNK_ROWS = 20000, SHOWN_MAX = 20 };

struct import {
	struct opened work;
	struct load_plan how;
	struct map *map;	/* owned; NULL: rows are as export has them */
	struct map_units units; /* that the mapping asks for */
	struct plan plan;
	struct source **files; /* owned, one for each word */
	struct seen seen;      /* ids and unique values of all rows */
	struct seen written;   /* ids of records with a derived one, so far */
	uint64_t rows;
	uint64_t skipped; /* that the mapping passes over */
	uint64_t bad;
	uint64_t outcomes[PLAN_SAME + 1];
	uint64_t chunk;	    /* rows in the open transaction */
	uint64_t stored;    /* rows in those before */
	size_t next_file;   /* the first one behind them is in this file, */
	uint64_t next_line; /* in this line */
	bool nameless;	    /* some rows say not which record they are */
};

/* How a row stands to those before it: it changes a record that one of them
 * makes or changes, and can be held against that only when it is written; or
 * one has said all of it. */
struct repeat {
	bool later;
	bool again;
};

static enum err options_read(struct import *import) MUST_USE;
static enum err encoding_read(struct import *import) MUST_USE;
static enum err map_read(struct import *import) MUST_USE;
static enum err files_open(struct import *import) MUST_USE;
static enum err check_all(struct import *import) MUST_USE;
static enum err check_file(
    struct import *import, size_t number, struct progress *progress) MUST_USE;
static enum err row_check(
    struct import *import, const struct load_row *row) MUST_USE;
static enum err repeat_check(struct import *import, const struct load_row *row,
    struct repeat *repeat) MUST_USE;
static void bad_say(struct import *import, size_t number, enum err e);
static enum err write_all(struct import *import) MUST_USE;
static enum err write_file(
    struct import *import, size_t number, struct progress *progress) MUST_USE;
static enum err cut_off(const struct import *import, enum err e) MUST_USE;
static void result_say(struct import *import);

static enum err
import_run(const struct args *args, struct out *out)
{
	struct import import = {0};
	enum err e;

	if (args_has(args, "maps"))
		return map_open_list(out);
	if (args->words_n == 0)
		return err_set(ERR_USAGE, "import: no file is named");
	e = open_begin(args, out, false, &import.work);
	if (e == ERR_OK)
		e = open_role(&import.work);
	if (e == ERR_OK)
		e = options_read(&import);
	if (e == ERR_OK)
		e = map_read(&import);
	if (e == ERR_OK)
		e = files_open(&import);
	/* Who writes to standard input may need the store as well. */
	if (e == ERR_OK) {
		stop_watch();
		store_abort(import.work.store);
		e = open_again(&import.work);
	}
	if (e == ERR_OK)
		e = check_all(&import);
	if (e == ERR_OK && !args_has(args, "dry-run"))
		e = write_all(&import);
	if (e == ERR_OK)
		result_say(&import);
	for (size_t i = 0; import.files != NULL && i < args->words_n; i++)
		source_close(import.files[i]);
	mem_free(import.files);
	map_units_fini(&import.units);
	map_free(import.map);
	seen_fini(&import.seen);
	seen_fini(&import.written);
	plan_ended(&import.plan);
	open_end(&import.work);
	return e;
}

static enum err
options_read(struct import *import)
{
	const struct args *args = import->work.args;
	const char *space = args_text(args, "space", 0);
	const char *format = args_text(args, "format", 0);
	const char *collection = args_text(args, "collection", 0);
	enum err e = ERR_OK;

	if (import->work.pack == NULL)
		return err_set(ERR_INVALID,
		    "this store has no pack, so that nothing says what the "
		    "fields of a file are");
	import->how.pack = import->work.pack;
	import->plan.work = &import->work;
	import->plan.prefix = args_text(args, "prefix", 0);
	import->plan.update = args_has(args, "update");
	import->plan.restore = args_has(args, "restore");
	if (import->plan.restore &&
	    (import->work.role != NULL || args_has(args, "map")))
		return err_set(ERR_USAGE,
		    "--restore is for rows that export wrote, and for whoever "
		    "has the keys of the node: without --role and --map");
	if (collection != NULL)
		e = pack_get_collection(import->work.pack,
		    bytes_text(collection), &import->how.collection);
	if (e == ERR_OK && space != NULL) {
		import->plan.has_space = true;
		e = name_space(space, &import->plan.space);
	}
	if (e == ERR_OK && format != NULL) {
		if (strcmp(format, "jsonl") == 0)
			import->how.rows.format = ROWS_JSONL;
		else if (strcmp(format, "csv") == 0)
			import->how.rows.format = ROWS_CSV;
		else
			e = err_set(ERR_USAGE, "--format is jsonl or csv");
	}
	return e == ERR_OK ? encoding_read(import) : e;
}

static enum err
encoding_read(struct import *import)
{
	static const char *const names[] = {[ROWS_AUTO] = "auto",
	    [ROWS_UTF8] = "utf-8",
	    [ROWS_CP949] = "cp949"};
	const char *word = args_text(import->work.args, "encoding", 0);

	if (word == NULL)
		return ERR_OK;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(word, names[i]) != 0)
			continue;
		import->how.rows.encoding = (enum rows_encoding)i;
		return ERR_OK;
	}
	return err_set(ERR_USAGE, "--encoding is utf-8, cp949 or auto");
}

static enum err
map_read(struct import *import)
{
	const struct args *args = import->work.args;
	const char *word = args_text(args, "map", 0);
	const struct units *units;
	enum err e;

	if (word == NULL)
		return ERR_OK;
	if (args_has(args, "collection"))
		return err_set(ERR_USAGE,
		    "--collection and --map: the mapping says what rows are");
	e = map_open_named(import->work.pack, word, &import->map);
	if (e != ERR_OK || import->map->unit.n == 0)
		return e;
	e = open_units(&import->work, &units);
	if (e == ERR_OK && units->n == 0)
		e = err_set(ERR_NOT_FOUND,
		    "no units are held here (%s), so the rows can name none: "
		    "import them first, or ask an admin for read:N where they "
		    "lie",
		    import->work.pack->units->collection->name);
	return e == ERR_OK ? map_units_make(units, &import->units) : e;
}

static enum err
files_open(struct import *import)
{
	const struct args *args = import->work.args;
	const struct source_plan plan = {.load = import->how,
	    .map = import->map,
	    .work = &import->work,
	    .units = &import->units};
	enum err e = ERR_OK;

	import->files = mem_zeros(args->words_n, sizeof(*import->files));
	for (size_t i = 0; i < args->words_n && e == ERR_OK; i++)
		e = source_open(&plan, args_word(args, i), &import->files[i]);
	return e;
}

/* ---- first all is checked ----------------------------------------------- */

static uint64_t
all_bytes(const struct import *import)
{
	uint64_t n = 0;

	for (size_t i = 0; i < import->work.args->words_n; i++)
		n += rows_size(source_rows(import->files[i]));
	return n;
}

static enum err
check_all(struct import *import)
{
	struct progress progress;
	enum err e = ERR_OK;

	progress_init(&progress, import->work.out, "bytes checked",
	    all_bytes(import), progress_now_ms());
	for (size_t i = 0; i < import->work.args->words_n && e == ERR_OK; i++)
		e = check_file(import, i, &progress);
	progress_end(&progress);
	store_abort(import->work.store);
	if (e != ERR_OK || import->bad == 0)
		return e;
	if (import->bad > SHOWN_MAX) {
		struct buf rest = {0};

		buf_add_format(&rest, "and %llu more bad rows",
		    (unsigned long long)(import->bad - SHOWN_MAX));
		out_notice(import->work.out, buf_text(&rest));
		buf_fini(&rest);
	}
	return err_set(ERR_INVALID,
	    "%llu of %llu rows are bad; nothing was stored%s",
	    (unsigned long long)import->bad, (unsigned long long)import->rows,
	    import->plan.restore || import->map != NULL
		? ""
		: " (--restore takes rows that export wrote as they are)");
}

static enum err
check_file(struct import *import, size_t number, struct progress *progress)
{
	struct source *file = import->files[number];
	uint64_t before = 0;

	for (size_t i = 0; i < number; i++)
		before += rows_size(source_rows(import->files[i]));
	for (;;) {
		struct load_row row;
		bool found;
		enum err e = source_next(file, &row, &found);

		if (e == ERR_OK && !found) {
			import->skipped += source_skipped(file);
			return ERR_OK;
		}
		if (stop_asked())
			return err_set(
			    ERR_USAGE, "interrupted: nothing was stored");
		import->rows++;
		if (e == ERR_OK)
			e = row_check(import, &row);
		if (e != ERR_OK && !plan_is_rows_fault(e))
			return e;
		if (e != ERR_OK) {
			progress_end(progress);
			bad_say(import, number, e);
		}
		progress_step(progress, before + rows_done(source_rows(file)),
		    progress_now_ms());
	}
}

static enum err
row_check(struct import *import, const struct load_row *row)
{
	enum plan_outcome outcome = PLAN_SAME;
	struct repeat repeat = {0};
	enum err e = repeat_check(import, row, &repeat);

	if (e == ERR_OK && repeat.later)
		return ERR_OK;
	/* Others want to write as well. */
	if (e == ERR_OK && ++import->chunk > CHUNK_ROWS) {
		store_abort(import->work.store);
		import->chunk = 1;
		e = open_again(&import->work);
	}
	if (e == ERR_OK && !repeat.again)
		e = plan_write(&import->plan, row, true, &outcome);
	if (e == ERR_OK)
		import->outcomes[outcome]++;
	return e;
}

/* A name for all that `row` says. */
static struct bytes
content_of(const struct load_row *row, uint8_t name[SEEN_SIZE])
{
	struct crypto_sha256 state;
	struct hash hash;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_of(row->id.b, sizeof(row->id.b)));
	for (size_t i = 0; i < row->n; i++) {
		crypto_sha256_add(
		    &state, bytes_text(row->values[i].field->name));
		crypto_sha256_add(&state, row->values[i].value);
	}
	crypto_sha256_out(&state, &hash);
	memcpy(name, hash.b, SEEN_SIZE);
	return bytes_of(name, SEEN_SIZE);
}

/* What names a thing may come twice, if the same is said of it. */
static enum err
derived_check(struct import *import, const struct load_row *row, bool *again)
{
	uint8_t name[SEEN_SIZE];

	*again = !seen_add(
	    &import->seen, bytes_of(row->id.b, sizeof(row->id.b)));
	if (seen_add(&import->seen, content_of(row, name)) && *again)
		return err_set(ERR_INVALID,
		    "another row of these files has the same key, and says "
		    "something else of the %s",
		    row->collection->name);
	return ERR_OK;
}

/* What must be unique is so in the files too, over all transactions. */
static enum err
repeat_check(
    struct import *import, const struct load_row *row, struct repeat *repeat)
{
	struct space space;
	enum err e;

	if (row->derived) {
		e = derived_check(import, row, &repeat->again);
		if (e != ERR_OK || repeat->again)
			return e;
	} else {
		import->nameless = import->nameless || !row->has_id;
		repeat->later = row->has_id &&
				!seen_add(&import->seen,
				    bytes_of(row->id.b, sizeof(row->id.b)));
	}
	if (repeat->later && !import->plan.update)
		return err_set(ERR_INVALID,
		    "id: another row of these files has it already: with "
		    "--update it changes that record");
	for (size_t i = 0; i < row->n && !import->plan.restore; i++) {
		const struct load_value *value = &row->values[i];
		struct buf text = {0};
		bool fresh;

		if (value->field->index != PACK_INDEX_UNIQUE)
			continue;
		e = plan_space(&import->plan, row, &space);
		if (e != ERR_OK)
			return e;
		buf_add_format(&text, "unique %s %s.%s ", space.text,
		    value->field->collection, value->field->name);
		buf_add(&text, value->value);
		fresh = seen_add(&import->seen, buf_bytes(&text));
		buf_fini(&text);
		if (!fresh)
			return err_set(ERR_EXISTS,
			    "%s.%s: is unique, and another row of these files "
			    "has the same value",
			    value->field->collection, value->field->name);
	}
	return ERR_OK;
}

static void
bad_say(struct import *import, size_t number, enum err e)
{
	struct buf text = {0};

	assert(e != ERR_OK);
	import->bad++;
	if (import->bad > SHOWN_MAX)
		return;
	buf_add_format(&text, "%s:%llu: %s",
	    args_word(import->work.args, number),
	    (unsigned long long)rows_at(source_rows(import->files[number])),
	    err_text());
	out_notice(import->work.out, buf_text(&text));
	buf_fini(&text);
}

/* ---- then all is written ------------------------------------------------ */

static enum err
write_all(struct import *import)
{
	struct progress progress;
	enum err e = open_again(&import->work);

	memset(import->outcomes, 0, sizeof(import->outcomes));
	import->chunk = 0;
	progress_init(&progress, import->work.out, "rows", import->rows,
	    progress_now_ms());
	for (size_t i = 0; i < import->work.args->words_n && e == ERR_OK; i++)
		e = write_file(import, i, &progress);
	if (e == ERR_OK)
		e = open_commit(&import->work);
	progress_end(&progress);
	return e == ERR_OK ? e : cut_off(import, e);
}

/* The run ends in the middle: how far did it come, and how does one go on? */
static enum err
cut_off(const struct import *import, enum err e)
{
	const struct args *args = import->work.args;
	struct buf text = {0};

	e = err_wrap(stop_asked() && import->stored > 0 ? ERR_PART : e,
	    "after %llu of %llu rows were stored",
	    (unsigned long long)import->stored,
	    (unsigned long long)import->rows);
	if (import->stored == 0)
		return e;
	buf_add_format(&text,
	    "%llu of %llu rows are stored, all before %s:%llu: ",
	    (unsigned long long)import->stored,
	    (unsigned long long)import->rows,
	    args_word(args, import->next_file),
	    (unsigned long long)import->next_line);
	buf_add_text(&text,
	    import->nameless
		? "rows without an id would be stored twice, so take those out "
		  "of the files, and run it again"
	    : import->map != NULL || import->plan.update
		? "run the same again to go on, none is stored twice"
		: "run it again with --update to go on, none is stored twice");
	out_notice(import->work.out, buf_text(&text));
	buf_fini(&text);
	return e;
}

/* Has a row of this run made that record?  The store shows it later. */
static bool
is_written(struct import *import, const struct load_row *row)
{
	return row->derived && !seen_add(&import->written,
				   bytes_of(row->id.b, sizeof(row->id.b)));
}

/* Stores what was written, and goes on in another transaction. */
static enum err
chunk_end(struct import *import, size_t number)
{
	enum err e = open_commit(&import->work);

	plan_ended(&import->plan);
	if (e != ERR_OK)
		return e;
	import->stored += import->chunk;
	import->chunk = 0;
	import->next_file = number;
	import->next_line = rows_at(source_rows(import->files[number]));
	return open_again(&import->work);
}

static enum err
write_file(struct import *import, size_t number, struct progress *progress)
{
	struct source *file = import->files[number];
	uint64_t *n = import->outcomes;
	enum err e = source_rewind(file);

	while (e == ERR_OK) {
		enum plan_outcome outcome = PLAN_SAME;
		struct load_row row;
		bool found;

		e = source_next(file, &row, &found);
		if (e == ERR_OK && !found)
			break;
		if (e == ERR_OK && stop_asked())
			e = err_set(ERR_USAGE, "interrupted");
		if (e == ERR_OK && import->chunk == CHUNK_ROWS)
			e = chunk_end(import, number);
		if (e == ERR_OK && !is_written(import, &row))
			e = plan_write(&import->plan, &row, false, &outcome);
		if (e != ERR_OK)
			break;
		import->chunk++;
		n[outcome]++;
		progress_step(progress,
		    n[PLAN_CREATED] + n[PLAN_CHANGED] + n[PLAN_SAME],
		    progress_now_ms());
	}
	return e == ERR_OK
		   ? e
		   : err_wrap(e, "%s:%llu",
			 args_word(import->work.args, number),
			 (unsigned long long)rows_at(source_rows(file)));
}

static void
result_say(struct import *import)
{
	const uint64_t *n = import->outcomes;
	bool dry = args_has(import->work.args, "dry-run");
	struct buf json = {0};

	object_begin(&json, NULL);
	object_number(&json, "rows", import->rows);
	object_number(&json, "created", n[PLAN_CREATED]);
	object_number(&json, "changed", n[PLAN_CHANGED]);
	object_number(&json, "same", n[PLAN_SAME]);
	if (import->map != NULL)
		object_number(&json, "skipped", import->skipped);
	object_bool(&json, "stored", !dry);
	object_end(&json);
	out_json(import->work.out, buf_bytes(&json));
	buf_fini(&json);
	out_say(import->work.out,
	    "%llu rows%s: %llu created, %llu changed, %llu as they were",
	    (unsigned long long)import->rows,
	    dry ? " are good, nothing was stored" : "",
	    (unsigned long long)n[PLAN_CREATED],
	    (unsigned long long)n[PLAN_CHANGED],
	    (unsigned long long)n[PLAN_SAME]);
	if (import->skipped > 0)
		out_say(import->work.out,
		    "%llu rows are no records, as the mapping has it",
		    (unsigned long long)import->skipped);
}

static const struct args_option import_options[] = {
    {.name = "map",
	.value = "MAPPING",
	.help = "rows of somebody else's table: a name, or a file"},
    {.name = "maps", .help = "list the mappings that the program has"},
    {.name = "format",
	.value = "jsonl|csv",
	.help = "what the files are; else the name says (.csv)"},
    {.name = "collection",
	.value = "NAME",
	.help = "what the rows are, where they do not say it"},
    {.name = "space", .value = "SPACE", .help = "where rows without space go"},
    {.name = "prefix",
	.value = "PREFIX",
	.help = "or under what: d01/c01, and the pack says the rest"},
    {.name = "encoding",
	.value = "utf-8|cp949|auto",
	.help = "of CSV; auto: UTF-8 when the whole file is"},
    OPEN_ROLE_OPTION,
    {.name = "update", .help = "change records whose id is there already"},
    {.name = "restore",
	.help = "rows that export wrote: all was judged when it was written"},
    {.name = "dry-run", .help = "check only, store nothing"},
};

static const char import_about[] =
    "Rows are JSON lines or CSV, as docs/packs.md has them; - is standard\n"
    "input.  All rows are checked before the first is stored.  Up to 20,000\n"
    "are one transaction; more are stored 20,000 at a time.  Rows with ids of\n"
    "their own can be imported again with --update: what is there already is\n"
    "left as it is.  With --map the rows are those of another table, as\n"
    "docs/importing.md has it: what was taken in before is left as it is.\n"
    "Interrupted, it says how many rows are stored and how to go on.\n"
    "With --restore the rows are what export wrote of another store.";

const struct args_command cmd_import_commands[] = {
    {.name = "import",
	.words = "FILE...",
	.words_max = 1000,
	.help = "make records of the rows of files",
	.about = import_about,
	.options = import_options,
	.options_n = COUNT_OF(import_options),
	.run = import_run},
};
const size_t cmd_import_commands_n = COUNT_OF(cmd_import_commands);
