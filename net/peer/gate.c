/*
 * Decides which of the strangers at the door has to go.  net/node.c asks for
 * each link that arrives and ends those that are named.  Never waits, and holds
 * nothing but numbers and pointers that it does not follow.
 */
#include "net/peer/gate.h"

#include <arpa/inet.h>
#include <string.h>

#include "proto/mem.h"

enum { ADDRESS_SIZE = 64, HOST_BYTES = 8 };

struct share {
	struct gate_source source;
	size_t n; /* who stand there; never 0 */
};

struct place {
	void *who;
	unsigned stage;
	size_t share; /* index of its source's */
};

struct gate {
	size_t max;
	size_t max_of_source;
	struct place *places; /* owned; the one to go first is the first */
	size_t places_n;
	struct share *shares; /* owned; one for each source */
	size_t shares_n;
	uint64_t turn_ms;
	size_t heard_n; /* in that turn */
};

static struct share *share_find(
    struct gate *gate, const struct gate_source *source);
static size_t place_find(const struct gate *gate, const void *who);
static void *place_remove(struct gate *gate, size_t at);
static size_t first_of_share(
    const struct gate *gate, const struct share *share);
static size_t first_of_most(const struct gate *gate);
static void gate_check(const struct gate *gate);

void
gate_source(const char *peer, struct gate_source *source)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct bytes host = bytes_text(peer);
	char text[ADDRESS_SIZE] = "";
	uint8_t v4[4];

	memset(source, 0, sizeof(*source));
	if (host.n > 0 && host.p[0] == '[')
		host = bytes_slice(host, 1, bytes_find(host, ']') - 1);
	else
		host = bytes_first(host, bytes_find(host, ':'));
	if (host.n >= sizeof(text))
		return;
	bytes_copy(text, host);
	if (inet_pton(AF_INET, text, v4) == 1) {
		memcpy(source->b, mapped, sizeof(mapped));
		memcpy(source->b + sizeof(mapped), v4, sizeof(v4));
	} else if (inet_pton(AF_INET6, text, source->b) != 1) {
		memset(source, 0, sizeof(*source));
	} else if (memcmp(source->b, mapped, sizeof(mapped)) != 0) {
		memset(source->b + HOST_BYTES, 0,
		    sizeof(source->b) - HOST_BYTES);
	}
}

struct gate *
gate_new(size_t max, size_t max_of_source)
{
	struct gate *gate = mem_zeros(1, sizeof(*gate));

	assert(max > 0 && max <= LIMIT_HALF_OPEN);
	assert(max_of_source > 0 && max_of_source <= max);
	gate->max = max;
	gate->max_of_source = max_of_source;
	gate->places = mem_zeros(max, sizeof(*gate->places));
	gate->shares = mem_zeros(max, sizeof(*gate->shares));
	return gate;
}

void
gate_free(struct gate *gate)
{
	if (gate == NULL)
		return;
	assert(gate->places_n == 0);
	mem_free(gate->places);
	mem_free(gate->shares);
	mem_free(gate);
}

void *
gate_enter(struct gate *gate, const struct gate_source *source, void *who)
{
	struct share *share = share_find(gate, source);
	void *loser = NULL;

	assert(who != NULL);
	assert(place_find(gate, who) == gate->places_n);
	if (share != NULL && share->n >= gate->max_of_source)
		loser = place_remove(gate, first_of_share(gate, share));
	else if (gate->places_n == gate->max)
		loser = place_remove(gate, first_of_most(gate));
	share = share_find(gate, source);
	if (share == NULL) {
		share = &gate->shares[gate->shares_n++];
		*share = (struct share){.source = *source};
	}
	share->n++;
	gate->places[gate->places_n++] = (struct place){
	    .who = who, .share = (size_t)(share - gate->shares)};
	gate_check(gate);
	return loser;
}

static size_t
first_of_share(const struct gate *gate, const struct share *share)
{
	size_t at = 0;

	while (gate->places[at].share != (size_t)(share - gate->shares)) {
		at++;
		assert(at < gate->places_n);
	}
	return at;
}

/* Of sources that have equally many, the one that waits the longest. */
static size_t
first_of_most(const struct gate *gate)
{
	size_t most = 0;
	size_t at = 0;

	for (size_t i = 0; i < gate->shares_n; i++)
		most = gate->shares[i].n > most ? gate->shares[i].n : most;
	while (gate->shares[gate->places[at].share].n != most) {
		at++;
		assert(at < gate->places_n);
	}
	return at;
}

static struct share *
share_find(struct gate *gate, const struct gate_source *source)
{
	for (size_t i = 0; i < gate->shares_n; i++) {
		if (memcmp(&gate->shares[i].source, source, sizeof(*source)) ==
		    0)
			return &gate->shares[i];
	}
	return NULL;
}

static size_t
place_find(const struct gate *gate, const void *who)
{
	size_t at = 0;

	while (at < gate->places_n && gate->places[at].who != who)
		at++;
	return at;
}

static void *
place_remove(struct gate *gate, size_t at)
{
	struct place gone = gate->places[at];

	assert(at < gate->places_n && gone.share < gate->shares_n);
	gate->places_n--;
	memmove(&gate->places[at], &gate->places[at + 1],
	    (gate->places_n - at) * sizeof(*gate->places));
	if (--gate->shares[gone.share].n > 0)
		return gone.who;
	gate->shares[gone.share] = gate->shares[--gate->shares_n];
	for (size_t i = 0; i < gate->places_n; i++) {
		if (gate->places[i].share == gate->shares_n)
			gate->places[i].share = gone.share;
	}
	return gone.who;
}

void
gate_advance(struct gate *gate, const void *who, unsigned stage)
{
	size_t at = place_find(gate, who);
	struct place place;

	if (at == gate->places_n || gate->places[at].stage >= stage)
		return;
	place = gate->places[at];
	place.stage = stage;
	memmove(&gate->places[at], &gate->places[at + 1],
	    (gate->places_n - at - 1) * sizeof(*gate->places));
	gate->places[gate->places_n - 1] = place;
	gate_check(gate);
}

void
gate_leave(struct gate *gate, const void *who)
{
	size_t at = place_find(gate, who);

	if (at < gate->places_n)
		(void)place_remove(gate, at);
	gate_check(gate);
}

size_t
gate_count(const struct gate *gate)
{
	return gate->places_n;
}

bool
gate_hears(struct gate *gate, uint64_t turn_ms)
{
	if (gate->turn_ms != turn_ms) {
		gate->turn_ms = turn_ms;
		gate->heard_n = 0;
	}
	if (gate->heard_n == LIMIT_KNOCKS_OF_TURN)
		return false;
	gate->heard_n++;
	return true;
}

static void
gate_check(const struct gate *gate)
{
	assert(gate->places_n <= gate->max);
	assert(gate->shares_n <= gate->places_n);
}
