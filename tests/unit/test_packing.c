/*
 * Promises of core/packing.h, core/blocks.h and core/block.h: whatever is
 * packed, and whenever, deltas read as before, take bodies that come late, give
 * up single ones, and no flipped bit of a block stays unnoticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/block.h"
#include "core/blocks.h"
#include "core/check_log.h"
#include "core/oplog_body.h"
#include "core/packing.h"
#include "core/tree.h"
#include "tests/lib/packed.h"

static bool
table_has(struct txn *txn, enum table table, struct bytes needle)
{
	struct kv_cursor cursor;
	bool found = false;

	kv_cursor_init(&cursor, txn->kv, table);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more && !found;
	     more = kv_next(&cursor))
		for (struct bytes at = cursor.value; at.n >= needle.n && !found;
		     at = bytes_after(at, 1))
			found = bytes_begins(at, needle);
	kv_cursor_fini(&cursor);
	return found;
}

static void
drop_one(struct packed *w)
{
	struct txn *txn = &w->replica->txn;
	uint64_t seq = packed_below(w, w->n);
	struct packed_delta *known = &w->deltas[seq];
	struct log *log = packed_log(txn);
	struct stored_body body;
	enum err e;
	size_t i;

	if (known->n == 0)
		return;
	i = packed_below(w, known->n);
	body = packed_form(known, i, known->form[i]);
	e = oplog_body_drop(txn, log, seq, body.change, body.class);
	assert_int_equal(e, known->form[i] == 0 ? ERR_NOT_FOUND : ERR_OK);
	known->form[i] = (enum body_form)0;
	packed_look(w, seq);
	assert_true(log->held <= seq && log->kept <= seq);
	assert_false(table_has(txn, TABLE_BLOCKS, bytes_of(body.key, 32)));
	assert_false(table_has(txn, TABLE_DELTAS, bytes_of(body.key, 32)));
}

/* All of the log against its own bytes. */
static uint64_t
found(struct packed *w)
{
	struct fsck_report report = {0};
	struct replica *replica = w->replica;
	struct check check;

	replica_commit(replica);
	(void)replica_begin(replica, false);
	check_init(&check, &replica->txn, NULL, &report);
	check_log_run(&check, packed_log(&replica->txn));
	assert_int_equal(check.fatal.code, ERR_OK);
	replica_abort(replica);
	(void)replica_begin(replica, true);
	return report.found;
}

static void
a_log_reads_the_same_whenever_it_is_packed(void **state)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct packed w;
		uint64_t steps = 0;

		if (seed > 1) {
			assert_int_equal(replica_remove(state), 0);
			assert_int_equal(replica_make(state), 0);
		}
		w = packed_begin(*state, seed);
		while (w.n < 900 + 100 * seed) {
			for (uint64_t i = packed_below(&w, 120) + 1; i > 0; i--)
				packed_append(&w);
			for (uint64_t i = packed_below(&w, 4); i > 0; i--)
				packed_put(&w);
			if (packed_below(&w, 3) == 0)
				drop_one(&w);
			if (packed_below(&w, 2) == 0)
				packed_pack(&w, packed_below(&w, 2) == 0,
				    1 + packed_below(&w, 600));
			for (int i = 0; i < 20; i++)
				packed_look(&w, packed_below(&w, w.n));
			if (packed_below(&w, 4) == 0)
				(void)replica_reopen(w.replica);
			if (++steps % 4 == 0)
				packed_look_all(&w);
		}
		packed_sign(&w);
		assert_int_equal(found(&w), 0);
		packed_pack(&w, true, 100000);
		packed_look_all(&w);
		assert_int_equal(found(&w), 0);
		assert_true(kv_count(w.replica->txn.kv, TABLE_BLOCKS) >= 3);
		packed_end(&w);
	}
}

