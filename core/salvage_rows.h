#ifndef GOLMOK_CORE_SALVAGE_ROWS_H
#define GOLMOK_CORE_SALVAGE_ROWS_H

#include "core/tables.h"

/*
 * The rows of a damaged data file, as far as they can be told to be what they
 * were, in a sound file beside it.  For core/salvage.c.
 */
struct salvage_rows {
	uint64_t wrong;	 /* things in the pages of the file */
	uint64_t rows;	 /* that are sound, or were made so */
	uint64_t mended; /* of these: had one wrong bit, as their checksum says
			  */
	/* Deltas whose checksum is wrong and whose parts can still be told
	 * apart: their hashes will say what of them is sound. */
	uint64_t doubtful;
	uint64_t lost; /* others, in tables that are not derived */
	/* Of these, what leads to whole logs; what such logs had their deltas
	 * tell, unless some of them are lost, or were found by a guess. */
	uint64_t logs_lost;
	bool deltas_doubted;
	bool trees_doubted; /* what is stored of trees need not be whole */
};

/* Copies what is sound of the logs and of what the store keeps about itself
 * from the data file `path`, of which `noted` is known as struct pages_watch
 * has it, to `kv`, an empty environment with the tables of core/tables.h and no
 * transaction open.  What is derived is left out, but for spaces and trees.
 * ERR_CORRUPT: it is no data file. */
enum err salvage_rows_copy(const char *path, uint64_t noted, struct kv *kv,
    struct salvage_rows *rows) MUST_USE;

#endif
