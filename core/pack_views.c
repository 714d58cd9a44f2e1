/*
 * What is kept beside the records, out of the file of a pack: views, and
 * indexes over several fields.  Called by pack_file.c alone.
 */
#include "core/pack_views.h"

#include "proto/codec.h"
#include "proto/limits.h"

static enum err view_read(struct pack_reading *r, struct bytes doc, void *item);
static enum err index_read(
    struct pack_reading *r, struct bytes doc, void *item);

enum err
pack_views_read(struct pack_reading *r, struct bytes doc)
{
	static const struct pack_read_list list = {.key = "views",
	    .max = LIMIT_VIEWS,
	    .size = sizeof(struct pack_view),
	    .named = true,
	    .read = view_read};
	void *items;
	enum err e = pack_read_list(r, doc, &list, &items, &r->pack->views_n);

	r->pack->views = items;
	return e;
}

static enum err
part_read(struct pack_reading *r, struct bytes doc, struct pack_part *part,
    enum pack_read_want want)
{
	static const char *const keys[] = {"name", "is", NULL};
	const struct pack_read_expr how = {
	    .collection = r->view->collection, .want = want};
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_name(r, doc, "name", &part->name);
	if (e == ERR_OK)
		e = pack_read_there(doc, "is", true, "every part");
	return e == ERR_OK ? pack_read_expr(r, doc, "is", &how, &part->is) : e;
}

static enum err
group_read(struct pack_reading *r, struct bytes doc, void *item)
{
	return part_read(r, doc, item, PACK_READ_OPEN);
}

static enum err
sum_read(struct pack_reading *r, struct bytes doc, void *item)
{
	return part_read(r, doc, item, PACK_READ_INT);
}

static enum err
distinct_read(struct pack_reading *r, struct bytes doc, void *item)
{
	return part_read(r, doc, item, PACK_READ_VALUES);
}

/* The parts of a view are three lists, which differ in what an expression
 * gives. */
static enum err
parts_read(struct pack_reading *r, struct bytes doc, pack_read_item *read,
    const struct pack_part **parts, size_t *n)
{
	const struct pack_read_list list = {.key = read == group_read ? "group"
						   : read == sum_read
						       ? "sum"
						       : "distinct",
	    .max = LIMIT_VIEW_PARTS,
	    .size = sizeof(struct pack_part),
	    .named = true,
	    .read = read};
	void *items;
	enum err e = pack_read_list(r, doc, &list, &items, n);

	*parts = items;
	return e;
}

static enum err
view_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {"name", "collection", "where",
	    "group", "count", "sum", "distinct", NULL};
	struct pack_view *view = item;
	struct pack_read_expr where = {.want = PACK_READ_BOOL};
	enum err e = pack_read_keys(doc, keys);

	r->view = view;
	if (e == ERR_OK)
		e = pack_read_name(r, doc, "name", &view->name);
	if (e == ERR_OK)
		e = pack_read_collection(
		    r, doc, "collection", true, &view->collection);
	where.collection = view->collection;
	if (e == ERR_OK)
		e = pack_read_expr(r, doc, "where", &where, &view->where);
	if (e == ERR_OK)
		e = parts_read(
		    r, doc, group_read, &view->group, &view->group_n);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "count", &view->count);
	if (e == ERR_OK)
		e = parts_read(r, doc, sum_read, &view->sum, &view->sum_n);
	if (e == ERR_OK)
		e = parts_read(
		    r, doc, distinct_read, &view->distinct, &view->distinct_n);
	if (e == ERR_OK && !view->count && view->sum_n == 0 &&
	    view->distinct_n == 0)
		e = err_set(
		    ERR_INVALID, "count: missing, and so are sum and distinct");
	return e;
}

/* ---- Indexes ------------------------------------------------------------ */

enum err
pack_views_read_indexes(struct pack_reading *r, struct bytes doc)
{
	static const struct pack_read_list list = {.key = "indexes",
	    .max = LIMIT_INDEXES,
	    .size = sizeof(struct pack_compound),
	    .named = true,
	    .read = index_read};
	void *items;
	enum err e = pack_read_list(
	    r, doc, &list, &items, &r->collection->indexes_n);

	r->collection->indexes = items;
	return e;
}

/* May `field` stand at place `at` of an index? */
static enum err
index_check(const struct pack_field *field, size_t at)
{
	bool single = field->kind == KIND_REGISTER || field->kind == KIND_STATE;

	if (field->data_class != CLASS_N)
		return err_set(ERR_INVALID,
		    "%s is of class %s, and an index over several fields "
		    "would show it: only class N can",
		    field->name, pack_class_names[field->data_class]);
	if (!single && (at > 0 || field->kind != KIND_SET))
		return err_set(ERR_INVALID,
		    "%s is a %s: must be a register or a state, or at the "
		    "first place a set",
		    field->name, pack_kind_names[field->kind]);
	if (field->type == PACK_GEO || field->type == PACK_MAP)
		return err_set(ERR_INVALID,
		    "%s is of type %s, which has no "
		    "order",
		    field->name, pack_type_names[field->type]);
	return ERR_OK;
}

static enum err
index_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {"name", "fields", "unique", NULL};
	struct pack_compound *index = item;
	const struct pack_field **fields;
	struct pack_read_words words = {0};
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_name(r, doc, "name", &index->name);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "unique", &index->unique);
	if (e == ERR_OK)
		e = pack_read_words(
		    r, doc, "fields", LIMIT_INDEX_FIELDS, &words);
	index->fields_n = words.n;
	if (e == ERR_OK && index->fields_n < 2)
		e = err_set(ERR_INVALID,
		    "fields: must be a list of 2 to %d: of one field, say "
		    "index at the field itself",
		    LIMIT_INDEX_FIELDS);
	if (e != ERR_OK)
		return e;
	fields = arena_array(r->arena, index->fields_n, sizeof(*fields));
	index->fields = fields;
	for (size_t i = 0; i < index->fields_n; i++) {
		e = pack_get_field(
		    r->collection, bytes_text(words.p[i]), &fields[i]);
		if (e == ERR_OK)
			e = index_check(fields[i], i);
		if (e != ERR_OK)
			return err_wrap(e, "fields[%zu]", i);
	}
	return e;
}
