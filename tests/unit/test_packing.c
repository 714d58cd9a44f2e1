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
#include "core/heads.h"
#include "core/oplog_body.h"
#include "core/packing.h"
#include "core/tree.h"
#include "proto/body.h"
#include "proto/mem.h"
#include "tests/lib/prng.h"
#include "tests/lib/replica.h"

enum { BODIES_MAX = 8, DELTAS_MAX = 2000 };

/* What a delta is known to be. */
struct known {
	struct buf header; /* owned */
	bool opaque;
	size_t n;
	struct stored_body bodies[BODIES_MAX]; /* all that it ever had */
	struct buf sealed[BODIES_MAX];	       /* owned */
	enum body_form form[BODIES_MAX];       /* as held; 0: not */
};

struct work {
	struct replica *replica;
	struct prng prng;
	struct known *deltas; /* owned */
	size_t n;
	uint64_t stamp;
	struct hash leaf; /* of the newest */
	bool plain;	  /* nothing opaque or large */
};

static uint64_t
below(struct work *w, uint64_t n)
{
	return prng_below(&w->prng, n);
}

static struct log *
log_of(struct txn *txn)
{
	struct log_name name;
	struct log *log;

	replica_name(1, "d03/c017/case", &name);
	assert_int_equal(oplog_open(txn, &name, &log), ERR_OK);
	return log;
}

/* Sealed bytes are often small and alike, sometimes empty or very large. */
static size_t
sealed_size(struct work *w)
{
	switch (w->plain ? 3 : below(w, 60)) {
	case 0:
		return 20000 + below(w, 40000);
	case 1:
		return 0;
	case 2:
		return below(w, 3000);
	}
	return below(w, 2) == 0 ? 320 : 48 + 16 * below(w, 40);
}

static void
body_make(struct work *w, struct known *known, struct delta_change *change,
    uint16_t number, enum delta_class class)
{
	struct stored_body *body = &known->bodies[known->n];
	struct buf *sealed = &known->sealed[known->n];
	size_t n = sealed_size(w);
	struct secret secret;
	struct hash tag;

	prng_fill(&w->prng, buf_extend(sealed, n), n);
	prng_fill(&w->prng, body, sizeof(*body));
	body->change = number;
	body->class = class;
	body->form = BODY_OPEN;
	body->sealed = buf_bytes(sealed);
	memcpy(secret.b, body->key, sizeof(secret.b));
	body_tag(&secret, &tag);
	body_commitment(&tag, body->sealed, &change->commitments[class]);
	change->classes |= 1u << class;
	known->n++;
}

/* The same body in another form. */
static struct stored_body
as_form(const struct known *known, size_t i, enum body_form form)
{
	struct stored_body body = known->bodies[i];
	struct secret secret;
	struct hash tag;

	body.form = form;
	if (form == BODY_OPEN)
		return body;
	memcpy(secret.b, body.key, sizeof(secret.b));
	body_tag(&secret, &tag);
	memcpy(body.key, tag.b, sizeof(body.key));
	return body;
}

static void
change_make(struct work *w, struct known *known, struct delta_change *change,
    uint16_t number, uint64_t stamp)
{
	uint8_t made[8];

	prng_fill(&w->prng, change->record.b, 16);
	bytes_put_be64(made, (stamp >> 16) - below(w, 3));
	if (below(w, 3) > 0)
		memcpy(change->record.b, made + 2, 6);
	if (below(w, 8) == 0 && known->n < BODIES_MAX)
		body_make(w, known, change, number, CLASS_N);
	if (known->n < BODIES_MAX - 1) {
		enum delta_class class = (enum delta_class)below(w, 4);

		if ((change->classes >> class & 1) == 0 &&
		    change->classes < 1u << class)
			body_make(w, known, change, number, class);
	}
	if (change->classes == 0)
		change->act = ACT_DELETE;
}

