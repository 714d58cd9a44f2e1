/*
 * Whom to dial, and when.  net/peer/caller.c runs it.  Knows no socket, no
 * clock and no store; what strangers say on the local network can fill it only
 * up to its limits.
 */
#include "net/peer/book.h"

#include <string.h>

#include "proto/mem.h"

enum state { STATE_REST, STATE_DIALLING, STATE_LINKED };

struct entry {
	struct place place;
	enum book_trust trust;
	enum state state;
	struct sign_key member; /* BOOK_MEMBER: who should be there */
	bool known;		/* who answered the last time: */
	struct sign_key peer;
	bool listed;	  /* in the list that is being taken over */
	bool dropped;	  /* out of the book when its call ends */
	uint64_t number;  /* of its call */
	unsigned attempt; /* since the last good link */
	unsigned turn;	  /* all attempts */
	uint64_t due_ms;  /* at rest; UINT64_MAX: until it is heard of */
	uint64_t up_ms;	  /* when the link came up; 0: it did not */
	uint64_t seen_ms; /* BOOK_HINT: when it was heard of last */
	uint64_t wait_ms; /* BOOK_HINT: not before, even then */
};

struct book {
	struct book_config config;
	struct entry *entries; /* owned */
	size_t n;
	size_t room;
	uint64_t number; /* of the last call */
	size_t members_n;
	struct sign_key members[LIMIT_KIN]; /* the best first */
	/* When the last dials by hints were made, in a circle. */
	uint64_t hinted_ms[LIMIT_HINT_DIALS];
	size_t hinted_at;
	uint64_t hinted_n;
};

static struct entry *entry_find(struct book *book, const struct place *place);
static struct entry *entry_call(const struct book *book, uint64_t number);
static struct entry *entry_add(struct book *book, const struct place *place,
    enum book_trust trust, uint64_t now_ms);
static void entry_remove(struct book *book, size_t at);
static void list_begin(struct book *book, enum book_trust trust);
static void list_end(struct book *book, enum book_trust trust);
static void member_list(
    struct book *book, const struct book_member *member, uint64_t now_ms);
static bool is_wanted(
    struct book *book, const struct entry *entry, uint64_t now_ms);
static bool member_is_wanted(
    const struct book *book, const struct sign_key *key);
static bool hint_is_wanted(const struct book *book, uint64_t now_ms);
static bool hint_room(struct book *book, const struct place *place) MUST_USE;
static bool hints_may_dial(const struct book *book, uint64_t now_ms);
static void hint_dialled(struct book *book, uint64_t now_ms);
static uint64_t random_u64(const struct book *book);

struct book *
book_new(const struct book_config *config)
{
	struct book *book = mem_zeros(1, sizeof(*book));

	book->config = *config;
	return book;
}

void
book_free(struct book *book)
{
	if (book == NULL)
		return;
	mem_free(book->entries);
	mem_free(book);
}

