/*
 * Keyed hashes that the node fills in.  core/compose.c calls it for each local
 * write; cli/ asks for the key in force.  Who compares hashes knows nothing of
 * what they are made of.
 */
#include "core/match.h"

#include <string.h>

#include "core/fold.h"
#include "core/record.h"
#include "core/shown.h"
#include "proto/calendar.h"
#include "proto/codec.h"
#include "proto/hangul.h"

enum { SECRET_MIN = 16, SECRET_MAX = 64 };

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Signs that mean nothing to who compares; all of ASCII but letters, digits
 * and bytes of larger characters. */
static bool
is_sign(uint8_t c)
{
	return c < 0x80 && !is_digit(c) && !(c >= 'a' && c <= 'z');
}

static void
digits_add(struct bytes text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++)
		if (is_digit(text.p[i]))
			buf_add_u8(out, text.p[i]);
}

static void
phone_add(struct bytes text, struct buf *out)
{
	const struct bytes abroad = bytes_text("82");
	struct buf digits = {0};
	struct bytes number;
	size_t first = 0;

	while (first < text.n && text.p[first] == ' ')
		first++;
	digits_add(text, &digits);
	number = buf_bytes(&digits);
	/* +82 10 and +82 (0)10 are 010. */
	if (first < text.n && text.p[first] == '+' &&
	    bytes_begins(number, abroad)) {
		number = bytes_after(number, abroad.n);
		while (number.n > 0 && number.p[0] == '0')
			number = bytes_after(number, 1);
		if (number.n > 0)
			buf_add_u8(out, '0');
	}
	buf_add(out, number);
	buf_fini(&digits);
}

/* How many bytes at the start of `text` mean nothing: a sign, or what `fold`
 * drops wherever it stands. */
static size_t
sign_size(const struct pack_fold *fold, struct bytes text)
{
	for (size_t i = 0; fold != NULL && i < fold->drop_n; i++)
		if (bytes_begins(text, bytes_text(fold->drop[i])))
			return bytes_text(fold->drop[i]).n;
	return is_sign(text.p[0]) ? 1 : 0;
}

/* Without what stands in brackets, since people add there what they like. */
static void
address_add(const struct pack_fold *fold, struct bytes text, struct buf *out)
{
	unsigned depth = 0;
	bool number = false; /* the last thing added was one */

	for (size_t i = 0; i < text.n;) {
		size_t end = i;
		size_t sign;

		if (text.p[i] == '(')
			depth++;
		else if (text.p[i] == ')' && depth > 0)
			depth--;
		sign = sign_size(fold, bytes_after(text, i));
		if (depth > 0 || sign > 0) {
			i += sign > 0 ? sign : 1;
			continue;
		}
		if (!is_digit(text.p[i])) {
			buf_add_u8(out, text.p[i++]);
			number = false;
			continue;
		}
		while (end < text.n && is_digit(text.p[end]))
			end++;
		while (i + 1 < end && text.p[i] == '0')
			i++;
		if (number)
			buf_add_u8(out, '-');
		buf_add(out, bytes_first(bytes_after(text, i), end - i));
		number = true;
		i = end;
	}
}

/* Spaces of whatever width. */
static void
spaces_drop(struct bytes text, struct buf *out)
{
	const struct bytes wide = bytes_text("\xe3\x80\x80");

	while (text.n > 0) {
		size_t n = bytes_begins(text, wide) ? wide.n : 0;

		if (n == 0 && (text.p[0] == ' ' || text.p[0] == '\t' ||
				  text.p[0] == '\n' || text.p[0] == '\r'))
			n = 1;
		if (n == 0)
			buf_add_u8(out, text.p[0]);
		text = bytes_after(text, n > 0 ? n : 1);
	}
}

enum err
match_normal(enum pack_normal as, const struct pack_fold *fold,
    struct bytes text, struct buf *out)
{
	struct pack_fold some = {0};
	struct buf folded = {0};
	struct buf plain = {0};
	enum err e;