/* References to our own log and to others, in their order. */
static size_t
refs_make(struct work *w, const struct log *log, struct ref *refs)
{
	size_t n = below(w, 3) == 0 ? below(w, 4) : 0;

	for (size_t i = 0; i < n; i++) {
		prng_fill(&w->prng, &refs[i], sizeof(refs[i]));
		refs[i].log = log->trunk;
		refs[i].seq = i * 100 + below(w, 100);
	}
	return n;
}

static void
header_make(struct work *w, const struct log *log, struct known *known)
{
	enum { CHANGES = 300 };
	static struct delta_change changes[CHANGES];
	struct ref refs[4];
	struct delta delta = {.format = DELTA_FORMAT,
	    .kind = w->n == 0 ? DELTA_OPEN : DELTA_CHANGE,
	    .seq = w->n,
	    .origin = log->origin,
	    .refs = refs,
	    .changes = changes};

	memset(changes, 0, sizeof(changes));
	if (w->n > 0 && !w->plain && below(w, 40) == 0) {
		size_t n = below(w, 5) * below(w, 50);

		known->opaque = true;
		prng_fill(&w->prng, buf_extend(&known->header, n), n);
		return;
	}
	w->stamp += 1 + (below(w, 2) ? below(w, 3) : below(w, 1u << 30));
	delta.stamp.v = w->stamp;
	delta.has_actor = below(w, 2) == 0;
	delta.refs_n = refs_make(w, log, refs);
	delta.changes_n = w->n == 0 ? 0
			    : !w->plain && below(w, 100) == 0
			      ? CHANGES
			      : 1 + below(w, 4) * (below(w, 4) == 0);
	for (size_t i = 0; i < delta.changes_n; i++)
		change_make(
		    w, known, &changes[i], (uint16_t)i, delta.stamp.v);
	assert_int_equal(delta_encode(&delta, &known->header), ERR_OK);
}

static void
append(struct work *w)
{
	struct txn *txn = &w->replica->txn;
	struct log *log = log_of(txn);
	struct known *known = &w->deltas[w->n];
	struct stored_body held[BODIES_MAX];
	struct oplog_entry entry = {.bodies = held};
	struct delta delta;

	assert_true(w->n < DELTAS_MAX);
	header_make(w, log, known);
	for (size_t i = 0; i < known->n; i++) {
		known->form[i] = below(w, 6) == 0
				     ? (enum body_form)below(w, 5)
				     : BODY_OPEN;
		if (known->form[i] != 0)
			held[entry.bodies_n++] = as_form(
			    known, i, known->form[i]);
	}
	entry.header = buf_bytes(&known->header);
	assert_int_equal(
	    oplog_append(txn, log, &entry, &delta, &w->leaf), ERR_OK);
	assert_int_equal(delta.opaque, known->opaque);
	w->n++;
}

static void
look(struct work *w, uint64_t seq)
{
	struct txn *txn = &w->replica->txn;
	const struct known *known = &w->deltas[seq];
	struct stored_delta stored;
	struct stored_body body;

	assert_int_equal(oplog_get(txn, log_of(txn), seq, &stored), ERR_OK);
	assert_int_equal(stored.opaque, known->opaque);
	assert_true(bytes_equal(stored.header, buf_bytes(&known->header)));
	for (size_t i = 0; i < known->n; i++) {
		struct stored_body is = as_form(known, i, known->form[i]);

		if (known->form[i] == 0)
			continue;
		assert_true(oplog_body_next(&stored.bodies, &body));
		assert_int_equal(body.change, is.change);
		assert_int_equal(body.class, is.class);
		assert_int_equal(body.form, is.form);
		assert_memory_equal(body.key, is.key, sizeof(is.key));
		if (body.form == BODY_PASSED || body.form == BODY_KEPT)
			assert_memory_equal(
			    body.wrap.b, is.wrap.b, WRAP_SIZE);
		assert_true(bytes_equal(body.sealed, is.sealed));
	}
	assert_int_equal(stored.bodies.n, 0);
}

