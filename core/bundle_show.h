#ifndef GOLMOK_CORE_BUNDLE_SHOW_H
#define GOLMOK_CORE_BUNDLE_SHOW_H

#include "core/bundle_read.h"

/*
 * Looks at a bundle without taking anything in.  Needs the keys of a node that
 * it is sealed to, and no transaction.
 */
struct bundle_space {
	struct space space;
	uint64_t logs;
	uint64_t deltas;
};

struct bundle_shown {
	bool has_about;
	bool is_signed;		   /* by who `about` says */
	struct bundle_about about; /* of the last part of ours */
	uint64_t clock_n;	   /* logs that its clock speaks of */
	uint64_t logs;
	uint64_t deltas;
	uint64_t bodies;
	struct bundle_space *spaces; /* owned */
	size_t spaces_n;
	uint64_t wrongs;    /* runs that do not lead to their signed heads */
	struct fault wrong; /* the first one */
};

/* Reads `reader` to its end.  `step` is told now and then how many bytes were
 * read; it may be NULL.  `shown` is ended with bundle_show_fini in every case.
 * Errors only of the medium. */
typedef void bundle_show_step(void *arg, uint64_t bytes);
enum err bundle_show_read(struct bundle_reader *reader,
    struct bundle_shown *shown, bundle_show_step *step, void *arg) MUST_USE;
/* Who made the first part of ours, and signed that it did.  ERR_DENIED: none is
 * sealed to this node.  ERR_MALFORMED: nothing of it is whole. */
enum err bundle_show_from(
    struct bundle_reader *reader, struct bundle_about *about) MUST_USE;
void bundle_show_fini(struct bundle_shown *shown);

#endif
