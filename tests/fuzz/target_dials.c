/*
 * Any bytes as the row that lists the places to dial, with a checksum that is
 * right.  It is read whole, or refused and kept as it is; what is added to it
 * and taken out again leaves the same places.
 */
#include "core/dials.h"

#include <stdlib.h>

#include "core/meta.h"
#include "proto/fact.h"
#include "proto/text.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/replica.h"

static struct replica *replica;

static void
leave(void)
{
	void *state = replica;

	(void)replica_remove(&state);
}

static void
enter(void)
{
	void *state = NULL;

	if (replica != NULL)
		return;
	tempdir_in_memory();
	assert(replica_make(&state) == 0);
	replica = state;
	assert(atexit(leave) == 0);
}

static bool
sorted(const struct bytes *list, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (bytes_compare(list[i - 1], list[i]) >= 0)
			return false;
	}
	return true;
}

static void
change(struct txn *txn, struct bytes place, const struct bytes *was, size_t n)
{
	const struct bytes *list;
	enum err e = dials_add(txn, place);

	assert(e == ERR_OK || e == ERR_EXISTS || e == ERR_LIMIT);
	assert(e != ERR_LIMIT || n == LIMIT_DIALS);
	if (e != ERR_OK)
		return;
	assert(dials_list(txn, &list) == n + 1);
	assert(dials_remove(txn, place) == ERR_OK);
	assert(dials_list(txn, &list) == n);
	for (size_t i = 0; i < n; i++)
		assert(bytes_equal(list[i], was[i]));
}

static void
row_try(struct bytes row)
{
	static const struct cost_limit limit = {
	    {.allocations = 64,
		.allocated_bytes = 3 * COST_ARENA,
		.largest_bytes = COST_ARENA},
	    {.allocations = 1, .allocated_bytes = 16, .largest_bytes = 4}};
	struct txn *txn = replica_begin(replica, true);
	const struct bytes *list;
	struct bytes place = bytes_text("centre.example:7700");
	size_t n;
	enum err e;

	meta_put(txn, "dials", row);
	cost_begin();
	n = dials_list(txn, &list);
	cost_assert(&limit, row.n);
	e = kv_failed(txn->kv);
	assert(n <= LIMIT_DIALS);
	for (size_t i = 0; i < n; i++)
		assert(fact_address_is_sound(list[i]));
	if (e == ERR_OK) {
		assert(sorted(list, n));
		change(txn, place, list, n);
	} else {
		assert(e == ERR_CORRUPT && n == 0);
		assert(dials_add(txn, place) == ERR_CORRUPT);
		assert(dials_remove(txn, place) == ERR_CORRUPT);
	}
	replica_abort(replica);
}

/* A list of what the input says. */
static void
list_make(struct fuzz_input *input, struct buf *row)
{
	size_t n = fuzz_number(input) % (LIMIT_DIALS + 2);

	codec_put_array(row, n);
	for (size_t i = 0; i < n; i++) {
		struct buf place = {0};

		buf_add(&place, fuzz_bytes(input, LIMIT_ADDRESS_SIZE));
		buf_add_text(&place, fuzz_u8(input) % 8 > 0 ? ":77" : "");
		if (text_is_utf8(buf_bytes(&place)))
			codec_put_text(row, buf_bytes(&place));
		buf_fini(&place);
	}
	while (fuzz_more(input))
		fuzz_mutate(input, row);
}

void
target_dials(struct bytes in)
{
	struct fuzz_input input = {.left = in};
	struct buf row = {0};

	fuzz_start();
	enter();
	row_try(in);
	list_make(&input, &row);
	row_try(buf_bytes(&row));
	buf_fini(&row);
}
