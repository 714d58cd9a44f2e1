#ifndef GOLMOK_CORE_BUNDLE_READ_H
#define GOLMOK_CORE_BUNDLE_READ_H

#include "core/identity.h"
#include "proto/bundle_msg.h"

/*
 * Reads a bundle, message by message, in little memory.  Nothing is believed
 * that does not open under a key that was sealed to this node; what is damaged
 * is passed over up to the next segment that is whole, and noted.
 */
struct bundle_reader;

/* What a file turned out to be, as far as it was read. */
struct bundle_damage {
	uint64_t at;	 /* bytes from the start of the file */
	uint64_t bytes;	 /* that make no sense; 0: whole blocks are missing */
	uint64_t blocks; /* missing before here, as their numbers say */
};
enum { BUNDLE_READ_DAMAGES_MAX = 1000 }; /* that are kept one by one */
struct bundle_found_in {
	uint64_t parts;	    /* headers */
	uint64_t receivers; /* slots, in all parts */
	uint64_t ours;	    /* parts that were sealed to this node */
	uint64_t whole; /* of these, read from their first block to the last */
	uint64_t cut;	/* of these, without their last block */
	uint64_t foreign_bytes; /* in parts of others */
	struct bundle_damage *damages;
	size_t damages_n;
	uint64_t damages_all; /* also those that were too many to keep */
	uint64_t at;	      /* bytes read */
	uint64_t size_bytes;  /* of the file */
};

/* What comes next. */
enum bundle_piece_kind {
	BUNDLE_PIECE_PART,    /* a part of ours begins */
	BUNDLE_PIECE_MESSAGE, /* a message of it */
	BUNDLE_PIECE_LOST,    /* something is missing here: what comes next
				 begins anew */
	BUNDLE_PIECE_END,     /* of the file */
};
struct bundle_piece {
	enum bundle_piece_kind kind;
	struct bytes message; /* until the next call */
	struct hash header;   /* of the part that it stands in */
};

/* Opens the file `path` for the node `me` (borrowed).  ERR_MALFORMED,
 * ERR_VERSION: it is something else; ERR_INVALID: no file at all. */
enum err bundle_read_open(const char *path, const struct identity *me,
    struct bundle_reader **reader) MUST_USE;
/* The next piece.  Errors only of the medium. */
enum err bundle_read_next(
    struct bundle_reader *reader, struct bundle_piece *piece) MUST_USE;
/* From the start again. */
void bundle_read_rewind(struct bundle_reader *reader);
/* What was found so far; lives as long as the reader. */
const struct bundle_found_in *bundle_read_found(
    const struct bundle_reader *reader);
/* NULL does nothing. */
void bundle_read_close(struct bundle_reader *reader);

#endif
