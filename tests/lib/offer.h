#ifndef GOLMOK_TESTS_LIB_OFFER_H
#define GOLMOK_TESTS_LIB_OFFER_H

#include "core/intake.h"
#include "core/oplog.h"
#include "tests/lib/branches.h"

#define OFFER_SPACE "d01/c001/case"

enum { HALL, CENTRE, STRANGER };
enum { DELTAS = 5, BODIES_MAX = 32 };

/*
 * A city whose centre wrote a log that the hall has not: an open, and deltas of
 * two changes with bodies of classes N and P each; and a node that knows
 * nothing yet.  What is offered to them at core's gate, for tests to spoil.
 */
struct offer {
	struct town town;
	struct branch branch; /* the log of the centre */
	struct store *store;  /* with a transaction while one is open */
	struct msg_run run;
	struct bytes headers[DELTAS + 2];
	struct msg_body bodies[BODIES_MAX];
	struct merkle_proof proof;
	struct intake_chunk chunk;
	struct intake_taken taken;
	struct arena arena; /* until offer_end */
};
extern struct offer offer;

/* For a group of tests. */
int offer_make(void **state);
int offer_remove(void **state);

/* Fills the chunk: the headers `from` to `to` with all their bodies, and the
 * true head. */
void offer_headers(uint64_t from, uint64_t to);
/* For the headers that are offered: a node of their tree (merkle_get_fn), and
 * the root of the first `n`. */
enum err offer_node(
    void *arg, unsigned level, uint64_t index, struct hash *node) MUST_USE;
struct hash offer_root(uint64_t n);
/* Makes of the run one whose head, of `n` headers with the root `root`, the
 * centre signed, too. */
void offer_sign(uint64_t n, const struct hash *root);

/* Opens a transaction on `node`; nothing of it stays after offer_end. */
struct txn *offer_begin(size_t node);
void offer_end(void);
/* Gives the node `n` logs without deltas in the space of the centre's: of
 * `author`, or of so many strangers. */
void offer_crowd(const struct sign_key *author, uint64_t n);
/* What the gate says to the run, and to the chunk. */
enum err offer_announce(void);
enum err offer_bring(void);
/* The hall refuses the chunk with `code` and `why`, and nothing of it stays. */
void offer_refused(enum err code, const char *why);
/* How many bodies of the log that was taken are stored in `form`. */
size_t offer_bodies(enum body_form form);

#endif
