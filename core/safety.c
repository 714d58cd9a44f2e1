/*
 * The durability meter: adds up, over all logs and peers, what
 * core/safety_log.c makes of each word.  `golmok status` shows it.  Reads only,
 * and never takes a peer's word for more than its rights allow it to hold.
 */
#include "core/safety.h"

#include <stdlib.h>
#include <string.h>

#include "core/safety_log.h"
#include "proto/mem.h"

enum {
	/* Deltas of a log that are weighed; of each log one, where there are
	 * more logs than a few. */
	SAMPLES = 4,
	LOGS_FEW = 256,
};

/* A log of which nothing is held here. */
struct unknown {
	struct log_id id;
	uint64_t size;
};

struct meter {
	struct safety_logs logs;
	struct safety *safety;
	const struct authority *authority; /* borrowed */
	struct unknown *unknown;	   /* owned */
	size_t unknown_n;
	size_t unknown_room;
};

static enum err spaces_list(struct meter *meter) MUST_USE;
static enum err peers_each(
    struct meter *meter, const struct sign_key *me) MUST_USE;
static enum err peer_count(
    struct meter *meter, struct safety_peer *peer) MUST_USE;
static void peer_rights(struct meter *meter, const struct safety_peer *peer);
static enum err peer_hear(struct meter *meter, struct safety_peer *peer,
    const struct clock_list *list) MUST_USE;
static enum err log_end(struct meter *meter, struct safety_peer *peer,
    struct safety_log *log) MUST_USE;
static void log_hold(
    struct meter *meter, struct safety_peer *peer, struct safety_log *log);
static enum err log_weigh(
    struct meter *meter, struct safety_log *log, uint64_t left) MUST_USE;
static enum err receive_sum(struct meter *meter) MUST_USE;
static uint64_t unknown_sum(struct meter *meter);
static enum err mean_weight(struct meter *meter, uint64_t *bytes) MUST_USE;
static void space_sum(struct meter *meter, size_t at, uint64_t *counts);
static uint64_t log_sum(
    struct meter *meter, struct safety_log *log, uint64_t *counts);
static bool is_first(const struct meter *meter, const struct safety_log *log);

enum err
safety_count(struct txn *txn, const struct authority *authority,
    const struct sign_key *me, struct arena *arena, struct safety *safety)
{
	struct meter meter = {.logs = {.txn = txn, .arena = arena},
	    .safety = safety,
	    .authority = authority};
	uint64_t *counts = NULL;
	enum err e;

	*safety = (struct safety){0};
	e = spaces_list(&meter);
	if (e == ERR_OK)
		e = safety_log_all(&meter.logs, safety, authority, me);
	if (e == ERR_OK)
		e = peers_each(&meter, me);
	if (e == ERR_OK)
		e = receive_sum(&meter);
	if (e != ERR_OK)
		goto out;
	counts = mem_zeros(safety->peers_n + 1, sizeof(*counts));
	for (size_t i = 0; i < safety->spaces_n; i++)
		space_sum(&meter, i, counts);
out:
	mem_free(counts);
	mem_free(meter.unknown);
	return e;
}

uint64_t
safety_fewest(const struct safety_space *space)
{
	return space->held_n > 0 ? space->held[0].replicas : 0;
}

/* Peers may say any number. */
static uint64_t
sum_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* `deltas` more, of `one` byte each. */
static void
amount_add(struct safety_amount *amount, uint64_t deltas, uint64_t one)
{
	uint64_t bytes = UINT64_MAX;

	if (one == 0 || deltas <= UINT64_MAX / one)
		bytes = deltas * one;
	amount->deltas = sum_add(amount->deltas, deltas);
	amount->bytes = sum_add(amount->bytes, bytes);
}

