#ifndef GOLMOK_PROTO_ERR_H
#define GOLMOK_PROTO_ERR_H

#include "proto/base.h"

/*
 * The one enum of outcomes.  A code exists only where callers react
 * differently; what happened, where, and what to do is in the text, which is
 * kept per thread until the next err_set.
 */
enum err {
	ERR_OK = 0,
	ERR_USAGE,     /* the words of the call are wrong */
	ERR_NOT_FOUND, /* nothing has that name */
	ERR_EXISTS,    /* something already has that name */
	ERR_INVALID,   /* the caller's data breaks a rule (pack, limit, type) */
	ERR_DENIED,    /* the rights of the member do not reach this far */
	ERR_MALFORMED, /* bytes from a peer or a file of others are wrong */
	ERR_CORRUPT,   /* bytes of our own store are wrong */
	ERR_VERSION,   /* written by a newer format or protocol */
	ERR_LIMIT,     /* larger or more than proto/limits.h allows */
	ERR_BUSY,      /* somebody else holds it: try again later */
	ERR_FULL,      /* no room: disk, map or queue; nothing was changed */
	ERR_FORKED, /* a log goes on in two ways that contradict each other */
	ERR_IO,	    /* the system said no; nothing is known to be changed */
	ERR_PEER,   /* the link or the peer ended the conversation */
	ERR_PART,   /* some of it was done, and some could not be */
};

enum { ERR_TEXT_SIZE = 1024 };

/* A failure that is kept for later: its code and its whole text. */
struct fault {
	enum err code;
	char text[ERR_TEXT_SIZE];
};

/* Records the text made from `format` for this thread and returns `code`,
 * which must not be ERR_OK.  Of a longer text the middle is left out, never a
 * part of one UTF-8 character. */
enum err err_set(enum err code, const char *format, ...) PRINTF(2, 3) MUST_USE;

/* Puts what we were doing, made from `format`, and ": " in front of the kept
 * text, and returns `code`, the code that was passed up. */
enum err err_wrap(enum err code, const char *format, ...) PRINTF(2, 3) MUST_USE;

/* The kept text of this thread; "" when nothing failed yet.  Lives until the
 * next err_set or err_wrap of this thread. */
const char *err_text(void);

/* A short stable name of `code` for --json ("not_found").  Static. */
const char *err_name(enum err code);

/* Copies `code` and the kept text into `fault`, replacing what it held. */
void err_keep(struct fault *fault, enum err code);

/* Makes the text of `fault` the kept one again and returns its code, which may
 * be ERR_OK. */
enum err err_raise(const struct fault *fault) MUST_USE;

#endif
