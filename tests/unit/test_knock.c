/*
 * Ten thousand strangers at the door of a node: connections that say nothing,
 * drip a byte, or begin a handshake and leave it there, over real sockets on
 * loopback, while a member syncs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/node.h"
#include "net/peer/preface.h"
#include "tests/lib/child.h"
#include "tests/lib/desk.h"

enum {
	STRANGERS = 10000,
	ASIDE = 64, /* descriptors of the strangers' process for other things */
	SYNC_MS = 20 * 1000,
	TRIES_MAX = 1000, /* of one sync: a dialer tries for ever */
	ADDRESS_SIZE = 64,
	/* A node at rest takes 8 MiB at most (docs/benchmarks.md). */
	GROWTH_MAX_KB = 24 * 1024,
};

static const char space_name[] = "d03/c017/case";

static struct desk city;   /* founded; serves */
static struct desk member; /* syncs */
static char address[ADDRESS_SIZE];
static struct child node;
static struct child flood;
static size_t descriptors; /* that the node may have; 0: what it likes */

static void
on_news(void *arg, enum node_news news, const char *text)
{
	char line[ADDRESS_SIZE] = "";
	struct child *test = arg;

	if (news != NODE_LISTENS)
		return;
	(void)snprintf(line, sizeof(line), "%s", text);
	if (write(test->out, line, sizeof(line)) != (ssize_t)sizeof(line))
		_exit(1);
}

static bool
serve(struct child *test, void *arg)
{
	struct node_config config = {
	    .listen = "127.0.0.1:0", .on_news = on_news, .arg = test};

	(void)arg;
	if (descriptors > 0 &&
	    setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = descriptors,
					 .rlim_max = descriptors}) != 0)
		return false;
	desk_open(&city, false);
	config.store = city.store;
	config.host = &city.host;
	return node_serve(&config) == ERR_OK;
}

/* A connection to the node from a loopback address of its own, for each
 * `number` that is not 0; -1 when the system gives none. */
static int
knock(uint16_t port, uint32_t number)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number);
	if (fd >= 0 &&
	    (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
		connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* What stranger `i` says: nothing, a byte, or all that begins a handshake. */
static void
speak(int fd, size_t i, const struct buf *hello)
{
	size_t n = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : hello->n;

	if (n > 0)
		(void)!send(fd, hello->p, n, MSG_NOSIGNAL);
}

/* Makes all connections and holds as many as the system lets it, the newest
 * ones; says so after each hundred; holds them until it is told to end. */
static bool
strangers(struct child *test, void *arg)
{
	struct rlimit limit = {0};
	struct buf hello = {0};
	uint16_t port = (uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10);
	size_t room;
	int *held;

	(void)arg;
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	room = limit.rlim_cur - ASIDE < STRANGERS
		   ? (size_t)limit.rlim_cur - ASIDE
		   : STRANGERS;
	held = calloc(room, sizeof(*held));
	if (held == NULL)
		return false;
	preface_put(false, &hello);
	/* A message of Noise that begins with any key. */
	buf_add_u8(&hello, 0);
	buf_add_u8(&hello, 32);
	for (size_t i = 0; i < 32; i++)
		buf_add_u8(&hello, (uint8_t)(9 + i));
	for (size_t i = 0; i < STRANGERS; i++) {
		if (i >= room)
			(void)close(held[i % room]);
		/* Half of them come from where the member comes from. */
		held[i % room] = knock(port, i % 2 == 0 ? 0 : (uint32_t)i);
		if (held[i % room] < 0) {
			free(held);
			return false;
		}
		speak(held[i % room], i, &hello);
		if (i % 100 == 99)
			child_signal(test);
	}
	free(held);
	return child_await(test);
}

/* How many tries a sync took. */
static size_t
sync_tries(void)
{
	struct node_sync sync = {.store = member.store,
	    .host = &member.host,
	    .peer = address,
	    .timeout_ms = SYNC_MS};
	struct session_status status;
	size_t tries = 1;

	while (node_sync_once(&sync, &status) != ERR_OK || !status.in_sync)
		assert_true(tries++ < TRIES_MAX);
	return tries;
}

/* The same for one that brings a new record over. */
static size_t
sync_one(void)
{
	desk_begin(&member, true);
	(void)desk_create(&member, space_name, "김 할머니");
	desk_commit(&member);
	return sync_tries();
}

static size_t
descriptors_of(pid_t pid)
{
	char path[64];
	size_t n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n - 2;
}

static void
meet_beside_strangers(size_t descriptors_max)
{
	size_t syncs = 0;
	size_t tries = 0;
	uint64_t rest_kb;
	uint64_t full_kb;

	child_start(&node, serve, NULL);
	assert_int_equal(
	    read(node.in, address, sizeof(address)), sizeof(address));
	desk_open(&member, false);
	(void)sync_tries();
	rest_kb = child_resident_kb(&node);
	child_start(&flood, strangers, NULL);
	for (size_t i = 0; i < STRANGERS / 100; i++) {
		assert_true(child_await(&flood));
		if (i % 10 != 0)
			continue;
		tries += sync_one();
		syncs++;
	}
	/* All that the node lets stand do stand, and nobody comes any more. */
	assert_int_equal(sync_one(), 1);
	full_kb = child_resident_kb(&node);
	assert_true(descriptors_of(node.pid) <= descriptors_max);
	print_message(
	    "# %zu syncs beside them in %zu tries; RssAnon %llu, then "
	    "%llu KiB; %zu descriptors\n",
	    syncs, tries, (unsigned long long)rest_kb,
	    (unsigned long long)full_kb, descriptors_of(node.pid));
	assert_true(child_resident_within(full_kb, rest_kb + GROWTH_MAX_KB));
	child_signal(&flood);
	assert_true(child_end(&flood));
	flood.pid = 0;
	assert_int_equal(sync_one(), 1);
	desk_close(&member);
	assert_int_equal(kill(node.pid, SIGTERM), 0);
	assert_true(child_end(&node));
	node.pid = 0;
}

static int
make(void **state)
{
	(void)state;
	desk_found(&city, 5);
	desk_join(&member, &city, 6);
	desk_admit(&city, &member, "d03");
	desk_close(&city);
	desk_close(&member);
	return 0;
}

static int
remove_all(void **state)
{
	(void)state;
	/* Still there after a failure. */
	if (flood.pid > 0)
		child_kill(&flood);
	if (node.pid > 0)
		child_kill(&node);
	flood.pid = node.pid = 0;
	desk_open(&city, false);
	desk_open(&member, false);
	desk_fini(&city);
	desk_fini(&member);
	return 0;
}

static void
ten_thousand_strangers_keep_no_member_out(void **state)
{
	(void)state;
	descriptors = 0;
	meet_beside_strangers(
	    LIMIT_SESSIONS + LIMIT_HALF_OPEN + LIMIT_DESCRIPTORS_ASIDE);
}

static void
nor_where_descriptors_are_few(void **state)
{
	(void)state;
	descriptors = 200;
	meet_beside_strangers(descriptors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		ten_thousand_strangers_keep_no_member_out, make, remove_all),
	    cmocka_unit_test_setup_teardown(
		nor_where_descriptors_are_few, make, remove_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
