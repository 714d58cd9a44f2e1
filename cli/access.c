/*
 * The log of accesses of a pack: what export asks for before it writes a row.
 * The record is durable before the first byte leaves.
 */
#include "cli/access.h"

#include <string.h>

#include "cli/host.h"
#include "core/access_chain.h"
#include "core/space.h"
#include "proto/calendar.h"
#include "proto/codec.h"

enum { EDITS_MAX = 7 };

static enum err record_write(
    const struct access *access, const struct space *space) MUST_USE;

/* Does the space hold fields that are taken and speak of people? */
static bool
is_personal(const struct access *access, const struct space *space)
{
	const struct pack *pack = access->work->pack;

	for (size_t i = 0; i < pack->collections_n; i++) {
		const struct pack_collection *of = &pack->collections[i];

		if (strcmp(of->space, id_class(space)) != 0 ||
		    (access->collection != NULL && access->collection != of))
			continue;
		for (size_t k = 0; k < of->fields_n; k++)
			if (of->fields[k].data_class != CLASS_N &&
			    (access->classes >> of->fields[k].data_class & 1) !=
				0)
				return true;
	}
	return false;
}

/* The different places of all that is personal. */
static enum err
places_find(const struct access *access, struct space_state *const *spaces,
    size_t n, struct space **out, size_t *places_n)
{
	const struct pack_collection *to =
	    access->work->pack->access->collection;
	struct space *places = arena_array(
	    &access->work->arena, n + 1, sizeof(*places));
	enum err e = ERR_OK;

	*out = places;
	*places_n = 0;
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		bool known = false;

		if (!access->known && !is_personal(access, &spaces[i]->name))
			continue;
		if (!id_beside(&spaces[i]->name, to->space, &places[*places_n]))
			e = err_set(ERR_LIMIT,
			    "%s: the name of the space beside it for %s would "
			    "be too long",
			    spaces[i]->name.text, to->name);
		for (size_t k = 0; k < *places_n && !known; k++)
			known = id_space_equal(&places[k], &places[*places_n]);
		*places_n += !known;
	}
	return e;
}

enum err
access_log(const struct access *access, struct space_state *const *spaces,
    size_t n, bool *written)
{
	struct opened *work = access->work;
	struct space *places;
	size_t places_n;
	enum err e;

	*written = false;
	if (work->pack->access == NULL)
		return ERR_OK;
	e = places_find(access, spaces, n, &places, &places_n);
	if (e != ERR_OK || places_n == 0)
		return e;
	if (access->reason == NULL || access->reason[0] == '\0')
		return err_set(ERR_USAGE,
		    "%s: say why with --reason, which is kept in %s%s%s",
		    access->looks ? "this opens personal data"
				  : "personal data leave the store",
		    work->pack->access->collection->name,
		    access->instead != NULL ? "; or " : "",
		    access->instead != NULL ? access->instead : "");
	*written = true;
	store_abort(work->store);
	e = open_again(work);
	if (e == ERR_OK && !work->has_actor)
		e = err_set(ERR_USAGE,
		    "nobody says who takes personal data: --actor NAME");
	for (size_t i = 0; i < places_n && e == ERR_OK; i++) {
		e = record_write(access, &places[i]);
		if (e != ERR_OK)
			e = err_wrap(e,
			    "cannot keep in %s that personal data are taken",
			    places[i].text);
	}
	if (e == ERR_OK)
		e = open_commit(work);
	return e == ERR_OK ? store_begin(work->store, false) : e;
}

void
access_reads(void *classes, const struct pack_field *field)
{
	*(unsigned *)classes |= 1U << field->data_class;
}

enum err
access_table(
    struct opened *work, const struct access_table *table, bool *written)
{
	const struct access access = {.work = work,
	    .classes = table->classes,
	    .reason = args_text(work->args, "reason", 0),
	    .known = true,
	    .instead = table->instead};
	struct space_state **all;
	size_t all_n = 0;
	size_t n = 0;
	enum err e = ERR_OK;

