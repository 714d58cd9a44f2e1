/*
 * What a field of a record holds, as a cell of a table that is read again.
 * Called by the commands that write CSV; what people look at is for show.c.
 */
#include "cli/show_cell.h"

#include "cli/show.h"
#include "core/effective.h"
#include "core/pack_show.h"
#include "core/pack_text.h"

/* Appends one value; returns 1 when it would be read as another. */
static size_t
value_add(const struct pack_field *field, struct bytes value, struct buf *text)
{
	struct buf one = {0};
	struct bytes rest;
	struct bytes element = {0};
	size_t bent;

	pack_show_value(field, value, &one);
	rest = buf_bytes(&one);
	bent = !pack_text_next(field, &rest, &element) || element.n != one.n;
	buf_add(text, buf_bytes(&one));
	buf_fini(&one);
	return bent;
}

/* All elements of a set, or all notes. */
static size_t
values_add(const struct record *record, const struct record_field *content,
    const struct pack_field *field, struct arena *arena, struct buf *text)
{
	const size_t *order = show_order(record, content, arena);
	size_t bent = content->kind == KIND_NOTES ? content->n - 1 : 0;
	bool any = false;

	for (size_t i = 0; i < content->n; i++) {
		if (content->kind == KIND_SET &&
		    show_is_repeated(content, order[i]))
			continue;
		if (any)
			buf_add_text(
			    text, content->kind == KIND_SET ? ";" : "\n");
		bent += value_add(field, content->values[order[i]].value, text);
		any = true;
	}
	return bent;
}

size_t
show_cell_field(const struct record *record, const struct record_field *content,
    const struct pack_field *field, struct arena *arena, struct buf *text)
{
	if (content == NULL || content->n == 0)
		return 0;
	switch (content->kind) {
	case KIND_REGISTER:
	case KIND_STATE:
		return value_add(field,
		    effective_value(field, record, content)->value, text);
	case KIND_COUNTER:
		buf_add_format(text, "%lld", (long long)show_sum(content));
		break;
	case KIND_SET:
	case KIND_NOTES:
		return values_add(record, content, field, arena, text);
	case KIND_COUNT:
		assert(content->kind != KIND_COUNT);
	}
	return 0;
}
