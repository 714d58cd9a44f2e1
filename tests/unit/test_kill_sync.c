/*
 * P1 against kill -9 while two nodes sync: one process serves, two write beside
 * it into the same store; one writes elsewhere and syncs over loopback, and one
 * writes beside that.  All are killed at drawn counts of what they reported.
 * GOLMOK_KILLS says how often (40); `make kills N=500` for more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/node.h"
#include "tests/lib/child.h"
#include "tests/lib/desk.h"

enum {
	KILLS = 40,
	KILLS_MAX = 100000,
	EVENTS_MAX = 24, /* of one process before a kill */
	WRITES_NEAR = 6,
	WRITES_ROOM = 64 * 1024,
	FSCK_EVERY = 8, /* rounds; the heads are checked in each */
	SYNC_MS = 20 * 1000,
	ADDRESS_SIZE = 64,
};

static const char space_name[] = "d03/c017/case";

/* What a process says of itself. */
enum event_kind {
	EVENT_LISTENS,
	EVENT_WROTE,  /* committed: both records are durable here */
	EVENT_MOVED,  /* something came or went on the link */
	EVENT_SYNCED, /* the peer has acknowledged all that was written */
};

struct event {
	enum event_kind kind;
	struct record_id ids[2];
	char address[ADDRESS_SIZE];
};

/* A store, used by several processes. */
struct side {
	struct desk desk;
};

static struct side near;   /* founded; syncs */
static struct side beyond; /* serves */
static struct record_id shared;
static char address[ADDRESS_SIZE];

enum role { SERVER, BESIDE, BESIDE_TOO, SYNCER, BESIDE_NEAR, ROLES };

/* What processes in one role were told is in their store. */
struct told {
	struct record_id ids[WRITES_ROOM];
	size_t n;
	size_t synced; /* the first of them, which the other side has too */
};

static struct child procs[ROLES];
static struct told told[ROLES];
static size_t synced_n; /* syncs that ended well */

static unsigned
kills_wanted(void)
{
	const char *text = getenv("GOLMOK_KILLS");
	unsigned long n = text != NULL ? strtoul(text, NULL, 10) : KILLS;

	return n > 0 && n <= KILLS_MAX ? (unsigned)n : KILLS;
}

static void
say(struct child *test, const struct event *event)
{
	if (write(test->out, event, sizeof(*event)) != sizeof(*event))
		_exit(1);
}

static void
on_news(void *arg, enum node_news news, const char *text)
{
	struct event event = {.kind = EVENT_LISTENS};

	if (news != NODE_LISTENS)
		return;
	(void)snprintf(event.address, sizeof(event.address), "%s", text);
	say(arg, &event);
}

static bool
serve(struct child *test, void *arg)
{
	struct node_config config = {
	    .listen = "127.0.0.1:0", .on_news = on_news, .arg = test};
	struct side *side = arg;

	desk_open(&side->desk, false);
	config.store = side->desk.store;
	config.host = &side->desk.host;
	return node_serve(&config) == ERR_OK;
}

/* Two new records and one edit that others make as well, all or nothing. */
static void
write_one(struct child *test, struct side *side, uint64_t number)
{
	struct event event = {.kind = EVENT_WROTE};
	char text[32];
	struct store_edit edit;

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	edit = desk_text(OP_SET, CLASS_N, "visit", text);
	desk_begin(&side->desk, true);
	for (size_t i = 0; i < COUNT_OF(event.ids); i++)
		event.ids[i] = desk_create(
		    &side->desk, space_name, "김 할머니");
	desk_edit(&side->desk, space_name, &shared, &edit, NULL);
	desk_commit(&side->desk);
	say(test, &event);
}

static bool
write_beside(struct child *test, void *arg)
{
	struct side *side = arg;

	desk_open(&side->desk, false);
	for (uint64_t i = 0; i < UINT64_MAX; i++)
		write_one(test, side, i);
	return false;
}

/* As many as leave room for a sync to come to its end; then it waits for its
 * own end. */
static bool
write_some(struct child *test, void *arg)
{
	struct side *side = arg;

	desk_open(&side->desk, false);
	for (uint64_t i = 0; i < WRITES_NEAR; i++)
		write_one(test, side, i);
	return child_await(test);
}