	*written = false;
	if ((table->classes & ~(1U << CLASS_N)) == 0)
		return ERR_OK;
	e = space_all(store_txn(work->store), &all, &all_n);
	for (size_t i = 0; i < all_n; i++)
		if (id_covers(table->prefix, &all[i]->name) &&
		    strcmp(id_class(&all[i]->name), table->collection->space) ==
			0)
			all[n++] = all[i];
	if (e == ERR_OK)
		e = access_log(&access, all, n, written);
	return e == ERR_OK && *written ? open_role(work) : e;
}

/* ---- One record --------------------------------------------------------- */

struct making {
	const struct access *access;
	struct store_edit edits[EDITS_MAX];
	size_t n;
};

/* `value` is used up. */
static void
edit_add(struct making *m, const struct pack_field *field, struct buf *value)
{
	if (field != NULL)
		m->edits[m->n++] = (struct store_edit){
		    .field = bytes_text(field->name),
		    .code = OP_SET,
		    .class = field->data_class,
		    .value = arena_bytes(
			&m->access->work->arena, buf_bytes(value))};
	buf_fini(value);
}

static void
text_add(struct making *m, const struct pack_field *field, struct bytes text)
{
	struct buf value = {0};

	codec_put_text(&value, text);
	edit_add(m, field, &value);
}

static void
time_add(struct making *m, const struct pack_field *field)
{
	int64_t now = host_now_seconds();
	int64_t offset = m->access->work->pack->clock_seconds;
	char text[CALENDAR_TIME_SIZE];

	calendar_write_time(now, offset, text);
	text_add(m, field, bytes_text(text));
}

/* The label of this node. */
static enum err
node_add(struct making *m, const struct pack_field *field)
{
	struct store *store = m->access->work->store;
	const struct authority *authority;
	const struct member *member;
	enum err e = store_authority(store, &authority);

	if (e != ERR_OK)
		return e;
	member = authority_member(authority, &store_identity(store)->key);
	text_add(m, field,
	    member != NULL && member->label.n > 0 ? member->label
						  : bytes_text("?"));
	return ERR_OK;
}

/* What was written before it: whoever takes a record out of the chain later
 * would have to make the rest anew. */
static enum err
before_add(
    struct making *m, const struct pack_field *field, const struct space *space)
{
	struct store *store = m->access->work->store;
	struct buf value = {0};
	struct hash before;
	enum err e;

	if (field == NULL)
		return ERR_OK;
	e = access_chain_next(store_txn(store),
	    space_find(store_txn(store), space), &store_identity(store)->key,
	    &before);
	codec_put_bytes(&value, bytes_of(before.b, sizeof(before.b)));
	edit_add(m, field, &value);
	return e;
}

static enum err
record_write(const struct access *access, const struct space *space)
{
	struct opened *work = access->work;
	const struct pack_access *pack = work->pack->access;
	struct making m = {.access = access};
	struct store_write write = {.space = *space,
	    .create = true,
	    .collection = bytes_text(pack->collection->name),
	    .act = ACT_EDIT,
	    .edits = m.edits,
	    .has_actor = true,
	    .actor = work->actor};
	struct record_id id;
	struct buf who = {0};
	struct buf whom = {0};
	bool changed;
	enum err e;

	codec_put_bytes(&who, bytes_of(work->actor.b, sizeof(work->actor.b)));
	edit_add(&m, pack->who, &who);
	time_add(&m, pack->at);
	text_add(&m, pack->action,
	    bytes_text(access->looks && pack->look != NULL ? pack->look
							   : pack->export));
	if (access->subject != NULL && pack->subject != NULL) {
		codec_put_bytes(&whom,
		    bytes_of(access->subject->b, sizeof(access->subject->b)));
		edit_add(&m, pack->subject, &whom);
	}
	text_add(&m, pack->reason, bytes_text(access->reason));
	e = node_add(&m, pack->place);
	if (e == ERR_OK)
		e = before_add(&m, pack->before, space);
	write.edits_n = m.n;
	return e == ERR_OK ? store_write(work->store, &write, &id, &changed)
			   : e;
}
