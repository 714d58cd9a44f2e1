/*
 * A node that is flooded with connections, more than it may have descriptors,
 * still gets the files that it needs: its store is opened again after a commit
 * that failed, and a member gets in.  Strangers come while the member knocks,
 * fewer than wait at the gate: others have to go for them.  When it is known
 * more come than there is room for, and it stays.
 *
 * LINK: -Wl,--wrap=mdb_txn_commit,--wrap=noise_write,--wrap=noise_open
 */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/node.h"
#include "proto/noise.h"
#include "tests/lib/child.h"
#include "tests/lib/desk.h"
#include "tests/lib/fault.h"

enum {
	STRANGERS = 400,
	SYNC_MS = 20 * 1000,
	ADDRESS_SIZE = 64,
	/* Beside each message of a handshake, of which the member writes two: a
	 * node of 40 descriptors has ten places at its gate. */
	BESIDE_KNOCK = 4,
	/* Beside a session: more than the gate of one of 256 has. */
	BESIDE_SESSION = 80,
};

static const char space_name[] = "d03/c017/case";

static struct desk member;
static struct desk server;

static void
on_news(void *arg, enum node_news news, const char *text)
{
	struct child *test = arg;
	char line[ADDRESS_SIZE] = {0};

	if (news != NODE_LISTENS)
		return;
	(void)snprintf(line, sizeof(line), "%s", text);
	if (write(test->out, line, sizeof(line)) != sizeof(line))
		_exit(1);
	/* The first thing that somebody brings cannot be stored. */
	fault_arm((struct fault_plan){
	    .names = "mdb_txn_commit", .nth = 1, .number = EIO});
}

enum err __real_noise_write(
    struct noise *n, struct bytes payload, struct buf *out);
enum err __wrap_noise_write(
    struct noise *n, struct bytes payload, struct buf *out);
enum err __real_noise_open(
    struct noise *n, struct bytes sealed, struct buf *out);
enum err __wrap_noise_open(
    struct noise *n, struct bytes sealed, struct buf *out);

static int strangers[STRANGERS]; /* or -1 */
static size_t eldest;
static const char *door; /* while the member syncs: its address */
static bool is_known;	 /* the node answered under the member's key */

/* Connects, says nothing, and stays. */
static int
stranger(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	to.sin_port = htons(
	    (uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void
strangers_leave(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int *fd = &strangers[(eldest + i) % STRANGERS];

		if (*fd >= 0)
			(void)close(*fd);
		*fd = -1;
	}
}

/* In the place of those who stand there the longest. */
static void
strangers_come(const char *address, size_t n)
{
	strangers_leave(n);
	for (size_t i = 0; i < n; i++) {
		strangers[eldest] = stranger(address);
		eldest = (eldest + 1) % STRANGERS;
	}
}

enum err
__wrap_noise_write(struct noise *n, struct bytes payload, struct buf *out)
{
	if (door != NULL)
		strangers_come(door, BESIDE_KNOCK);
	return __real_noise_write(n, payload, out);
}

enum err
__wrap_noise_open(struct noise *n, struct bytes sealed, struct buf *out)
{
	if (door != NULL && !is_known)
		strangers_come(door, BESIDE_SESSION);
	is_known = true;
	return __real_noise_open(n, sealed, out);
}

/* With no more descriptors than `arg` says. */
static bool
serve(struct child *test, void *arg)
{
	const rlim_t *most = arg;
	struct rlimit limit = {.rlim_cur = *most, .rlim_max = *most};
	struct node_config config = {
	    .listen = "127.0.0.1:0", .on_news = on_news, .arg = test};

	desk_open(&server, false);
	config.store = server.store;
	config.host = &server.host;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	       node_serve(&config) == ERR_OK;
}

static enum err
sync_once(const char *address)
{
	struct node_sync sync = {.store = member.store,
	    .host = &member.host,
	    .peer = address,
	    .timeout_ms = SYNC_MS};
	struct session_status status;
	enum err e;

	is_known = false;
	door = address;
	e = node_sync_once(&sync, &status);
	door = NULL;
	if (e == ERR_OK && !status.in_sync)
		e = err_set(ERR_PEER, "not in sync");
	return e;
}

static void
flooded(rlim_t most)
{
	char address[ADDRESS_SIZE];
	struct record_id id;
	struct child child;
	struct space space;

	desk_open(&member, false);
	desk_begin(&member, true);
	id = desk_create(&member, space_name, "김 할머니");
	desk_commit(&member);
	desk_close(&member);
	child_start(&child, serve, &most);
	desk_open(&member, false);
	assert_int_equal(
	    read(child.in, address, sizeof(address)), sizeof(address));
	strangers_come(address, STRANGERS);
	/* The first time nothing can be stored; the next time all is well. */
	for (unsigned i = 0; i < 2; i++) {
		enum err e;

		strangers_come(address, STRANGERS / 8);
		e = sync_once(address);
		if (e != ERR_OK && i > 0)
			print_error("%llu descriptors: %s\n",
			    (unsigned long long)most, err_text());
		assert_int_equal(e == ERR_OK, i > 0);
	}
	strangers_leave(STRANGERS);
	desk_close(&member);
	child_kill(&child);
	desk_open(&server, false);
	desk_begin(&server, false);
	assert_int_equal(store_locate(server.store, &id, &space), ERR_OK);
	store_abort(server.store);
	assert_int_equal(desk_check(&server, true), 0);
	desk_close(&server);
}

static void
a_flooded_node_gets_the_files_that_it_needs(void **state)
{
	const rlim_t limits[] = {1024, 256, 128, 64, 40};

	(void)state;
	memset(strangers, -1, sizeof(strangers));
	desk_found(&server, 5);
	desk_join(&member, &server, 6);
	desk_admit(&server, &member, "d03");
	desk_pull(&member, &server);
	desk_close(&server);
	desk_close(&member);
	for (size_t i = 0; i < COUNT_OF(limits); i++)
		flooded(limits[i]);
	desk_open(&server, false);
	desk_open(&member, false);
	desk_fini(&server);
	desk_fini(&member);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_flooded_node_gets_the_files_that_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
