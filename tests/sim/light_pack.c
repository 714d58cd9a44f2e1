/*
 * Packs that were read before, lent to whoever reads the same text again.  The
 * linker sends calls here (tests/sim/wrap.c has the list).
 */
#include <string.h>

#include "core/pack.h"
#include "proto/json.h"
#include "proto/mem.h"
#include "tests/sim/hold.h"
#include "tests/sim/light.h"

enum {
	TEXTS_MAX = 64,
	/* Shorter ones are read as fast as they are found. */
	TEXT_MIN = 256,
	HASHED_MIN = 32 * 1024,
};

/* What is made of a text. */
enum kind { KIND_PACK, KIND_PACK_DOC, KIND_DOC, KIND_HASH };

static struct light_text {
	enum kind kind;
	struct buf text;   /* owned */
	struct pack *pack; /* owned */
	struct buf doc;	   /* owned: of KIND_DOC */
	struct hash hash;  /* of KIND_HASH */
	size_t users;
	uint64_t used; /* when it was asked for last; 0: a free place */
} texts[TEXTS_MAX];
static uint64_t asked;

enum err __real_pack_parse(struct bytes json, struct pack **pack) MUST_USE;
enum err __wrap_pack_parse(struct bytes json, struct pack **pack) MUST_USE;
enum err __real_pack_parse_doc(struct bytes doc, struct pack **pack) MUST_USE;
enum err __wrap_pack_parse_doc(struct bytes doc, struct pack **pack) MUST_USE;
void __real_pack_free(struct pack *pack);
void __wrap_pack_free(struct pack *pack);
enum err __real_json_decode(struct bytes json, struct buf *out) MUST_USE;
enum err __wrap_json_decode(struct bytes json, struct buf *out) MUST_USE;

void __real_crypto_sha256(struct bytes in, struct hash *hash);

static struct light_text *
text_find(enum kind kind, struct bytes text)
{
	asked++;
	for (size_t i = 0; i < TEXTS_MAX; i++) {
		struct light_text *at = &texts[i];

		if (at->used > 0 && at->kind == kind &&
		    bytes_equal(buf_bytes(&at->text), text)) {
			at->used = asked;
			return at;
		}
	}
	return NULL;
}

/* A place for `text`, of which nobody has asked the longest; NULL: all are in
 * use. */
static struct light_text *
text_add(enum kind kind, struct bytes text)
{
	struct light_text *at = NULL;
	unsigned before;

	for (size_t i = 0; i < TEXTS_MAX; i++)
		if (texts[i].users == 0 &&
		    (at == NULL || texts[i].used < at->used))
			at = &texts[i];
	if (at == NULL)
		return NULL;
	__real_pack_free(at->pack);
	buf_fini(&at->text);
	buf_fini(&at->doc);
	*at = (struct light_text){.kind = kind, .used = asked};
	before = hold_nobody();
	buf_add(&at->text, text);
	hold_end(before);
	return at;
}

static enum err
pack_lend(enum kind kind, struct bytes text, struct pack **pack)
{
	struct light_text *at = NULL;
	bool keep = light_is_on() && text.n >= TEXT_MIN;
	enum err e;

	if (keep)
		at = text_find(kind, text);
	if (at == NULL) {
		e = kind == KIND_PACK ? __real_pack_parse(text, pack)
				      : __real_pack_parse_doc(text, pack);
		if (e != ERR_OK || !keep)
			return e;
		at = text_add(kind, text);
		if (at == NULL)
			return ERR_OK;
		at->pack = *pack;
	}
	at->users++;
	*pack = at->pack;
	return ERR_OK;
}

enum err
__wrap_pack_parse(struct bytes json, struct pack **pack)
{
	return pack_lend(KIND_PACK, json, pack);
}

enum err
__wrap_pack_parse_doc(struct bytes doc, struct pack **pack)
{
	return pack_lend(KIND_PACK_DOC, doc, pack);
}

void
__wrap_pack_free(struct pack *pack)
{
	for (size_t i = 0; i < TEXTS_MAX && pack != NULL; i++)
		if (texts[i].used > 0 && texts[i].pack == pack) {
			assert(texts[i].users > 0);
			texts[i].users--;
			return;
		}
	__real_pack_free(pack);
}

enum err
__wrap_json_decode(struct bytes json, struct buf *out)
{
	struct light_text *at;
	size_t before = out->n;
	enum err e;

	if (!light_is_on() || json.n < TEXT_MIN)
		return __real_json_decode(json, out);
	at = text_find(KIND_DOC, json);
	if (at != NULL) {
		buf_add(out, buf_bytes(&at->doc));
		return ERR_OK;
	}
	e = __real_json_decode(json, out);
	if (e == ERR_OK)
		at = text_add(KIND_DOC, json);
	if (at != NULL)
		buf_add(&at->doc, bytes_after(buf_bytes(out), before));
	return e;
}

void
light_text_hash(struct bytes text, struct hash *hash)
{
	struct light_text *at = NULL;
	bool keep = light_is_on() && text.n >= HASHED_MIN;

	if (keep)
		at = text_find(KIND_HASH, text);
	if (at != NULL) {
		*hash = at->hash;
		return;
	}
	__real_crypto_sha256(text, hash);
	if (keep)
		at = text_add(KIND_HASH, text);
	if (at != NULL)
		at->hash = *hash;
}