	/* What stands between two numbers must not go before they are told
	 * apart. */
	if (fold != NULL && as == PACK_NORMAL_NAME)
		some = *fold;
	if (fold != NULL && as == PACK_NORMAL_ADDRESS) {
		some.drop_before_digit = fold->drop_before_digit;
		some.drop_before_digit_n = fold->drop_before_digit_n;
	}
	e = fold_text(&some, text, &folded);
	spaces_drop(buf_bytes(&folded), &plain);
	if (e != ERR_OK)
		goto out;
	switch (as) {
	case PACK_NORMAL_TEXT:
		buf_add(out, buf_bytes(&plain));
		break;
	case PACK_NORMAL_NAME:
		hangul_letters(buf_bytes(&plain), out);
		break;
	case PACK_NORMAL_ADDRESS:
		address_add(fold, buf_bytes(&folded), out);
		break;
	case PACK_NORMAL_PHONE:
		phone_add(buf_bytes(&folded), out);
		break;
	case PACK_NORMAL_DATE:
		digits_add(buf_bytes(&folded), out);
		break;
	}
out:
	buf_fini(&plain);
	buf_fini(&folded);
	return e;
}

void
match_hash(struct bytes secret, struct bytes normal, uint8_t *hash)
{
	uint8_t whole[32];

	assert(secret.n >= SECRET_MIN && secret.n <= SECRET_MAX);
	crypto_blake2b(secret, normal, whole, sizeof(whole));
	memcpy(hash, whole, MATCH_SIZE);
}

/* ---- the key ------------------------------------------------------------ */

/* The best key so far of one space. */
struct best {
	struct bytes secret; /* arena; empty: none yet */
	int64_t day;
};

/* Takes `record` if it is a key whose day has come, and no older than the best;
 * records come in the order of their ids. */
static void
key_try(const struct pack_keys *keys, const struct record *record,
    int64_t today, struct arena *arena, struct best *best)
{
	struct reader secret;
	struct reader from;
	struct bytes bytes;
	int64_t day;

	if (record->status == RECORD_DELETED ||
	    !bytes_is(record->collection, keys->collection->name))
		return;
	codec_begin(&secret, shown_value(record, keys->secret));
	codec_begin(&from, shown_value(record, keys->from));
	bytes = codec_get_bytes(&secret);
	if (!calendar_read_day(codec_get_text(&from), &day) || secret.bad ||
	    bytes.n < SECRET_MIN || bytes.n > SECRET_MAX || day > today ||
	    (best->secret.n > 0 && day < best->day))
		return;
	best->secret = arena_bytes(arena, bytes);
	best->day = day;
}

static enum err
keys_read(
    struct txn *txn, const struct space *name, int64_t today, struct best *best)
{
	struct space_state *space = space_find(txn, name);
	struct record_id id = {0};
	struct record record;
	bool found = true;
	enum err e = kv_failed(txn->kv);

	while (e == ERR_OK && space != NULL && found) {
		e = record_next(txn,
		    &(struct record_read){
			.space = space, .cells = true, .arena = &txn->arena},
		    &id, &record, &found);
		if (e == ERR_OK && found)
			key_try(txn->pack->match, &record, today, &txn->arena,
			    best);
	}
	return e;
}

/* The keys in the space `prefix`, `between` and the class of keys put together;
 * what is too long for a name is no space. */
static enum err
place_read(struct txn *txn, struct bytes prefix, const char *between,
    int64_t today, struct best *best)
{
	struct buf name = {0};
	struct space space;
	enum err e = ERR_OK;

	buf_add(&name, prefix);
	buf_add_format(
	    &name, "%s%s", between, txn->pack->match->collection->space);
	if (name.n <= LIMIT_SPACE_SIZE &&
	    id_space(buf_bytes(&name), &space) == ERR_OK)
		e = keys_read(txn, &space, today, best);
	buf_fini(&name);
	return e;
}

enum err
match_key(struct txn *txn, const struct space *space, struct bytes *secret)
{
	const struct host *host = txn->host;
	struct bytes prefix = bytes_text(space->text);
	int64_t seconds = calendar_seconds(host->now_ms(host->arg));
	int64_t today;
	struct best best = {0};
	enum err e = ERR_OK;

	*secret = (struct bytes){0};
	if (txn->pack == NULL || txn->pack->match == NULL)
		return ERR_OK;
	today = calendar_day_at(seconds, txn->pack->clock_seconds);
	while (e == ERR_OK && best.secret.n == 0) {
		prefix = id_above(prefix);
		if (prefix.n == 0)
			break;
		e = place_read(txn, prefix, "/", today, &best);
		if (e == ERR_OK && best.secret.n == 0)
			e = place_read(txn, prefix, "/all/", today, &best);
	}
	if (e == ERR_OK && best.secret.n == 0)
		e = place_read(txn, bytes_text("city"), "/all/", today, &best);
	*secret = best.secret;
	return e;
}

/* Does the pack say that the node fills a field of `collection`? */
static bool
is_filled_in(const struct pack_collection *collection)
{
	for (size_t i = 0; i < collection->fields_n; i++)
		if (collection->fields[i].match != NULL)
			return true;
	return false;
}

