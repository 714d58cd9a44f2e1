/*
 * What a session costs on the wire (the targets of the design): nothing to do,
 * a small difference, many logs, one delta on a live link.  Counted, and
 * printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/oplog.h"
#include "proto/mem.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

/* What a session cost: on the wire, handshake and all, and above Noise. */
struct cost {
	uint64_t wire[2]; /* from the end */
	uint64_t plain[2];
	uint64_t round_trips;
};

static struct cost
cost_of(const struct wire *wire)
{
	struct cost cost = {0};

	for (size_t i = 0; i < 2; i++) {
		struct session_status status = wire_status(wire, i);

		cost.wire[i] = status.out_bytes;
		cost.plain[i] = status.out_plain_bytes;
		if (status.round_trips > cost.round_trips)
			cost.round_trips = status.round_trips;
	}
	return cost;
}

static uint64_t
sum(const uint64_t both[2])
{
	return both[0] + both[1];
}

/* A session of the kind that ends by itself, between nodes 0 and 1. */
static struct cost
sync_cost(struct town *town, const char *what)
{
	struct wire wire;
	struct cost cost;

	wire_open(&wire, town, 0, 1, true);
	wire_run(&wire, 1);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(wire.ends[i].fault.code, ERR_OK);
	cost = cost_of(&wire);
	wire_close(&wire);
	print_message("%s: wire %llu + %llu, above Noise %llu + %llu, %llu "
		      "round trips\n",
	    what, (unsigned long long)cost.wire[0],
	    (unsigned long long)cost.wire[1], (unsigned long long)cost.plain[0],
	    (unsigned long long)cost.plain[1],
	    (unsigned long long)cost.round_trips);
	return cost;
}

/* The deltas that node 0 holds, and their own bytes: headers, secrets, sealed
 * bodies. */
struct own {
	uint64_t deltas;
	uint64_t bytes;
};

static struct own
own_of(struct town *town)
{
	struct store *store = town_store(town, 0);
	struct own own = {0};
	struct space_state **spaces;
	size_t spaces_n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(
	    space_all(store_txn(store), &spaces, &spaces_n), ERR_OK);
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		assert_int_equal(
		    oplog_all(store_txn(store), spaces[i], &logs, &n), ERR_OK);
		for (size_t k = 0; k < n; k++) {
			own.deltas += logs[k]->frontier.size;
			for (uint64_t seq = 0; seq < logs[k]->frontier.size;
			     seq++) {
				struct stored_delta stored;
				struct stored_body body;

				assert_int_equal(
				    oplog_get(store_txn(store), logs[k], seq,
					&stored),
				    ERR_OK);
				own.bytes += stored.header.n;
				while (oplog_body_next(&stored.bodies, &body))
					own.bytes += 32 + body.sealed.n;
			}
		}
	}
	store_abort(store);
	return own;
}

static struct own
own_since(struct town *town, const struct own *before)
{
	struct own own = own_of(town);

	own.deltas -= before->deltas;
	own.bytes -= before->bytes;
	return own;
}

/* Founder and one member, who both may have all. */
static void
town_of_two(struct town *town, uint64_t seed)
{
	town_init(town, seed);
	(void)town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
}

static struct space
space_number(size_t i)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "d01/c%03zu/case", i);
	return town_space(text);
}

/* Text of `n` letters that does not compress. */
static struct bytes
noise_text(struct town *town, char *text, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
				      "klmnopqrstuvwxyz0123456789-_";
	uint8_t *bytes = mem_new(n);

	prng_fill(&town->prng, bytes, n);
	for (size_t i = 0; i < n; i++)
		text[i] = letters[bytes[i] % 64];
	text[n] = '\0';
	mem_free(bytes);
	return town_text(text);
}

/* Writes one field of a record: a new one, or `id`. */
static void
put(struct town *town, const struct space *space, struct record_id *id,
    bool create)
{
	char text[128];
	struct store_edit edit = town_edit(
	    OP_SET, "name", noise_text(town, text, 96));
	struct store_write write = {.space = *space,
	    .create = create,
	    .has_record = !create,
	    .record = *id,
	    .edits = &edit,
	    .edits_n = 1};
	bool changed;

	if (create)
		write.collection = bytes_text("card");
	assert_int_equal(
	    store_write(town_store(town, 0), &write, id, &changed), ERR_OK);
	assert_true(changed);
}

static void
nothing_to_do_costs_the_same_for_any_number_of_logs(void **state)
{
	static const size_t counts[] = {1, 400};
	struct cost costs[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct town town;
		struct record_id id = {0};

		town_of_two(&town, 1);
		assert_int_equal(
		    store_begin(town_store(&town, 0), true), ERR_OK);
		for (size_t k = 0; k < counts[i]; k++) {
			struct space space = space_number(k);

			put(&town, &space, &id, true);
		}
		assert_int_equal(store_commit(town_store(&town, 0)), ERR_OK);
		(void)sync_cost(&town, "all of it");
		costs[i] = sync_cost(&town, "nothing to do");
		for (size_t k = 0; k < 2; k++)
			assert_true(costs[i].plain[k] <= 128);
		assert_int_equal(costs[i].round_trips, 1);
		town_fini(&town);
	}
	assert_memory_equal(&costs[0], &costs[1], sizeof(costs[0]));
}

/* 100 edits among 10,000 records (RECORDS), each in a delta of its own or all
 * in one. */
