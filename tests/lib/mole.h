#ifndef GOLMOK_TESTS_LIB_MOLE_H
#define GOLMOK_TESTS_LIB_MOLE_H

#include "tests/lib/line.h"

/* The initiator of a link when it is no channel of ours. */
struct mole {
	struct identity id;
	struct noise noise;
	struct buf wire; /* what it is about to send */
};

/* Runs a handshake with a new responder of `line`, showing `certificate`, or
 * the right one when that is empty; the responder's last answer is `expected`.
 */
void mole_open(struct mole *mole, struct line *line, struct bytes certificate,
    enum err expected);
void mole_fini(struct mole *mole);
/* Puts `b` with its length, or one transport message of `flags` and `content`,
 * onto the wire. */
void mole_frame(struct mole *mole, struct bytes b);
void mole_fragment(struct mole *mole, unsigned flags, struct bytes content);
/* Hands all on the wire to `to`, which says `expected`. */
void mole_send(struct mole *mole, struct channel *to, enum err expected);

#endif
