/*
 * The preface of a link.  net/peer/channel.c writes and judges it.  It is not
 * protected by itself: the handshake that follows covers its bytes.
 */
#include "net/peer/preface.h"

enum {
	MAGIC_SIZE = 8,
	VERSION = 1,	    /* the protocol that we speak at best */
	VERSION_OLDEST = 1, /* and the oldest that we still speak */
	FLAG_JOINS = 1,	    /* the name of a token follows */
};

static const char magic[] = "golmok/1";
static_assert(sizeof(magic) == MAGIC_SIZE + 1, "the magic has its size");

void
preface_put(bool joins, struct buf *out)
{
	buf_add_text(out, magic);
	buf_add_be16(out, VERSION);
	buf_add_be16(out, VERSION_OLDEST);
	buf_add_be32(out, joins ? FLAG_JOINS : 0);
}

bool
preface_joins(struct bytes preface)
{
	assert(preface.n == PREFACE_SIZE);
	return (bytes_be32(preface.p + MAGIC_SIZE + 4) & FLAG_JOINS) != 0;
}

bool
preface_fits(struct bytes seen)
{
	size_t n = seen.n < MAGIC_SIZE ? seen.n : MAGIC_SIZE;

	return bytes_begins(bytes_text(magic), bytes_first(seen, n));
}

enum err
preface_check(struct bytes preface)
{
	unsigned version;
	unsigned oldest;

	if (preface.n != PREFACE_SIZE || !preface_fits(preface))
		return err_set(
		    ERR_MALFORMED, "what should be a golmok preface is none");
	version = bytes_be16(preface.p + MAGIC_SIZE);
	oldest = bytes_be16(preface.p + MAGIC_SIZE + 2);
	if (oldest > version)
		return err_set(ERR_MALFORMED, "a preface of versions %u to %u",
		    oldest, version);
	if (oldest > VERSION)
		return err_set(ERR_VERSION,
		    "the peer speaks protocol %u to %u, this program %d: "
		    "this program must be updated",
		    oldest, version, VERSION);
	if (version < VERSION_OLDEST)
		return err_set(ERR_VERSION,
		    "the peer speaks protocol %u, this program %d to %d: "
		    "the peer must be updated",
		    version, VERSION_OLDEST, VERSION);
	return ERR_OK;
}