static enum err
spaces_list(struct meter *meter)
{
	struct safety *safety = meter->safety;
	struct space_state **spaces;
	enum err e = space_all(meter->logs.txn, &spaces, &safety->spaces_n);

	if (e != ERR_OK)
		return e;
	safety->spaces = arena_array(
	    meter->logs.arena, safety->spaces_n, sizeof(*safety->spaces));
	for (size_t i = 0; i < safety->spaces_n; i++)
		safety->spaces[i].space = &spaces[i]->name;
	return ERR_OK;
}

static enum err
peers_each(struct meter *meter, const struct sign_key *me)
{
	struct safety *safety = meter->safety;
	struct clock_peer *met;
	size_t n;
	enum err e = clock_peers(meter->logs.txn, meter->logs.arena, &met, &n);

	if (e != ERR_OK)
		return e;
	safety->peers = arena_array(
	    meter->logs.arena, n, sizeof(*safety->peers));
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct safety_peer *peer = &safety->peers[safety->peers_n];

		/* Another store with our keys is no other member. */
		if (memcmp(&met[i].key, me, sizeof(*me)) == 0)
			continue;
		peer->met = met[i];
		safety->peers_n++;
		e = peer_count(meter, peer);
	}
	return e;
}

static enum safety_standing
standing_of(const struct authority *authority, const struct sign_key *key)
{
	const struct member *member = authority_member(authority, key);

	if (member == NULL || !member->counts)
		return SAFETY_STRANGER;
	if (member->compromised)
		return SAFETY_COMPROMISED;
	return member->revoked ? SAFETY_REVOKED : SAFETY_COUNTS;
}

static enum err
peer_count(struct meter *meter, struct safety_peer *peer)
{
	struct arena beliefs = {0};
	struct clock_list list;
	enum err e;

	peer->standing = standing_of(meter->authority, &peer->met.key);
	if (peer->standing == SAFETY_STRANGER ||
	    peer->standing == SAFETY_COMPROMISED)
		return ERR_OK;
	peer_rights(meter, peer);
	e = clock_beliefs(meter->logs.txn, &peer->met.key, &beliefs, &list);
	if (e == ERR_OK)
		e = peer_hear(meter, peer, &list);
	for (size_t i = 0; i < meter->logs.n && e == ERR_OK; i++)
		e = log_end(meter, peer, &meter->logs.logs[i]);
	arena_fini(&beliefs);
	return e;
}

/* Logs lie by space, so that rights are looked up once for a space. */
static void
peer_rights(struct meter *meter, const struct safety_peer *peer)
{
	const struct sign_key *key = &peer->met.key;
	struct clock_depth depth = {0};

	for (size_t i = 0; i < meter->logs.n; i++) {
		struct safety_log *log = &meter->logs.logs[i];
		const struct log_name *name = &log->log->name;

		if (i == 0 || log->space != log[-1].space)
			clock_depth(
			    meter->authority, key, &name->space, &depth);
		log->depth = depth;
		if (memcmp(&name->author, key, sizeof(*key)) == 0)
			clock_log_depth(
			    meter->authority, key, name, &log->depth);
		log->extent = (struct safety_extent){0};
	}
}

static enum err
peer_hear(struct meter *meter, struct safety_peer *peer,
    const struct clock_list *list)
{
	size_t at = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->n && e == ERR_OK; i++) {
		const struct msg_entry *entry = &list->entries[i];
		bool known;

		e = safety_log_hear(&meter->logs, entry, &at, &known);
		if (e != ERR_OK || known)
			continue;
		mem_room(&meter->unknown, &meter->unknown_room,
		    meter->unknown_n + 1, sizeof(*meter->unknown));
		meter->unknown[meter->unknown_n++] = (struct unknown){
		    .id = entry->log, .size = entry->size};
		amount_add(&peer->ahead, entry->size, 0);
		peer->unknown = sum_add(peer->unknown, entry->size);
	}
	return e;
}

