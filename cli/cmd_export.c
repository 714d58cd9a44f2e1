/*
 * export: records as the rows that import reads.  What a row cannot say (values
 * that contradict each other, what the pack does not know) is counted and told.
 */
#include "cli/cmd_export.h"

#include <stdio.h>
#include <string.h>

#include "cli/access.h"
#include "cli/show_cell.h"
#include "cli/grid.h"
#include "cli/load.h"
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
#include "proto/json.h"

struct export
{
	struct opened work;
	const struct pack_collection *collection; /* NULL: all */
	bool csv;
	struct grid grid; /* of CSV */
	bool spaces;	  /* rows say where they lie */
	unsigned classes; /* of fields that are written, bits 1 << class */
	uint64_t rows;
	uint64_t hidden;    /* fields that the role does not see */
	uint64_t copies;    /* that other records make again */
	uint64_t conflicts; /* records of which only the winner is there */
	uint64_t unknown;   /* values that the pack does not know */
	uint64_t bent;	    /* values that a CSV cannot hold as they are */
};

static enum err options_read(struct export *export) MUST_USE;
static enum err classes_read(struct export *export) MUST_USE;
static enum err spaces_find(
    struct export *export, struct space_state ***spaces, size_t *n) MUST_USE;
static enum err begin_write(struct export *export) MUST_USE;
static enum err header_write(struct export *export) MUST_USE;
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
    const struct pack_collection *collection);
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
		e = spaces_find(&export, &spaces, &n);
	if (e == ERR_OK)
		e = begin_write(&export);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = space_write(&export, spaces[i]);
	if (e == ERR_OK)
		losses_say(&export);
	grid_fini(&export.grid);
	open_end(&export.work);
	return e;
}

static enum err
options_read(struct export *export)
{
	const struct args *args = export->work.args;
	const char *format = args_text(args, "format", 0);
	const char *collection = args_text(args, "collection", 0);
	struct grid *grid = &export->grid;
	enum err e;

	if (export->work.pack == NULL)
		return err_set(ERR_INVALID,
		    "this store has no pack, so that nothing says how its "
		    "fields are written");
	grid->out = export->work.out;
	grid->cp949 = format != NULL && strcmp(format, "csv-cp949") == 0;
	grid->replace = args_has(args, "replace");
	export->csv = grid->cp949 ||
		      (format != NULL && strcmp(format, "csv") == 0);
	if (format != NULL && !export->csv && strcmp(format, "jsonl") != 0)
		return err_set(
		    ERR_USAGE, "--format is jsonl, csv or csv-cp949");
	if (!export->csv &&
	    (args_has(args, "labels") || args_has(args, "no-bom")))
		return err_set(ERR_USAGE, "--labels and --no-bom are for CSV");
	if (grid->replace && !grid->cp949)
		return err_set(ERR_USAGE,
		    "--replace is for csv-cp949: all else has every letter");
	if (export->csv && collection == NULL)
		return err_set(ERR_USAGE,
		    "a CSV has one collection: name it with --collection");
	e = classes_read(export);
	if (e != ERR_OK || collection == NULL)
		return e;
	return pack_get_collection(
	    export->work.pack, bytes_text(collection), &export->collection);
}

/* "NP" */
static enum err
classes_read(struct export *export)
{
	const char *word = args_text(export->work.args, "class", 0);

	export->classes = (1U << CLASS_COUNT) - 1;
	if (word == NULL)
		return ERR_OK;
	export->classes = 0;
	for (const char *p = word; *p != '\0'; p++) {
		size_t i = 0;

		while (i < CLASS_COUNT && *p != pack_class_names[i][0])
			i++;
		if (i == CLASS_COUNT)
			return err_set(ERR_USAGE,
			    "--class: '%s' is not made of N, P, S and F", word);
		export->classes |= 1U << i;
	}
	return ERR_OK;
}

/* The spaces to be written; that personal data of them leave is kept first. */
static enum err
spaces_find(struct export *export, struct space_state ***spaces, size_t *n)
{
	struct opened *work = &export->work;
	const char *word = args_word(work->args, 0);
	const struct access access = {.work = work,
	    .collection = export->collection,
	    .classes = export->classes,
	    .reason = args_text(work->args, "reason", 0),
	    .instead = "take only what is not personal, with --class N"};
	bool written = false;
	enum err e = name_known_spaces(work, word, spaces, n);

	if (e == ERR_OK)
		e = access_log(&access, *spaces, *n, &written);
	if (e == ERR_OK && written)
		e = name_known_spaces(work, word, spaces, n);
	return e;
}

/* Is that field among those to be written? */
static bool
is_taken(const struct export *export, const struct pack_field *field)
{
	return (export->classes >> field->data_class & 1) != 0;
}

/* ---- The head of the file ----------------------------------------------- */

static const char synthetic[] = "가상 데이터 / SYNTHETIC";

