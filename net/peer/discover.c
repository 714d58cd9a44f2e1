/*
 * Beacons over UDP.  net/node.c has one if the operator wants it.  Believes
 * nothing that it hears: places go to the book, which bounds what comes of
 * them.
 */
#include "net/peer/discover.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "proto/mem.h"

enum { HOPS = 1, DATAGRAM_SIZE = 256 };

struct family {
	uv_udp_t udp;
	struct discover *discover; /* borrowed: it outlives its sockets */
	bool open;
	struct sockaddr_storage group;
};

struct discover {
	struct discover_config config;
	char listen[PLACE_ADDRESS_SIZE];
	struct beacon_key key;
	struct family families[2]; /* IPv4, IPv6 */
	struct loop_timer *timer;  /* owned */
	size_t asked_n;
	uint64_t sent_ms; /* when the last beacon went; 0: none did */
	uint64_t next_ms;
	size_t open_n; /* sockets that are not yet closed */
	bool closed;
	struct discover_rate rate;
	char datagram[DATAGRAM_SIZE];
};

/* What was found of the interfaces in one round. */
struct round {
	struct buf *beacon; /* borrowed; NULL: nothing is sent */
	size_t matched;
	size_t joined;
	int status; /* of the last join that failed */
};

static enum err family_open(
    struct discover *d, struct family *family, bool v6) MUST_USE;
static void each_interface(struct discover *d, struct round *round);
static void interface_use(struct discover *d,
    const uv_interface_address_t *interface, struct round *round);
static bool interface_fits(
    const struct discover *d, const uv_interface_address_t *interface);
static void discover_on_timer(void *arg);
static void call_at(struct discover *d, uint64_t at_ms);
static uint64_t below(const struct discover *d, uint64_t bound);
static void on_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *b);
static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *b,
    const struct sockaddr *from, unsigned flags);
static void beacon_heard(struct discover *d, const struct beacon *beacon,
    const struct sockaddr *from);
static void on_close(uv_handle_t *handle);

enum err
discover_open(const struct discover_config *config, struct discover **discover)
{
	struct discover *d = mem_zeros(1, sizeof(*d));
	struct round round = {0};
	bool v6 = strchr(config->listen, ':') != NULL;
	enum err e = ERR_OK;

	*discover = NULL;
	d->config = *config;
	(void)snprintf(d->listen, sizeof(d->listen), "%s", config->listen);
	d->config.listen = d->listen;
	beacon_key(&config->me->city, &d->key);
	d->timer = loop_timer_new(config->loop, discover_on_timer, d);
	/* A listener at "::" hears both. */
	if (!v6 || strcmp(config->listen, "::") == 0)
		e = family_open(d, &d->families[0], false);
	if (e == ERR_OK && v6)
		e = family_open(d, &d->families[1], true);
	if (e == ERR_OK)
		each_interface(d, &round);
	if (e == ERR_OK && config->interface_name != NULL) {
		if (round.matched == 0)
			e = err_set(ERR_USAGE,
			    "no interface '%s' has an address at which this "
			    "node listens",
			    config->interface_name);
		else if (round.joined == 0)
			e = err_set(ERR_IO, "multicast on %s: %s",
			    config->interface_name, uv_strerror(round.status));
	}
	if (e != ERR_OK) {
		discover_close(d);
		return err_wrap(e, "local network");
	}
	call_at(d, loop_now_ms() + below(d, DISCOVER_SOON_MS));
	*discover = d;
	return ERR_OK;
}