static void
on_progress(void *arg, const struct session_status *status)
{
	const struct event event = {.kind = EVENT_MOVED};

	(void)status;
	say(arg, &event);
}

static enum err
sync_once(struct child *test, struct side *side)
{
	struct node_sync sync = {.store = side->desk.store,
	    .host = &side->desk.host,
	    .peer = address,
	    .timeout_ms = SYNC_MS,
	    .on_progress = test != NULL ? on_progress : NULL,
	    .arg = test};
	struct session_status status;
	enum err e = node_sync_once(&sync, &status);

	if (e == ERR_OK && !status.in_sync)
		e = err_set(ERR_PEER, "not in sync");
	return e;
}

static bool
write_and_sync(struct child *test, void *arg)
{
	const struct event synced = {.kind = EVENT_SYNCED};
	struct side *side = arg;

	desk_open(&side->desk, false);
	for (uint64_t i = 0;; i++) {
		enum err e;

		write_one(test, side, i);
		e = sync_once(test, side);
		if (e == ERR_OK)
			say(test, &synced);
		/* The peer may be dead; anything else is our own fault. */
		if (e != ERR_OK && e != ERR_PEER) {
			print_error("%s: %s\n", err_name(e), err_text());
			return false;
		}
	}
}

static struct side *
side_of(enum role role)
{
	return role == SYNCER || role == BESIDE_NEAR ? &near : &beyond;
}

/* Takes up to `n` events of a process into what must be there; fewer when it
 * was killed. */
static uint64_t
listen_to(enum role role, uint64_t n)
{
	struct told *all = &told[role];
	struct event event;
	uint64_t heard = 0;

	while (heard < n &&
	       read(procs[role].in, &event, sizeof(event)) == sizeof(event)) {
		heard++;
		assert_true(all->n + 2 <= COUNT_OF(all->ids));
		if (event.kind == EVENT_LISTENS)
			memcpy(address, event.address, sizeof(address));
		if (event.kind == EVENT_WROTE) {
			all->ids[all->n++] = event.ids[0];
			all->ids[all->n++] = event.ids[1];
		}
		if (event.kind == EVENT_SYNCED) {
			all->synced = all->n;
			synced_n++;
		}
	}
	return heard;
}

static void
start(enum role role, struct prng *prng)
{
	static child_main *const mains[ROLES] = {
	    serve, write_beside, write_beside, write_and_sync, write_some};
	struct side *side = side_of(role);

	/* A child must not draw what another drew. */
	side->desk.prng.seed = prng_u64(prng);
	child_start(&procs[role], mains[role], side);
}

/* Nobody ends but by our hand. */
static void
assert_lives(enum role role)
{
	assert_int_equal(waitpid(procs[role].pid, NULL, WNOHANG), 0);
}

static void
end(enum role role)
{
	assert_lives(role);
	assert_int_equal(kill(procs[role].pid, SIGKILL), 0);
	/* What it said before is owed. */
	(void)listen_to(role, UINT64_MAX);
	assert_false(child_end(&procs[role]));
}

static void
side_has(struct side *side, const struct record_id *ids, size_t n)
{
	struct space space;

	desk_begin(&side->desk, false);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		    store_locate(side->desk.store, &ids[i], &space), ERR_OK);
	assert_int_equal(fsck_heads(side->desk.store,
			     &store_identity(side->desk.store)->key),
	    ERR_OK);
	store_abort(side->desk.store);
}

/* That was no restore, and the store takes more. */
static void
side_goes_on(struct side *side, struct prng *prng)
{
	side->desk.prng.seed = prng_u64(prng);
	desk_begin(&side->desk, true);
	assert_int_equal(store_news(side->desk.store), OPEN_NEW);
	store_abort(side->desk.store);
}

static void
sides_open(void)
{
	desk_open(&near.desk, false);
	desk_open(&beyond.desk, false);
}

static void
sides_close(void)
{
	near.desk.now_ms += 60 * 1000;
	beyond.desk.now_ms += 60 * 1000;
	desk_close(&near.desk);
	desk_close(&beyond.desk);
}