/* All that the peer says of `log` is known. */
static enum err
log_end(struct meter *meter, struct safety_peer *peer, struct safety_log *log)
{
	struct safety_extent held;
	uint64_t ahead;
	uint64_t lacks = 0;
	enum err e = ERR_OK;

	if (!log->depth.any)
		return ERR_OK;
	if (peer->standing == SAFETY_COUNTS)
		log_hold(meter, peer, log);
	safety_log_extent(log->log, &held);
	if (log->log->has_head)
		lacks = safety_log_owed(&held, &log->extent, &log->depth);
	ahead = sum_add(log->extent.beyond,
	    safety_log_owed(&log->extent, &held, &log->ours));
	if (ahead > log->ahead)
		log->ahead = ahead;
	if (lacks > 0)
		e = log_weigh(meter, log, lacks);
	if (e == ERR_OK && ahead > 0)
		e = log_weigh(meter, log, ahead);
	amount_add(&peer->lacks, lacks, weigh_one(&log->weight, &log->depth));
	amount_add(&peer->ahead, ahead, weigh_one(&log->weight, &log->ours));
	return e;
}

/* Who may have headers alone holds nothing, whatever it says. */
static void
log_hold(struct meter *meter, struct safety_peer *peer, struct safety_log *log)
{
	uint64_t whole = log->extent.whole;
	uint64_t part = log->extent.headers;
	size_t room = 2 * log->wholes_room + 4;
	uint64_t *more;

	if (!log->depth.hold && log->depth.classes == 0)
		return;
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		if ((log->depth.classes >> class & 1) != 0 &&
		    log->extent.open[class] < part)
			part = log->extent.open[class];
	if (log->depth.classes != 0 && part > log->partly)
		log->partly = part;
	if (whole <= log->log->below)
		return;
	peer->held += whole - log->log->below;
	if (log->wholes_n == log->wholes_room) {
		more = arena_array(meter->logs.arena, room, sizeof(*more));
		for (size_t i = 0; i < log->wholes_n; i++)
			more[i] = log->wholes[i];
		log->wholes = more;
		log->wholes_room = room;
	}
	log->wholes[log->wholes_n++] = whole;
}

/* By some of the last `left` deltas of `log`, or all there are. */
static enum err
log_weigh(struct meter *meter, struct safety_log *log, uint64_t left)
{
	uint64_t size = log->log->frontier.size;

	if (log->weight.n > 0 || size == 0)
		return ERR_OK;
	return weigh_log(meter->logs.txn, log->log,
	    left < size ? size - left : 0,
	    meter->logs.n > LOGS_FEW ? 1 : SAMPLES, &log->weight);
}

/* What is to go and to come in all. */
static enum err
receive_sum(struct meter *meter)
{
	struct safety *safety = meter->safety;
	uint64_t unknown = unknown_sum(meter);
	uint64_t mean = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < meter->logs.n; i++) {
		const struct safety_log *log = &meter->logs.logs[i];

		amount_add(&safety->receive, log->ahead,
		    weigh_one(&log->weight, &log->ours));
		safety->forked += log->log->forked && is_first(meter, log);
	}
	if (unknown > 0)
		e = mean_weight(meter, &mean);
	amount_add(&safety->receive, unknown, mean);
	for (size_t i = 0; i < safety->peers_n; i++) {
		struct safety_peer *peer = &safety->peers[i];
		struct safety_amount more = {0};

		amount_add(&more, peer->unknown, mean);
		peer->ahead.bytes = sum_add(peer->ahead.bytes, more.bytes);
		safety->send.deltas = sum_add(
		    safety->send.deltas, peer->lacks.deltas);
		safety->send.bytes = sum_add(
		    safety->send.bytes, peer->lacks.bytes);
	}
	return e;
}

static int
unknown_compare(const void *a, const void *b)
{
	const struct unknown *x = a;
	const struct unknown *y = b;
	int order = memcmp(&x->id, &y->id, sizeof(x->id));

	if (order != 0)
		return order;
	return (x->size > y->size) - (x->size < y->size);
}