static void
what_is_packed_once_is_not_packed_again(void **state)
{
	struct packed w = packed_plain(*state, 700);
	struct packing packing = {.rest = true};
	struct packing again = {.rest = true};
	uint64_t due;

	assert_int_equal(packing_due(&w.replica->txn, &due), ERR_OK);
	assert_int_equal(due, 700 - PACKING_KEEP);
	assert_int_equal(
	    packing_some(&w.replica->txn, &packing, 100000), ERR_OK);
	assert_true(packing.ended && packing.deltas > 500);
	(void)replica_reopen(w.replica);
	assert_int_equal(packing_some(&w.replica->txn, &again, 100000), ERR_OK);
	assert_true(again.ended);
	assert_int_equal(again.deltas, 0);
	assert_int_equal(again.blocks, 0);
	packed_end(&w);
}

static void
only_full_blocks_are_made_unless_the_rest_is_asked_for(void **state)
{
	struct packed w = packed_plain(*state, PACKING_KEEP + 200);
	struct packing packing = {.rest = false};

	assert_int_equal(packing_some(&w.replica->txn, &packing, 1000), ERR_OK);
	assert_true(packing.ended && packing.deltas == 0);
	packing = (struct packing){.rest = true};
	assert_int_equal(packing_some(&w.replica->txn, &packing, 1000), ERR_OK);
	assert_int_equal(packing.deltas, 200);
	assert_int_equal(
	    kv_count(w.replica->txn.kv, TABLE_DELTAS), PACKING_KEEP);
	packed_end(&w);
}

static void
a_budget_bounds_a_step(void **state)
{
	struct packed w = packed_plain(*state, 1500);
	struct packing packing = {.rest = true};

	while (!packing.ended) {
		uint64_t before = packing.deltas;

		assert_int_equal(
		    packing_some(&w.replica->txn, &packing, 10), ERR_OK);
		assert_true(packing.deltas - before < 10 + BLOCK_DELTAS_MAX);
	}
	/* Who asks again gets nothing more. */
	{
		uint64_t before = packing.deltas;

		assert_int_equal(
		    packing_some(&w.replica->txn, &packing, 10), ERR_OK);
		assert_true(packing.ended);
		assert_int_equal(packing.deltas, before);
	}
	packed_look_all(&w);
	packed_end(&w);
}

/* The block that gave up a body is whole: it is not packed once more. */
static void
a_block_that_was_written_again_is_passed_over(void **state)
{
	struct packed w = packed_plain(*state, 700);
	struct txn *txn = &w.replica->txn;
	struct packing again = {0};
	uint64_t blocks;
	uint64_t packed;

	packed_pack(&w, false, 100000);
	blocks = kv_count(txn->kv, TABLE_BLOCKS);
	packed = packed_log(txn)->packed;
	assert_true(packed >= 2 * BLOCK_DELTAS_MAX);
	while (packed_log(txn)->packed > 0)
		drop_one(&w);
	assert_int_equal(packing_some(txn, &again, 100000), ERR_OK);
	assert_true(again.ended);
	assert_int_equal(again.deltas, 0);
	assert_int_equal(packed_log(txn)->packed, packed);
	assert_int_equal(kv_count(txn->kv, TABLE_BLOCKS), blocks);
	packed_look_all(&w);
	packed_sign(&w);
	assert_int_equal(found(&w), 0);
	packed_end(&w);
}

static void
a_delta_that_is_missing_is_not_packed_over(void **state)
{
	static const uint64_t seqs[] = {0, 1, BLOCK_DELTAS_MAX - 1, 300};
	struct packed w = packed_plain(*state, 700);
	struct txn *txn = &w.replica->txn;

	for (size_t i = 0; i < COUNT_OF(seqs); i++) {
		struct packing packing = {0};
		struct log *log;
		struct key key;

		txn = replica_reopen(w.replica);
		log = packed_log(txn);
		tables_delta_key(log->space->no, log->no, seqs[i], &key);
		kv_del(txn->kv, TABLE_DELTAS, tables_key(&key));
		assert_int_equal(
		    packing_some(txn, &packing, 100000), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "it is missing"));
		assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
		replica_abort(w.replica);
		(void)replica_begin(w.replica, true);
	}
	packed_pack(&w, true, 100000);
	packed_look_all(&w);
	packed_end(&w);
}

