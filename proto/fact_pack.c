/*
 * Packs as facts of the authority space.  core/publish.c writes them and
 * core/packs.c puts the pieces together.  Knows nothing of what a pack says.
 * Pure.
 */
#include "proto/fact_pack.h"

#include "proto/fields.h"
#include "proto/text.h"

enum {
	PACK_NAME,
	PACK_VERSION,
	PACK_SHA256,
	PACK_SIZE,
	PACK_PIECE,
	PACK_JSON,
	PACK_KEYS
};

static void pack_field(struct reader *r, int64_t key, void *into);
static bool is_sound(const struct fact_pack *pack);

size_t
fact_pack_pieces(uint64_t size)
{
	return (size_t)((size + LIMIT_PACK_PIECE - 1) / LIMIT_PACK_PIECE);
}

size_t
fact_pack_piece_size(uint64_t size, uint64_t piece)
{
	uint64_t rest;

	assert(piece < fact_pack_pieces(size));
	rest = size - piece * LIMIT_PACK_PIECE;
	return rest < LIMIT_PACK_PIECE ? (size_t)rest : LIMIT_PACK_PIECE;
}

void
fact_pack_put(const struct fact_pack *pack, struct buf *out)
{
	assert(is_sound(pack));
	codec_put_map(out, PACK_KEYS);
	codec_put_int(out, PACK_NAME);
	codec_put_text(out, pack->name);
	codec_put_int(out, PACK_VERSION);
	codec_put_int(out, (int64_t)pack->version);
	codec_put_int(out, PACK_SHA256);
	codec_put_bytes(out, bytes_of(pack->sha256.b, 32));
	codec_put_int(out, PACK_SIZE);
	codec_put_int(out, (int64_t)pack->size);
	codec_put_int(out, PACK_PIECE);
	codec_put_int(out, (int64_t)pack->piece);
	codec_put_int(out, PACK_JSON);
	codec_put_bytes(out, pack->json);
}

enum err
fact_pack_get(struct bytes in, struct fact_pack *pack)
{
	static const struct fields fields = {.needed_n = PACK_KEYS,
	    .known_n = PACK_KEYS,
	    .field = pack_field,
	    .what = "pack fact"};
	enum err e;

	*pack = (struct fact_pack){0};
	e = fields_get(in, &fields, pack);
	if (e == ERR_OK && !is_sound(pack))
		e = err_set(ERR_MALFORMED,
		    "pack fact: its name, version or sizes are not sound");
	return e;
}

static void
pack_field(struct reader *r, int64_t key, void *into)
{
	struct fact_pack *pack = into;

	switch (key) {
	case PACK_NAME:
		pack->name = codec_get_text(r);
		break;
	case PACK_VERSION:
		pack->version = codec_get_uint(r, INT64_MAX);
		break;
	case PACK_SHA256:
		bytes_copy(pack->sha256.b, codec_get_fixed(r, 32));
		break;
	case PACK_SIZE:
		pack->size = codec_get_uint(r, LIMIT_PACK_SIZE);
		break;
	case PACK_PIECE:
		pack->piece = codec_get_uint(r, LIMIT_PACK_PIECES - 1);
		break;
	default:
		pack->json = codec_get_bytes(r);
		break;
	}
}

static bool
is_sound(const struct fact_pack *pack)
{
	return text_is_name(pack->name) && pack->version > 0 &&
	       pack->size > 0 && pack->piece < fact_pack_pieces(pack->size) &&
	       pack->json.n == fact_pack_piece_size(pack->size, pack->piece);
}
