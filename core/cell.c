/*
 * Cells as keys and bytes, for core/record.c and core/turn.c.  Names are in the
 * rows as well as, hashed, in the keys: whoever finds two names with one hash
 * gains nothing.
 */
#include "core/cell.h"

#include <string.h>

enum { NAME_HASH_SIZE = 8, NAME_DIGEST_SIZE = 16 };
enum { PREFIX_SIZE = 4 + 16 + NAME_HASH_SIZE + 1 };

struct cell
cell_of(const struct record *record, const struct record_field *field,
    const struct record_value *value)
{
	const struct record_source *source = &record->sources[value->source];

	return (struct cell){
	    .field = field->name,
	    .kind = field->kind,
	    .dot = {.at = source->at, .op = value->op},
	    .class = value->class,
	    .stamp = source->stamp,
	    .has_actor = source->has_actor,
	    .actor = source->actor,
	    .value = value->value,
	};
}

struct record_source
cell_source(const struct cell *cell)
{
	return (struct record_source){
	    .at = cell->dot.at,
	    .stamp = cell->stamp,
	    .has_actor = cell->has_actor,
	    .actor = cell->actor,
	};
}

void
cell_prefix(struct space_no space, const struct record_id *id,
    struct bytes name, enum field_kind kind, struct key *key)
{
	uint8_t digest[NAME_DIGEST_SIZE];
	uint8_t b = (uint8_t)kind;

	crypto_blake2b((struct bytes){0}, name, digest, sizeof(digest));
	tables_record_key(space, id, key);
	tables_key_add(key, bytes_of(digest, NAME_HASH_SIZE));
	tables_key_add(key, bytes_of(&b, 1));
	assert(key->n == PREFIX_SIZE);
}

void
cell_key(struct space_no space, const struct record_id *id,
    const struct cell *cell, struct key *key)
{
	uint8_t dot[ID_DOT_SIZE];

	id_dot_put(&cell->dot, dot);
	cell_prefix(space, id, cell->field, cell->kind, key);
	tables_key_add(key, bytes_of(dot, sizeof(dot)));
}

void
cell_encode(const struct cell *cell, struct buf *out)
{
	assert(cell->field.n <= UINT16_MAX);
	buf_add_u8(out, (uint8_t)cell->class);
	buf_add_be64(out, cell->stamp.v);
	buf_add_u8(out, cell->has_actor);
	if (cell->has_actor)
		buf_add(out, bytes_of(cell->actor.b, sizeof(cell->actor.b)));
	buf_add_be16(out, (uint16_t)cell->field.n);
	buf_add(out, cell->field);
	buf_add(out, cell->value);
}

bool
cell_decode(struct bytes key, struct bytes content, struct cell *cell)
{
	size_t actor_n;
	size_t field_n;

	memset(cell, 0, sizeof(*cell));
	if (key.n != PREFIX_SIZE + ID_DOT_SIZE || content.n < 1 + 8 + 1 + 2 ||
	    key.p[PREFIX_SIZE - 1] >= KIND_COUNT ||
	    content.p[0] >= CLASS_COUNT || content.p[9] > 1)
		return false;
	cell->kind = (enum field_kind)key.p[PREFIX_SIZE - 1];
	id_dot_get(bytes_after(key, PREFIX_SIZE).p, &cell->dot);
	cell->class = (enum delta_class)content.p[0];
	cell->stamp.v = bytes_be64(bytes_after(content, 1).p);
	cell->has_actor = content.p[9] == 1;
	content = bytes_after(content, 10);
	actor_n = cell->has_actor ? sizeof(cell->actor.b) : 0;
	if (content.n < actor_n + 2)
		return false;
	bytes_copy(cell->actor.b, bytes_first(content, actor_n));
	content = bytes_after(content, actor_n);
	field_n = bytes_be16(content.p);
	content = bytes_after(content, 2);
	if (content.n < field_n)
		return false;
	cell->field = bytes_first(content, field_n);
	cell->value = bytes_after(content, field_n);
	return true;
}
