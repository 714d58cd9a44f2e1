/*
 * export: records as the rows that import reads.  What a row cannot say (values
 * that contradict each other, what the pack does not know) is counted and told.
 */
#include "cli/cmd_export.h"

#include <stdio.h>
#include <string.h>

#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/show.h"
#include "core/effective.h"
#include "core/mirror.h"
#include "core/pack_show.h"
#include "core/pack_text.h"
#include "core/record.h"
#include "core/staff.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/csv.h"
#include "proto/json.h"

struct export
{
	struct opened work;
	const struct pack_collection *collection; /* NULL: all */
	bool csv;
	bool cp949;
	bool spaces; /* rows say where they lie */
	uint64_t rows;
	uint64_t hidden;    /* fields that the role does not see */
	uint64_t copies;    /* that other records make again */
	uint64_t conflicts; /* records of which only the winner is there */
	uint64_t unknown;   /* values that the pack does not know */
	uint64_t bent;	    /* values that a CSV cannot hold as they are */
};

static enum err options_read(struct export *export) MUST_USE;
static enum err header_write(struct export *export, bool bom) MUST_USE;
static enum err space_write(
    struct export *export, struct space_state *space) MUST_USE;
static enum err record_write(struct export *export, const struct space *space,
    const struct record_id *id, const struct record *record) MUST_USE;
static void conflicts_count(struct export *export, const struct record *record);
static void json_row(struct export *export, const struct record *record,
    const struct pack_collection *collection, struct buf *row);
static void json_field(struct export *export, const struct record *record,
    const struct record_field *content, const struct pack_field *field,
    struct buf *row);
static void json_value(
    const struct pack_field *field, struct bytes value, struct buf *row);
static void csv_cells(struct export *export, const struct record *record,
    const struct pack_collection *collection, struct buf *row);
static void csv_field(struct export *export, const struct record *record,
    const struct record_field *content, const struct pack_field *field,
    struct buf *text);
static enum err put(struct export *export, const struct buf *row) MUST_USE;
static void losses_say(struct export *export);

static enum err
export_run(const struct args *args, struct out *out)
{
	struct export export = {0};
	struct space_state **spaces = NULL;
	size_t n = 0;
	enum err e = open_begin(args, out, false, &export.work);

	if (e == ERR_OK)
		e = options_read(&export);
	if (e == ERR_OK)
		e = open_role(&export.work);
	if (e == ERR_OK)
		e = name_known_spaces(
		    &export.work, args_word(args, 0), &spaces, &n);
	if (e == ERR_OK)
		e = header_write(&export, args_has(args, "bom"));
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = space_write(&export, spaces[i]);
	if (e == ERR_OK)
		losses_say(&export);
	open_end(&export.work);
	return e;
}

static enum err
options_read(struct export *export)
{
	const struct args *args = export->work.args;
	const char *format = args_text(args, "format", 0);
	const char *encoding = args_text(args, "encoding", 0);
	const char *collection = args_text(args, "collection", 0);

	if (export->work.pack == NULL)
		return err_set(ERR_INVALID,
		    "this store has no pack, so that nothing says how its "
		    "fields are written");
	export->csv = format != NULL && strcmp(format, "csv") == 0;
	if (format != NULL && !export->csv && strcmp(format, "jsonl") != 0)
		return err_set(ERR_USAGE, "--format is jsonl or csv");
	export->cp949 = encoding != NULL && strcmp(encoding, "cp949") == 0;
	if (encoding != NULL && !export->cp949 &&
	    strcmp(encoding, "utf-8") != 0)
		return err_set(ERR_USAGE, "--encoding is utf-8 or cp949");
	if (export->cp949 && (!export->csv || args_has(args, "bom")))
		return err_set(ERR_USAGE,
		    "--encoding cp949 is for CSV, and has no byte order mark");
	if (export->csv && collection == NULL)
		return err_set(ERR_USAGE,
		    "a CSV has one collection: name it with --collection");
	if (collection == NULL)
		return ERR_OK;
	return pack_get_collection(
	    export->work.pack, bytes_text(collection), &export->collection);
}

static enum err
header_write(struct export *export, bool bom)
{
	const struct pack_collection *collection = export->collection;
	struct buf row = {0};
	struct buf mark = {0};
	enum err e = ERR_OK;

	if (bom) {
		buf_add_text(&mark, "\xef\xbb\xbf");
		e = put(export, &mark);
	}
	buf_fini(&mark);
	if (e != ERR_OK || !export->csv)
		return e;
	export->spaces = args_word(export->work.args, 0) == NULL &&
			 pack_field(collection, bytes_text("space")) == NULL;
	csv_add_cell(&row, bytes_text("id"));
	if (export->spaces)
		csv_add_cell(&row, bytes_text("space"));
	for (size_t i = 0; i < collection->fields_n; i++)
		csv_add_cell(&row, bytes_text(collection->fields[i].name));
	csv_add_row_end(&row);
	e = put(export, &row);
	buf_fini(&row);
	return e;
}

