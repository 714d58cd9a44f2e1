#ifndef GOLMOK_TESTS_LIB_LOOK_H
#define GOLMOK_TESTS_LIB_LOOK_H

#include "proto/arena.h"
#include "tests/lib/plant.h"

/*
 * What a job reads: all of what it told the first time, or an error.
 */

/* Works out something in the open transaction of `store`, and appends what it
 * came to. */
typedef enum err look_fn(
    struct store *store, struct arena *arena, struct buf *text);

/* The first time says what is right: at least `least` bytes. */
void look_first(struct plant *plant, look_fn *fn, size_t least);
/* Notes in plant->said that it lied when it tells something else. */
enum err look_again(struct plant *plant, look_fn *fn) MUST_USE;

/* Node `i` follows the pack `json` from now on. */
void look_follow(struct plant *plant, size_t i, struct bytes json);
/* Appends `id` to what was told. */
void look_id(const struct record_id *id, struct buf *text);

#endif