/* Several nodes of one machine hear on the same port. */
static enum err
family_open(struct discover *d, struct family *family, bool v6)
{
	struct sockaddr_storage at;
	int status;

	family->discover = d;
	status = uv_udp_init(loop_uv(d->config.loop), &family->udp);
	if (status == 0) {
		family->open = true;
		family->udp.data = family;
		d->open_n++;
	}
	if (status == 0 && v6) {
		(void)uv_ip6_addr(
		    "::", DISCOVER_PORT, (struct sockaddr_in6 *)&at);
		(void)uv_ip6_addr(DISCOVER_GROUP6, DISCOVER_PORT,
		    (struct sockaddr_in6 *)&family->group);
	} else if (status == 0) {
		(void)uv_ip4_addr(
		    "0.0.0.0", DISCOVER_PORT, (struct sockaddr_in *)&at);
		(void)uv_ip4_addr(DISCOVER_GROUP, DISCOVER_PORT,
		    (struct sockaddr_in *)&family->group);
	}
	if (status == 0)
		status = uv_udp_bind(&family->udp, (struct sockaddr *)&at,
		    UV_UDP_REUSEADDR | (v6 ? UV_UDP_IPV6ONLY : 0));
	if (status == 0)
		status = uv_udp_set_multicast_ttl(&family->udp, HOPS);
	if (status == 0)
		status = uv_udp_set_multicast_loop(&family->udp, 1);
	if (status == 0)
		status = uv_udp_recv_start(
		    &family->udp, on_buffer, on_datagram);
	return status == 0
		   ? ERR_OK
		   : err_set(status == UV_EADDRINUSE ? ERR_BUSY : ERR_IO,
			 "UDP port %d: %s", DISCOVER_PORT, uv_strerror(status));
}

/* Interfaces come and go: they are looked up anew for each beacon. */
static void
each_interface(struct discover *d, struct round *round)
{
	uv_interface_address_t *all = NULL;
	int n = 0;

	if (uv_interface_addresses(&all, &n) != 0)
		return;
	for (int i = 0; i < n && round->matched < DISCOVER_INTERFACES; i++) {
		if (interface_fits(d, &all[i]))
			interface_use(d, &all[i], round);
	}
	uv_free_interface_addresses(all, n);
}

static bool
interface_fits(
    const struct discover *d, const uv_interface_address_t *interface)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&interface->address;
	char text[PLACE_ADDRESS_SIZE] = "";
	const char *name = d->config.interface_name;
	const char *listen = d->config.listen;
	bool v6 = address->sa_family == AF_INET6;
	bool all = strcmp(listen, "::") == 0 ||
		   (!v6 && strcmp(listen, "0.0.0.0") == 0);

	if (!d->families[v6].open ||
	    (name != NULL && strcmp(name, interface->name) != 0))
		return false;
	/* IPv6 is called out from link-local addresses alone. */
	if (v6 && (interface->address.address6.sin6_addr.s6_addr[0] != 0xfe ||
		      (interface->address.address6.sin6_addr.s6_addr[1] &
			  0xc0) != 0x80))
		return false;
	if (uv_ip_name(address, text, sizeof(text)) != 0)
		return false;
	if (!all)
		return strcmp(text, listen) == 0;
	return name != NULL || !interface->is_internal;
}

/* Joins the group there, which it may have joined long ago, and calls. */
static void
interface_use(struct discover *d, const uv_interface_address_t *interface,
    struct round *round)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&interface->address;
	bool v6 = address->sa_family == AF_INET6;
	struct family *family = &d->families[v6];
	char text[PLACE_ADDRESS_SIZE + IF_NAMESIZE] = "";
	uv_buf_t b;
	int status;

	round->matched++;
	(void)uv_ip_name(address, text, PLACE_ADDRESS_SIZE);
	if (v6)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%%%s", interface->name);
	status = uv_udp_set_membership(&family->udp,
	    v6 ? DISCOVER_GROUP6 : DISCOVER_GROUP, text, UV_JOIN_GROUP);
	if (status == 0 || status == UV_EADDRINUSE)
		round->joined++;
	else
		round->status = status;
	if (round->beacon == NULL ||
	    uv_udp_set_multicast_interface(&family->udp, text) != 0)
		return;
	b = uv_buf_init(
	    (char *)round->beacon->p, (unsigned int)round->beacon->n);
	/* One that is lost is followed by another. */
	(void)uv_udp_try_send(
	    &family->udp, &b, 1, (const struct sockaddr *)&family->group);
}

static void
discover_on_timer(void *arg)
{
	struct discover *d = arg;
	const struct host *host = d->config.host;
	struct beacon beacon = {
	    .asks = d->asked_n < DISCOVER_ASKS, .port = d->config.port};
	struct buf out = {0};

	host->random(host->arg, beacon.nonce, sizeof(beacon.nonce));
	beacon_node(&d->key, beacon.nonce, &d->config.me->key, beacon.node);
	beacon_put(&d->key, &beacon, &out);
	each_interface(d, &(struct round){.beacon = &out});
	buf_fini(&out);
	d->sent_ms = loop_now_ms();
	if (d->asked_n < DISCOVER_ASKS)
		d->asked_n++;
	call_at(d, d->sent_ms + (d->asked_n < DISCOVER_ASKS
					? DISCOVER_GAP_MS
					: DISCOVER_PERIOD_MS / 2 +
					      below(d, DISCOVER_PERIOD_MS)));
}

