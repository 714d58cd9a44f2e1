#ifndef GOLMOK_CORE_BUNDLE_TAKE_H
#define GOLMOK_CORE_BUNDLE_TAKE_H

#include "core/bundle_read.h"
#include "core/store.h"

/*
 * Takes what is good of a bundle into the store, through the gate that every
 * peer's deltas pass (core/intake.h), a bounded transaction at a time; none is
 * open while the medium is read.  What was taken stays; taking the same bundle
 * again changes nothing.
 */
struct bundle_taker;

/* Why something of a bundle did not enter. */
enum bundle_trouble_kind {
	BUNDLE_GAP,	/* deltas before it are missing here */
	BUNDLE_REFUSED, /* the gate says that this is not for us */
	BUNDLE_WRONG,	/* it is not what it claims to be */
};
struct bundle_trouble {
	enum bundle_trouble_kind kind;
	struct space space;	/* of the log; empty: none */
	struct sign_key author; /* of the log */
	/* BUNDLE_GAP: deltas from `from` up to the one before `until` are
	 * needed first. */
	uint64_t from;
	uint64_t until;
	char text[LIMIT_EVENT_TEXT]; /* the others: what is wrong */
};
enum { BUNDLE_TROUBLES_MAX = 1000 }; /* that are kept one by one */

/* What has become of it so far. */
struct bundle_taken {
	uint64_t deltas;	/* new ones */
	uint64_t good;		/* chunks that are held now */
	uint64_t parts_refused; /* parts of ours that were not taken: */
	struct fault refused;	/* why the last one was not */
	bool heard;		/* a clock that it carried is believed now */
	bool has_about;
	struct bundle_about about; /* of the newest part of ours */
	struct bundle_trouble *troubles;
	size_t troubles_n;
	uint64_t troubles_all; /* also those that were too many to keep */
	uint64_t gaps;	       /* of these, as the other two kinds */
	uint64_t refusals;
	uint64_t wrongs;
};

/* Opens the bundle `path` for `store` (borrowed, no transaction open).  Errors
 * as bundle_read_open. */
enum err bundle_take_open(struct store *store, const char *path,
    struct bundle_taker **taker) MUST_USE;
/* Takes the next piece; `*more` is false after the last one.  What is wrong
 * with the bundle is no error; those are of the store and the medium, and leave
 * what was taken before. */
enum err bundle_take_step(struct bundle_taker *taker, bool *more) MUST_USE;
/* Both live as long as the taker. */
const struct bundle_taken *bundle_take_count(const struct bundle_taker *taker);
const struct bundle_found_in *bundle_take_found(
    const struct bundle_taker *taker);
/* NULL does nothing. */
void bundle_take_close(struct bundle_taker *taker);

#endif