static void
look_all(struct work *w)
{
	for (uint64_t seq = 0; seq < w->n; seq++)
		look(w, seq);
}

static void
some_pack(struct work *w, bool rest, uint64_t budget)
{
	struct packing packing = {.rest = rest};

	while (!packing.ended)
		assert_int_equal(packing_some(&w->replica->txn, &packing,
				     budget),
		    ERR_OK);
}

/* A body comes late, or its secret, or a wrap. */
static void
put_one(struct work *w)
{
	struct txn *txn = &w->replica->txn;
	uint64_t seq = below(w, w->n);
	struct known *known = &w->deltas[seq];
	enum body_form form = (enum body_form)(1 + below(w, 4));
	static const unsigned worth[] = {0, 1, 4, 2, 3};
	struct stored_body body;
	bool news;
	size_t i;

	if (known->n == 0)
		return;
	i = below(w, known->n);
	body = as_form(known, i, form);
	assert_int_equal(
	    oplog_put_body(txn, log_of(txn), seq, &body, &news), ERR_OK);
	assert_int_equal(news, worth[form] > worth[known->form[i]]);
	if (news)
		known->form[i] = form;
	look(w, seq);
}

static bool
table_has(struct txn *txn, enum table table, struct bytes needle)
{
	struct kv_cursor cursor;
	bool found = false;

	kv_cursor_init(&cursor, txn->kv, table);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more && !found;
	     more = kv_next(&cursor))
		for (struct bytes at = cursor.value;
		     at.n >= needle.n && !found; at = bytes_after(at, 1))
			found = bytes_begins(at, needle);
	kv_cursor_fini(&cursor);
	return found;
}

static void
drop_one(struct work *w)
{
	struct txn *txn = &w->replica->txn;
	uint64_t seq = below(w, w->n);
	struct known *known = &w->deltas[seq];
	struct log *log = log_of(txn);
	struct stored_body body;
	enum err e;
	size_t i;

	if (known->n == 0)
		return;
	i = below(w, known->n);
	body = as_form(known, i, known->form[i]);
	e = oplog_drop_body(txn, log, seq, body.change, body.class);
	assert_int_equal(e, known->form[i] == 0 ? ERR_NOT_FOUND : ERR_OK);
	known->form[i] = (enum body_form)0;
	look(w, seq);
	assert_true(log->held <= seq && log->kept <= seq);
	assert_false(table_has(txn, TABLE_BLOCKS, bytes_of(body.key, 32)));
	assert_false(table_has(txn, TABLE_DELTAS, bytes_of(body.key, 32)));
}

/* All of the log against its own bytes. */
static uint64_t
found(struct work *w)
{
	struct fsck_report report = {0};
	struct replica *replica = w->replica;
	struct check check;

	replica_commit(replica);
	(void)replica_begin(replica, false);
	check_init(&check, &replica->txn, NULL, &report);
	check_log_run(&check, log_of(&replica->txn));
	assert_int_equal(check.fatal.code, ERR_OK);
	replica_abort(replica);
	(void)replica_begin(replica, true);
	return report.found;
}

static void
head_sign(struct work *w)
{
	struct sign_seed seed = replica_seed(1);
	struct txn *txn = &w->replica->txn;

	assert_int_equal(
	    heads_sign(txn, log_of(txn), &seed, &w->leaf), ERR_OK);
}

static struct work
work_begin(struct replica *replica, uint64_t seed)
{
	struct work w = {.replica = replica,
	    .prng = {seed},
	    .deltas = mem_zeros(DELTAS_MAX, sizeof(*w.deltas)),
	    .stamp = seed << 40};

	(void)replica_begin(replica, true);
	return w;
}

