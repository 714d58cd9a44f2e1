/*
 * The expressions of a pack, once all that they can name is read.  Called by
 * pack_file.c alone, so that no wrong expression is met later, by a person who
 * asks for a list.
 */
#include "core/pack_compile.h"

#include "core/expr.h"
#include "core/pack_near.h"
#include "proto/limits.h"

static enum err compile(
    struct pack *pack, const struct pack_read_expr *waiting);
static enum err open_check(const struct pack_read_expr *waiting);
static enum err filters_check(const struct pack_figure *figure);

static void
tell(struct buf *errors)
{
	buf_add_text(errors, err_text());
	buf_add_u8(errors, '\n');
}

enum err
pack_compile_all(
    struct pack *pack, const struct pack_read_expr *first, struct buf *errors)
{
	enum err worst = ERR_OK;
	enum err e;

	for (const struct pack_read_expr *w = first; w != NULL; w = w->next) {
		e = compile(pack, w);
		if (e == ERR_OK)
			continue;
		worst = err_wrap(e, "%s", w->place);
		if (errors == NULL)
			return worst;
		tell(errors);
	}
	/* What a group is, its expression tells. */
	if (worst != ERR_OK)
		return worst;
	for (size_t i = 0; i < pack->figures_n; i++) {
		e = filters_check(&pack->figures[i]);
		if (e == ERR_OK)
			continue;
		worst = err_wrap(e, "figures[%zu]: filter", i);
		if (errors == NULL)
			return worst;
		tell(errors);
	}
	return worst;
}

static enum err
compile(struct pack *pack, const struct pack_read_expr *waiting)
{
	static const unsigned wants[] = {[PACK_READ_BOOL] = 1U << EXPR_BOOL,
	    [PACK_READ_INT] = 1U << EXPR_INT,
	    [PACK_READ_WHEN] = EXPR_WHEN,
	    [PACK_READ_SINGLE] = EXPR_ANY,
	    [PACK_READ_VALUES] = EXPR_ANY | EXPR_SETS,
	    [PACK_READ_OPEN] = EXPR_ANY | EXPR_SETS};
	const struct expr_scope scope = {.pack = pack,
	    .collection = waiting->collection,
	    .may = waiting->may == PACK_READ_GLOBAL ? EXPR_MAY_ALL : 0};
	enum err e = expr_parse(waiting->expr->text, &scope,
	    wants[waiting->want], &pack->arena, &waiting->expr->code);

	if (e == ERR_OK && waiting->want == PACK_READ_OPEN)
		e = open_check(waiting);
	return e;
}

/* What groups a view stands in the open, in each row. */
static enum err
open_check(const struct pack_read_expr *waiting)
{
	const struct pack_collection *of = waiting->collection;

	for (size_t i = 0; i < of->fields_n; i++) {
		const struct pack_field *field = &of->fields[i];

		if (field->data_class != CLASS_N &&
		    expr_reads(waiting->expr->code, field))
			return err_set(ERR_INVALID,
			    "%s is of class %s: a view can only be grouped by "
			    "what is of class N",
			    field->name, pack_class_names[field->data_class]);
	}
	return ERR_OK;
}

/* Can the group be one of `filter`'s values at all? */
static enum err
filter_check(const struct pack_figure *figure, const struct pack_filter *filter)
{
	const struct pack_part *group = &figure->view->group[filter->group];
	const struct pack_field *field = expr_field(group->is.code);

	if (field == NULL || field->type != PACK_ENUM)
		return ERR_OK;
	for (size_t i = 0; i < filter->values_n; i++) {
		struct bytes asked = bytes_text(filter->values[i]);
		struct buf near = {0};
		bool known = false;

		for (size_t k = 0; k < field->values_n && !known; k++)
			known = bytes_is(asked, field->values[k]);
		if (known)
			continue;
		for (size_t k = 0; k < field->values_n; k++)
			pack_near_add(asked, field->values[k], NULL, &near);
		return err_wrap(pack_near_unknown("value", asked, &near),
		    "%s[%zu]", group->name, i);
	}
	return ERR_OK;
}

static enum err
filters_check(const struct pack_figure *figure)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < figure->filters_n && e == ERR_OK; i++)
		e = filter_check(figure, &figure->filters[i]);
	return e;
}