static enum err
space_write(struct export *export, struct space_state *space)
{
	struct opened *work = &export->work;
	struct record_id id = {0};
	uint64_t met = 0;
	enum err e;

	for (;;) {
		struct record record;
		bool found;

		arena_reset(&work->arena);
		e = record_next(store_txn(work->store),
		    &(struct record_read){.space = space,
			.cells = true,
			.arena = &work->arena,
			.met = &met},
		    &id, &record, &found);
		if (e != ERR_OK || !found)
			return e;
		if (record.status == RECORD_DELETED)
			continue;
		export->hidden += staff_hide(work->role,
		    pack_collection(work->pack, record.collection), &record);
		e = record_write(export, &space->name, &id, &record);
		if (e != ERR_OK)
			return e;
	}
}

static enum err
record_write(struct export *export, const struct space *space,
    const struct record_id *id, const struct record *record)
{
	const struct pack_collection *collection = pack_collection(
	    export->work.pack, record->collection);
	struct buf hex = {0};
	struct buf row = {0};
	enum err e;

	if (export->collection != NULL && collection != export->collection)
		return ERR_OK;
	if (export->collection == NULL && collection != NULL &&
	    mirror_is(export->work.pack, collection)) {
		export->copies++;
		return ERR_OK;
	}
	if (collection == NULL) {
		for (size_t i = 0; i < record->fields_n; i++)
			export->unknown += record->fields[i].n;
		return ERR_OK;
	}
	ascii_hex(bytes_of(id->b, sizeof(id->b)), &hex);
	conflicts_count(export, record);
	if (export->csv) {
		csv_add_cell(&row, buf_bytes(&hex));
		if (export->spaces)
			csv_add_cell(&row, bytes_text(space->text));
		csv_cells(export, record, collection, &row);
		csv_add_row_end(&row);
	} else {
		object_begin(&row, NULL);
		object_text(&row, "collection", bytes_text(collection->name));
		object_text(&row, "id", buf_bytes(&hex));
		object_text(&row, "space", bytes_text(space->text));
		json_row(export, record, collection, &row);
		object_end(&row);
		buf_add_u8(&row, '\n');
	}
	export->rows++;
	e = put(export, &row);
	if (e != ERR_OK)
		e = err_wrap(e, "record %s", buf_text(&hex));
	buf_fini(&row);
	buf_fini(&hex);
	return e;
}

static void
conflicts_count(struct export *export, const struct record *record)
{
	bool any = record->status == RECORD_CONTESTED;

	for (size_t i = 0; i < record->fields_n && !any; i++)
		any = merge_is_conflict(&record->fields[i]);
	export->conflicts += any;
}

/* What the pack says of `content`; NULL, and counted, when it does not know it.
 */
static const struct pack_field *
field_known(struct export *export, const struct pack_collection *collection,
    const struct record_field *content)
{
	const struct pack_field *field = pack_field(collection, content->name);

	if (field != NULL && field->kind == content->kind)
		return field;
	export->unknown += content->n;
	return NULL;
}

/* Has `content` that value before number `i`? */
static bool
is_repeated(const struct record_field *content, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (bytes_equal(
			content->values[k].value, content->values[i].value))
			return true;
	return false;
}

/* ---- JSON lines --------------------------------------------------------- */

static void
json_row(struct export *export, const struct record *record,
    const struct pack_collection *collection, struct buf *row)
{
	object_begin(row, "fields");
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *content = &record->fields[i];
		const struct pack_field *field = field_known(
		    export, collection, content);

		if (field != NULL)
			json_field(export, record, content, field, row);
	}
	object_end(row);
}

static void
json_field(struct export *export, const struct record *record,
    const struct record_field *content, const struct pack_field *field,
    struct buf *row)
{
	const size_t *order;
	struct buf sum = {0};

	switch (content->kind) {
	case KIND_REGISTER:
	case KIND_STATE:
		object_key(row, field->name);
		json_value(
		    field, effective_value(field, record, content)->value, row);
		break;
	case KIND_COUNTER:
		codec_put_int(&sum, show_sum(content));
		object_value(row, field->name, buf_bytes(&sum));
		break;
	case KIND_SET:
	case KIND_NOTES:
		order = show_order(record, content, &export->work.arena);
		object_array(row, field->name);
		for (size_t i = 0; i < content->n; i++) {
			if (content->kind == KIND_SET &&
			    is_repeated(content, order[i]))
				continue;
			object_key(row, NULL);
			json_value(field, content->values[order[i]].value, row);
		}
		object_array_end(row);
		break;
	case KIND_COUNT:
		assert(content->kind != KIND_COUNT);
	}
	buf_fini(&sum);
}

