/*
 * Sets of deltas by place, as tests of forks and restores compare them.
 */
#include "tests/lib/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/mem.h"
#include "proto/merkle.h"

const char *const places_spaces[PLACES_SPACES] = {
    "authority", "d01/c001/case", "d01/c001/public"};

static int
place_compare(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;
	int order = memcmp(&left->log, &right->log, sizeof(left->log));

	if (order != 0)
		return order;
	if (left->seq != right->seq)
		return left->seq < right->seq ? -1 : 1;
	return memcmp(&left->leaf, &right->leaf, sizeof(left->leaf));
}

void
places_add(struct places *places, const struct place *place)
{
	mem_room(
	    &places->all, &places->room, places->n + 1, sizeof(*places->all));
	places->all[places->n++] = *place;
}

bool
places_have(const struct places *places, const struct place *place)
{
	for (size_t i = 0; i < places->n; i++) {
		if (place_compare(&places->all[i], place) == 0)
			return true;
	}
	return false;
}

bool
places_differ(const struct places *places, const struct place *place)
{
	for (size_t i = 0; i < places->n; i++) {
		const struct place *other = &places->all[i];

		if (other->seq == place->seq &&
		    memcmp(&other->log, &place->log, sizeof(other->log)) == 0 &&
		    place_compare(other, place) != 0)
			return true;
	}
	return false;
}

void
places_fini(struct places *places)
{
	mem_free(places->all);
	*places = (struct places){0};
}

static size_t
space_index(const struct space *space)
{
	size_t i = 0;

	while (i < PLACES_SPACES && strcmp(space->text, places_spaces[i]) != 0)
		i++;
	assert_true(i < PLACES_SPACES);
	return i;
}

void
places_held(struct town *town, size_t i, struct places *places)
{
	struct store *store = town_store(town, i);
	struct space_state **all;
	size_t spaces_n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(space_all(store_txn(store), &all, &spaces_n), ERR_OK);
	for (size_t k = 0; k < spaces_n; k++) {
		struct log **logs;
		size_t n;

		assert_int_equal(
		    oplog_all(store_txn(store), all[k], &logs, &n), ERR_OK);
		for (size_t l = 0; l < n; l++) {
			for (uint64_t seq = 0; seq < logs[l]->frontier.size;
			     seq++) {
				struct place place = {.log = logs[l]->trunk,
				    .seq = seq,
				    .space = space_index(&all[k]->name)};
				struct stored_delta stored;

				assert_int_equal(oplog_get(store_txn(store),
						     logs[l], seq, &stored),
				    ERR_OK);
				merkle_leaf(stored.header, &place.leaf);
				if (!places_have(places, &place))
					places_add(places, &place);
			}
		}
	}
	store_abort(store);
}

bool
places_twice(const struct places *places, const struct log_id *log)
{
	for (size_t i = 0; i < places->n; i++) {
		if ((log == NULL ||
			memcmp(&places->all[i].log, log, sizeof(*log)) == 0) &&
		    places_differ(places, &places->all[i]))
			return true;
	}
	return false;
}
