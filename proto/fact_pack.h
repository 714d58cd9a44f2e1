#ifndef GOLMOK_PROTO_FACT_PACK_H
#define GOLMOK_PROTO_FACT_PACK_H

#include "proto/delta.h"

/*
 * The fact that carries a pack through a city (docs/format.md §8): the body of
 * a DELTA_PACK.  What a body cannot hold takes several, each with its piece of
 * the JSON text.
 */
struct fact_pack {
	struct bytes name;  /* as packs have them */
	uint64_t version;   /* from 1 */
	struct hash sha256; /* of the whole JSON text */
	uint64_t size;	    /* of it: 1 to LIMIT_PACK_SIZE */
	uint64_t piece;	    /* which this is, from 0 */
	struct bytes json;  /* and what it says */
};

/* How many pieces a text of `size` bytes makes; where piece `piece` begins is
 * LIMIT_PACK_PIECE times its number, and how long it is this. */
size_t fact_pack_pieces(uint64_t size);
size_t fact_pack_piece_size(uint64_t size, uint64_t piece);

/* Appends the only encoding of `pack` to `out`.  Asserted: what fact_pack_get
 * demands. */
void fact_pack_put(const struct fact_pack *pack, struct buf *out);
/* Reads the fact `in`; its name and its piece are views into `in`.
 * ERR_MALFORMED for anything but what fact_pack_put writes (keys from 128 on
 * are passed over), ERR_VERSION for a critical key of a newer program. */
enum err fact_pack_get(struct bytes in, struct fact_pack *pack) MUST_USE;

#endif
