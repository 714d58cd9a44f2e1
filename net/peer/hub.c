/*
 * Turns of all sessions of a process on one store.  net/peer/link.c joins its
 * sessions and is called back after each turn.  One session's failure is its
 * own; only the store's concerns all that took part.  Must never keep a
 * transaction open when a callback of the loop ends.
 */
#include "net/peer/hub.h"

#include "core/feed.h"
#include "net/peer/checker.h"
#include "net/peer/news.h"
#include "net/peer/notes.h"
#include "proto/mem.h"

struct hub_member {
	struct hub *hub;	 /* borrowed: it outlives its members */
	struct session *session; /* borrowed from who joined */
	hub_turn_fn *turn;
	void *arg;
	size_t place; /* in hub->members */
	bool due;     /* wants a turn */
	bool working; /* takes part in the write transaction of this turn */
	bool looked;  /* its heads are being checked */
	size_t waiting_bytes; /* that it was last known to have waiting */
	struct fault *fault;  /* owned; how this turn failed, or NULL */
};

struct hub {
	struct loop *loop; /* borrowed, as store and host */
	struct store *store;
	const struct host *host;
	struct squeeze squeeze;
	struct checker *checker;
	struct loop_soon *turn;	     /* set when a turn is due */
	struct loop_soon *help;	     /* set when this thread may check too */
	struct loop_timer *watch;    /* runs while there are members */
	struct hub_member **members; /* owned; NULL for one that left */
	size_t n;
	size_t room;
	size_t live_n; /* members that have not left */
	size_t first;  /* the member with which the next transaction begins */
	size_t waiting_bytes; /* of all members */
	bool in_turn;	      /* places in `members` stay as they are */
	uint64_t feed; /* the newest number of the feed that all have seen */
	struct notes notes; /* of sessions that have ended */
	struct loop_timer *notes_timer;
	bool notes_due;
	uint64_t turned_ms; /* when the last turn was */
};

static void hub_on_watch(void *arg);
static void hub_on_turn(void *arg);
static void hub_on_notes(void *arg);
static void hub_on_idle(void *arg);
static void notes_flush(struct hub *hub);
static void waiting_count(struct hub_member *member);
static void look_all(struct hub *hub);
static enum err look_each(struct hub *hub) MUST_USE;
static void head_on_found(
    void *arg, const struct log_name *log, const struct note_head *head);
static void hub_on_checked(void *arg);
static void work_all(struct hub *hub);
static size_t work_mark(struct hub *hub);
static enum err work_each(struct hub *hub) MUST_USE;
static void worked_each(struct hub *hub, enum err e);
static bool is_peers(enum err e);
static void fill_all(struct hub *hub);
static enum err fill_each(struct hub *hub) MUST_USE;
static void tell_all(struct hub *hub);
static void fault_keep(struct hub_member *member, enum err e);
static void members_sweep(struct hub *hub);

struct hub *
hub_new(struct loop *loop, struct store *store, const struct host *host)
{
	struct hub *hub = mem_zeros(1, sizeof(*hub));

	hub->loop = loop;
	hub->store = store;
	hub->host = host;
	hub->checker = checker_new(loop, hub_on_checked, hub);
	hub->turn = loop_soon_new(loop, hub_on_turn, hub);
	hub->help = loop_soon_new(loop, hub_on_idle, hub);
	hub->watch = loop_timer_new(loop, hub_on_watch, hub);
	hub->notes_timer = loop_timer_new(loop, hub_on_notes, hub);
	return hub;
}

void
hub_free(struct hub *hub)
{
	if (hub == NULL)
		return;
	assert(hub->live_n == 0 && !hub->in_turn);
	notes_flush(hub);
	notes_fini(&hub->notes);
	loop_timer_free(hub->notes_timer);
	loop_soon_free(hub->turn);
	loop_soon_free(hub->help);
	checker_free(hub->checker);
	loop_timer_free(hub->watch);
	squeeze_fini(&hub->squeeze);
	mem_free(hub->members);
	mem_free(hub);
}

