/*
 * Bodies that were opened before: each goes to most nodes, and is opened
 * wherever rights are worked out or records made again.
 */
#include <string.h>

#include "proto/body.h"
#include "tests/sim/hold.h"
#include "tests/sim/light.h"

enum {
	BODIES_SIZE = 4096,
	/* Longer ones are rare. */
	SEALED_MAX = 4096,
};

enum err __real_body_open(struct squeeze *squeeze, struct bytes sealed,
    const struct secret *secret, struct buf *plain) MUST_USE;

/* The newest takes the place of an older one; never freed. */
static struct light_body {
	struct buf sealed; /* owned; empty: a free place */
	struct secret secret;
	struct buf plain; /* owned */
} bodies[BODIES_SIZE];

enum err
light_body_open(struct squeeze *squeeze, struct bytes sealed,
    const struct secret *secret, struct buf *plain)
{
	struct light_body *at;
	size_t was = plain->n;
	unsigned before;
	enum err e;

	if (!light_is_on() || sealed.n < sizeof(uint64_t) ||
	    sealed.n > SEALED_MAX)
		return __real_body_open(squeeze, sealed, secret, plain);
	/* It ends in its tag, which differs. */
	at = &bodies[bytes_be64(sealed.p + sealed.n - sizeof(uint64_t)) %
		     BODIES_SIZE];
	if (bytes_equal(buf_bytes(&at->sealed), sealed) &&
	    memcmp(&at->secret, secret, sizeof(*secret)) == 0) {
		buf_add(plain, buf_bytes(&at->plain));
		return ERR_OK;
	}
	e = __real_body_open(squeeze, sealed, secret, plain);
	if (e != ERR_OK)
		return e;
	before = hold_nobody();
	buf_cut(&at->sealed, 0);
	buf_add(&at->sealed, sealed);
	at->secret = *secret;
	buf_cut(&at->plain, 0);
	buf_add(&at->plain, bytes_after(buf_bytes(plain), was));
	hold_end(before);
	return ERR_OK;
}
