/*
 * Runs the book of places: reads the lists from the store, makes a dialer for
 * each call, and tells the book what came of it.  net/node.c has one.  Decides
 * nothing by itself.
 */
#include "net/peer/caller.h"

#include <string.h>

#include "core/dials.h"
#include "core/store.h"
#include "net/peer/dialer.h"
#include "net/peer/kin.h"
#include "proto/mem.h"

enum { WHERE_SIZE = LIMIT_ADDRESS_SIZE + 1 };

struct caller {
	struct caller_config config;
	struct book *book;	    /* owned */
	struct loop_timer *dialing; /* owned; set to when the book wants it */
	struct loop_timer *reading; /* owned */
	struct dialer **dialers;    /* owned array */
	size_t n;
	size_t room;
	bool has_kin;
	struct hash kin_version; /* of the authority that they come from */
	bool stopped;
};

static void caller_on_read(void *arg);
static void places_read(struct caller *caller, struct txn *txn);
static enum err members_read(struct caller *caller) MUST_USE;
static void kin_take(struct caller *caller, const struct kin *kin);
static bool place_take(struct bytes address, struct place *place);
static void gone_end(struct caller *caller);
static void caller_on_dial(void *arg);
static void dial_one(struct caller *caller, const struct book_call *call);
static void dial_later(struct caller *caller);
static void caller_on_up(
    void *arg, uint64_t number, const struct sign_key *peer);
static void caller_on_ended(
    void *arg, struct dialer *dialer, const struct dialer_end *end);

struct caller *
caller_new(const struct caller_config *config)
{
	struct caller *caller = mem_zeros(1, sizeof(*caller));
	struct loop *loop = hub_loop(config->link.hub);

	caller->config = *config;
	caller->book = book_new(
	    &(struct book_config){.host = hub_host(config->link.hub),
		.is_linked = config->is_linked,
		.arg = config->arg});
	caller->dialing = loop_timer_new(loop, caller_on_dial, caller);
	caller->reading = loop_timer_new(loop, caller_on_read, caller);
	loop_timer_set(caller->reading, 0);
	return caller;
}

void
caller_hint(struct caller *caller, const struct place *place)
{
	if (caller->stopped)
		return;
	book_hint(caller->book, place, loop_now_ms());
	dial_later(caller);
}

void
caller_stop(struct caller *caller)
{
	if (caller == NULL || caller->stopped)
		return;
	caller->stopped = true;
	loop_timer_free(caller->dialing);
	loop_timer_free(caller->reading);
	/* Those without a link are gone at once. */
	for (size_t i = caller->n; i-- > 0;)
		dialer_stop(caller->dialers[i], "this node stops");
}

void
caller_free(struct caller *caller)
{
	if (caller == NULL)
		return;
	assert(caller->stopped && caller->n == 0);
	book_free(caller->book);
	mem_free(caller->dialers);
	mem_free(caller);
}

/* A store that cannot be read shows when a session needs it. */
static void
caller_on_read(void *arg)
{
	struct caller *caller = arg;
	struct store *store = caller->config.store;

	if (store_begin(store, false) == ERR_OK) {
		places_read(caller, store_txn(store));
		if (caller->config.members)
			(void)!members_read(caller);
		store_abort(store);
	}
	gone_end(caller);
	dial_later(caller);
	loop_timer_set(caller->reading, loop_now_ms() + CALLER_READ_MS);
}

static void
places_read(struct caller *caller, struct txn *txn)
{
	const struct caller_config *config = &caller->config;
	const struct bytes *kept;
	size_t kept_n = dials_list(txn, &kept);
	struct place *all = mem_new(
	    (config->places_n + kept_n + 1) * sizeof(*all));
	size_t n = 0;

	for (; n < config->places_n; n++)
		all[n] = config->places[n];
	for (size_t i = 0; i < kept_n && n < LIMIT_SESSIONS; i++)
		n += place_take(kept[i], &all[n]);
	book_configure(caller->book, all, n, loop_now_ms());
	mem_free(all);
}

/* Addresses are what somebody typed somewhere: one that makes no sense is
 * passed over. */
static bool
place_take(struct bytes address, struct place *place)
{
	char text[WHERE_SIZE] = "";

	if (address.n >= sizeof(text))
		return false;
	bytes_copy(text, address);
	return place_read(text, place) == ERR_OK && place->port != 0;
}

static enum err
members_read(struct caller *caller)
{
	struct store *store = caller->config.store;
	const struct authority *authority;
	struct kin kin;
	enum err e = store_authority(store, &authority);

	if (e != ERR_OK)
		return e;
	if (caller->has_kin && memcmp(&caller->kin_version, &authority->version,
				   sizeof(authority->version)) == 0)
		return ERR_OK;
	caller->has_kin = true;
	caller->kin_version = authority->version;
	kin_find(authority, &store_identity(store)->key, &kin);
	kin_take(caller, &kin);
	return ERR_OK;
}

static void
kin_take(struct caller *caller, const struct kin *kin)
{
	struct book_member *members = mem_zeros(LIMIT_KIN, sizeof(*members));

	for (size_t i = 0; i < kin->n; i++) {
		const struct member *from = kin->members[i];
		struct book_member *to = &members[i];

		to->key = from->key;
		for (size_t k = 0; k < from->addresses_n; k++)
			to->places_n += place_take(
			    from->addresses[k], &to->places[to->places_n]);
	}
	book_members(caller->book, members, kin->n, loop_now_ms());
	mem_free(members);
}

/* Ends the links of places that are not to be dialled any more. */
static void
gone_end(struct caller *caller)
{
	for (size_t i = caller->n; i-- > 0;) {
		struct dialer *dialer = caller->dialers[i];

		if (!book_has(caller->book, dialer_number(dialer)))
			dialer_stop(dialer, "this node dials here no more");
	}
}

static void
caller_on_dial(void *arg)
{
	struct caller *caller = arg;
	struct book_call call;

	while (book_next(caller->book, loop_now_ms(), &call))
		dial_one(caller, &call);
	dial_later(caller);
}

static void
dial_one(struct caller *caller, const struct book_call *call)
{
	struct dialer_config config = {.link = caller->config.link,
	    .call = *call,
	    .on_up = caller_on_up,
	    .on_ended = caller_on_ended,
	    .arg = caller};

	mem_room(&caller->dialers, &caller->room, caller->n + 1,
	    sizeof(struct dialer *));
	caller->dialers[caller->n++] = dialer_new(&config);
}

static void
dial_later(struct caller *caller)
{
	if (!caller->stopped)
		loop_timer_set(caller->dialing, book_wake_ms(caller->book));
}

static void
caller_on_up(void *arg, uint64_t number, const struct sign_key *peer)
{
	struct caller *caller = arg;

	book_up(caller->book, number, peer, loop_now_ms());
}

static void
caller_on_ended(void *arg, struct dialer *dialer, const struct dialer_end *end)
{
	struct caller *caller = arg;
	const struct caller_config *config = &caller->config;

	if (!end->tried && !caller->stopped)
		config->on_failed(config->arg, &end->place);
	if (end->is_useful)
		book_served(caller->book, end->number);
	book_ended(caller->book, end->number, end->is_self, loop_now_ms());
	for (size_t i = 0; i < caller->n; i++) {
		if (caller->dialers[i] == dialer) {
			caller->dialers[i] = caller->dialers[--caller->n];
			break;
		}
	}
	dial_later(caller);
}