/* A store that cannot be written loses them: it has other troubles. */
static void
notes_flush(struct hub *hub)
{
	struct fault before;

	if (!notes_wait(&hub->notes))
		return;
	err_keep(&before, ERR_OK);
	if (store_begin(hub->store, true) == ERR_OK) {
		notes_write(&hub->notes, store_txn(hub->store));
		if (store_commit(hub->store) != ERR_OK)
			store_abort(hub->store);
	}
	(void)!err_raise(&before);
}

struct loop *
hub_loop(const struct hub *hub)
{
	return hub->loop;
}

const struct host *
hub_host(const struct hub *hub)
{
	return hub->host;
}

uint64_t
hub_quiet_ms(const struct hub *hub)
{
	return loop_now_ms() - hub->turned_ms;
}

struct session *
hub_session(struct hub *hub, const struct session_config *config)
{
	struct session_config whole = *config;

	whole.store = hub->store;
	whole.host = hub->host;
	whole.squeeze = &hub->squeeze;
	whole.now_ms = loop_now_ms();
	return session_new(&whole);
}

struct hub_member *
hub_join(struct hub *hub, struct session *session, hub_turn_fn *turn, void *arg)
{
	struct hub_member *member = mem_zeros(1, sizeof(*member));

	member->hub = hub;
	member->session = session;
	member->turn = turn;
	member->arg = arg;
	member->place = hub->n;
	session_fence(session);
	mem_room(
	    &hub->members, &hub->room, hub->n + 1, sizeof(struct hub_member *));
	hub->members[hub->n++] = member;
	if (hub->live_n++ == 0)
		loop_timer_set(hub->watch, loop_now_ms() + HUB_WATCH_MS);
	return member;
}

void
hub_leave(struct hub_member *member)
{
	struct hub *hub;

	if (member == NULL)
		return;
	hub = member->hub;
	assert(hub->members[member->place] == member);
	hub->members[member->place] = NULL;
	hub->live_n--;
	hub->waiting_bytes -= member->waiting_bytes;
	if (!notes_wait(&hub->notes))
		loop_timer_set(hub->notes_timer, loop_now_ms() + HUB_NOTES_MS);
	notes_move(&hub->notes, session_notes(member->session));
	if (!notes_wait(&hub->notes))
		loop_timer_set(hub->notes_timer, UINT64_MAX);
	if (hub->live_n == 0)
		loop_timer_set(hub->watch, UINT64_MAX);
	mem_free(member->fault);
	mem_free(member);
	if (!hub->in_turn)
		members_sweep(hub);
}

/* Closes the gaps that members left. */
static void
members_sweep(struct hub *hub)
{
	size_t n = 0;

	for (size_t i = 0; i < hub->n; i++) {
		if (hub->members[i] == NULL)
			continue;
		hub->members[i]->place = n;
		hub->members[n++] = hub->members[i];
	}
	hub->n = n;
	assert(hub->n == hub->live_n);
}

void
hub_wake(struct hub_member *member)
{
	member->due = true;
	waiting_count(member);
	/* Not at once: what else is ready on the loop joins the same turn. */
	loop_soon_set(member->hub->turn);
}

static void
waiting_count(struct hub_member *member)
{
	struct hub *hub = member->hub;

	hub->waiting_bytes -= member->waiting_bytes;
	member->waiting_bytes = session_waiting(member->session);
	hub->waiting_bytes += member->waiting_bytes;
}

/* Who has nothing waiting may go on in any case: a message must be whole before
 * it can be worked on and make room again. */
bool
hub_wants_input(const struct hub_member *member)
{
	return session_wants_input(member->session) &&
	       (session_waiting(member->session) == 0 ||
		   member->hub->waiting_bytes < HUB_WAITING_BYTES);
}

size_t
hub_queue_size(const struct hub *hub)
{
	size_t n = HUB_QUEUE_BYTES / (hub->live_n > 0 ? hub->live_n : 1);

	if (n < HUB_QUEUE_MIN)
		return HUB_QUEUE_MIN;
	return n < LIMIT_QUEUE_SIZE ? n : LIMIT_QUEUE_SIZE;
}

/* Has somebody else written?  A store that cannot be read shows when a session
 * needs it. */
