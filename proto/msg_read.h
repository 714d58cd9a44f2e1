#ifndef GOLMOK_PROTO_MSG_READ_H
#define GOLMOK_PROTO_MSG_READ_H

#include "proto/codec.h"
#include "proto/msg.h"

/*
 * Parts of messages (docs/sync.md §3), for their reader proto/msg.c alone.
 */

/* Begins an array of `least_n` elements or more and gives how many more: those
 * that may be left out, and those of a newer program. */
size_t msg_read_begin(struct reader *r, size_t least_n);
/* Is the next element that may be left out there, and not nil?  Counts `*left`
 * down.  A nil at the end of an array makes `r` bad. */
bool msg_read_there(struct reader *r, size_t *left);
/* Passes over what is left of an array. */
void msg_read_end(struct reader *r, size_t left);
/* The next of several things in `row`, of which all but the last have a size in
 * `sizes`, `*sizes_left` of them. */
struct bytes msg_read_row(struct reader *r, struct bytes *row,
    struct reader *sizes, size_t *sizes_left);
/* The columns of bodies, all but the log: list from `arena`, views into what
 * `r` reads. */
void msg_read_bodies(struct reader *r, size_t *left, struct arena *arena,
    struct msg_bodies *bodies);

#endif
