#ifndef GOLMOK_NET_PLACE_H
#define GOLMOK_NET_PLACE_H

#include "proto/buf.h"
#include "proto/err.h"

struct loop;

/*
 * Where a node listens: a host, by name or number, and a port.
 */
enum { PLACE_HOST_SIZE = 256, PLACE_PORT = 7700, PLACE_ADDRESS_SIZE = 64 };

struct place {
	char host[PLACE_HOST_SIZE];
	uint16_t port;
};

/* Reads "HOST:PORT", "[IPv6]:PORT" or "HOST" (port PLACE_PORT); port 0 is read
 * too.  A host is plain text without spaces and brackets, and without colons
 * unless it is an IPv6 address.  ERR_USAGE. */
enum err place_read(const char *text, struct place *place) MUST_USE;
/* Appends `place` to `text` as place_read reads it, always with its port. */
void place_text(const struct place *place, struct buf *text);
/* Is the host an IPv4 or IPv6 address, so that no question is needed? */
bool place_is_number(const struct place *place);

/* A question for the address of a host. */
struct place_query;
/* `address` as numbers, or NULL with the reason `e` and its text.  Never runs
 * inside place_find; when it returns, the query is gone. */
typedef void place_found_fn(void *arg, enum err e, const char *address);

/* Who waits for the answer. */
struct place_asker {
	place_found_fn *fn;
	void *arg; /* borrowed until fn ran or place_forget */
};

/* Asks the system's resolver, in a thread of its own.  Of several answers it
 * takes number `turn`, counted round, so that a caller who tries again gets to
 * all of them.  ERR_IO. */
enum err place_find(struct loop *loop, const struct place *place, unsigned turn,
    const struct place_asker *asker, struct place_query **query) MUST_USE;
/* No callback comes after this call.  NULL does nothing. */
void place_forget(struct place_query *query);

#endif