/* A city says by its name that nothing in it is real. */
static bool
is_synthetic(const struct authority *authority)
{
	return bytes_begins(authority->name, bytes_text("가상")) ||
	       bytes_begins(authority->name, bytes_text("SYNTHETIC"));
}

static enum err
begin_write(struct export *export)
{
	const struct authority *authority;
	struct opened *work = &export->work;
	enum err e = store_authority(work->store, &authority);

	if (e != ERR_OK)
		return e;
	if (export->csv)
		grid_begin(&export->grid, !args_has(work->args, "no-bom"));
	if (is_synthetic(authority) && !export->csv)
		(void)fprintf(
		    work->out->to, "%s\"%s\"}\n", LOAD_REMARK, synthetic);
	export->spaces = args_word(work->args, 0) == NULL && export->csv &&
			 pack_field(export->collection, bytes_text("space")) ==
			     NULL;
	if (export->csv && is_synthetic(authority)) {
		struct buf text = {0};
		size_t n = 0;

		buf_add_format(&text, "# %s", synthetic);
		grid_cell(&export->grid, buf_bytes(&text), "remark");
		for (size_t i = 0; i < export->collection->fields_n; i++)
			n += is_taken(export, &export->collection->fields[i]);
		/* A table has as many cells in each row. */
		for (size_t i = 0; i < n + export->spaces; i++)
			grid_cell(&export->grid, (struct bytes){0}, "remark");
		e = grid_row(&export->grid, "the first line");
		buf_fini(&text);
	}
	return e == ERR_OK && export->csv ? header_write(export) : e;
}

/* The names of fields, and on wish what people call them below. */
static enum err
header_write(struct export *export)
{
	const struct pack_collection *collection = export->collection;
	bool labels = args_has(export->work.args, "labels");
	enum err e = ERR_OK;

	for (int row = 0; row <= (labels ? 1 : 0) && e == ERR_OK; row++) {
		grid_cell(&export->grid, bytes_text(row == 0 ? "id" : "# 기록"),
		    "id");
		if (export->spaces)
			grid_cell(&export->grid,
			    bytes_text(row == 0 ? "space" : "공간"), "space");
		for (size_t i = 0; i < collection->fields_n; i++) {
			const struct pack_field *field = &collection->fields[i];

			if (is_taken(export, field))
				grid_cell(&export->grid,
				    bytes_text(row == 0 ? field->name
							: field->label.ko),
				    field->name);
		}
		e = grid_row(&export->grid, "the header");
	}
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
	enum err e = ERR_OK;

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
		grid_cell(&export->grid, buf_bytes(&hex), "id");
		if (export->spaces)
			grid_cell(
			    &export->grid, bytes_text(space->text), "space");
		csv_cells(export, record, collection);
		buf_add_text(&row, "record ");
		buf_add(&row, buf_bytes(&hex));
		e = grid_row(&export->grid, buf_text(&row));
	} else {
		object_begin(&row, NULL);
		object_text(&row, "collection", bytes_text(collection->name));
		object_text(&row, "id", buf_bytes(&hex));
		object_text(&row, "space", bytes_text(space->text));
		json_row(export, record, collection, &row);
		object_end(&row);
		buf_add_u8(&row, '\n');
		/* A write that fails is told by out_end. */
		(void)fwrite(row.p, 1, row.n, export->work.out->to);
	}
	export->rows++;
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

		if (field != NULL && is_taken(export, field))
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
	} else if (json_encode(value, row) != ERR_OK) {
		buf_add_text(row, "null");
	}
	buf_fini(&text);
}

/* ---- CSV ---------------------------------------------------------------- */

static void
csv_cells(struct export *export, const struct record *record,
    const struct pack_collection *collection)
{
	for (size_t i = 0; i < collection->fields_n; i++) {
		const struct pack_field *field = &collection->fields[i];
		const struct record_field *content = merge_find(
		    record, bytes_text(field->name), field->kind);
		struct buf text = {0};

		if (!is_taken(export, field))
			continue;
		export->bent += show_cell_field(
		    record, content, field, &export->work.arena, &text);
		grid_cell(&export->grid, buf_bytes(&text), field->name);
		buf_fini(&text);
	}
	for (size_t i = 0; i < record->fields_n; i++)
		(void)field_known(export, collection, &record->fields[i]);
}

/* ---- out ---------------------------------------------------------------- */

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
	loss_say(export, export->grid.replaced,
	    "letters are not in CP949 and were written as question marks");
}

static const struct args_option export_options[] = {
    {.name = "collection",
	.value = "NAME",
	.help = "only these records; needed for CSV"},
    {.name = "format",
	.value = "jsonl|csv|csv-cp949",
	.help = "jsonl, or as said"},
    {.name = "labels", .help = "below the header, what people call fields"},
    {.name = "class",
	.value = "LETTERS",
	.help = "only fields of these data classes: N, or NP"},
    ACCESS_REASON,
    {.name = "replace", .help = "a question mark for what CP949 does not have"},
    {.name = "no-bom", .help = "CSV without a byte order mark"},
    OPEN_ROLE_OPTION,
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