/* Kills all three, in an order and at moments that are drawn. */
static void
round_run(struct prng *prng)
{
	enum role order[ROLES] = {
	    SERVER, BESIDE, BESIDE_TOO, SYNCER, BESIDE_NEAR};
	bool dead[ROLES] = {false};

	start(SERVER, prng);
	assert_int_equal(listen_to(SERVER, 1), 1);
	for (enum role role = BESIDE; role < ROLES; role++)
		start(role, prng);
	for (size_t left = ROLES; left > 0; left--) {
		size_t at = (size_t)prng_below(prng, left);
		enum role victim = order[at];
		/* Whom to listen to until the moment has come. */
		enum role clock = dead[SYNCER] ? BESIDE : SYNCER;

		if (prng_below(prng, 3) == 0 && !dead[BESIDE])
			clock = BESIDE;
		order[at] = order[left - 1];
		if (!dead[clock])
			(void)listen_to(clock, prng_below(prng, EVENTS_MAX));
		end(victim);
		dead[victim] = true;
	}
}

static void
round_check(struct prng *prng, bool all)
{
	sides_open();
	for (enum role role = BESIDE; role < ROLES; role++)
		side_has(side_of(role), told[role].ids, told[role].n);
	/* What the peer acknowledged survived the peer's death. */
	side_has(&beyond, told[SYNCER].ids, told[SYNCER].synced);
	if (all) {
		assert_int_equal(desk_check(&near.desk, true), 0);
		assert_int_equal(desk_check(&beyond.desk, true), 0);
	}
	side_goes_on(&near, prng);
	side_goes_on(&beyond, prng);
	sides_close();
}

/* A sync that nobody disturbs. */
static void
meet(struct prng *prng)
{
	start(SERVER, prng);
	assert_int_equal(listen_to(SERVER, 1), 1);
	near.desk.prng.seed = prng_u64(prng);
	desk_open(&near.desk, false);
	for (unsigned i = 0; i < 2; i++) {
		enum err e = sync_once(NULL, &near);

		if (e != ERR_OK)
			print_error("%s: %s\n", err_name(e), err_text());
		assert_int_equal(e, ERR_OK);
	}
	desk_close(&near.desk);
	end(SERVER);
}

static void
assert_same(void)
{
	struct buf one = {0};
	struct buf two = {0};

	sides_open();
	desk_text_all(&near.desk, &one);
	desk_text_all(&beyond.desk, &two);
	assert_int_equal(one.n, two.n);
	assert_memory_equal(one.p, two.p, one.n);
	for (enum role role = BESIDE; role < ROLES; role++) {
		side_has(&near, told[role].ids, told[role].n);
		side_has(&beyond, told[role].ids, told[role].n);
	}
	sides_close();
	buf_fini(&one);
	buf_fini(&two);
}

static void
nodes_killed_in_a_sync_lose_nothing_and_agree_afterwards(void **state)
{
	struct prng prng = {31};
	unsigned kills = kills_wanted();
	unsigned round = 0;
	unsigned done = 0;

	(void)state;
	desk_found(&near.desk, 5);
	desk_join(&beyond.desk, &near.desk, 6);
	desk_admit(&near.desk, &beyond.desk, "d03");
	desk_begin(&near.desk, true);
	shared = desk_create(&near.desk, space_name, "이 할아버지");
	desk_commit(&near.desk);
	sides_close();
	meet(&prng);
	for (; done < kills; done += ROLES) {
		round_run(&prng);
		round_check(&prng, ++round % FSCK_EVERY == 0);
	}
	meet(&prng);
	assert_same();
	round_check(&prng, true);
	assert_true(synced_n > 0);
	for (enum role role = BESIDE; role < ROLES; role++)
		assert_true(told[role].n > 0);
	print_message("# %u kills; %zu and %zu writes here, %zu and %zu there, "
		      "%zu whole syncs\n",
	    done, told[SYNCER].n / 2, told[BESIDE_NEAR].n / 2,
	    told[BESIDE].n / 2, told[BESIDE_TOO].n / 2, synced_n);
	sides_open();
	desk_fini(&near.desk);
	desk_fini(&beyond.desk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		nodes_killed_in_a_sync_lose_nothing_and_agree_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