/* Several peers may have the same log. */
static uint64_t
unknown_sum(struct meter *meter)
{
	const struct unknown *all = meter->unknown;
	size_t n = meter->unknown_n;
	uint64_t sum = 0;

	if (n > 0)
		qsort(meter->unknown, n, sizeof(*all), unknown_compare);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n ||
		    memcmp(&all[i].id, &all[i + 1].id, sizeof(all->id)) != 0)
			sum = sum_add(sum, all[i].size);
	return sum;
}

/* Nobody knows what deltas of a log weigh of which none is here; they are taken
 * to be like the others. */
static enum err
mean_weight(struct meter *meter, uint64_t *bytes)
{
	static const struct clock_depth all = {.any = true, .hold = true};
	struct safety_log *most = NULL;
	uint64_t sum = 0;
	uint64_t n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < meter->logs.n; i++) {
		struct safety_log *log = &meter->logs.logs[i];

		if (most == NULL ||
		    log->log->frontier.size > most->log->frontier.size)
			most = log;
	}
	if (most != NULL)
		e = log_weigh(meter, most, most->log->frontier.size);
	for (size_t i = 0; i < meter->logs.n; i++) {
		sum += weigh_one(&meter->logs.logs[i].weight, &all);
		n += meter->logs.logs[i].weight.n > 0;
	}
	*bytes = n > 0 ? sum / n : 0;
	return e;
}

/* `counts` is of zeros, and is so again. */
static void
space_sum(struct meter *meter, size_t at, uint64_t *counts)
{
	struct safety *safety = meter->safety;
	struct safety_space *space = &safety->spaces[at];
	size_t n = 0;

	for (size_t i = 0; i < meter->logs.n; i++) {
		struct safety_log *log = &meter->logs.logs[i];

		if (log->space == at)
			space->deltas += log_sum(meter, log, counts);
	}
	for (size_t i = 0; i <= safety->peers_n; i++)
		n += counts[i] > 0;
	space->held = arena_array(meter->logs.arena, n, sizeof(*space->held));
	for (size_t i = 0; i <= safety->peers_n; i++) {
		if (counts[i] == 0)
			continue;
		space->held[space->held_n++] = (struct safety_held){
		    .replicas = i, .deltas = counts[i]};
		counts[i] = 0;
	}
	safety->deltas += space->deltas;
	safety->alone += space->alone;
	safety->partly += space->partly;
}

static int
fall_compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x < *y) - (*x > *y);
}

/* How many deltas of `log` are counted here: with so many others go so many of
 * `counts`.  What branches share is counted in one. */
static uint64_t
log_sum(struct meter *meter, struct safety_log *log, uint64_t *counts)
{
	struct safety *safety = meter->safety;
	struct safety_space *space = &safety->spaces[log->space];
	uint64_t below = log->log->below;
	uint64_t rest = log->log->frontier.size;
	uint64_t n = rest - below;
	uint64_t alone;

	if (log->wholes_n > 0)
		qsort(log->wholes, log->wholes_n, sizeof(*log->wholes),
		    fall_compare);
	alone = log->wholes_n > 0 ? rest - log->wholes[0] : n;
	for (size_t i = 0; i < log->wholes_n; i++) {
		assert(log->wholes[i] > below && log->wholes[i] <= rest);
		counts[i] += rest - log->wholes[i];
		rest = log->wholes[i];
	}
	counts[log->wholes_n] += rest - below;
	rest = log->log->frontier.size - alone;
	if (log->partly > rest)
		space->partly += log->partly - rest;
	space->alone += alone;
	space->own += log->is_own ? n : 0;
	space->own_alone += log->is_own ? alone : 0;
	safety->forked_alone += log->log->forked ? alone : 0;
	return n;
}

/* One tip stands for all branches of a log. */
static bool
is_first(const struct meter *meter, const struct safety_log *log)
{
	for (const struct safety_log *other = meter->logs.logs; other < log;
	     other++)
		if (memcmp(&other->log->trunk, &log->log->trunk,
			sizeof(log->log->trunk)) == 0)
			return false;
	return true;
}