static bool
same_place(const struct place *a, const struct place *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

static bool
same_key(const struct sign_key *a, const struct sign_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static struct entry *
entry_find(struct book *book, const struct place *place)
{
	for (size_t i = 0; i < book->n; i++) {
		if (same_place(&book->entries[i].place, place))
			return &book->entries[i];
	}
	return NULL;
}

static struct entry *
entry_call(const struct book *book, uint64_t number)
{
	for (size_t i = 0; i < book->n; i++) {
		if (book->entries[i].state != STATE_REST &&
		    book->entries[i].number == number)
			return &book->entries[i];
	}
	return NULL;
}

static struct entry *
entry_add(struct book *book, const struct place *place, enum book_trust trust,
    uint64_t now_ms)
{
	struct entry *entry;

	mem_room(
	    &book->entries, &book->room, book->n + 1, sizeof(*book->entries));
	entry = &book->entries[book->n++];
	*entry = (struct entry){
	    .place = *place, .trust = trust, .due_ms = now_ms};
	return entry;
}

static void
entry_remove(struct book *book, size_t at)
{
	book->n--;
	memmove(&book->entries[at], &book->entries[at + 1],
	    (book->n - at) * sizeof(*book->entries));
}

/* A list comes whole: what it does not name any more goes. */
static void
list_begin(struct book *book, enum book_trust trust)
{
	for (size_t i = 0; i < book->n; i++) {
		if (book->entries[i].trust == trust)
			book->entries[i].listed = false;
	}
}

static void
list_end(struct book *book, enum book_trust trust)
{
	for (size_t i = book->n; i-- > 0;) {
		struct entry *entry = &book->entries[i];

		if (entry->trust != trust)
			continue;
		entry->dropped = !entry->listed;
		if (entry->dropped && entry->state == STATE_REST)
			entry_remove(book, i);
	}
}

void
book_configure(
    struct book *book, const struct place *places, size_t n, uint64_t now_ms)
{
	assert(n <= LIMIT_SESSIONS);
	list_begin(book, BOOK_CONFIGURED);
	for (size_t i = 0; i < n; i++) {
		struct entry *entry = entry_find(book, &places[i]);

		if (entry == NULL)
			entry = entry_add(
			    book, &places[i], BOOK_CONFIGURED, now_ms);
		else if (entry->trust != BOOK_CONFIGURED &&
			 entry->state == STATE_REST)
			entry->due_ms = now_ms;
		entry->trust = BOOK_CONFIGURED;
		entry->listed = true;
	}
	list_end(book, BOOK_CONFIGURED);
}

void
book_members(struct book *book, const struct book_member *members, size_t n,
    uint64_t now_ms)
{
	assert(n <= LIMIT_KIN);
	list_begin(book, BOOK_MEMBER);
	for (size_t i = 0; i < n; i++) {
		book->members[i] = members[i].key;
		member_list(book, &members[i], now_ms);
	}
	book->members_n = n;
	list_end(book, BOOK_MEMBER);
}

/* The whole city learns of an address in the same minute, so even the first
 * attempt is drawn. */
static void
member_list(
    struct book *book, const struct book_member *member, uint64_t now_ms)
{
	for (size_t i = 0; i < member->places_n; i++) {
		struct entry *entry = entry_find(book, &member->places[i]);

		if (entry != NULL && entry->trust == BOOK_CONFIGURED)
			continue;
		if (entry == NULL)
			entry = entry_add(book, &member->places[i], BOOK_MEMBER,
			    now_ms + random_u64(book) % BOOK_WAIT_MIN_MS);
		else if (entry->trust == BOOK_HINT &&
			 entry->due_ms == UINT64_MAX)
			entry->due_ms = now_ms;
		/* An address that two members have is the better one's. */
		if (entry->trust == BOOK_MEMBER && entry->listed)
			continue;
		entry->trust = BOOK_MEMBER;
		entry->member = member->key;
		entry->listed = true;
	}
}

void
book_hint(struct book *book, const struct place *place, uint64_t now_ms)
{
	struct entry *entry = entry_find(book, place);

	if (entry == NULL) {
		if (!hint_room(book, place))
			return;
		entry = entry_add(book, place, BOOK_HINT, now_ms);
	} else if (entry->trust == BOOK_HINT && entry->state == STATE_REST &&
		   entry->due_ms == UINT64_MAX) {
		entry->due_ms = entry->wait_ms > now_ms ? entry->wait_ms
							: now_ms;
	} else if (entry->trust != BOOK_HINT && entry->state == STATE_REST &&
		   entry->due_ms > now_ms + BOOK_LOOK_MS &&
		   hints_may_dial(book, now_ms)) {
		hint_dialled(book, now_ms);
		entry->due_ms = now_ms;
	}
	entry->seen_ms = now_ms;
}

/* Makes room for one more hint: of the same address, if that one has its share,
 * else of any, the one goes that was not heard of for the longest time. */
static bool
hint_room(struct book *book, const struct place *place)
{
	size_t all_n = 0;
	size_t near_n = 0;
	size_t oldest = SIZE_MAX;

	for (size_t i = 0; i < book->n; i++) {
		if (book->entries[i].trust != BOOK_HINT)
			continue;
		all_n++;
		near_n += strcmp(book->entries[i].place.host, place->host) == 0;
	}
	if (all_n < LIMIT_HINTS && near_n < LIMIT_HINTS_OF_SOURCE)
		return true;
	for (size_t i = 0; i < book->n; i++) {
		const struct entry *entry = &book->entries[i];

		if (entry->trust != BOOK_HINT || entry->state != STATE_REST ||
		    (near_n >= LIMIT_HINTS_OF_SOURCE &&
			strcmp(entry->place.host, place->host) != 0))
			continue;
		if (oldest == SIZE_MAX ||
		    entry->seen_ms < book->entries[oldest].seen_ms)
			oldest = i;
	}
	if (oldest == SIZE_MAX)
		return false;
	entry_remove(book, oldest);
	return true;
}

bool
book_next(struct book *book, uint64_t now_ms, struct book_call *call)
{
	struct entry *best = NULL;

	for (size_t i = 0; i < book->n; i++) {
		struct entry *entry = &book->entries[i];

		if (entry->state != STATE_REST || entry->due_ms > now_ms)
			continue;
		if (!is_wanted(book, entry, now_ms))
			entry->due_ms = now_ms + BOOK_LOOK_MS;
		else if (best == NULL || entry->trust < best->trust ||
			 (entry->trust == best->trust &&
			     entry->due_ms < best->due_ms))
			best = entry;
	}
	if (best == NULL)
		return false;
	if (best->trust == BOOK_HINT)
		hint_dialled(book, now_ms);
	best->state = STATE_DIALLING;
	best->number = ++book->number;
	best->attempt++;
	best->turn++;
	*call = (struct book_call){
	    .number = best->number, .place = best->place, .turn = best->turn};
	return true;
}

static bool
is_wanted(struct book *book, const struct entry *entry, uint64_t now_ms)
{
	const struct book_config *config = &book->config;

	if (entry->known && config->is_linked(config->arg, &entry->peer))
		return false;
	switch (entry->trust) {
	case BOOK_CONFIGURED:
		return true;
	case BOOK_MEMBER:
		return member_is_wanted(book, &entry->member);
	case BOOK_HINT:
		return hint_is_wanted(book, now_ms);
	}
	return false;
}

/* Is `key` linked, or a place of it being dialled, or, with `hoped`, one that
 * may still answer? */
static bool
member_is_reached(
    const struct book *book, const struct sign_key *key, bool hoped)
{
	if (book->config.is_linked(book->config.arg, key))
		return true;
	for (size_t i = 0; i < book->n; i++) {
		const struct entry *entry = &book->entries[i];

		if (entry->trust != BOOK_MEMBER ||
		    !same_key(&entry->member, key))
			continue;
		if (entry->state == STATE_DIALLING ||
		    (entry->state == STATE_REST && hoped &&
			entry->attempt < BOOK_FAILING))
			return true;
	}
	return false;
}

static bool
member_is_wanted(const struct book *book, const struct sign_key *key)
{
	size_t reached = 0;

	if (member_is_reached(book, key, false))
		return false;
	for (size_t i = 0; i < book->members_n; i++) {
		if (same_key(&book->members[i], key))
			return reached < LIMIT_KIN_LINKS;
		reached += member_is_reached(book, &book->members[i], true);
	}
	return false;
}

static bool
hint_is_wanted(const struct book *book, uint64_t now_ms)
{
	size_t busy = 0;

	for (size_t i = 0; i < book->n; i++)
		busy += book->entries[i].trust == BOOK_HINT &&
			book->entries[i].state != STATE_REST;
	return busy < LIMIT_HINT_LINKS && hints_may_dial(book, now_ms);
}

static bool
hints_may_dial(const struct book *book, uint64_t now_ms)
{
	return book->hinted_n < LIMIT_HINT_DIALS ||
	       now_ms - book->hinted_ms[book->hinted_at] >= 60 * 1000;
}

static void
hint_dialled(struct book *book, uint64_t now_ms)
{
	book->hinted_ms[book->hinted_at] = now_ms;
	book->hinted_at = (book->hinted_at + 1) % LIMIT_HINT_DIALS;
	book->hinted_n++;
}

uint64_t
book_wake_ms(const struct book *book)
{
	uint64_t at_ms = UINT64_MAX;

	for (size_t i = 0; i < book->n; i++) {
		const struct entry *entry = &book->entries[i];

		if (entry->state == STATE_REST && entry->due_ms < at_ms)
			at_ms = entry->due_ms;
	}
	return at_ms;
}

bool
book_has(const struct book *book, uint64_t number)
{
	const struct entry *entry = entry_call(book, number);

	return entry != NULL && !entry->dropped;
}

void
book_up(struct book *book, uint64_t number, const struct sign_key *peer,
    uint64_t now_ms)
{
	struct entry *entry = entry_call(book, number);

	assert(entry != NULL && entry->state == STATE_DIALLING);
	entry->state = STATE_LINKED;
	entry->known = true;
	entry->peer = *peer;
	entry->up_ms = now_ms;
}

void
book_served(struct book *book, uint64_t number)
{
	struct entry *entry = entry_call(book, number);

	assert(entry != NULL);
	entry->attempt = 0;
}

void
book_ended(struct book *book, uint64_t number, bool is_self, uint64_t now_ms)
{
	struct entry *entry = entry_call(book, number);
	uint64_t wait_ms;

	assert(entry != NULL);
	if (entry->dropped) {
		entry_remove(book, (size_t)(entry - book->entries));
		return;
	}
	if (entry->state == STATE_LINKED &&
	    now_ms - entry->up_ms >= BOOK_GOOD_MS)
		entry->attempt = 0;
	wait_ms = book_wait_ms(entry->attempt, random_u64(book));
	if (is_self)
		wait_ms = BOOK_SELF_MS;
	entry->state = STATE_REST;
	entry->up_ms = 0;
	entry->due_ms = now_ms + wait_ms;
	if (entry->trust != BOOK_HINT)
		return;
	/* Not by its own: somebody must still be heard there. */
	entry->wait_ms = entry->due_ms;
	entry->due_ms = UINT64_MAX;
}

size_t
book_count(const struct book *book, enum book_trust trust)
{
	size_t n = 0;

	for (size_t i = 0; i < book->n; i++)
		n += book->entries[i].trust == trust;
	return n;
}

static uint64_t
random_u64(const struct book *book)
{
	const struct host *host = book->config.host;
	uint64_t random;

	host->random(host->arg, (uint8_t *)&random, sizeof(random));
	return random;
}

uint64_t
book_wait_ms(unsigned attempt, uint64_t random)
{
	uint64_t bound = BOOK_WAIT_MIN_MS;

	while (attempt-- > 1 && bound < BOOK_WAIT_MAX_MS)
		bound *= 2;
	if (bound > BOOK_WAIT_MAX_MS)
		bound = BOOK_WAIT_MAX_MS;
	return random % bound;
}