static void
work_end(struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		buf_fini(&w->deltas[i].header);
		for (size_t k = 0; k < BODIES_MAX; k++)
			buf_fini(&w->deltas[i].sealed[k]);
	}
	mem_free(w->deltas);
	replica_abort(w->replica);
}

static void
a_log_reads_the_same_whenever_it_is_packed(void **state)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct work w;
		uint64_t steps = 0;

		if (seed > 1) {
			assert_int_equal(replica_remove(state), 0);
			assert_int_equal(replica_make(state), 0);
		}
		w = work_begin(*state, seed);
		while (w.n < 900 + 100 * seed) {
			for (uint64_t i = below(&w, 120) + 1; i > 0; i--)
				append(&w);
			for (uint64_t i = below(&w, 4); i > 0; i--)
				put_one(&w);
			if (below(&w, 3) == 0)
				drop_one(&w);
			if (below(&w, 2) == 0)
				some_pack(&w, below(&w, 2) == 0,
				    1 + below(&w, 600));
			for (int i = 0; i < 20; i++)
				look(&w, below(&w, w.n));
			if (below(&w, 4) == 0)
				(void)replica_reopen(w.replica);
			if (++steps % 4 == 0)
				look_all(&w);
		}
		head_sign(&w);
		assert_int_equal(found(&w), 0);
		some_pack(&w, true, 100000);
		look_all(&w);
		assert_int_equal(found(&w), 0);
		assert_true(
		    kv_count(w.replica->txn.kv, TABLE_BLOCKS) >= 3);
		work_end(&w);
	}
}

/* A log of plain deltas, `n` of them. */
static struct work
plain_log(struct replica *replica, uint64_t n)
{
	struct work w = work_begin(replica, 99);

	w.plain = true;
	while (w.n < n)
		append(&w);
	return w;
}

static void
what_is_packed_once_is_not_packed_again(void **state)
{
	struct work w = plain_log(*state, 700);
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
	work_end(&w);
}

static void
only_full_blocks_are_made_unless_the_rest_is_asked_for(void **state)
{
	struct work w = plain_log(*state, PACKING_KEEP + 200);
	struct packing packing = {.rest = false};

	assert_int_equal(packing_some(&w.replica->txn, &packing, 1000), ERR_OK);
	assert_true(packing.ended && packing.deltas == 0);
	packing = (struct packing){.rest = true};
	assert_int_equal(packing_some(&w.replica->txn, &packing, 1000), ERR_OK);
	assert_int_equal(packing.deltas, 200);
	assert_int_equal(
	    kv_count(w.replica->txn.kv, TABLE_DELTAS), PACKING_KEEP);
	work_end(&w);
}

static void
a_budget_bounds_a_step(void **state)
{
	struct work w = plain_log(*state, 1500);
	struct packing packing = {.rest = true};

	while (!packing.ended) {
		uint64_t before = packing.deltas;

		assert_int_equal(
		    packing_some(&w.replica->txn, &packing, 10), ERR_OK);
		assert_true(packing.deltas - before < 10 + BLOCK_DELTAS_MAX);
	}
	look_all(&w);
	work_end(&w);
}

static void
views_live_while_few_other_blocks_are_read(void **state)
{
	struct work w = plain_log(*state, 1900);
	struct txn *txn = &w.replica->txn;
	struct stored_delta stored[200];

	some_pack(&w, true, 100000);
	assert_true(kv_count(txn->kv, TABLE_BLOCKS) > 4);
	assert_true(kv_count(txn->kv, TABLE_BLOCKS) <= BLOCKS_OPEN);
	for (uint64_t i = 0; i < 200; i++)
		assert_int_equal(
		    oplog_get(txn, log_of(txn), 9 * i, &stored[i]), ERR_OK);
	for (uint64_t i = 0; i < 200; i++)
		assert_true(bytes_equal(stored[i].header,
		    buf_bytes(&w.deltas[9 * i].header)));
	work_end(&w);
}