static void
call_at(struct discover *d, uint64_t at_ms)
{
	d->next_ms = at_ms;
	loop_timer_set(d->timer, at_ms);
}

static uint64_t
below(const struct discover *d, uint64_t bound)
{
	const struct host *host = d->config.host;
	uint64_t random;

	host->random(host->arg, (uint8_t *)&random, sizeof(random));
	return random % bound;
}

static void
on_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *b)
{
	struct family *family = handle->data;

	(void)wanted;
	*b = uv_buf_init(family->discover->datagram, DATAGRAM_SIZE);
}

static void
on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *b,
    const struct sockaddr *from, unsigned flags)
{
	struct family *family = udp->data;
	struct discover *d = family->discover;
	struct beacon beacon;

	if (n <= 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0 ||
	    !beacon_get(&d->key, bytes_of(b->base, (size_t)n), &beacon))
		return;
	beacon_heard(d, &beacon, from);
}

static void
beacon_heard(struct discover *d, const struct beacon *beacon,
    const struct sockaddr *from)
{
	const struct discover_config *config = &d->config;
	struct place place = {.port = beacon->port};
	uint64_t now_ms = loop_now_ms();
	uint64_t answer_ms;
	char zone[UV_IF_NAMESIZE];
	size_t zone_size = sizeof(zone);
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;

	if (uv_ip_name(from, place.host, PLACE_ADDRESS_SIZE) != 0)
		return;
	if (from->sa_family == AF_INET6 && v6->sin6_scope_id != 0 &&
	    uv_if_indextoname(v6->sin6_scope_id, zone, &zone_size) == 0)
		(void)snprintf(place.host + strlen(place.host),
		    sizeof(place.host) - strlen(place.host), "%%%s", zone);
	if (beacon_is_of(&d->key, beacon, &config->me->key) ||
	    !discover_rate_take(&d->rate, place.host, now_ms) ||
	    config->is_linked(config->arg, &d->key, beacon))
		return;
	answer_ms = now_ms + below(d, DISCOVER_SOON_MS);
	if (d->sent_ms != 0 && answer_ms < d->sent_ms + DISCOVER_GAP_MS)
		answer_ms = d->sent_ms + DISCOVER_GAP_MS;
	if (beacon->asks && answer_ms < d->next_ms)
		call_at(d, answer_ms);
	config->on_heard(config->arg, &place);
}

bool
discover_rate_take(
    struct discover_rate *rate, const char *host, uint64_t now_ms)
{
	struct discover_source *source = NULL;
	struct discover_source *oldest = &rate->sources[0];

	for (size_t i = 0; i < rate->sources_n; i++) {
		if (strcmp(rate->sources[i].host, host) == 0)
			source = &rate->sources[i];
		if (rate->sources[i].since_ms < oldest->since_ms)
			oldest = &rate->sources[i];
	}
	if (source == NULL) {
		source = rate->sources_n < DISCOVER_SOURCES
			     ? &rate->sources[rate->sources_n++]
			     : oldest;
		*source = (struct discover_source){.since_ms = now_ms};
		(void)snprintf(source->host, sizeof(source->host), "%s", host);
	} else if (now_ms - source->since_ms >= DISCOVER_WINDOW_MS) {
		source->since_ms = now_ms;
		source->n = 0;
	}
	return source->n++ < DISCOVER_OF_SOURCE;
}

void
discover_close(struct discover *discover)
{
	struct discover *d = discover;

	if (d == NULL)
		return;
	loop_timer_free(d->timer);
	d->closed = true;
	for (size_t i = 0; i < COUNT_OF(d->families); i++) {
		if (d->families[i].open)
			uv_close((uv_handle_t *)&d->families[i].udp, on_close);
	}
	if (d->open_n == 0)
		mem_free(d);
}

/* The last socket takes the rest along. */
static void
on_close(uv_handle_t *handle)
{
	struct family *family = handle->data;
	struct discover *d = family->discover;

	assert(d->closed && d->open_n > 0);
	if (--d->open_n == 0)
		mem_free(d);
}
