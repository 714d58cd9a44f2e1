#ifndef GOLMOK_PROTO_SQUEEZE_H
#define GOLMOK_PROTO_SQUEEZE_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Compression of bodies and frames: each is one Zstandard frame (RFC 8878)
 * that declares its content size, whose window is at most
 * 2^LIMIT_FRAME_WINDOW_LOG bytes and that says of no dictionary.
 *
 * A body is too short to say anything twice.  A *named frame* is made with a
 * dictionary of what bodies say (proto/packs/bodies.dict); in the place of the
 * four bytes that begin every frame it has the first four of the SHA-256 of
 * that dictionary.
 */

/* The contexts of one thread, made at their first use and kept for the next.
 * A zeroed struct squeeze is ready; it ends with squeeze_fini.  Without memory
 * for one the process ends. */
struct squeeze {
	struct ZSTD_CCtx_s *pack;   /* owned */
	struct ZSTD_DCtx_s *unpack; /* owned */
	/* The dictionary, digested for short and long bodies and for reading,
	 * and its name. */
	struct ZSTD_CDict_s *pack_with[2]; /* owned */
	struct ZSTD_DDict_s *unpack_with;  /* owned */
	uint8_t name[4];
	struct buf opened; /* owned: of proto/body.c; between calls empty */
};

enum { SQUEEZE_LEVEL_MIN = 1, SQUEEZE_LEVEL_MAX = 19 };

/* Appends `in` as one compressed frame to `out`, with the effort `level`
 * (SQUEEZE_LEVEL_MIN..MAX).  ERR_IO, and `out` as it was, when zstd fails,
 * which only a lack of memory can cause. */
enum err squeeze_pack(
    struct squeeze *s, struct bytes in, int level, struct buf *out) MUST_USE;

/* Appends the content of the one frame `in` to `out`.  Nothing is allocated
 * before the declared size was held against `size_max`.  On an error `out` is
 * as it was.  ERR_LIMIT: content or window larger than allowed.
 * ERR_MALFORMED: not a frame, no content size, a dictionary, wrong data,
 * content of another size than declared, bytes after the frame. */
enum err squeeze_unpack(struct squeeze *s, struct bytes in, size_t size_max,
    struct buf *out) MUST_USE;

/* Appends `in` as a named frame to `out`; fails as squeeze_pack. */
enum err squeeze_pack_named(
    struct squeeze *s, struct bytes in, struct buf *out) MUST_USE;
/* As squeeze_unpack for the named frame of `n` bytes at `in`, which is used up:
 * its bytes say nothing afterwards.  ERR_VERSION besides: its dictionary is not
 * one that this program has. */
enum err squeeze_unpack_named(struct squeeze *s, uint8_t *in, size_t n,
    size_t size_max, struct buf *out) MUST_USE;

/* Gives the contexts back; `s` is ready again. */
void squeeze_fini(struct squeeze *s);

#endif
