/*
 * A node that is flooded with connections, more than it may have descriptors,
 * still gets the files that it needs: its store is opened again after a commit
 * that failed, and a member gets in.
 *
 * LINK: -Wl,--wrap=mdb_txn_commit
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
#include "tests/lib/child.h"
#include "tests/lib/desk.h"
#include "tests/lib/fault.h"

enum { STRANGERS = 400, TRIES = 40, SYNC_MS = 20 * 1000, ADDRESS_SIZE = 64 };

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

static enum err
sync_once(const char *address)
{
	struct node_sync sync = {.store = member.store,
	    .host = &member.host,
	    .peer = address,
	    .timeout_ms = SYNC_MS};
	struct session_status status;
	enum err e = node_sync_once(&sync, &status);

	if (e == ERR_OK && !status.in_sync)
		e = err_set(ERR_PEER, "not in sync");
	return e;
}

static void
flooded(rlim_t most)
{
	static int fds[STRANGERS];
	char address[ADDRESS_SIZE];
	struct record_id id;
	struct child child;
	struct space space;
	unsigned failed = 0;
	enum err e = ERR_PEER;

	desk_open(&member, false);
	desk_begin(&member, true);
	id = desk_create(&member, space_name, "김 할머니");
	desk_commit(&member);
	desk_close(&member);
	child_start(&child, serve, &most);
	desk_open(&member, false);
	assert_int_equal(
	    read(child.in, address, sizeof(address)), sizeof(address));
	for (size_t i = 0; i < STRANGERS; i++)
		fds[i] = stranger(address);
	/* New strangers come all the time, and take the place of others. */
	for (unsigned i = 0; i < TRIES && e != ERR_OK; i++) {
		for (size_t k = 0; k < STRANGERS / 8; k++) {
			size_t at = (i * STRANGERS / 8 + k) % STRANGERS;

			if (fds[at] >= 0)
				(void)close(fds[at]);
			fds[at] = stranger(address);
		}
		e = sync_once(address);
		failed += e != ERR_OK;
	}
	if (e != ERR_OK)
		print_error("%s\n", err_text());
	print_message("# %llu descriptors: %u syncs failed\n",
	    (unsigned long long)most, failed);
	assert_int_equal(e, ERR_OK);
	assert_true(failed >= 1);
	for (size_t i = 0; i < STRANGERS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
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