/* Can records of `space` have fields that the node fills? */
static bool
is_filled(const struct pack *pack, const struct space *space)
{
	const char *class = id_class(space);

	for (size_t i = 0; i < pack->collections_n; i++)
		if (strcmp(pack->collections[i].space, class) == 0 &&
		    is_filled_in(&pack->collections[i]))
			return true;
	return false;
}

enum err
match_lacking(struct txn *txn, struct buf *names)
{
	struct space_state **spaces;
	size_t n = 0;
	enum err e;

	if (txn->pack == NULL || txn->pack->match == NULL)
		return ERR_OK;
	e = space_all(txn, &spaces, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct bytes secret;

		if (spaces[i]->records == 0 ||
		    !is_filled(txn->pack, &spaces[i]->name))
			continue;
		e = match_key(txn, &spaces[i]->name, &secret);
		if (e == ERR_OK && secret.n == 0)
			buf_add_format(names, "%s%s", names->n > 0 ? ", " : "",
			    spaces[i]->name.text);
	}
	return e;
}

/* ---- filling in --------------------------------------------------------- */

/* The edit of `write` that edits the register `field`; NULL when none does. */
static const struct store_edit *
edit_of(const struct store_write *write, const struct pack_field *field)
{
	for (size_t i = 0; i < write->edits_n; i++)
		if (body_kind(write->edits[i].code) == field->kind &&
		    bytes_is(write->edits[i].field, field->name))
			return &write->edits[i];
	return NULL;
}

/* What the hash `field` becomes when its source is edited as `edit`: without a
 * key it is not known any more. */
static enum err
edit_make(struct txn *txn, const struct pack_field *field,
    const struct store_edit *edit, struct bytes secret, struct store_edit *made)
{
	const struct pack_fold *fold = txn->pack->fold;
	struct buf normal = {0};
	struct buf value = {0};
	uint8_t hash[MATCH_SIZE];
	struct reader r;
	enum err e = ERR_OK;

	codec_begin(&r, edit->value);
	if (body_has_value(edit->code) && secret.n > 0)
		e = match_normal(
		    field->match->as, fold, codec_get_text(&r), &normal);
	*made = (struct store_edit){.field = bytes_text(field->name),
	    .code = OP_CLEAR,
	    .class = field->data_class};
	if (e == ERR_OK && normal.n > 0) {
		match_hash(secret, buf_bytes(&normal), hash);
		codec_put_bytes(&value, bytes_of(hash, sizeof(hash)));
		made->code = OP_SET;
		made->value = arena_bytes(&txn->arena, buf_bytes(&value));
	}
	buf_wipe(&normal);
	buf_fini(&value);
	return e;
}

/* Does `record` show what `edit` sets already? */
static bool
is_shown(const struct record *record, const struct store_edit *edit)
{
	const struct record_field *has = merge_find(
	    record, edit->field, body_kind(edit->code));

	/* Of values that contradict each other the others go with this write,
	 * and what was made of them.  What clears has no value, and none is
	 * empty. */
	return has != NULL && has->n == 1 &&
	       bytes_equal(has->values[0].value, edit->value);
}

enum err
match_fill(struct txn *txn, const struct pack_collection *collection,
    const struct record *record, struct store_write *write)
{
	struct bytes secret = {0};
	struct store_edit *edits = NULL;
	size_t n = write->edits_n;
	bool asked = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < collection->fields_n && e == ERR_OK; i++) {
		const struct pack_field *field = &collection->fields[i];
		const struct store_edit *of;
		const struct store_edit *given = edit_of(write, field);

		if (field->match == NULL)
			continue;
		of = edit_of(write, field->match->of);
		if (of == NULL)
			continue;
		if (!asked)
			e = match_key(txn, &write->space, &secret);
		asked = true;
		if (e != ERR_OK)
			break;
		if (secret.n == 0 &&
		    (given != NULL || write->create || is_shown(record, of)))
			continue;
		if (edits == NULL) {
			edits = arena_array(&txn->arena,
			    write->edits_n + collection->fields_n,
			    sizeof(*edits));
			for (size_t k = 0; k < n; k++)
				edits[k] = write->edits[k];
		}
		e = edit_make(txn, field, of, secret,
		    &edits[given != NULL ? (size_t)(given - write->edits)
					 : n++]);
	}
	if (e == ERR_OK && edits != NULL) {
		write->edits = edits;
		write->edits_n = n;
	}
	return e;
}
