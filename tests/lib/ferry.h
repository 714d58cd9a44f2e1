#ifndef GOLMOK_TESTS_LIB_FERRY_H
#define GOLMOK_TESTS_LIB_FERRY_H

#include "tests/lib/town.h"

/*
 * What one store holds brought to another without a network, through the gate
 * that peers have to pass too: forked logs with all their branches, in chunks
 * of any size.  Whatever fails in a way that no honest peer could cause fails
 * the test.
 */
struct ferry {
	struct town *town; /* borrowed */
	struct prng *prng; /* borrowed; where chunks end */
	size_t from;
	size_t to;
	const char *space;   /* NULL: all */
	uint64_t deltas_max; /* of each log; 0: no limit */
	bool bare;	     /* without bodies */
	unsigned odds;	     /* one log of so many is left behind; 0: none */
};

/* Brings the deltas `begin` to `end` of the log with the number `no` at the
 * source; false when the sink does not take them as things are. */
bool ferry_log(
    const struct ferry *ferry, struct log_no no, uint64_t begin, uint64_t end);
/* Brings all logs of `space`, each in a transaction of its own. */
void ferry_all(const struct ferry *ferry);

/* How much of a log. */
struct ferry_part {
	struct log_no no;
	uint64_t end;
};
/* Brings the `n` parts, at most 256, in any order and portions, and bodies with
 * them or later.  The sink must come to know all authors by them. */
void ferry_mixed(
    const struct ferry *ferry, const struct ferry_part *parts, size_t n);

#endif
