/*
 * Mirrors.  core/compose.c calls it for each local write, and it calls
 * core/compose.c for the copy; a copy has no copies (core/pack_twins.c).
 */
#include "core/mirror.h"

#include <string.h>

#include "core/effective.h"
#include "core/match.h"
#include "core/record.h"
#include "proto/codec.h"

/* One copy under way. */
struct mirroring {
	struct composer *composer;
	const struct pack_mirror *mirror;
	const struct mirror_source *source;
	struct record copy; /* as it stands */
	struct store_write write;
	struct store_edit *edits; /* arena */
	bool any;		  /* there is something to be compared */
};

static enum err one_write(struct mirroring *m) MUST_USE;

bool
mirror_has(const struct pack *pack, const struct pack_collection *collection)
{
	for (size_t i = 0; pack != NULL && i < pack->mirrors_n; i++)
		if (pack->mirrors[i].from == collection)
			return true;
	return false;
}

bool
mirror_is(const struct pack *pack, const struct pack_collection *collection)
{
	for (size_t i = 0; pack != NULL && i < pack->mirrors_n; i++)
		if (pack->mirrors[i].to == collection)
			return true;
	return false;
}

void
mirror_id(const struct pack_collection *to, const struct record_id *id,
    struct record_id *copy)
{
	struct buf name = {0};
	uint8_t hash[32];

	buf_add_text(&name, to->name);
	buf_add_u8(&name, 0);
	buf_add(&name, bytes_of(id->b, sizeof(id->b)));
	crypto_blake2b((struct bytes){0}, buf_bytes(&name), hash, sizeof(hash));
	*copy = *id;
	memcpy(copy->b + 6, hash, sizeof(copy->b) - 6);
	buf_fini(&name);
}

enum err
mirror_write(struct composer *composer, const struct mirror_source *source)
{
	const struct pack *pack = composer->txn->pack;
	enum err e = ERR_OK;

	for (size_t i = 0; i < pack->mirrors_n && e == ERR_OK; i++) {
		struct mirroring m = {.composer = composer,
		    .mirror = &pack->mirrors[i],
		    .source = source};

		if (m.mirror->from != source->collection)
			continue;
		e = one_write(&m);
		if (e != ERR_OK)
			e = err_wrap(e, "the copy in %s", m.write.space.text);
	}
	return e;
}

/* Reads the copy as it stands, also when it was written just now. */
static enum err
copy_read(struct mirroring *m)
{
	struct composer *composer = m->composer;
	struct txn *txn = composer->txn;
	struct space_state *space;
	enum err e = ERR_OK;

	for (struct draft *d = *composer->drafts; d != NULL && e == ERR_OK;
	     d = d->next)
		if (id_space_equal(&d->space, &m->write.space) &&
		    draft_has(d, &m->write.record))
			e = compose_seal(composer, d);
	if (e != ERR_OK)
		return e;
	space = space_find(txn, &m->write.space);
	if (space == NULL)
		return kv_failed(txn->kv);
	return record_get(txn,
	    &(struct record_read){
		.space = space, .cells = true, .arena = &txn->arena},
	    &m->write.record, &m->copy);
}

static void
push(struct mirroring *m, const struct pack_field *field, enum op_code code,
    struct bytes value)
{
	m->edits[m->write.edits_n++] = (struct store_edit){
	    .field = bytes_text(field->name),
	    .code = code,
	    .class = field->data_class,
	    .value = value};
}

static bool
has_value(const struct record_field *content, struct bytes value)
{
	for (size_t i = 0; content != NULL && i < content->n; i++)
		if (bytes_equal(content->values[i].value, value))
			return true;
	return false;
}

