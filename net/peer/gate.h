#ifndef GOLMOK_NET_PEER_GATE_H
#define GOLMOK_NET_PEER_GATE_H

#include "proto/bytes.h"
#include "proto/limits.h"

/*
 * Who may knock (docs/sync.md §8): the links that arrived and whose peer is not
 * known yet.  A machine: it counts and chooses, and knows no socket.  There is
 * room for so many, and for so many of one source; a newcomer always gets in,
 * and when there is no room, the one has to go that has come no further for the
 * longest time, of the newcomer's source if that one has its share, else of the
 * source that has the most.
 */
struct gate;

/* What counts as one source: an IPv4 address, or the first 64 bits of an IPv6
 * address, which one customer has to himself. */
struct gate_source {
	uint8_t b[16];
};

/* The source of "192.0.2.1:4242" or "[2001:db8::1]:4242"; all that is neither
 * is one source together.  An IPv4 address inside an IPv6 one is the IPv4
 * address. */
void gate_source(const char *peer, struct gate_source *source);

/* A gate with room for `max` (1 to LIMIT_HALF_OPEN), `max_of_source` of one
 * source (1 to `max`).  Ended with gate_free. */
struct gate *gate_new(size_t max, size_t max_of_source) MUST_USE;
/* Nobody may stand there any more (asserted).  NULL does nothing. */
void gate_free(struct gate *gate);

/* `who` (not NULL) of `source` comes; returns who has to go for it and has been
 * taken out, or NULL. */
void *gate_enter(struct gate *gate, const struct gate_source *source,
    void *who) MUST_USE;
/* `who` has come to `stage`; if that is further than before, it is the last
 * that would have to go.  Whoever does not stand there is passed over. */
void gate_advance(struct gate *gate, const void *who, unsigned stage);
/* `who` became known, or left; passed over as above. */
void gate_leave(struct gate *gate, const void *who);
/* How many stand there. */
size_t gate_count(const struct gate *gate);

/* May one of them be heard in the turn of the loop that began at `turn_ms`?
 * LIMIT_KNOCKS_OF_TURN are. */
bool gate_hears(struct gate *gate, uint64_t turn_ms);

#endif
