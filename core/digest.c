/*
 * Digests of state and of logs.  core/record.c keeps the state digests of a
 * space true with the terms made here; sync and `golmok verify` compare log
 * digests.  Reads the tables of logs only, and writes nothing.
 */
#include "core/digest.h"

#include <string.h>

/* The text of most records. */
enum { TEXT_ROOM = 1000 };

static void add_field(struct buf *text, const struct record_field *field,
    const uint8_t dot[ID_DOT_SIZE], struct bytes value);
static void term_of(struct buf *text, struct digest *term);
static enum err add_logs(struct txn *txn, struct space_state *space,
    struct crypto_sha256 *state) MUST_USE;

void
digest_add(struct digest *sum, const struct digest *term)
{
	uint64_t carry = 0;

	for (size_t i = sizeof(sum->b); i > 0; i -= 8) {
		uint64_t a = bytes_be64(&sum->b[i - 8]);
		uint64_t b = a + bytes_be64(&term->b[i - 8]);

		bytes_put_be64(&sum->b[i - 8], b + carry);
		carry = b < a || b + carry < b;
	}
}

void
digest_sub(struct digest *sum, const struct digest *term)
{
	uint64_t borrow = 0;

	for (size_t i = sizeof(sum->b); i > 0; i -= 8) {
		uint64_t a = bytes_be64(&sum->b[i - 8]);
		uint64_t b = a - bytes_be64(&term->b[i - 8]);

		bytes_put_be64(&sum->b[i - 8], b - borrow);
		borrow = b > a || b - borrow > b;
	}
}

/*
 * BLAKE2b-256 of "golmok/record/1", u8 class, record (16), in class N u8
 * status, be16 length and bytes of the collection and be64 created, and for
 * each field with one value, of this class, in order: be16 length and bytes of
 * its name, u8 kind, dot (36), be32 length and bytes of the value.
 */
bool
digest_record(const struct record_id *id, const struct record *record,
    enum delta_class class, struct digest *term)
{
	struct buf text = {0};
	bool any = class == CLASS_N;
	uint8_t dot[ID_DOT_SIZE];
	uint32_t source = UINT32_MAX;

	memset(term, 0, sizeof(*term));
	if (!record->exists)
		return false;
	for (size_t i = 0; i < record->fields_n && !any; i++)
		any = record->fields[i].n == 1 &&
		      record->fields[i].values[0].class == class;
	if (!any)
		return false;
	buf_reserve(&text, TEXT_ROOM);
	buf_add_text(&text, "golmok/record/1");
	buf_add_u8(&text, (uint8_t) class);
	buf_add(&text, bytes_of(id->b, sizeof(id->b)));
	if (class == CLASS_N) {
		buf_add_u8(&text, (uint8_t)record->status);
		buf_add_be16(&text, (uint16_t)record->collection.n);
		buf_add(&text, record->collection);
		buf_add_be64(&text, record->created.v);
	}
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];
		const struct record_value *value = field->values;

		if (field->n != 1 || value->class != class)
			continue;
		/* Neighbours mostly stem from one change. */
		if (value->source != source) {
			struct dot first = merge_dot(record, value);

			id_dot_put(&first, dot);
			source = value->source;
		}
		id_dot_put_op(value->op, dot);
		add_field(&text, field, dot, value->value);
	}
	term_of(&text, term);
	return true;
}

static void
add_field(struct buf *text, const struct record_field *field,
    const uint8_t dot[ID_DOT_SIZE], struct bytes value)
{
	assert(field->name.n <= UINT16_MAX && value.n <= UINT32_MAX);
	buf_add_be16(text, (uint16_t)field->name.n);
	buf_add(text, field->name);
	buf_add_u8(text, (uint8_t)field->kind);
	buf_add(text, bytes_of(dot, ID_DOT_SIZE));
	buf_add_be32(text, (uint32_t)value.n);
	buf_add(text, value);
}

static void
term_of(struct buf *text, struct digest *term)
{
	crypto_blake2b(
	    (struct bytes){0}, buf_bytes(text), term->b, sizeof(term->b));
	buf_fini(text);
}

/*
 * BLAKE2b-256 of "golmok/value/1", record (16), be16 length and bytes of the
 * field's name, u8 kind, dot (36), be32 length and bytes of the value.  The
 * class is that of the digest it is added to.
 */
void
digest_value(const struct record_id *id, const struct record_field *field,
    const struct dot *dot, struct bytes value, struct digest *term)
{
	uint8_t encoded[ID_DOT_SIZE];
	struct buf text = {0};

	id_dot_put(dot, encoded);
	buf_add_text(&text, "golmok/value/1");
	buf_add(&text, bytes_of(id->b, sizeof(id->b)));
	add_field(&text, field, encoded, value);
	term_of(&text, term);
}

/*
 * SHA-256 of "golmok/logs/1" and of each log that is not empty, first those of
 * the space, then those of `authority`, each sorted by id: log (16), be64 size,
 * root (32).  Of `authority` itself its logs come once.
 */
enum err
digest_logs(struct txn *txn, struct space_state *space, struct hash *digest)
{
	struct crypto_sha256 state;
	struct space_state *authority;
	enum err e;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_text("golmok/logs/1"));
	e = add_logs(txn, space, &state);
	if (e != ERR_OK)
		return e;
	authority = space_find(txn, &id_authority);
	e = kv_failed(txn->kv);
	if (e == ERR_OK && authority != NULL && authority != space)
		e = add_logs(txn, authority, &state);
	if (e != ERR_OK)
		return e;
	crypto_sha256_out(&state, digest);
	return ERR_OK;
}

static enum err
add_logs(
    struct txn *txn, struct space_state *space, struct crypto_sha256 *state)
{
	struct log **logs;
	size_t n;
	enum err e = oplog_all(txn, space, &logs, &n);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		struct hash root;
		uint8_t size[8];

		if (logs[i]->frontier.size == 0)
			continue;
		bytes_put_be64(size, logs[i]->frontier.size);
		merkle_root(&logs[i]->frontier, &root);
		crypto_sha256_add(
		    state, bytes_of(logs[i]->id.b, sizeof(logs[i]->id.b)));
		crypto_sha256_add(state, bytes_of(size, sizeof(size)));
		crypto_sha256_add(state, bytes_of(root.b, sizeof(root.b)));
	}
	return ERR_OK;
}