static void
views_live_while_few_other_blocks_are_read(void **state)
{
	struct packed w = packed_plain(*state, 1900);
	struct txn *txn = &w.replica->txn;
	struct stored_delta stored[200];

	packed_pack(&w, true, 100000);
	assert_true(kv_count(txn->kv, TABLE_BLOCKS) > 4);
	assert_true(kv_count(txn->kv, TABLE_BLOCKS) <= BLOCKS_OPEN);
	for (uint64_t i = 0; i < 200; i++)
		assert_int_equal(
		    oplog_get(txn, packed_log(txn), 9 * i, &stored[i]), ERR_OK);
	for (uint64_t i = 0; i < 200; i++)
		assert_true(bytes_equal(
		    stored[i].header, buf_bytes(&w.deltas[9 * i].header)));
	packed_end(&w);
}

static void
proofs_from_a_packed_log_are_the_same(void **state)
{
	struct packed w = packed_plain(*state, 1000);
	struct txn *txn = &w.replica->txn;
	struct merkle_proof before[50];
	struct merkle_proof after;

	for (uint64_t i = 0; i < 50; i++)
		assert_int_equal(tree_consistency(txn, packed_log(txn),
				     16 * i + 3, 1000 - i, &before[i]),
		    ERR_OK);
	packed_pack(&w, true, 100000);
	for (uint64_t i = 0; i < 50; i++) {
		assert_int_equal(tree_consistency(txn, packed_log(txn),
				     16 * i + 3, 1000 - i, &after),
		    ERR_OK);
		assert_int_equal(after.n, before[i].n);
		assert_memory_equal(after.nodes, before[i].nodes, 32 * after.n);
	}
	packed_end(&w);
}

/* Copies row `n` of the blocks; false when there are fewer. */
static bool
block_at(struct txn *txn, uint64_t n, struct key *key, size_t *size)
{
	struct kv_cursor cursor;
	bool more;

	kv_cursor_init(&cursor, txn->kv, TABLE_BLOCKS);
	more = kv_seek(&cursor, (struct bytes){0});
	while (more && n-- > 0)
		more = kv_next(&cursor);
	if (more) {
		key->n = 0;
		tables_key_add(key, cursor.key);
		*size = cursor.value.n;
	}
	kv_cursor_fini(&cursor);
	return more;
}

static void
every_flipped_bit_of_a_block_is_found(void **state)
{
	struct packed w = packed_plain(*state, 600);
	struct key key;
	size_t size = 0;

	packed_sign(&w);
	packed_pack(&w, true, 100000);
	assert_int_equal(found(&w), 0);
	for (uint64_t n = 0; block_at(&w.replica->txn, n, &key, &size); n++)
		for (int i = 0; i < 60; i++) {
			size_t bit = i < 20 ? packed_below(&w, 8 * 24)
				     : i < 40
					 ? packed_below(&w, 8 * (size / 20))
					 : packed_below(&w, 8 * size);

			replica_flip(w.replica, TABLE_BLOCKS, &key, bit);
			assert_true(found(&w) > 0);
			replica_flip(w.replica, TABLE_BLOCKS, &key, bit);
		}
	assert_int_equal(found(&w), 0);
	packed_end(&w);
}

static void
a_flipped_bit_is_noticed_by_who_reads(void **state)
{
	struct packed w = packed_plain(*state, 400);
	struct key key;
	size_t size = 0;

	packed_pack(&w, true, 100000);
	assert_true(block_at(&w.replica->txn, 0, &key, &size));
	for (int i = 0; i < 40; i++) {
		size_t bit = packed_below(&w, 8 * size);
		size_t wrong = 0;

		replica_flip(w.replica, TABLE_BLOCKS, &key, bit);
		replica_commit(w.replica);
		for (uint64_t seq = 0; seq < 300; seq++) {
			struct txn *txn = replica_begin(w.replica, false);
			struct stored_delta stored;
			enum err e = oplog_get(
			    txn, packed_log(txn), seq, &stored);

			assert_true(e == ERR_OK || e == ERR_CORRUPT);
			if (e == ERR_OK)
				assert_true(bytes_equal(stored.header,
				    buf_bytes(&w.deltas[seq].header)));
			wrong += e == ERR_CORRUPT;
			replica_abort(w.replica);
		}
		assert_true(wrong > 0);
		(void)replica_begin(w.replica, true);
		replica_flip(w.replica, TABLE_BLOCKS, &key, bit);
	}
	packed_look_all(&w);
	packed_end(&w);
}

