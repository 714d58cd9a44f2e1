/*
 * Full replication between two processes over loopback.  The child has the
 * store that sends; here is who receives, first on tape, then timed.  The limit
 * plays the tape, and reads as many bytes from a child that does nothing but
 * write them.
 */
#include "tests/bench/trip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/founder.h"
#include "net/peer/session.h"
#include "proto/fact.h"
#include "tests/bench/row.h"
#include "tests/bench/take.h"

enum {
	CENTRES = 40,
	DELTAS = 2500,
	PAIRS = 5,
	SEED_TAPED = 11,
	SEED_TIMED = 12,
	PIECE = 64 * 1024,
};

/* Loopback, and both its ends. */
static void
line_open(int ends[2])
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert(bind(listener, (struct sockaddr *)&at, size) == 0);
	assert(listen(listener, 1) == 0);
	assert(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert(connect(ends[0], (struct sockaddr *)&at, size) == 0);
	ends[1] = accept(listener, NULL, NULL);
	assert(ends[1] >= 0);
	(void)close(listener);
}

/* One way, as far as the system takes and has bytes; false when the other end
 * is gone. */
static bool
line_move(int fd, struct session *session)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct bytes out = session_out(session);
	uint8_t piece[PIECE];
	ssize_t n;

	if (!session_wants_input(session))
		ready.events = 0;
	if (out.n > 0)
		ready.events |= POLLOUT;
	if (session_has_work(session) && ready.events == 0)
		return true;
	assert(poll(&ready, 1, session_has_work(session) ? 0 : -1) >= 0);
	if ((ready.revents & POLLOUT) != 0) {
		n = send(fd, out.p, out.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			session_sent(session, (size_t)n);
		else if (errno != EAGAIN)
			return false;
	}
	if ((ready.revents & (POLLIN | POLLHUP)) == 0)
		return true;
	n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
	if (n > 0)
		site_must(session_feed(session, bytes_of(piece, (size_t)n), 0));
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* A whole conversation on `fd`; gives how it went. */
static struct session_status
line_talk(int fd, struct site *site, bool initiator)
{
	struct squeeze squeeze = {0};
	struct session *session = session_new(
	    &(struct session_config){.initiator = initiator,
		.once = true,
		.store = site->store,
		.host = &site->host,
		.squeeze = &squeeze});
	struct session_status status;
	bool more = true;

	while (more || session_has_work(session)) {
		if (session_has_work(session)) {
			site_must(store_begin(site->store, true));
			site_must(session_work(session, 0));
			site_must(store_commit(site->store));
			session_worked(session, ERR_OK);
		}
		if (!session_is_done(session)) {
			site_must(store_begin(site->store, false));
			site_must(session_fill(session, 0));
			store_abort(site->store);
		}
		more = more &&
		       !(session_is_done(session) &&
			   session_out(session).n == 0) &&
		       line_move(fd, session);
	}
	assert(session_is_done(session));
	session_status(session, &status);
	session_free(session);
	squeeze_fini(&squeeze);
	return status;
}

/* Runs `talk` in a child at the other end of `*fd`. */
static pid_t
child_start(int *fd, struct site *sender, uint64_t bytes)
{
	static const uint8_t nothing[PIECE];
	int ends[2];
	pid_t child;

	line_open(ends);
	(void)fflush(stdout);
	child = fork();
	assert(child >= 0);
	if (child > 0) {
		(void)close(ends[1]);
		*fd = ends[0];
		return child;
	}
	(void)close(ends[0]);
	if (sender != NULL) {
		site_open(sender);
		(void)line_talk(ends[1], sender, false);
		site_close(sender);
	}
	while (bytes > 0) {
		size_t n = bytes < PIECE ? (size_t)bytes : PIECE;
		ssize_t sent = send(ends[1], nothing, n, MSG_NOSIGNAL);

		assert(sent > 0);
		bytes -= (uint64_t)sent;
	}
	_exit(0);
}

static void
child_end(pid_t child, int fd)
{
	int status;

	(void)close(fd);
	assert(waitpid(child, &status, 0) == child);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* An empty store of a member, the same keys for the same seed. */
static void
empty_make(struct site *site, uint64_t seed, const struct city_id *city)
{
	struct store_plan plan = {
	    .dir = site->path, .host = &site->host, .join = city};

	site_prepare(site, seed);
	site_must(founder_create(&plan));
	site_open(site);
}

static void
empty_admit(struct site *sender, const struct city_id *city, uint64_t seed)
{
	struct site site;
	struct fact_member member = {.label = bytes_text("구청")};
	struct fact_grant grant = {
	    .gives = {.bits = RIGHT_READ, .classes = CLASSES_ALL}};

	empty_make(&site, seed, city);
	member.key = store_identity(site.store)->key;
	grant.member = member.key;
	site_fini(&site);
	site_must(store_begin(sender->store, true));
	site_must(store_admit(sender->store, &member));
	site_must(store_commit(sender->store));
	site_must(store_begin(sender->store, true));
	site_must(store_grant(sender->store, &grant));
	site_must(store_commit(sender->store));
}

/* The time of one whole replication into a new empty store. */
static struct session_status
trip(struct site *sender, struct site *to, double *seconds)
{
	struct session_status status;
	double start;
	int fd;
	pid_t child = child_start(&fd, sender, 0);

	start = row_seconds();
	status = line_talk(fd, to, true);
	*seconds = row_seconds() - start;
	assert(status.deltas_in >= (uint64_t)CENTRES * DELTAS);
	child_end(child, fd);
	return status;
}

/* As many bytes, read and thrown away. */
static double
trip_bare(uint64_t bytes)
{
	uint8_t piece[PIECE];
	double start;
	int fd;
	pid_t child = child_start(&fd, NULL, bytes);

	start = row_seconds();
	while (bytes > 0) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		assert(n > 0);
		bytes -= (uint64_t)n;
	}
	start = row_seconds() - start;
	child_end(child, fd);
	return start;
}

static void
pair_trip(struct site *sender, const struct city_id *city, struct row *row)
{
	struct site taped;
	struct site timed;
	struct tape_env *bare;
	struct session_status status;
	double limit_s = 0;
	double store_s = 0;

	empty_make(&taped, SEED_TAPED, city);
	empty_make(&timed, SEED_TIMED, city);
	bare = site_bare(&taped);
	tape_start();
	status = trip(sender, &taped, &store_s);
	tape_stop();
	for (unsigned turn = 0; turn < 2; turn++) {
		if (turn == row->n % 2)
			limit_s = tape_play(bare, TAPE_ALL) +
				  trip_bare(status.in_bytes);
		else
			(void)trip(sender, &timed, &store_s);
	}
	row_add(row, (double)status.deltas_in, limit_s, store_s);
	if (row->n == 1)
		printf("  %.0f bytes a delta on the wire, both ways\n",
		    (double)(status.in_bytes + status.out_bytes) /
			(double)status.deltas_in);
	tape_env_close(bare);
	site_fini(&taped);
	site_fini(&timed);
}

void
trip_row(void)
{
	static struct site sender;
	struct row row = {.name = "W2 full replication, two processes",
	    .unit = "deltas",
	    .gate = 0.5,
	    .aim = 0.65};
	struct city_id city;
	struct load load;

	site_found(&sender, 1);
	load_make(&load,
	    &(struct load_plan){.centres = CENTRES, .deltas = DELTAS}, &sender);
	(void)take_centres(&sender, &load, 0, CENTRES, NULL, NULL);
	city = store_identity(sender.store)->city;
	empty_admit(&sender, &city, SEED_TAPED);
	empty_admit(&sender, &city, SEED_TIMED);
	site_close(&sender);
	for (size_t pair = 0; pair < PAIRS; pair++)
		pair_trip(&sender, &city, &row);
	row_print(&row);
	site_fini(&sender);
}