/* What `to` of the copy becomes, `content` being the source's. */
static void
field_edit(struct mirroring *m, const struct pack_field *from,
    const struct pack_field *to, const struct record_field *content)
{
	const struct record_field *has = merge_find(
	    &m->copy, bytes_text(to->name), to->kind);
	size_t n = content != NULL ? content->n : 0;

	if (to->kind != KIND_SET) {
		const struct record_value *value = n > 0 ? effective_value(from,
							       m->source->after,
							       content)
							 : NULL;

		if (value == NULL)
			push(m, to, OP_CLEAR, (struct bytes){0});
		else
			push(m, to, to->kind == KIND_STATE ? OP_MOVE : OP_SET,
			    value->value);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!has_value(has, content->values[i].value))
			push(m, to, OP_ADD, content->values[i].value);
	for (size_t i = 0; has != NULL && i < has->n; i++)
		if (!has_value(content, has->values[i].value))
			push(m, to, OP_REMOVE, has->values[i].value);
}

static bool
has_hashes(const struct pack_mirror *mirror)
{
	bool hashes = false;

	for (size_t i = 0; i < mirror->fields_n; i++)
		hashes = hashes || mirror->fields[i].from->match != NULL;
	return hashes;
}

static void
edits_make(struct mirroring *m)
{
	const struct pack_mirror *mirror = m->mirror;
	struct arena *arena = &m->composer->txn->arena;
	const struct record *after = m->source->after;
	bool hashes = has_hashes(mirror);
	struct buf id = {0};
	size_t room = 1;

	for (size_t i = 0; i < after->fields_n; i++)
		room += after->fields[i].n;
	for (size_t i = 0; i < m->copy.fields_n; i++)
		room += m->copy.fields[i].n;
	m->edits = arena_array(
	    arena, room + mirror->fields_n, sizeof(*m->edits));
	codec_put_bytes(
	    &id, bytes_of(m->source->id->b, sizeof(m->source->id->b)));
	push(m, mirror->source, OP_SET, arena_bytes(arena, buf_bytes(&id)));
	buf_fini(&id);
	for (size_t i = 0; i < mirror->fields_n; i++) {
		const struct pack_field *from = mirror->fields[i].from;
		const struct record_field *content = merge_find(
		    after, bytes_text(from->name), from->kind);

		field_edit(m, from, mirror->fields[i].to, content);
		if (content != NULL && (from->match != NULL || !hashes))
			m->any = true;
	}
	m->write.edits = m->edits;
}

/* May the copy begin?  Hashes that are not of a key in force here came with the
 * record from somewhere else, and can be compared with nothing. */
static enum err
may_begin(const struct mirroring *m, bool *begins)
{
	struct bytes secret;
	enum err e;

	*begins = m->source->write->act == ACT_EDIT && m->any;
	if (!*begins || !has_hashes(m->mirror))
		return ERR_OK;
	e = match_key(m->composer->txn, &m->source->write->space, &secret);
	*begins = e == ERR_OK && secret.n > 0;
	return e;
}

static enum err
one_write(struct mirroring *m)
{
	const struct store_write *from = m->source->write;
	bool begins = true;
	struct record_id id;
	bool changed;
	enum err e;

	mirror_id(m->mirror->to, m->source->id, &m->write.record);
	m->write.has_record = true;
	m->write.has_actor = from->has_actor;
	m->write.actor = from->actor;
	m->write.act = from->act;
	m->write.collection = bytes_text(m->mirror->to->name);
	if (!id_beside(&m->source->write->space, m->mirror->to->space,
		&m->write.space) ||
	    own_may(&m->composer->writer, &m->write.space) != ERR_OK)
		return ERR_OK;
	e = copy_read(m);
	if (e != ERR_OK || (!m->copy.exists && m->copy.heads_n > 0))
		return e;
	m->write.create = !m->copy.exists;
	if (from->act == ACT_EDIT)
		edits_make(m);
	if (m->write.create)
		e = may_begin(m, &begins);
	if (e != ERR_OK || !begins)
		return e;
	if (m->copy.status == RECORD_DELETED && from->act == ACT_EDIT) {
		struct store_write keep = m->write;

		keep.act = ACT_KEEP;
		keep.edits_n = 0;
		e = compose_write(m->composer, &keep, &id, &changed);
	}
	return e == ERR_OK
		   ? compose_write(m->composer, &m->write, &id, &changed)
		   : e;
}
