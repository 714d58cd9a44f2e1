#ifndef GOLMOK_TESTS_LIB_SCENE_H
#define GOLMOK_TESTS_LIB_SCENE_H

#include "tests/lib/rogue.h"

#define SCENE_SPACE "d01/c001/case"

/* A city with a victim (0), a rogue (1) that has written a log of its own, and
 * the rogue's link to the victim. */
struct scene {
	struct town town;
	struct rogue rogue;
	struct rogue_log log; /* the rogue's, of eleven deltas */
	uint64_t held;	      /* what the victim holds */
};

/* Both are there and shook hands; `holds`: the victim has the rogue's log
 * already. */
void scene_meet(struct scene *scene, bool holds);
/* And greeted each other: the victim is live. */
void scene_begin(struct scene *scene, bool holds);
/* The session ended with `code` (or goes on), the victim took `n` deltas and is
 * sound; an honest session then makes both equal. */
void scene_end(struct scene *scene, enum err code, uint64_t n);

#endif
