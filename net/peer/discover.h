#ifndef GOLMOK_NET_PEER_DISCOVER_H
#define GOLMOK_NET_PEER_DISCOVER_H

#include "core/identity.h"
#include "net/loop.h"
#include "net/place.h"
#include "proto/beacon.h"

/*
 * Nodes of one city on one local network find each other by beacons in
 * multicast datagrams (docs/sync.md §11).  What is heard are hints: where
 * somebody of the city may be, which a dialer then finds out.
 */
struct discover;

/* 239.255/16 is the local scope of RFC 2365; in ff12::/16 groups may be chosen
 * freely that reach no further than the link (RFC 4291).  The port is the
 * usual one of the links, of UDP. */
#define DISCOVER_GROUP "239.255.77.70"
#define DISCOVER_GROUP6 "ff12::676f:6c6d"
enum { DISCOVER_PORT = PLACE_PORT };

enum {
	/* The first beacons ask for an answer, and come in pairs because
	 * datagrams get lost. */
	DISCOVER_ASKS = 2,
	DISCOVER_SOON_MS = 1000,
	/* Then one each 30 to 90 seconds: whoever carries a machine to another
	 * room sees it linked within that time, and a network with a hundred
	 * nodes bears less than two datagrams a second.  It is drawn, so that
	 * those that got power in the same second do not call in the same one
	 * for ever. */
	DISCOVER_PERIOD_MS = 60 * 1000,
	/* Answers are beacons that come early, but never two in this time. */
	DISCOVER_GAP_MS = 5 * 1000,
	/* Sources that are told apart, and beacons of one that are looked at
	 * in DISCOVER_WINDOW_MS: several nodes may share an address. */
	DISCOVER_SOURCES = 64,
	DISCOVER_OF_SOURCE = 8,
	DISCOVER_WINDOW_MS = 10 * 1000,
	/* Network interfaces that are called on. */
	DISCOVER_INTERFACES = 16,
};

struct discover_config {
	struct loop *loop; /* borrowed, as all below */
	const struct host *host;
	const struct identity *me;
	const char *listen; /* address in numbers, copied; and port of TCP */
	uint16_t port;
	const char *interface_name; /* NULL: all but loopback */
	/* Is the node that `beacon` is of linked already? */
	bool (*is_linked)(void *arg, const struct beacon_key *key,
	    const struct beacon *beacon);
	/* Another node of the city seems to be at `place`. */
	void (*on_heard)(void *arg, const struct place *place);
	void *arg;
};

/* Calls and listens from now on; `config` is copied.  It calls in the families
 * in which this node listens, where the listening address is on the interface
 * or is all addresses.  ERR_USAGE: there is no such interface; ERR_IO,
 * ERR_BUSY: the system gives no such socket, or the named interface bears no
 * multicast.
 */
enum err discover_open(
    const struct discover_config *config, struct discover **discover) MUST_USE;
/* No callback comes after this call.  NULL does nothing. */
void discover_close(struct discover *discover);

/* Whether a source has said too much; sources are counted in a table of their
 * own. */
struct discover_rate {
	struct discover_source {
		char host[PLACE_ADDRESS_SIZE];
		uint64_t since_ms;
		size_t n;
	} sources[DISCOVER_SOURCES];
	size_t sources_n;
};
/* May another valid beacon of `host` be looked at, at `now_ms`? */
bool discover_rate_take(
    struct discover_rate *rate, const char *host, uint64_t now_ms);

#endif
