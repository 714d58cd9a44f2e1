#ifndef GOLMOK_PROTO_SPLIT_H
#define GOLMOK_PROTO_SPLIT_H

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/limits.h"

/*
 * A secret as shares (docs/format.md §8): any `needed` of them give it back,
 * fewer say nothing about it but its length.  For each byte of the secret a
 * polynomial over GF(256) of degree needed - 1 is drawn whose value at 0 is
 * that byte; share `number` holds the values at that number.
 *
 * Nothing in a share tells whether it is right.  Too few shares, those of
 * another secret and mistyped ones are joined to other bytes without a word:
 * the caller must notice, by the authentication tag of what the secret seals.
 *
 * The library below draws through a variable of the whole program, so that
 * these functions must not run in two threads at once.
 */
struct split_share {
	uint8_t number; /* 1..255, no two of one secret alike */
	uint8_t n;	/* bytes, as many as the secret has */
	uint8_t b[LIMIT_SPLIT_SIZE];
};

/* How many shares there are, and how many of them give the secret back:
 * 1 <= needed <= shares <= LIMIT_SHARES. */
struct split_plan {
	size_t shares;
	size_t needed;
};

/* The number of random bytes that split_make takes for `secret_size`. */
size_t split_random_size(struct split_plan plan, size_t secret_size);
/* Splits `secret` (1 to LIMIT_SPLIT_SIZE bytes) by `plan` into
 * `out`[0..plan.shares - 1], numbered from 1; they are secrets, wiped by the
 * caller.  `random` are split_random_size bytes that are used nowhere else: who
 * knows them needs one share only.  ERR_INVALID for a plan, ERR_LIMIT for a
 * secret that is out of range. */
enum err split_make(struct bytes secret, struct split_plan plan,
    struct bytes random, struct split_share *out) MUST_USE;

/* Appends to `secret` (wiped by the caller) what the `n` shares at `shares`
 * give together, in any order; more than were needed do no harm when all are
 * right. ERR_INVALID, and nothing appended, for none or more than LIMIT_SHARES,
 * for number 0, the same number twice, or lengths that differ or are out of
 * range.
 */
enum err split_join(
    const struct split_share *shares, size_t n, struct buf *secret) MUST_USE;

#endif