static uint64_t
small_difference(bool one)
{
	const char *wanted = getenv("RECORDS");
	size_t n = wanted != NULL ? (size_t)strtoul(wanted, NULL, 10) : 10000;
	struct record_id *ids = mem_zeros(n, sizeof(*ids));
	struct space space = town_space(SPACE);
	struct town town;
	struct store *store;
	struct own before;
	struct own own;
	struct cost cost;

	town_of_two(&town, 2);
	store = town_store(&town, 0);
	for (size_t i = 0; i < n;) {
		assert_int_equal(store_begin(store, true), ERR_OK);
		for (size_t k = 0; k < 1000 && i < n; k++)
			put(&town, &space, &ids[i++], true);
		assert_int_equal(store_commit(store), ERR_OK);
	}
	(void)sync_cost(&town, "all of it");
	before = own_of(&town);
	if (one)
		assert_int_equal(store_begin(store, true), ERR_OK);
	for (size_t i = 0; i < 100; i++) {
		town.now_ms += 60000;
		if (!one)
			assert_int_equal(store_begin(store, true), ERR_OK);
		put(&town, &space, &ids[i * (n / 100)], false);
		if (!one)
			assert_int_equal(store_commit(store), ERR_OK);
	}
	if (one)
		assert_int_equal(store_commit(store), ERR_OK);
	own = own_since(&town, &before);
	assert_int_equal(own.deltas, one ? 1 : 100);
	cost = sync_cost(&town, "100 edits");
	print_message("%llu deltas of %llu bytes of their own: %llu all in\n",
	    (unsigned long long)own.deltas, (unsigned long long)own.bytes,
	    (unsigned long long)sum(cost.wire));
	town_assert_equal(&town, 0);
	assert_true(cost.round_trips <= 2);
	mem_free(ids);
	town_fini(&town);
	return sum(cost.wire);
}

static void
a_hundred_edits_travel_small(void **state)
{
	(void)state;
	assert_true(small_difference(false) <= 34 * 1024);
	assert_true(small_difference(true) <= 28 * 1024);
}

static void
many_changed_logs_cost_little_more_than_a_signature_each(void **state)
{
	enum { LOGS = 424, DELTAS = 1000 };
	struct town town;
	struct own before;
	struct own own;
	struct cost cost;
	struct record_id id = {0};

	(void)state;
	town_of_two(&town, 3);
	for (size_t i = 0; i < LOGS + DELTAS; i++) {
		struct store *store = town_store(&town, 0);
		struct space space = space_number(i % LOGS);

		if (i == 0)
			assert_int_equal(store_begin(store, true), ERR_OK);
		if (i % LOGS == 0) {
			assert_int_equal(store_commit(store), ERR_OK);
			if (i == LOGS) {
				(void)sync_cost(&town, "all of it");
				before = own_of(&town);
			}
			assert_int_equal(store_begin(store, true), ERR_OK);
		}
		put(&town, &space, &id, true);
	}
	assert_int_equal(store_commit(town_store(&town, 0)), ERR_OK);
	own = own_since(&town, &before);
	assert_int_equal(own.deltas, DELTAS);
	cost = sync_cost(&town, "1,000 deltas of 424 logs");
	print_message("%llu own bytes, %lld beyond, acknowledged with %llu\n",
	    (unsigned long long)own.bytes,
	    (long long)cost.wire[0] - (long long)own.bytes,
	    (unsigned long long)cost.wire[1]);
	town_assert_equal(&town, 0);
	assert_true(cost.wire[0] <= own.bytes + 80 * LOGS + 2 * DELTAS);
	town_fini(&town);
}

static void
a_delta_on_a_live_link_costs_little_more_than_itself(void **state)
{
	struct space space = town_space(SPACE);
	struct town town;
	struct wire wire;
	struct record_id id = {0};

	(void)state;
	town_of_two(&town, 4);
	(void)town_create(&town, 0, SPACE, "하나");
	wire_open(&wire, &town, 0, 1, false);
	wire_run(&wire, 1);
	for (int i = 0; i < 5; i++) {
		struct own before = own_of(&town);
		struct cost cost = cost_of(&wire);
		uint64_t bytes = sum(cost.wire);
		struct own own;

		town.now_ms += 60000;
		assert_int_equal(
		    store_begin(town_store(&town, 0), true), ERR_OK);
		put(&town, &space, &id, i == 0);
		assert_int_equal(store_commit(town_store(&town, 0)), ERR_OK);
		wire_run(&wire, 1);
		assert_true(session_is_idle(wire.ends[0].session));
		assert_true(session_is_idle(wire.ends[1].session));
		own = own_since(&town, &before);
		cost = cost_of(&wire);
		bytes = sum(cost.wire) - bytes;
		print_message("live: %llu own bytes, %lld beyond\n",
		    (unsigned long long)own.bytes,
		    (long long)bytes - (long long)own.bytes);
		assert_true(bytes <= own.bytes + 200);
	}
	wire_close(&wire);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		nothing_to_do_costs_the_same_for_any_number_of_logs),
	    cmocka_unit_test(a_hundred_edits_travel_small),
	    cmocka_unit_test(
		many_changed_logs_cost_little_more_than_a_signature_each),
	    cmocka_unit_test(
		a_delta_on_a_live_link_costs_little_more_than_itself),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