static void
a_block_that_is_gone_or_doubled_is_found(void **state)
{
	struct packed w = packed_plain(*state, 700);
	struct txn *txn = &w.replica->txn;
	struct buf row = {0};
	struct bytes value;
	struct key key;
	struct key other;
	size_t size = 0;

	packed_sign(&w);
	packed_pack(&w, true, 100000);
	assert_true(block_at(txn, 1, &key, &size));
	assert_true(kv_find(txn->kv, TABLE_BLOCKS, tables_key(&key), &value));
	buf_add(&row, value);
	kv_del(txn->kv, TABLE_BLOCKS, tables_key(&key));
	assert_true(found(&w) > 0);
	kv_put(txn->kv, TABLE_BLOCKS, tables_key(&key), buf_bytes(&row));
	assert_int_equal(found(&w), 0);
	other = key;
	other.b[other.n - 1] ^= 3;
	kv_put(txn->kv, TABLE_BLOCKS, tables_key(&other), buf_bytes(&row));
	assert_true(found(&w) > 0);
	kv_del(txn->kv, TABLE_BLOCKS, tables_key(&other));
	other = key;
	other.b[other.n - 2] = 0x70;
	kv_put(txn->kv, TABLE_BLOCKS, tables_key(&other), buf_bytes(&row));
	assert_true(found(&w) > 0);
	buf_fini(&row);
	packed_end(&w);
}

/* A commitment that no body held fits stays as it is in the header. */
static void
what_cannot_be_made_again_is_kept(void **state)
{
	struct packed w = packed_plain(*state, 1);
	struct txn *txn = &w.replica->txn;
	struct log *log = packed_log(txn);
	struct buf header = {0};
	struct stored_body body = {.class = CLASS_P,
	    .form = BODY_BLIND,
	    .sealed = bytes_text("not what it commits to")};
	struct oplog_entry entry = {.bodies = &body, .bodies_n = 1};
	struct stored_delta stored;
	struct delta delta;
	struct hash leaf;

	replica_header(log, 1, w.stamp + 1, 1 << CLASS_P, &header);
	entry.header = buf_bytes(&header);
	assert_int_equal(oplog_append(txn, log, &entry, &delta, &leaf), ERR_OK);
	w.stamp += 2;
	w.n = 2;
	buf_add(&w.deltas[1].header, buf_bytes(&header));
	while (w.n < 300)
		packed_append(&w);
	packed_pack(&w, true, 1000);
	assert_int_equal(oplog_get(txn, log, 1, &stored), ERR_OK);
	assert_true(bytes_equal(stored.header, buf_bytes(&header)));
	assert_true(oplog_body_next(&stored.bodies, &body));
	assert_true(bytes_is(body.sealed, "not what it commits to"));
	buf_fini(&header);
	packed_end(&w);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_log_reads_the_same_whenever_it_is_packed),
	    TEST(what_is_packed_once_is_not_packed_again),
	    TEST(only_full_blocks_are_made_unless_the_rest_is_asked_for),
	    TEST(a_budget_bounds_a_step),
	    TEST(a_block_that_was_written_again_is_passed_over),
	    TEST(a_delta_that_is_missing_is_not_packed_over),
	    TEST(views_live_while_few_other_blocks_are_read),
	    TEST(proofs_from_a_packed_log_are_the_same),
	    TEST(every_flipped_bit_of_a_block_is_found),
	    TEST(a_flipped_bit_is_noticed_by_who_reads),
	    TEST(a_block_that_is_gone_or_doubled_is_found),
	    TEST(what_cannot_be_made_again_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
