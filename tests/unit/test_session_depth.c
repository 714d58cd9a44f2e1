/*
 * Who gets what.  All that a peer receives is written down here as it comes out
 * of its channel, and searched together with its whole store.
 *
 * LINK: -Wl,--wrap=channel_take
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "net/peer/channel.h"
#include "proto/codec.h"
#include "tests/lib/rogue.h"
#include "tests/lib/wire.h"

#define SPACE "d01/c001/case"
#define CANARY "카나리아-"

bool __real_channel_take(
    struct channel *channel, struct bytes *message, enum err *e);
bool __wrap_channel_take(
    struct channel *channel, struct bytes *message, enum err *e);

/* Messages that came from the node with the key `from`. */
static struct buf seen;
static struct sign_key from;

bool
__wrap_channel_take(struct channel *channel, struct bytes *message, enum err *e)
{
	bool more = __real_channel_take(channel, message, e);

	if (more && *e == ERR_OK &&
	    memcmp(channel_peer(channel), &from, sizeof(from)) == 0)
		buf_add(&seen, *message);
	return more;
}

static size_t
hits(struct bytes in, struct bytes word)
{
	size_t n = 0;

	for (size_t i = 0; i + word.n <= in.n; i++)
		n += bytes_begins(bytes_after(in, i), word);
	return n;
}

/* Node 0 writes `n` records with a value of each class. */
static void
write_all_classes(struct town *town, int n)
{
	for (int i = 0; i < n; i++) {
		static const char *const fields[CLASS_COUNT] = {
		    "name", "phone", "health", "income"};
		struct store_edit edits[CLASS_COUNT];
		struct store_write write = {.space = town_space(SPACE),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = edits,
		    .edits_n = CLASS_COUNT};
		struct record_id id;
		bool changed;

		for (unsigned c = 0; c < CLASS_COUNT; c++) {
			char text[64];

			(void)snprintf(
			    text, sizeof(text), CANARY "%u-%d", c, i);
			edits[c] = town_edit(
			    OP_SET, fields[c], town_text(text));
			edits[c].class = (enum delta_class)c;
		}
		assert_int_equal(
		    town_write(town, 0, &write, &id, &changed), ERR_OK);
	}
}

/* What of the bodies of SPACE that node 0 holds occurs in `in`. */
struct found {
	size_t headers;
	size_t sealed[CLASS_COUNT];
	size_t secrets[CLASS_COUNT];
	size_t bodies; /* of one class, that there are */
};

static void
look(struct town *town, struct bytes in, struct found *found)
{
	struct store *store = town_store(town, 0);
	struct space name = town_space(SPACE);
	struct space_state *space;
	struct log **logs;
	size_t n;

	*found = (struct found){0};
	assert_int_equal(store_begin(store, false), ERR_OK);
	space = space_find(store_txn(store), &name);
	assert_non_null(space);
	assert_int_equal(oplog_all(store_txn(store), space, &logs, &n), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		for (uint64_t seq = 0; seq < logs[i]->frontier.size; seq++) {
			struct stored_delta stored;
			struct stored_body body;

			assert_int_equal(
			    oplog_get(store_txn(store), logs[i], seq, &stored),
			    ERR_OK);
			found->headers += hits(in, stored.header) > 0;
			while (oplog_body_next(&stored.bodies, &body)) {
				found->bodies += body.class == CLASS_N;
				found->sealed[body.class] += hits(in,
								 body.sealed) >
							     0;
				found->secrets[body.class] +=
				    hits(in, bytes_of(body.key, 32)) > 0;
			}
		}
	}
	store_abort(store);
}

/* A peer with `rights` syncs with the writer, then what came over the link and
 * what lies on its disk are looked through. */
static void
peer_with(struct town *town, const char *rights, struct found *link,
    struct found *disk)
{
	struct buf file = {0};
	char path[3 * TEMPDIR_PATH_SIZE];
	size_t b;

	town_init(town, 1);
	assert_int_equal(
	    town_grant(town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	write_all_classes(town, 12);
	b = town_join(town);
	assert_int_equal(town_admit(town, 0, b), ERR_OK);
	assert_int_equal(town_grant(town, 0, b, "d01", rights, ""), ERR_OK);
	from = town_key(town, 0);
	buf_cut(&seen, 0);
	wire_sync(town, b, 0);
	/* And more on a live link. */
	{
		struct wire wire;

		wire_open(&wire, town, 0, b, false);
		wire_run(&wire, 1);
		write_all_classes(town, 3);
		wire_run(&wire, 1);
		assert_true(session_is_idle(wire.ends[0].session));
		assert_true(session_is_idle(wire.ends[1].session));
		wire_close(&wire);
	}
	look(town, buf_bytes(&seen), link);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", town->nodes[b].dir);
	assert_int_equal(file_read(path, (size_t)1 << 30, &file), ERR_OK);
	look(town, buf_bytes(&file), disk);
	assert_int_equal(link->bodies, 15);
	assert_int_equal(hits(buf_bytes(&seen), bytes_text(CANARY)), 0);
	buf_fini(&file);
	wire_assert_sound(town, b);
}

static void
an_auditor_gets_headers_and_no_body_in_any_form(void **state)
{
	struct town town;
	struct found link;
	struct found disk;

	(void)state;
	peer_with(&town, "audit", &link, &disk);
	assert_int_equal(link.headers, 16);
	assert_int_equal(disk.headers, 16);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		assert_int_equal(link.sealed[c], 0);
		assert_int_equal(link.secrets[c], 0);
		assert_int_equal(disk.sealed[c], 0);
		assert_int_equal(disk.secrets[c], 0);
	}
	town_fini(&town);
}

static void
who_holds_gets_all_bodies_and_no_secret(void **state)
{
	struct town town;
	struct found link;
	struct found disk;

	(void)state;
	peer_with(&town, "hold", &link, &disk);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		assert_int_equal(link.sealed[c], 15);
		assert_int_equal(link.secrets[c], 0);
		/* LMDB cuts large values nowhere: a row lies in one piece. */
		assert_int_equal(disk.secrets[c], 0);
	}
	town_fini(&town);
}

