/*
 * References of rows to records that are there already, by an indexed field.
 */
#include "cli/map_find.h"

#include <string.h>

#include "core/lookup.h"
#include "core/pack_text.h"
#include "core/record.h"
#include "proto/ascii.h"

enum { LISTED_MAX = 5 };

struct finding {
	struct opened *work;
	const struct pack_field *field;
	struct bytes value;
	struct arena arena; /* owned: of one record */
	struct record_id id;
	size_t n;
	struct buf list; /* owned: for people */
};

static enum err space_look(
    struct finding *f, struct space_state *space) MUST_USE;
static enum err record_look(struct finding *f, struct space_state *space,
    const struct record_id *id) MUST_USE;

enum err
map_find_record(struct opened *work, const struct pack_field *field,
    struct bytes text, struct buf *id)
{
	const struct pack_collection *of = pack_collection(
	    work->pack, bytes_text(field->collection));
	struct finding f = {.work = work, .field = field};
	struct space_state **spaces;
	struct buf value = {0};
	size_t n = 0;
	enum err e = pack_text_value(field, text, &value);

	f.value = buf_bytes(&value);
	if (e == ERR_OK)
		e = space_all(store_txn(work->store), &spaces, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (strcmp(id_class(&spaces[i]->name), of->space) == 0)
			e = space_look(&f, spaces[i]);
	if (e == ERR_OK && f.n == 0)
		e = err_set(ERR_NOT_FOUND,
		    "no %s that is held here has '%.*s' in %s", of->name,
		    (int)text.n, (const char *)text.p, field->name);
	if (e == ERR_OK && f.n > 1)
		e = err_set(ERR_INVALID, "'%.*s' may mean %s: %zu have that %s",
		    (int)text.n, (const char *)text.p, buf_text(&f.list), f.n,
		    field->name);
	if (e == ERR_OK)
		ascii_hex(bytes_of(f.id.b, sizeof(f.id.b)), id);
	buf_fini(&value);
	buf_fini(&f.list);
	arena_fini(&f.arena);
	return e;
}

static enum err
space_look(struct finding *f, struct space_state *space)
{
	struct lookup_scan scan;
	enum err e = ERR_OK;

	if (!lookup_has(store_txn(f->work->store), f->field))
		return err_set(ERR_INVALID,
		    "the index of %s is not made yet: write something, then "
		    "import again",
		    f->field->name);
	lookup_equal(
	    store_txn(f->work->store), space->no, f->field, f->value, &scan);
	for (;;) {
		struct record_id id;
		bool found;

		e = lookup_next(&scan, &id, &found);
		if (e != ERR_OK || !found)
			return e;
		e = record_look(f, space, &id);
		if (e != ERR_OK)
			return e;
	}
}

/* Rows of an index only say where to look. */
static enum err
record_look(
    struct finding *f, struct space_state *space, const struct record_id *id)
{
	const struct record_field *has;
	struct record record;
	bool is = false;
	enum err e;

	arena_reset(&f->arena);
	e = record_get(store_txn(f->work->store),
	    &(struct record_read){
		.space = space, .cells = true, .arena = &f->arena},
	    id, &record);
	if (e != ERR_OK || !record.exists || record.status == RECORD_DELETED)
		return e;
	has = merge_find(&record, bytes_text(f->field->name), f->field->kind);
	for (size_t i = 0; has != NULL && i < has->n && !is; i++)
		is = bytes_equal(has->values[i].value, f->value);
	if (!is)
		return ERR_OK;
	f->id = *id;
	if (f->n++ >= LISTED_MAX)
		return ERR_OK;
	buf_add_text(&f->list, f->n > 1 ? ", " : "");
	ascii_hex(bytes_of(id->b, sizeof(id->b)), &f->list);
	buf_add_format(&f->list, " in %s", space->name.text);
	return ERR_OK;
}