/* As the table of docs/packs.md has it "in JSON". */
static void
json_value(const struct pack_field *field, struct bytes value, struct buf *row)
{
	struct buf text = {0};

	if (field->type == PACK_REF || field->type == PACK_HASH ||
	    field->type == PACK_BYTES) {
		pack_show_value(field, value, &text);
		out_json_text(buf_bytes(&text), row);
	} else if (json_encode(value, false, row) != ERR_OK) {
		buf_add_text(row, "null");
	}
	buf_fini(&text);
}

/* ---- CSV ---------------------------------------------------------------- */

static void
csv_cells(struct export *export, const struct record *record,
    const struct pack_collection *collection, struct buf *row)
{
	for (size_t i = 0; i < collection->fields_n; i++) {
		const struct pack_field *field = &collection->fields[i];
		const struct record_field *content = merge_find(
		    record, bytes_text(field->name), field->kind);
		struct buf text = {0};

		if (content != NULL)
			csv_field(export, record, content, field, &text);
		csv_add_cell(row, buf_bytes(&text));
		buf_fini(&text);
	}
	for (size_t i = 0; i < record->fields_n; i++)
		(void)field_known(export, collection, &record->fields[i]);
}

/* Appends one value, and sees whether it would be read as it was. */
static void
csv_value(struct export *export, const struct pack_field *field,
    struct bytes value, struct buf *text)
{
	struct buf one = {0};
	struct bytes rest;
	struct bytes element = {0};

	pack_show_value(field, value, &one);
	rest = buf_bytes(&one);
	if (!pack_text_next(field, &rest, &element) || element.n != one.n)
		export->bent++;
	buf_add(text, buf_bytes(&one));
	buf_fini(&one);
}

static void
csv_field(struct export *export, const struct record *record,
    const struct record_field *content, const struct pack_field *field,
    struct buf *text)
{
	const size_t *order;

	switch (content->kind) {
	case KIND_REGISTER:
	case KIND_STATE:
		csv_value(export, field,
		    effective_value(field, record, content)->value, text);
		break;
	case KIND_COUNTER:
		buf_add_format(text, "%lld", (long long)show_sum(content));
		break;
	case KIND_SET:
	case KIND_NOTES:
		order = show_order(record, content, &export->work.arena);
		if (content->kind == KIND_NOTES)
			export->bent += content->n - 1;
		for (size_t i = 0; i < content->n; i++) {
			if (content->kind == KIND_SET &&
			    is_repeated(content, order[i]))
				continue;
			if (text->n > 0)
				buf_add_text(text,
				    content->kind == KIND_SET ? ";" : "\n");
			csv_value(export, field,
			    content->values[order[i]].value, text);
		}
		break;
	case KIND_COUNT:
		assert(content->kind != KIND_COUNT);
	}
}

/* ---- out ---------------------------------------------------------------- */

static enum err
put(struct export *export, const struct buf *row)
{
	struct buf bytes = {0};
	enum err e = ERR_OK;

	if (export->cp949)
		e = csv_to_cp949(buf_bytes(row), &bytes);
	else
		buf_add(&bytes, buf_bytes(row));
	/* A write that fails is told by out_end. */
	if (e == ERR_OK)
		(void)fwrite(bytes.p, 1, bytes.n, export->work.out->to);
	buf_fini(&bytes);
	return e;
}

static void
loss_say(struct export *export, uint64_t n, const char *what)
{
	struct buf text = {0};

	buf_add_format(&text, "%llu %s", (unsigned long long)n, what);
	if (n > 0)
		out_notice(export->work.out, buf_text(&text));
	buf_fini(&text);
}

static void
losses_say(struct export *export)
{
	loss_say(export, export->hidden,
	    "fields hold what this role does not see, which was left out");
	loss_say(export, export->copies,
	    "records were left out that are copies of parts of others, and are "
	    "made with them: --collection names them");
	loss_say(export, export->conflicts,
	    "records have values that contradict each other: only those that "
	    "are shown first were written");
	loss_say(export, export->unknown,
	    "values are not in the pack and were left out");
	loss_say(export, export->bent,
	    "values cannot stand in a CSV as they are: jsonl keeps them");
}

static const struct args_option export_options[] = {
    {.name = "collection",
	.value = "NAME",
	.help = "only these records; needed for CSV"},
    {.name = "format", .value = "jsonl|csv", .help = "jsonl, or as said"},
    {.name = "encoding",
	.value = "utf-8|cp949",
	.help = "of CSV: utf-8, or as said"},
    OPEN_ROLE_OPTION,
    {.name = "bom", .help = "begin with a byte order mark, for spreadsheets"},
};

const struct args_command cmd_export_commands[] = {
    {.name = "export",
	.words = "[SPACE]",
	.words_max = 1,
	.help = "write records as rows that import reads",
	.options = export_options,
	.options_n = COUNT_OF(export_options),
	.run = export_run},
};
const size_t cmd_export_commands_n = COUNT_OF(cmd_export_commands);
