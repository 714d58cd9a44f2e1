/*
 * Lists of what has to be done, out of the file of a pack.  Called by
 * pack_file.c alone.
 */
#include "core/pack_lists.h"

#include "proto/codec.h"
#include "proto/limits.h"

static enum err due_read(struct pack_reading *r, struct bytes doc, void *item);
static enum err exprs_read(
    struct pack_reading *r, struct bytes doc, struct pack_due *due);
static enum err shown_read(
    struct pack_reading *r, struct bytes doc, void *item);

enum err
pack_lists_read(struct pack_reading *r, struct bytes doc)
{
	static const struct pack_read_list list = {.key = "due",
	    .max = LIMIT_DUE,
	    .size = sizeof(struct pack_due),
	    .named = true,
	    .read = due_read};
	void *items;
	enum err e = pack_read_list(r, doc, &list, &items, &r->pack->due_n);

	r->pack->due = items;
	return e;
}

static enum err
due_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {"name", "label", "collection",
	    "open", "where", "due", "from", "overdue", "urgency", "risk",
	    "show", "by", NULL};
	static const struct pack_read_list show = {.key = "show",
	    .max = LIMIT_COLUMNS,
	    .size = sizeof(struct pack_shown),
	    .read = shown_read};
	static const struct pack_read_list by = {.key = "by",
	    .max = LIMIT_COLUMNS,
	    .size = sizeof(struct pack_shown),
	    .read = shown_read};
	struct pack_due *due = item;
	void *items = NULL;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_text(r, doc, "name", &due->name);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", NULL, &due->label);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "open", &due->open);
	if (e == ERR_OK)
		e = pack_read_collection(
		    r, doc, "collection", !due->open, &due->collection);
	r->of = due->collection;
	if (e == ERR_OK)
		e = exprs_read(r, doc, due);
	if (e == ERR_OK)
		e = pack_read_list(r, doc, &show, &items, &due->show_n);
	due->show = items;
	if (e == ERR_OK)
		e = pack_read_list(r, doc, &by, &items, &due->by_n);
	due->by = items;
	return e;
}

static enum err
exprs_read(struct pack_reading *r, struct bytes doc, struct pack_due *due)
{
	const struct {
		const char *key;
		enum pack_read_want want;
		struct pack_expr *expr;
	} parts[] = {
	    {"where", PACK_READ_BOOL, &due->where},
	    {"due", PACK_READ_WHEN, &due->due},
	    {"from", PACK_READ_WHEN, &due->from},
	    {"overdue", PACK_READ_WHEN, &due->overdue},
	    {"urgency", PACK_READ_INT, &due->urgency},
	    {"risk", PACK_READ_INT, &due->risk},
	};
	enum err e = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(parts) && e == ERR_OK; i++) {
		const struct pack_read_expr how = {.collection = r->of,
		    .want = parts[i].want,
		    .may = PACK_READ_GLOBAL};

		if (r->of == NULL)
			e = pack_read_there(doc, parts[i].key, false,
			    "a list of all collections");
		else
			e = pack_read_expr(
			    r, doc, parts[i].key, &how, parts[i].expr);
	}
	if (e == ERR_OK && !due->open && due->due.text.n == 0)
		e = err_set(ERR_INVALID, "due: missing");
	return e;
}

/* "risk", or {"label": .., "is": "rank(risk)"}. */
static enum err
shown_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {"label", "is", NULL};
	const struct pack_read_expr how = {.collection = r->of,
	    .want = PACK_READ_VALUES,
	    .may = PACK_READ_GLOBAL};
	struct pack_shown *shown = item;
	const struct pack_field *field;
	struct reader in;
	const char *text;
	enum err e;

	if (r->of == NULL)
		return err_set(ERR_INVALID,
		    "a list of all collections has no expressions");
	codec_begin_checked(&in, doc);
	if (codec_peek(&in) == CODEC_TEXT) {
		e = pack_read_expr_of(r, doc, &how, &shown->is);
		if (e != ERR_OK)
			return e;
		text = arena_text(r->arena, shown->is.text);
		field = pack_field(r->of, shown->is.text);
		shown->label = field != NULL ? field->label
					     : (struct pack_label){text, text};
		return ERR_OK;
	}
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", NULL, &shown->label);
	if (e == ERR_OK)
		e = pack_read_there(doc, "is", true, "every column");
	return e == ERR_OK ? pack_read_expr(r, doc, "is", &how, &shown->is) : e;
}
