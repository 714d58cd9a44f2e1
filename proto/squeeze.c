/*
 * Compression with limits.  Bodies are packed here before they are sealed,
 * frames before they are sent.  What a frame claims is read from its header by
 * our own code and judged before zstd sees a byte of it.
 */
#include "proto/squeeze.h"

#include <string.h>
#include <zstd.h>

#include "proto/crypto.h"
#include "proto/limits.h"
#include "proto/mem.h"

/* Made by tests/lib/embed.sh from proto/packs/bodies.dict. */
extern const unsigned char embed_bodies[];
extern const size_t embed_bodies_size;

/* What is long is text that a person wrote: a fifth shorter is worth 15 us.
 * What is short gains a twentieth, and an import writes thousands. */
enum { LONG_FROM = 512 };
static const int named_levels[] = {3, 12};
enum { MAGIC_SIZE = 4 };
static const uint8_t magic[MAGIC_SIZE] = {0x28, 0xb5, 0x2f, 0xfd};

/* What the header of a frame claims (RFC 8878 §3.1.1.1). */
struct claim {
	uint64_t content_size;
	uint64_t window_size;
};

static void
pack_setup(struct squeeze *s, int level)
{
	size_t wrong;

	if (s->pack == NULL)
		s->pack = ZSTD_createCCtx();
	mem_check(s->pack);
	wrong = ZSTD_CCtx_setParameter(s->pack, ZSTD_c_compressionLevel, level);
	assert(!ZSTD_isError(wrong));
	wrong = ZSTD_CCtx_setParameter(
	    s->pack, ZSTD_c_windowLog, LIMIT_FRAME_WINDOW_LOG);
	assert(!ZSTD_isError(wrong));
	/* Its name stands before the frame. */
	wrong = ZSTD_CCtx_setParameter(s->pack, ZSTD_c_dictIDFlag, 0);
	assert(!ZSTD_isError(wrong));
}

/* With `dictionary`, or NULL: without one. */
static enum err
pack(struct squeeze *s, struct bytes in, const ZSTD_CDict *dictionary,
    struct buf *out)
{
	static const uint8_t nothing[1];
	size_t before = out->n;
	size_t room = ZSTD_compressBound(in.n);
	size_t n;

	assert(!ZSTD_isError(room));
	n = ZSTD_CCtx_refCDict(s->pack, dictionary);
	assert(!ZSTD_isError(n));
	n = ZSTD_compress2(s->pack, buf_extend(out, room), room,
	    in.n > 0 ? in.p : nothing, in.n);
	if (ZSTD_isError(n)) {
		buf_cut(out, before);
		return err_set(
		    ERR_IO, "compressing failed: %s", ZSTD_getErrorName(n));
	}
	buf_cut(out, before + n);
	return ERR_OK;
}

enum err
squeeze_pack(struct squeeze *s, struct bytes in, int level, struct buf *out)
{
	assert(level >= SQUEEZE_LEVEL_MIN && level <= SQUEEZE_LEVEL_MAX);
	pack_setup(s, level);
	return pack(s, in, NULL, out);
}

/* What the frames that are made with the dictionary have instead of a magic
 * number. */
static void
name_make(struct squeeze *s)
{
	struct hash hash;

	crypto_sha256(bytes_of(embed_bodies, embed_bodies_size), &hash);
	memcpy(s->name, hash.b, sizeof(s->name));
}

enum err
squeeze_pack_named(struct squeeze *s, struct bytes in, struct buf *out)
{
	size_t before = out->n;
	bool is_long = in.n >= LONG_FROM;
	int level = named_levels[is_long];
	ZSTD_CDict **with = &s->pack_with[is_long];
	enum err e;

	pack_setup(s, level);
	if (*with == NULL) {
		name_make(s);
		*with = ZSTD_createCDict(
		    embed_bodies, embed_bodies_size, level);
	}
	mem_check(*with);
	e = pack(s, in, *with, out);
	if (e != ERR_OK)
		return e;
	assert(memcmp(out->p + before, magic, MAGIC_SIZE) == 0);
	memcpy(out->p + before, s->name, MAGIC_SIZE);
	return ERR_OK;
}

/* The bytes of a frame header by its second byte, the descriptor: does it
 * have a window of its own, and how large is the content size? */
static size_t
content_field_size(uint8_t descriptor)
{
	bool is_single = (descriptor & 0x20) != 0;

	switch (descriptor >> 6) {
	case 0:
		return is_single ? 1 : 0;
	case 1:
		return 2;
	case 2:
		return 4;
	}
	return 8;
}

static uint64_t
little_endian(struct bytes field)
{
	uint64_t v = 0;

	for (size_t i = field.n; i > 0; i--)
		v = v << 8 | field.p[i - 1];
	return v;
}