static void
hub_on_watch(void *arg)
{
	struct hub *hub = arg;
	uint64_t feed = hub->feed;

	if (store_begin(hub->store, false) == ERR_OK) {
		feed = feed_last(store_txn(hub->store));
		store_abort(hub->store);
	}
	if (feed != hub->feed)
		loop_soon_set(hub->turn);
	loop_timer_set(hub->watch, loop_now_ms() + HUB_WATCH_MS);
}

static void
hub_on_notes(void *arg)
{
	struct hub *hub = arg;

	hub->notes_due = true;
	loop_soon_set(hub->turn);
}

static void
hub_on_turn(void *arg)
{
	struct hub *hub = arg;
	bool again = false;

	assert(!hub->in_turn);
	hub->in_turn = true;
	hub->turned_ms = loop_now_ms();
	/* First, so that threads check while this one stores. */
	look_all(hub);
	work_all(hub);
	fill_all(hub);
	tell_all(hub);
	hub->in_turn = false;
	members_sweep(hub);
	for (size_t i = 0; i < hub->n; i++) {
		const struct hub_member *member = hub->members[i];

		if (member->due || session_is_ready(member->session) ||
		    (!checker_is_busy(hub->checker) &&
			session_has_news(member->session)))
			again = true;
	}
	if (again)
		loop_soon_set(hub->turn);
	else if (checker_is_busy(hub->checker))
		loop_soon_set(hub->help);
}

/* Nothing can be stored before the answers are there. */
static void
hub_on_idle(void *arg)
{
	struct hub *hub = arg;

	if (checker_help(hub->checker))
		loop_soon_set(hub->help);
}

/* The member of which `i` others come before it in this turn; NULL: left. */
static struct hub_member *
member_at(const struct hub *hub, size_t i)
{
	return hub->members[(hub->first + i) % hub->n];
}

/* Looks at what has arrived, unless threads are still at work on the last look.
 */
static void
look_all(struct hub *hub)
{
	bool any = false;

	for (size_t i = 0; i < hub->n && !any; i++)
		any = hub->members[i] != NULL &&
		      session_has_news(hub->members[i]->session);
	if (!any || checker_is_busy(hub->checker))
		return;
	/* A store that cannot be read shows when the session needs it. */
	if (store_begin(hub->store, false) == ERR_OK) {
		(void)!look_each(hub);
		store_abort(hub->store);
	}
	if (!checker_send(hub->checker))
		hub_on_checked(hub);
}

static enum err
look_each(struct hub *hub)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < hub->n && e == ERR_OK &&
			   checker_asked(hub->checker) < HUB_HEADS_MAX;
	     i++) {
		struct hub_member *member = member_at(hub, i);

		if (member == NULL || !session_has_news(member->session))
			continue;
		member->looked = true;
		e = session_look(member->session, head_on_found, hub->checker);
	}
	return e;
}

static void
head_on_found(
    void *arg, const struct log_name *log, const struct note_head *head)
{
	checker_ask(arg, log, head);
}

/* What was looked at may be worked on. */
static void
hub_on_checked(void *arg)
{
	struct hub *hub = arg;

	for (size_t i = 0; i < hub->n; i++) {
		struct hub_member *member = hub->members[i];

		if (member == NULL || !member->looked)
			continue;
		member->looked = false;
		session_clear(member->session);
	}
	loop_soon_set(hub->turn);
}

/* One write transaction for all that have something to take in. */
static void
work_all(struct hub *hub)
{
	enum err e;

	if (work_mark(hub) == 0 && !hub->notes_due)
		return;
	hub->notes_due = false;
	e = store_begin(hub->store, true);
	if (e == ERR_OK) {
		store_txn(hub->store)->vouch = checker_vouch(hub->checker);
		e = work_each(hub);
		notes_write(&hub->notes, store_txn(hub->store));
		if (e == ERR_OK)
			e = store_commit(hub->store);
		else
			store_abort(hub->store);
	}
	worked_each(hub, e);
}

/* Gives each that is ready its share. */
static size_t
work_mark(struct hub *hub)
{
	size_t n = 0;

	for (size_t i = 0; i < hub->n; i++) {
		struct hub_member *member = hub->members[i];

		if (member == NULL)
			continue;
		member->working = session_is_ready(member->session);
		n += member->working;
	}
	for (size_t i = 0; i < hub->n; i++) {
		struct hub_member *member = hub->members[i];

		if (member != NULL && member->working)
			session_allow(member->session, HUB_WORK_BYTES / n);
	}
	return n;
}

