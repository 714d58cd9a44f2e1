#ifndef GOLMOK_PROTO_BUNDLE_H
#define GOLMOK_PROTO_BUNDLE_H

#include "proto/buf.h"
#include "proto/crypto.h"
#include "proto/err.h"
#include "proto/limits.h"
#include "proto/squeeze.h"

/*
 * Bundles (docs/format.md §16): runs of logs in a file, sealed to those who may
 * read them.  A file is one part after another; a part is a header, whose slots
 * hold the key of the part for each receiver, and blocks under that key.  Each
 * block begins with a mark that only who has the key knows, so that behind
 * damage the next good one is found, and a lost file shows nobody where
 * anything begins.
 */
enum {
	BUNDLE_TITLE_SIZE = 16,
	BUNDLE_SLOT_SIZE = 32 + CRYPTO_TAG_SIZE,
	BUNDLE_HEADER_SUM = 8, /* against damage */
	BUNDLE_HEADER_FIXED = BUNDLE_TITLE_SIZE + 32 + 2 + BUNDLE_HEADER_SUM,
	BUNDLE_HEADER_MAX = BUNDLE_HEADER_FIXED +
			    LIMIT_BUNDLE_RECEIVERS * BUNDLE_SLOT_SIZE,
	BUNDLE_MARK_SIZE = 8,
	BUNDLE_HEAD_SIZE = BUNDLE_MARK_SIZE + 8 + 4, /* of a block */
	BUNDLE_CONTENT_MAX = 64 * 1024,
	BUNDLE_SEALED_MAX = 1 + BUNDLE_CONTENT_MAX + CRYPTO_TAG_SIZE,
	BUNDLE_BLOCK_MAX = BUNDLE_HEAD_SIZE + BUNDLE_SEALED_MAX,
	/* So much of a file is enough to decide what it begins with. */
	BUNDLE_VIEW_SIZE = BUNDLE_BLOCK_MAX,
};
static_assert((int)BUNDLE_HEADER_MAX <= (int)BUNDLE_VIEW_SIZE, "one view");

/* What opens the blocks of one part; secret. */
struct bundle_keys {
	struct secret seal;
	uint8_t mark[BUNDLE_MARK_SIZE];
	struct hash
	    header; /* SHA-256 of the header, which blocks are tied to */
};
void bundle_keys_fini(struct bundle_keys *keys);

/* What is drawn at random for one part; both secret. */
struct bundle_draw {
	struct dh_secret ephemeral;
	struct secret part;
};

/* Appends the header of a part for `n` receivers (1..LIMIT_BUNDLE_RECEIVERS),
 * who are known by the keys of their logs.  ERR_INVALID: one of these is no
 * point of the curve. */
enum err bundle_put_header(const struct bundle_draw *draw,
    const struct sign_key *receivers, size_t n, struct buf *out,
    struct bundle_keys *keys) MUST_USE;

/* One block on its way.  Blocks of a part are numbered from 0. */
struct bundle_block {
	uint64_t index;
	bool begins;	      /* a segment: its content makes sense alone */
	bool ends;	      /* it is the last of the part */
	struct bytes content; /* at most BUNDLE_CONTENT_MAX bytes */
};
/* Appends `block`, compressed where that makes it shorter, and sealed. */
enum err bundle_put_block(const struct bundle_keys *keys,
    struct squeeze *squeeze, const struct bundle_block *block,
    struct buf *out) MUST_USE;

/* The header of a part as it was found. */
struct bundle_header {
	struct dh_key ephemeral;
	size_t receivers_n;
	struct bytes slots; /* view into what was looked at */
	struct hash hash;
};

/*
 * Looks through the bytes of a file, from its start to its end.  A zeroed
 * struct is at the start; it ends with bundle_scan_fini.
 */
struct bundle_scan {
	bool is_open;		 /* `keys` are those of the part */
	struct bundle_keys keys; /* secret */
	struct bundle_header header;
	struct squeeze squeeze;
	struct buf plain;   /* owned */
	struct buf content; /* owned */
	uint64_t at;	    /* bytes looked at */
	/* Bytes of blocks that did not open, beyond which none is tried. */
	uint64_t wasted_bytes;
};

enum bundle_found {
	BUNDLE_MORE,  /* nothing: give more than was given */
	BUNDLE_PART,  /* a header: scan->header */
	BUNDLE_BLOCK, /* a block of the part, opened */
	BUNDLE_SKIP,  /* bytes that are neither: damage, or others' blocks */
	BUNDLE_OVER,  /* the end */
};
/* Says what `in` begins with, the bytes from scan->at on; `last`: nothing comes
 * behind them.  BUNDLE_VIEW_SIZE bytes are always enough.  `*used` of them are
 * done with.  The content of `block` lives until the next call, scan->header as
 * long as `in`.  Never opens more bytes in vain than it has looked at, and a
 * megabyte. */
enum bundle_found bundle_scan_next(struct bundle_scan *scan, struct bytes in,
    bool last, size_t *used, struct bundle_block *block);
/* The header that was just found: is there a slot for the node whose log key
 * has the seed `seed`?  Then its blocks are opened from here on. */
bool bundle_scan_open(struct bundle_scan *scan, const struct sign_seed *seed);
void bundle_scan_fini(struct bundle_scan *scan);

/* What kind of file of ours begins with `in` (at least BUNDLE_TITLE_SIZE bytes
 * of it, if it has so many)?  ERR_OK: a bundle.  Otherwise ERR_VERSION for one
 * of a newer program, ERR_MALFORMED with what it seems to be. */
enum err bundle_check_title(struct bytes in) MUST_USE;

#endif