static enum err
claim_decode(struct bytes in, struct claim *claim)
{
	uint8_t descriptor;
	bool is_single;
	size_t n;
	struct bytes field;

	if (in.n < 6 || !bytes_begins(in, bytes_of(magic, sizeof(magic))))
		return err_set(ERR_MALFORMED, "not a compressed frame");
	descriptor = in.p[4];
	is_single = (descriptor & 0x20) != 0;
	n = content_field_size(descriptor);
	if ((descriptor & 0x08) != 0)
		return err_set(
		    ERR_MALFORMED, "a compressed frame of an unknown kind");
	if ((descriptor & 0x03) != 0)
		return err_set(ERR_MALFORMED,
		    "a compressed frame that asks for a"
		    " dictionary");
	if (n == 0)
		return err_set(
		    ERR_MALFORMED, "a compressed frame without content size");
	field = bytes_after(in, is_single ? 5 : 6);
	if (field.n < n)
		return err_set(ERR_MALFORMED, "a compressed frame cut short");
	claim->content_size = little_endian(bytes_first(field, n));
	if (n == 2)
		claim->content_size += 256;
	claim->window_size = claim->content_size;
	if (!is_single) {
		uint64_t base = UINT64_C(1) << (10 + (in.p[5] >> 3));

		claim->window_size = base + base / 8 * (in.p[5] & 7);
	}
	return ERR_OK;
}

static enum err
claim_judge(const struct claim *claim, size_t size_max)
{
	const uint64_t window_max = UINT64_C(1) << LIMIT_FRAME_WINDOW_LOG;

	if (claim->content_size > size_max)
		return err_set(ERR_LIMIT,
		    "a compressed frame of %llu bytes; %zu is the most",
		    (unsigned long long)claim->content_size, size_max);
	if (claim->window_size > window_max)
		return err_set(ERR_LIMIT,
		    "a compressed frame with a window of %llu bytes; %llu is "
		    "the most",
		    (unsigned long long)claim->window_size,
		    (unsigned long long)window_max);
	return ERR_OK;
}

/* With `dictionary`, or NULL: without one. */
static enum err
unpack(struct squeeze *s, struct bytes in, const ZSTD_DDict *dictionary,
    size_t size_max, struct buf *out)
{
	struct claim claim = {0};
	size_t before = out->n;
	size_t size;
	size_t n;
	enum err e;

	e = claim_decode(in, &claim);
	if (e != ERR_OK)
		return e;
	e = claim_judge(&claim, size_max);
	if (e != ERR_OK)
		return e;
	/* zstd would go on with a second frame or skip one. */
	n = ZSTD_findFrameCompressedSize(in.p, in.n);
	if (ZSTD_isError(n))
		return err_set(ERR_MALFORMED, "a compressed frame is wrong: %s",
		    ZSTD_getErrorName(n));
	if (n != in.n)
		return err_set(ERR_MALFORMED,
		    "%zu bytes after a compressed frame", in.n - n);
	if (s->unpack == NULL)
		s->unpack = ZSTD_createDCtx();
	mem_check(s->unpack);
	size = (size_t)claim.content_size;
	n = ZSTD_decompress_usingDDict(
	    s->unpack, buf_extend(out, size), size, in.p, in.n, dictionary);
	if (ZSTD_isError(n) || n != size) {
		buf_cut(out, before);
		return err_set(ERR_MALFORMED, "a compressed frame is wrong: %s",
		    ZSTD_isError(n) ? ZSTD_getErrorName(n)
				    : "its content is shorter than declared");
	}
	return ERR_OK;
}

enum err
squeeze_unpack(
    struct squeeze *s, struct bytes in, size_t size_max, struct buf *out)
{
	return unpack(s, in, NULL, size_max, out);
}

enum err
squeeze_unpack_named(
    struct squeeze *s, uint8_t *in, size_t n, size_t size_max, struct buf *out)
{
	if (s->unpack_with == NULL) {
		name_make(s);
		s->unpack_with = ZSTD_createDDict(
		    embed_bodies, embed_bodies_size);
	}
	mem_check(s->unpack_with);
	if (n < MAGIC_SIZE)
		return err_set(ERR_MALFORMED, "a compressed frame cut short");
	if (memcmp(in, s->name, MAGIC_SIZE) != 0)
		return err_set(ERR_VERSION,
		    "compressed with a dictionary that this golmok does not "
		    "have: a newer one does");
	memcpy(in, magic, MAGIC_SIZE);
	return unpack(s, bytes_of(in, n), s->unpack_with, size_max, out);
}

void
squeeze_fini(struct squeeze *s)
{
	for (size_t i = 0; i < COUNT_OF(s->pack_with); i++)
		(void)ZSTD_freeCDict(s->pack_with[i]);
	(void)ZSTD_freeDDict(s->unpack_with);
	(void)ZSTD_freeCCtx(s->pack);
	(void)ZSTD_freeDCtx(s->unpack);
	buf_wipe(&s->opened);
	*s = (struct squeeze){0};
}