/* Fails only when the store does. */
static enum err
work_each(struct hub *hub)
{
	uint64_t now_ms = loop_now_ms();
	size_t first = hub->first;
	size_t taken = 0;

	for (size_t i = 0; i < hub->n; i++) {
		size_t at = (first + i) % hub->n;
		struct hub_member *member = hub->members[at];
		enum err e;

		if (member == NULL || !member->working)
			continue;
		if (taken >= HUB_WORK_BYTES) {
			member->working = false;
			continue;
		}
		hub->first = at + 1;
		e = session_work(member->session, now_ms);
		taken += session_worked_bytes(member->session);
		if (e == ERR_OK)
			continue;
		fault_keep(member, e);
		if (!is_peers(e))
			return e;
	}
	return ERR_OK;
}

/* Is `e` the peer's making, so that the transaction is sound? */
static bool
is_peers(enum err e)
{
	switch (e) {
	case ERR_OK:
	case ERR_MALFORMED:
	case ERR_DENIED:
	case ERR_LIMIT:
	case ERR_VERSION:
	case ERR_PEER:
		return true;
	case ERR_USAGE:
	case ERR_NOT_FOUND:
	case ERR_EXISTS:
	case ERR_INVALID:
	case ERR_CORRUPT:
	case ERR_BUSY:
	case ERR_FULL:
	case ERR_FORKED:
	case ERR_IO:
	case ERR_PART:
		return false;
	}
	return false;
}

static void
worked_each(struct hub *hub, enum err e)
{
	struct fault fault = {0};

	err_keep(&fault, e);
	for (size_t i = 0; i < hub->n; i++) {
		struct hub_member *member = hub->members[i];

		if (member == NULL || !member->working)
			continue;
		member->working = false;
		member->due = true;
		waiting_count(member);
		e = err_raise(&fault);
		session_worked(member->session, e);
		if (e != ERR_OK)
			fault_keep(member, e);
	}
}

/* The first failure is the reason. */
static void
fault_keep(struct hub_member *member, enum err e)
{
	if (member->fault != NULL)
		return;
	member->fault = mem_new(sizeof(*member->fault));
	err_keep(member->fault, e);
}

/* One read transaction for all that may have something to say: those that are
 * due, and those whom it concerns that the feed has grown. */
static void
fill_all(struct hub *hub)
{
	enum err e = store_begin(hub->store, false);

	if (e == ERR_OK) {
		e = fill_each(hub);
		store_abort(hub->store);
	}
	if (e == ERR_OK)
		return;
	for (size_t i = 0; i < hub->n; i++) {
		if (hub->members[i] != NULL && hub->members[i]->due)
			fault_keep(hub->members[i], e);
	}
}

/* Fails only when the store does. */
static enum err
fill_each(struct hub *hub)
{
	uint64_t now_ms = loop_now_ms();
	struct news news;
	enum err e = news_read(store_txn(hub->store), hub->feed, &news);

	if (e != ERR_OK)
		return e;
	hub->feed = news.to;
	for (size_t i = 0; i < hub->n; i++) {
		struct hub_member *member = hub->members[i];
		bool concerns = false;

		if (member == NULL || member->fault != NULL ||
		    session_is_done(member->session))
			continue;
		if (news.n > 0)
			e = session_news(member->session, &news, &concerns);
		member->due = member->due || concerns;
		if (e == ERR_OK && member->due)
			e = session_fill(member->session, now_ms);
		if (e == ERR_OK)
			continue;
		fault_keep(member, e);
		if (!is_peers(e))
			return e;
		e = ERR_OK;
	}
	return ERR_OK;
}

static void
tell_all(struct hub *hub)
{
	for (size_t i = 0; i < hub->n; i++) {
		struct hub_member *member = hub->members[i];
		struct fault *fault;

		if (member == NULL || (!member->due && member->fault == NULL))
			continue;
		fault = member->fault;
		member->fault = NULL;
		member->due = false;
		member->turn(
		    member->arg, fault != NULL ? err_raise(fault) : ERR_OK);
		mem_free(fault);
	}
}