static void
who_reads_n_gets_no_secret_of_other_classes(void **state)
{
	struct town town;
	struct found link;
	struct found disk;

	(void)state;
	peer_with(&town, "read:N", &link, &disk);
	assert_int_equal(link.secrets[CLASS_N], 15);
	assert_int_equal(disk.secrets[CLASS_N], 15);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		if (c == CLASS_N)
			continue;
		assert_int_equal(link.sealed[c], 0);
		assert_int_equal(link.secrets[c], 0);
		assert_int_equal(disk.sealed[c], 0);
		assert_int_equal(disk.secrets[c], 0);
	}
	town_fini(&town);
}

static void
who_holds_and_reads_n_gets_the_rest_blind(void **state)
{
	struct town town;
	struct found link;
	struct found disk;

	(void)state;
	peer_with(&town, "hold,read:NP", &link, &disk);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		bool reads = c == CLASS_N || c == CLASS_P;

		assert_int_equal(link.sealed[c], 15);
		assert_int_equal(link.secrets[c], reads ? 15 : 0);
		assert_int_equal(disk.secrets[c], reads ? 15 : 0);
	}
	town_fini(&town);
}

static void
a_space_that_a_peer_may_not_see_leaves_no_trace(void **state)
{
	struct town town;
	struct found link;
	struct found disk;
	struct store *store;
	struct space name = town_space(SPACE);
	struct log **logs;
	size_t n;

	(void)state;
	peer_with(&town, "audit", &link, &disk);
	town_fini(&town);
	town_init(&town, 2);
	assert_int_equal(
	    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	write_all_classes(&town, 5);
	(void)town_join(&town);
	assert_int_equal(town_admit(&town, 0, 1), ERR_OK);
	assert_int_equal(
	    town_grant(&town, 0, 1, "d02", "read:NPSF,write,hold,audit", ""),
	    ERR_OK);
	from = town_key(&town, 0);
	buf_cut(&seen, 0);
	wire_sync(&town, 0, 1);
	write_all_classes(&town, 5);
	wire_sync(&town, 1, 0);
	look(&town, buf_bytes(&seen), &link);
	assert_int_equal(link.headers, 0);
	store = town_store(&town, 0);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(
	    hits(buf_bytes(&seen), bytes_of(logs[0]->id.b, 16)), 0);
	assert_int_equal(hits(buf_bytes(&seen), bytes_text(SPACE)), 0);
	store_abort(store);
	town_fini(&town);
}

static void
a_right_to_more_classes_brings_only_those_secrets(void **state)
{
	struct town town;
	struct found link;
	struct found disk;
	size_t b = 1;

	(void)state;
	peer_with(&town, "hold,read:N", &link, &disk);
	buf_cut(&seen, 0);
	assert_int_equal(
	    town_grant(&town, 0, b, "d01", "read:NPS", ""), ERR_OK);
	wire_sync(&town, b, 0);
	look(&town, buf_bytes(&seen), &link);
	assert_int_equal(link.headers, 0);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		/* Sealed they are there already. */
		assert_int_equal(link.sealed[c], 0);
		assert_int_equal(
		    link.secrets[c], c == CLASS_P || c == CLASS_S ? 15 : 0);
	}
	buf_cut(&seen, 0);
	assert_int_equal(
	    town_grant(&town, 0, b, "d01", "read:NPSF", ""), ERR_OK);
	wire_sync(&town, b, 0);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

/* A member who knows a log's name learns nothing of it by playing back what it
 * once saw. */
static void
who_may_not_see_a_space_is_told_nothing_for_its_runs(void **state)
{
	struct town town;
	struct rogue rogue;
	struct rogue_log log;

	(void)state;
	town_init(&town, 3);
	(void)town_member(&town, "d02", "read:NPSF,write,hold");
	assert_int_equal(
	    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	town_copy(&town, 0, 1);
	(void)town_create(&town, 0, SPACE, "하나");
	rogue_init(&rogue, &town, 0, store_identity(town_store(&town, 1)));
	rogue_greet(&rogue);
	rogue_take_log(&rogue, &town, 0, SPACE, &log);
	buf_cut(&rogue.told, 0);
	/* Signed wrongly or not: it is not even looked at. */
	rogue_say_log(&rogue, &log, true);
	rogue_run(&rogue);
	assert_int_equal(rogue_fault(&rogue), ERR_OK);
	assert_int_equal(wire_status(&rogue.wire, 1).dropped, 1);
	assert_true(rogue.credit > 0);
	for (size_t i = 0; i + 16 <= rogue.told.n; i++)
		assert_memory_not_equal(rogue.told.p + i, log.id.b, 16);
	rogue_fini(&rogue);
	town_fini(&town);
}

static int
clean(void **state)
{
	(void)state;
	buf_fini(&seen);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_auditor_gets_headers_and_no_body_in_any_form),
	    cmocka_unit_test(who_holds_gets_all_bodies_and_no_secret),
	    cmocka_unit_test(who_reads_n_gets_no_secret_of_other_classes),
	    cmocka_unit_test(who_holds_and_reads_n_gets_the_rest_blind),
	    cmocka_unit_test(a_space_that_a_peer_may_not_see_leaves_no_trace),
	    cmocka_unit_test(a_right_to_more_classes_brings_only_those_secrets),
	    cmocka_unit_test(
		who_may_not_see_a_space_is_told_nothing_for_its_runs),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
