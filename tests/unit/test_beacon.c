/*
 * Promises of proto/beacon.h, tests/vectors/beacon.txt, and how much of what is
 * heard is looked at (net/peer/discover.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/discover.h"
#include "proto/ascii.h"
#include "proto/beacon.h"
#include "tests/lib/vectors.h"

static struct beacon_key
city_key(const struct vectors *v)
{
	struct city_id city;
	struct beacon_key key;

	vectors_hex(v, 1, city.b, sizeof(city.b));
	beacon_key(&city, &key);
	return key;
}

static struct buf
hex_of(struct bytes word)
{
	struct buf out = {0};

	if (!bytes_is(word, "-"))
		assert_int_equal(ascii_from_hex(word, &out), ERR_OK);
	return out;
}

static size_t
check_key(const struct vectors *v)
{
	struct beacon_key key = city_key(v);
	struct beacon_key expected;

	vectors_hex(v, 2, expected.b, sizeof(expected.b));
	assert_memory_equal(&key, &expected, sizeof(key));
	return 1;
}

static size_t
check_beacon(const struct vectors *v)
{
	struct beacon_key key = city_key(v);
	struct buf bytes = hex_of(v->words[7]);
	struct sign_key who;
	struct beacon beacon = {.asks = vectors_number(v, 4) == 1,
	    .port = (uint16_t)vectors_number(v, 5)};
	struct beacon back = {0};
	struct buf out = {0};
	uint8_t node[BEACON_NODE_SIZE];

	vectors_hex(v, 2, who.b, sizeof(who.b));
	vectors_hex(v, 3, beacon.nonce, sizeof(beacon.nonce));
	vectors_hex(v, 6, node, sizeof(node));
	beacon_node(&key, beacon.nonce, &who, beacon.node);
	assert_memory_equal(beacon.node, node, sizeof(node));
	beacon_put(&key, &beacon, &out);
	assert_int_equal(out.n, BEACON_SIZE);
	assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&bytes)));
	assert_true(beacon_get(&key, buf_bytes(&bytes), &back));
	assert_memory_equal(back.nonce, beacon.nonce, sizeof(back.nonce));
	assert_int_equal(back.asks, beacon.asks);
	assert_int_equal(back.port, beacon.port);
	assert_true(beacon_is_of(&key, &back, &who));
	who.b[0] ^= 1;
	assert_false(beacon_is_of(&key, &back, &who));
	buf_fini(&bytes);
	buf_fini(&out);
	return 1;
}

static size_t
check_other(const struct vectors *v)
{
	struct beacon_key key = city_key(v);
	struct buf bytes = hex_of(v->words[2]);
	struct beacon beacon;

	assert_int_equal(beacon_get(&key, buf_bytes(&bytes), &beacon),
	    vectors_is(v, "flags"));
	buf_fini(&bytes);
	return 1;
}

static void
beacons_are_read_and_written_as_the_vectors_have_them(void **state)
{
	struct vectors v;
	size_t keys = 0;
	size_t beacons = 0;
	size_t others = 0;

	(void)state;
	vectors_open(&v, "beacon.txt");
	while (vectors_next(&v)) {
		if (vectors_is(&v, "key"))
			keys += check_key(&v);
		else if (vectors_is(&v, "beacon"))
			beacons += check_beacon(&v);
		else
			others += check_other(&v);
	}
	vectors_close(&v);
	assert_int_equal(keys, 2);
	assert_int_equal(beacons, 3);
	assert_int_equal(others, 9);
}

/* A stranger sees no byte twice but the version. */
static void
two_beacons_of_one_node_have_nothing_in_common(void **state)
{
	const struct city_id city = {{7}};
	const struct sign_key who = {{8}};
	struct beacon beacons[2] = {
	    {.nonce = {1}, .port = 7700}, {.nonce = {2}, .port = 7700}};
	struct buf out[2] = {0};
	struct beacon_key key;
	size_t same = 0;

	(void)state;
	beacon_key(&city, &key);
	for (size_t i = 0; i < 2; i++) {
		beacon_node(&key, beacons[i].nonce, &who, beacons[i].node);
		beacon_put(&key, &beacons[i], &out[i]);
	}
	assert_memory_not_equal(
	    beacons[0].node, beacons[1].node, BEACON_NODE_SIZE);
	for (size_t i = 1 + BEACON_NONCE_SIZE; i < BEACON_SIZE; i++)
		same += out[0].p[i] == out[1].p[i];
	assert_true(same <= 3);
	buf_fini(&out[0]);
	buf_fini(&out[1]);
}

static void
each_bit_of_a_beacon_is_held_by_its_tag(void **state)
{
	const struct city_id city = {{7}};
	struct beacon beacon = {.nonce = {1}, .port = 7700};
	struct beacon back;
	struct buf out = {0};
	struct beacon_key key;

	(void)state;
	beacon_key(&city, &key);
	beacon_put(&key, &beacon, &out);
	for (size_t bit = 0; bit < (size_t)BEACON_SIZE * 8; bit++) {
		out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(beacon_get(&key, buf_bytes(&out), &back));
		out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(beacon_get(&key, buf_bytes(&out), &back));
	buf_fini(&out);
}

static void
of_one_source_a_few_beacons_are_looked_at(void **state)
{
	static struct discover_rate rate;
	uint64_t now_ms = 1000;
	size_t taken = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		taken += discover_rate_take(&rate, "192.0.2.1", now_ms + i);
	assert_int_equal(taken, DISCOVER_OF_SOURCE);
	assert_true(discover_rate_take(&rate, "192.0.2.2", now_ms));
	assert_true(discover_rate_take(
	    &rate, "192.0.2.1", now_ms + DISCOVER_WINDOW_MS));
	/* Sources without number cost no more room. */
	for (size_t i = 0; i < 10000; i++) {
		char host[32];

		(void)snprintf(
		    host, sizeof(host), "10.0.%zu.%zu", i / 256, i % 256);
		assert_true(discover_rate_take(&rate, host, now_ms + i));
	}
	assert_int_equal(rate.sources_n, DISCOVER_SOURCES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		beacons_are_read_and_written_as_the_vectors_have_them),
	    cmocka_unit_test(two_beacons_of_one_node_have_nothing_in_common),
	    cmocka_unit_test(each_bit_of_a_beacon_is_held_by_its_tag),
	    cmocka_unit_test(of_one_source_a_few_beacons_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