static void
proofs_from_a_packed_log_are_the_same(void **state)
{
	struct work w = plain_log(*state, 1000);
	struct txn *txn = &w.replica->txn;
	struct merkle_proof before[50];
	struct merkle_proof after;

	for (uint64_t i = 0; i < 50; i++)
		assert_int_equal(tree_consistency(txn, log_of(txn), 16 * i + 3,
				     1000 - i, &before[i]),
		    ERR_OK);
	some_pack(&w, true, 100000);
	for (uint64_t i = 0; i < 50; i++) {
		assert_int_equal(tree_consistency(txn, log_of(txn), 16 * i + 3,
				     1000 - i, &after),
		    ERR_OK);
		assert_int_equal(after.n, before[i].n);
		assert_memory_equal(
		    after.nodes, before[i].nodes, 32 * after.n);
	}
	work_end(&w);
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
	struct work w = plain_log(*state, 600);
	struct key key;
	size_t size = 0;

	head_sign(&w);
	some_pack(&w, true, 100000);
	assert_int_equal(found(&w), 0);
	for (uint64_t n = 0; block_at(&w.replica->txn, n, &key, &size); n++)
		for (int i = 0; i < 60; i++) {
			size_t bit = i < 20 ? below(&w, 8 * 24)
				     : i < 40
					 ? below(&w, 8 * (size / 20))
					 : below(&w, 8 * size);

			replica_flip(w.replica, TABLE_BLOCKS, &key, bit);
			assert_true(found(&w) > 0);
			replica_flip(w.replica, TABLE_BLOCKS, &key, bit);
		}
	assert_int_equal(found(&w), 0);
	work_end(&w);
}

static void
a_flipped_bit_is_noticed_by_who_reads(void **state)
{
	struct work w = plain_log(*state, 400);
	struct key key;
	size_t size = 0;

	some_pack(&w, true, 100000);
	assert_true(block_at(&w.replica->txn, 0, &key, &size));
	for (int i = 0; i < 40; i++) {
		size_t bit = below(&w, 8 * size);
		size_t wrong = 0;

		replica_flip(w.replica, TABLE_BLOCKS, &key, bit);
		replica_commit(w.replica);
		for (uint64_t seq = 0; seq < 300; seq++) {
			struct txn *txn = replica_begin(w.replica, false);
			struct stored_delta stored;
			enum err e = oplog_get(txn, log_of(txn), seq, &stored);

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
	look_all(&w);
	work_end(&w);
}

static void
a_block_that_is_gone_or_doubled_is_found(void **state)
{
	struct work w = plain_log(*state, 700);
	struct txn *txn = &w.replica->txn;
	struct buf row = {0};
	struct bytes value;
	struct key key;
	struct key other;
	size_t size = 0;

	head_sign(&w);
	some_pack(&w, true, 100000);
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
	work_end(&w);
}

/* A commitment that no body held fits stays as it is in the header. */
static void
what_cannot_be_made_again_is_kept(void **state)
{
	struct work w = plain_log(*state, 1);
	struct txn *txn = &w.replica->txn;
	struct log *log = log_of(txn);
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
		append(&w);
	some_pack(&w, true, 1000);
	assert_int_equal(oplog_get(txn, log, 1, &stored), ERR_OK);
	assert_true(bytes_equal(stored.header, buf_bytes(&header)));
	assert_true(oplog_body_next(&stored.bodies, &body));
	assert_true(bytes_is(body.sealed, "not what it commits to"));
	buf_fini(&header);
	work_end(&w);
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
	    TEST(views_live_while_few_other_blocks_are_read),
	    TEST(proofs_from_a_packed_log_are_the_same),
	    TEST(every_flipped_bit_of_a_block_is_found),
	    TEST(a_flipped_bit_is_noticed_by_who_reads),
	    TEST(a_block_that_is_gone_or_doubled_is_found),
	    TEST(what_cannot_be_made_again_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
