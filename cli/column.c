/*
 * What stands in the columns of lists.  The commands that find ask here for
 * each record that they show.
 */
#include "cli/column.h"

#include "cli/show.h"
#include "cli/show_cell.h"
#include "cli/show_expr.h"
#include "proto/text.h"

size_t
column_end(struct bytes text)
{
	size_t depth = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '\'')
			quoted = !quoted;
		else if (!quoted && (c == '(' || c == '['))
			depth++;
		else if (!quoted && (c == ')' || c == ']') && depth > 0)
			depth--;
		else if (c == ',' && !quoted && depth == 0)
			break;
	}
	return i;
}

struct column
column_of_field(const struct pack_field *field)
{
	return (struct column){
	    .key = field->name, .title = field->label.ko, .field = field};
}

void
column_titled(
    const struct expr_scope *scope, struct arena *arena, struct column *column)
{
	const struct pack_field *field = column->field;
	const struct pack_collection *target;
	struct buf text = {0};

	if (field == NULL || field->type != PACK_REF ||
	    field->kind != KIND_REGISTER || field->targets_n != 1)
		return;
	target = pack_collection(scope->pack, bytes_text(field->targets[0]));
	if (target == NULL || target->title == NULL)
		return;
	buf_add_format(&text, "%s.%s", field->name, target->title->name);
	/* A title that no expression gives leaves the id. */
	if (expr_parse(arena_bytes(arena, buf_bytes(&text)), scope, EXPR_ANY,
		arena, &column->expr) != ERR_OK)
		column->expr = NULL;
	buf_fini(&text);
}

static struct bytes
trimmed(struct bytes text)
{
	while (text.n > 0 && text.p[0] == ' ')
		text = bytes_after(text, 1);
	while (text.n > 0 && text.p[text.n - 1] == ' ')
		text = bytes_first(text, text.n - 1);
	return text;
}

static enum err
one_read(const struct expr_scope *scope, struct bytes text, struct arena *arena,
    struct column *column)
{
	enum err e;

	for (size_t i = 0; i < scope->collection->fields_n; i++) {
		const struct pack_field *field = &scope->collection->fields[i];

		if (bytes_is(text, field->name)) {
			*column = column_of_field(field);
			return ERR_OK;
		}
	}
	*column = (struct column){.key = arena_text(arena, text)};
	column->title = column->key;
	for (size_t i = 0; i < scope->collection->derived_n; i++)
		if (bytes_is(text, scope->collection->derived[i].name))
			column->title = scope->collection->derived[i].label.ko;
	e = expr_parse(text, scope, EXPR_ANY | EXPR_SETS, arena, &column->expr);
	if (e != ERR_OK)
		return err_wrap(
		    e, "--fields %.*s", (int)text.n, (const char *)text.p);
	column->is_number = expr_type(column->expr) == EXPR_INT &&
			    !expr_is_set(column->expr);
	return ERR_OK;
}

enum err
column_read(const struct expr_scope *scope, const char *text,
    struct arena *arena, struct column_list *list)
{
	struct buf normal = {0};
	struct bytes rest;
	bool more = true;
	enum err e = text_nfc(bytes_text(text), &normal);

	rest = arena_bytes(arena, buf_bytes(&normal));
	while (e == ERR_OK && more) {
		size_t end = column_end(rest);
		struct bytes one = trimmed(bytes_first(rest, end));

		more = end < rest.n;
		rest = bytes_after(rest, more ? end + 1 : end);
		if (one.n == 0)
			e = err_set(ERR_USAGE,
			    "--fields %s: a name is missing between commas",
			    text);
		else if (list->n == list->max)
			e = err_set(ERR_USAGE,
			    "--fields names more than %zu columns", list->max);
		else
			e = one_read(scope, one, arena, &list->p[list->n++]);
	}
	buf_fini(&normal);
	return e;
}

enum err
column_cell(const struct column *column, const struct pack *pack,
    const struct expr_source *source, struct buf *text)
{
	struct expr_value value;
	enum err e;

	/* For people an expression may stand before the field. */
	if (column->field != NULL) {
		(void)show_cell_field(source->record,
		    merge_find(source->record, bytes_text(column->field->name),
			column->field->kind),
		    column->field, source->arena, text);
		return ERR_OK;
	}
	e = expr_eval(column->expr, source, &value);
	if (e == ERR_OK)
		show_expr_text(pack, &value, SHOW_EXPR_WHOLE, text);
	return e;
}

enum err
column_text(const struct column *column, const struct pack *pack,
    const struct expr_source *source, struct buf *text)
{
	const struct record_field *content = NULL;
	struct expr_value value;
	size_t before = text->n;
	enum err e = ERR_OK;

	if (column->expr != NULL)
		e = expr_eval(column->expr, source, &value);
	if (e == ERR_OK && column->expr != NULL)
		show_expr_text(pack, &value, SHOW_EXPR_WHOLE, text);
	if (e != ERR_OK || text->n > before || column->field == NULL)
		return e;
	content = merge_find(source->record, bytes_text(column->field->name),
	    column->field->kind);
	if (content != NULL)
		show_field(source->record, content, column->field, text);
	return ERR_OK;
}
