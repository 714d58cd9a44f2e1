/*
 * Promises of core/lookup.h and core/lookup_keep.h about odd values and about
 * records whose collection comes late, goes or is another: an index has what
 * its records have, at every moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/apply.h"
#include "core/fsck.h"
#include "core/lookup_keep.h"
#include "core/meta.h"
#include "core/own.h"
#include "core/record.h"
#include "proto/codec.h"
#include "tests/lib/council.h"

#define ALL "read:NPSF,write,hold"

static const char here[] = "d03/c017/case";

/* Node 0 follows the pack from now on, if it is to. */
static void
follow(struct town *town, bool pack)
{
	struct store *store = town_store(town, 0);

	assert_int_equal(store_begin(store, true), ERR_OK);
	if (pack)
		meta_put(store_txn(store), meta_pack, bytes_text("chatdong"));
	else
		meta_del(store_txn(store), meta_pack);
	assert_int_equal(store_commit(store), ERR_OK);
	town_close(town, 0);
	store = town_open(town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
}

/* A hall (0) that follows the pack, and a member (1) that follows none. */
static void
pair_init(struct town *town, uint64_t seed)
{
	town_init(town, seed);
	assert_int_equal(town_grant(town, 0, 0, "", ALL ",admin", ""), ERR_OK);
	assert_int_equal(town_member(town, "d03", ALL), 1);
	follow(town, true);
	town_copy(town, 0, 1);
}

/* Nothing is wrong with node 0; how many rows have its indexes? */
static uint64_t
rows(struct town *town)
{
	struct store *store = town_store(town, 0);
	struct fsck_report report;
	uint64_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_true(lookup_is_current(store_txn(store)));
	assert_int_equal(fsck_run(store, NULL, &report), ERR_OK);
	assert_int_equal(report.found, 0);
	n = kv_count(store_txn(store)->kv, TABLE_LOOKUP);
	store_abort(store);
	return n;
}

/* A record of `collection`, made by node 1, whose `zone` is `value`. */
static struct record_id
make(struct town *town, const char *collection, struct bytes value)
{
	struct store_edit edit = town_edit(OP_SET, "zone", value);
	struct store_write write = {.space = town_space(here),
	    .create = true,
	    .collection = bytes_text(collection),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;

	assert_int_equal(town_write(town, 1, &write, &id, &changed), ERR_OK);
	return id;
}

static const struct pack_field *
field_of(const struct pack *pack, const char *name)
{
	return pack_field(
	    pack_collection(pack, bytes_text("household")), bytes_text(name));
}

/* The records of node 0 that the index of `zone` leads to for `value`. */
static size_t
found_by(struct town *town, struct bytes value, struct record_id *last)
{
	struct store *store = town_store(town, 0);
	const struct pack_field *field = field_of(store_pack(store), "zone");
	struct space name = town_space(here);
	struct lookup_scan scan;
	struct record_id id;
	bool found = true;
	size_t n = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	lookup_equal(store_txn(store), space_find(store_txn(store), &name)->no,
	    field, value, &scan);
	for (;;) {
		assert_int_equal(lookup_next(&scan, &id, &found), ERR_OK);
		if (!found)
			break;
		*last = id;
		n++;
	}
	store_abort(store);
	return n;
}

/* ---- values ------------------------------------------------------------- */

/* Value number `i`; false behind the last. */
static bool
value_made(size_t i, struct buf *value)
{
	static const struct {
		const char *p;
		size_t n;
	} bytes[] = {{"", 0}, {"a", 1}, {"a\0", 2}, {"a\0b", 3}, {"a\0b\0", 4},
	    {"\0", 1}, {"b", 1}};

	buf_cut(value, 0);
	if (i < COUNT_OF(bytes)) {
		codec_put_bytes(value, bytes_of(bytes[i].p, bytes[i].n));
		return true;
	}
	switch (i - COUNT_OF(bytes)) {
	case 0:
		codec_put_array(value, 2);
		codec_put_int(value, 1);
		codec_put_int(value, 2);
		break;
	case 1:
		codec_put_map(value, 1);
		codec_put_text(value, bytes_text("a"));
		codec_put_int(value, 1);
		break;
	case 2:
		codec_put_bool(value, false);
		break;
	case 3:
		codec_put_int(value, INT64_MIN);
		break;
	case 4:
		codec_put_text(value, bytes_text("a"));
		break;
	default:
		return false;
	}
	return true;
}

static void
values_of_any_type_lead_to_their_record_alone(void **state)
{
	static struct town town;
	struct record_id ids[32];
	struct record_id last;
	struct buf value = {0};
	size_t n;

	(void)state;
	pair_init(&town, 71);
	for (n = 0; value_made(n, &value); n++)
		ids[n] = make(&town, "household", buf_bytes(&value));
	assert_true(n >= 12);
	town_copy(&town, 1, 0);
	/* Each is in the list of households, too. */
	assert_int_equal(rows(&town), 2 * n);
	for (size_t i = 0; i < n; i++) {
		assert_true(value_made(i, &value));
		assert_int_equal(found_by(&town, buf_bytes(&value), &last), 1);
		assert_memory_equal(&last, &ids[i], sizeof(last));
	}
	buf_cut(&value, 0);
	codec_put_bytes(&value, bytes_of("a\0c", 3));
	assert_int_equal(found_by(&town, buf_bytes(&value), &last), 0);
	buf_fini(&value);
	town_fini(&town);
}

static void
only_fields_of_the_pack_in_force_have_an_index(void **state)
{
	static struct town town;
	struct pack *copy;
	struct store *store;

	(void)state;
	pair_init(&town, 72);
	assert_int_equal(pack_parse(pack_embedded(), &copy), ERR_OK);
	for (int i = 0; i < 2; i++) {
		store = town_store(&town, i == 0 ? 0 : 1);
		assert_int_equal(store_begin(store, false), ERR_OK);
		/* A copy of the field is as good. */
		assert_int_equal(
		    lookup_has(store_txn(store), field_of(copy, "zone")),
		    i == 0);
		assert_false(
		    lookup_has(store_txn(store), field_of(copy, "phone")));
		store_abort(store);
	}
	pack_free(copy);
	town_fini(&town);
}

/* ---- collections -------------------------------------------------------- */

/* Brings the bodies of delta `seq` of the log of node 1. */
static void
bodies_bring(struct town *town, uint64_t seq)
{
	struct space name = town_space(here);
	struct log_cut log = council_cut(town, 1, 1, here, 0);
	struct txn *from;
	struct txn *into;
	struct stored_delta stored;
	struct stored_body body;

	assert_int_equal(store_begin(town_store(town, 1), false), ERR_OK);
	assert_int_equal(store_begin(town_store(town, 0), true), ERR_OK);
	from = store_txn(town_store(town, 1));
	into = store_txn(town_store(town, 0));
	assert_int_equal(
	    oplog_get(from, oplog_find(from, space_find(from, &name), &log.log),
		seq, &stored),
	    ERR_OK);
	while (oplog_body_next(&stored.bodies, &body))
		assert_int_equal(
		    apply_body(into,
			oplog_find(into, space_find(into, &name), &log.log),
			seq, &body),
		    ERR_OK);
	store_abort(town_store(town, 1));
	assert_int_equal(store_commit(town_store(town, 0)), ERR_OK);
}

static void
rows_come_with_the_collection_however_late_it_is(void **state)
{
	enum { VALUES = 3 };
	const struct town_cargo headers = {.bare = true};
	static struct town town;
	struct record_id id;
	struct record_id last;
	uint64_t size;

	(void)state;
	pair_init(&town, 73);
	id = make(&town, "household", town_text("하나"));
	for (int i = 0; i < VALUES; i++)
		(void)town_patch(&town, 1, here, &id,
		    town_edit(OP_ADD, "types", town_int(i)));
	(void)town_patch(
	    &town, 1, here, &id, town_edit(OP_SET, "zone", town_text("둘")));
	town_carry(&town, 1, 0, &headers);
	assert_int_equal(rows(&town), 0);
	size = council_cut(&town, 1, 1, here, 0).size;
	assert_int_equal(size, 3 + VALUES);
	for (uint64_t seq = size - 1; seq > 1; seq--) {
		bodies_bring(&town, seq);
		assert_int_equal(rows(&town), 0);
	}
	/* The first change says of what it is. */
	bodies_bring(&town, 1);
	assert_int_equal(rows(&town), 1 + 1 + VALUES);
	assert_int_equal(found_by(&town, town_text("둘"), &last), 1);
	assert_memory_equal(&last, &id, sizeof(id));
	assert_int_equal(found_by(&town, town_text("하나"), &last), 0);
	town_fini(&town);
}

/* Node 1 says of the record `id`, again, that it is a `collection`. */
static void
call_it(struct town *town, const struct record_id *id, const char *collection)
{
	struct store *store = town_store(town, 1);
	struct space name = town_space(here);
	struct delta_change change = {.record = *id, .classes = 1u << CLASS_N};
	struct delta delta = {
	    .kind = DELTA_CHANGE, .changes_n = 1, .changes = &change};
	struct stored_body body = {.class = CLASS_N, .form = BODY_OPEN};
	struct own_writer writer = {.identity = store_identity(store),
	    .seed = &store_identity(store)->seed,
	    .key = &store_identity(store)->key,
	    .wants = RIGHT_WRITE};
	struct body says = {.collection = bytes_text(collection)};
	struct secret secret = {{8}};
	struct own *owns = NULL;
	struct own *own;
	struct buf plain = {0};
	struct buf sealed = {0};

	assert_int_equal(body_encode(&says, &plain), ERR_OK);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_authority(store, &writer.authority), ERR_OK);
	assert_int_equal(body_seal(store_txn(store)->squeeze, buf_bytes(&plain),
			     &secret, &sealed, &change.commitments[CLASS_N]),
	    ERR_OK);
	memcpy(body.key, secret.b, sizeof(body.key));
	body.sealed = buf_bytes(&sealed);
	assert_int_equal(
	    own_log(store_txn(store), &writer, &name, &owns, &own), ERR_OK);
	assert_int_equal(
	    own_append(store_txn(store), own, &delta, &body, 1), ERR_OK);
	assert_int_equal(own_sign(store_txn(store), owns), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	buf_fini(&sealed);
	buf_fini(&plain);
}

/* Nothing of node 1 counts but what is adopted.  The first change that counts
 * says of what a record is: rows go and come with it. */
static void
rows_leave_with_the_collection(void **state)
{
	static const char *const others[] = {"person", "nothing", "household"};
	/* In the list of persons, nowhere, in a list and by its element. */
	static const uint64_t withouts[] = {1, 0, 2};
	static struct town town;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		uint64_t without = withouts[i];
		struct store_revoked revoked;
		struct record_id id;
		struct record_id last;
		struct ref refs[3];

		pair_init(&town, 74 + i);
		id = make(&town, "household", town_text("하나"));
		town.now_ms += 1000;
		call_it(&town, &id, others[i]);
		(void)town_patch(&town, 1, here, &id,
		    town_edit(OP_ADD, "types", town_int(7)));
		town_copy(&town, 1, 0);
		assert_int_equal(rows(&town), 3);
		for (size_t k = 0; k < COUNT_OF(refs); k++)
			refs[k] = council_ref(&town, 0, 1, here, 1 + k);
		assert_int_equal(
		    council_revoke(&town, 0, 1, 1, &revoked), ERR_OK);
		assert_int_equal(rows(&town), 0);
		assert_int_equal(
		    council_decide(&town, 0, here, true, &refs[1], 2), ERR_OK);
		assert_int_equal(rows(&town), without);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(
			    council_decide(&town, 0, here, true, refs, 1),
			    ERR_OK);
			assert_int_equal(rows(&town), 3);
			assert_int_equal(
			    found_by(&town, town_text("하나"), &last), 1);
			assert_int_equal(
			    council_decide(&town, 0, here, false, refs, 1),
			    ERR_OK);
			/* Its value went with it; the element stays. */
			assert_int_equal(rows(&town), without);
			assert_int_equal(
			    found_by(&town, town_text("하나"), &last), 0);
		}
		town_fini(&town);
	}
}

