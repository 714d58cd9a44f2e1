/*
 * Jobs of packs.  All stores follow a pack that they were given as a file; the
 * records that they hold are in its indexes and views.
 */
#include "tests/lib/job_packs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/lookup.h"
#include "core/parcel.h"
#include "core/publish.h"
#include "core/view.h"
#include "tests/lib/press.h"

static const char here[] = "d03/c017/case";

static struct store *
store_of(struct plant *plant, size_t i)
{
	return plant->town.nodes[i].store;
}

/* ---- steps -------------------------------------------------------------- */

static void
text_of(unsigned version, struct buf *json)
{
	static const char *const fields[] = {"a", "a", "ab", "abx"};

	press_text(&(struct press_plan){.format = 2,
		       .version = version,
		       .fields = fields[version],
		       .number = version},
	    json);
}

/* Gives node `i` version `version` as a file. */
static enum err
use(struct plant *plant, size_t i, unsigned version)
{
	struct store *store = store_of(plant, i);
	struct buf json = {0};
	enum err e = store_begin(store, true);

	text_of(version, &json);
	if (e == ERR_OK)
		e = plant_end(store, publish_file(store, buf_bytes(&json)));
	buf_fini(&json);
	return e;
}

static enum err
publish(struct plant *plant, unsigned version)
{
	struct store *store = store_of(plant, 0);
	struct buf json = {0};
	enum err e = store_begin(store, true);
	uint64_t is;

	text_of(version, &json);
	if (e == ERR_OK)
		e = plant_end(
		    store, publish_pack(store, buf_bytes(&json), &is));
	buf_fini(&json);
	/* It may have happened though it said no. */
	return e == ERR_EXISTS && plant->again ? ERR_OK : e;
}

static enum err
carry(struct plant *plant)
{
	struct store *from = store_of(plant, 0);
	struct store *to = store_of(plant, 1);
	struct parcel_taken taken;
	struct buf parcel = {0};
	enum err e = store_begin(from, false);

	if (e == ERR_OK)
		e = plant_end(from, parcel_put(from, &parcel));
	if (e == ERR_OK)
		e = store_begin(to, true);
	if (e == ERR_OK)
		e = plant_end(to, parcel_take(to, buf_bytes(&parcel), &taken));
	buf_fini(&parcel);
	return e;
}

/* By the rules of version 3, and with its index. */
static enum err
write_extra(struct plant *plant, struct record_id *id)
{
	struct store *store = store_of(plant, 1);
	struct store_edit edit = town_edit(OP_SET, "x", town_text("값"));
	struct store_write write = {.create = true,
	    .space = town_space(here),
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	bool changed;
	enum err e = store_begin(store, true);

	return e == ERR_OK
		   ? plant_end(store, store_write(store, &write, id, &changed))
		   : e;
}

static enum err
packs_step(struct plant *plant, size_t i)
{
	switch (i) {
	case 0:
		return publish(plant, 2);
	case 1:
	case 5:
		return carry(plant);
	case 2:
		return use(plant, 1, 3);
	case 3:
		return write_extra(plant, &plant->said->ids[0]);
	default:
		return publish(plant, 3);
	}
}

static void
packs_prepare(struct plant *plant)
{
	for (size_t i = 0; i < plant->town.n; i++)
		assert_int_equal(use(plant, i, 1), ERR_OK);
	for (size_t i = 0; i < plant->town.n; i++)
		assert_int_equal(press_version(&plant->town, i), 1);
}

/* ---- what must be ------------------------------------------------------- */

/* The next writer brings indexes and views to what is in force. */
static void
assert_current(struct plant *plant, size_t i)
{
	struct store *store = town_store(&plant->town, i);

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_true(lookup_is_current(store_txn(store)));
	assert_true(view_is_current(store_txn(store)));
	assert_int_equal(store_commit(store), ERR_OK);
}

/* Is the record found by what version 3 has an index for? */
static void
assert_found(struct plant *plant, const struct record_id *id)
{
	struct store *store = town_store(&plant->town, 1);
	struct space space = town_space(here);
	const struct pack_field *field;
	struct lookup_scan scan;
	struct record_id one;
	struct txn *txn;
	bool found = true;
	bool is_there = false;

	assert_int_equal(store_begin(store, false), ERR_OK);
	txn = store_txn(store);
	field = pack_field(
	    pack_collection(txn->pack, bytes_text("card")), bytes_text("x"));
	if (field == NULL) {
		store_abort(store);
		return;
	}
	lookup_equal(
	    txn, space_find(txn, &space)->no, field, town_text("값"), &scan);
	while (found) {
		assert_int_equal(lookup_next(&scan, &one, &found), ERR_OK);
		is_there = is_there ||
			   (found && memcmp(&one, id, sizeof(one)) == 0);
	}
	assert_true(is_there);
	store_abort(store);
}

/* A step that said no may have happened. */
static void
packs_holds(struct plant *plant, size_t steps)
{
	/* The least that each is at once so many steps said yes. */
	static const uint64_t least[][2] = {
	    {1, 1}, {2, 1}, {2, 2}, {2, 3}, {2, 3}, {3, 3}, {3, 3}};
	static const uint64_t next[][2] = {
	    {2, 1}, {2, 2}, {2, 3}, {2, 3}, {3, 3}, {3, 3}, {3, 3}};

	for (size_t i = 0; i < 2; i++) {
		uint64_t version = press_version(&plant->town, i);

		assert_true(
		    version == least[steps][i] || version == next[steps][i]);
	}
	assert_int_equal(press_version(&plant->town, 2), 1);
	for (size_t i = 0; i < 2; i++)
		assert_current(plant, i);
	if (steps >= 4)
		assert_found(plant, &plant->said->ids[0]);
}

const struct job job_packs[] = {
    {.name = "packs",
	.steps = 6,
	.prepare = packs_prepare,
	.step = packs_step,
	.holds = packs_holds,
	.holds_by_writing = true},
};
const size_t job_packs_n = COUNT_OF(job_packs);