/* ---- rows that are wrong ------------------------------------------------ */

/* Puts `content` into the first row of the indexes of node 0. */
static void
row_put(struct town *town, struct bytes content)
{
	struct store *store = town_store(town, 0);
	struct kv_cursor cursor;
	struct key key = {0};

	assert_int_equal(store_begin(store, true), ERR_OK);
	kv_cursor_init(&cursor, store_txn(store)->kv, TABLE_LOOKUP);
	assert_true(kv_seek(&cursor, (struct bytes){0}));
	tables_key_add(&key, cursor.key);
	kv_cursor_fini(&cursor);
	txn_put(store_txn(store), TABLE_LOOKUP, &key, content);
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
a_count_that_is_wrong_is_found(void **state)
{
	static const struct {
		uint8_t b[5];
		size_t n;
	} wrong[] = {{{0, 0, 0, 2}, 4}, {{0, 0, 0, 0}, 4}, {{0, 0, 1}, 3},
	    {{0, 0, 0, 1, 0}, 5}, {{0}, 0}};
	static struct town town;

	(void)state;
	pair_init(&town, 78);
	(void)make(&town, "household", town_text("하나"));
	town_copy(&town, 1, 0);
	assert_int_equal(rows(&town), 2);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct store *store = town_store(&town, 0);
		struct fsck_report report;

		row_put(&town, bytes_of(wrong[i].b, wrong[i].n));
		assert_int_equal(store_begin(store, false), ERR_OK);
		assert_int_equal(fsck_run(store, NULL, &report), ERR_OK);
		store_abort(store);
		assert_true(report.found > 0);
	}
	row_put(&town, bytes_of("\0\0\0\1", 4));
	assert_int_equal(rows(&town), 2);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_of_any_type_lead_to_their_record_alone),
	    cmocka_unit_test(only_fields_of_the_pack_in_force_have_an_index),
	    cmocka_unit_test(rows_come_with_the_collection_however_late_it_is),
	    cmocka_unit_test(rows_leave_with_the_collection),
	    cmocka_unit_test(a_count_that_is_wrong_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
