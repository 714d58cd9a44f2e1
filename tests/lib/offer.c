/*
 * What is offered at the gate.
 */
#include "tests/lib/offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/note.h"

#define ALL "read:NPSF,write,hold"

struct offer offer;

/* A delta of two changes, each with bodies of two classes. */
static void
write_delta(const char *text)
{
	struct store *store = town_store(&offer.town, CENTRE);

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (int i = 0; i < 2; i++) {
		struct store_edit edits[] = {
		    town_edit(OP_SET, "name", town_text(text)),
		    town_edit(OP_SET, "phone", town_text(text))};
		struct store_write write = {.space = town_space(OFFER_SPACE),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = edits,
		    .edits_n = COUNT_OF(edits)};
		struct record_id id;
		bool changed;

		edits[1].class = CLASS_P;
		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
		assert_true(changed);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

int
offer_make(void **state)
{
	(void)state;
	town_init(&offer.town, 5);
	assert_int_equal(town_member(&offer.town, "", ALL), CENTRE);
	assert_int_equal(
	    town_grant(&offer.town, HALL, HALL, "", ALL, ""), ERR_OK);
	assert_int_equal(town_join(&offer.town), STRANGER);
	for (int i = 1; i < DELTAS; i++)
		write_delta("하나");
	branch_take_out(&offer.town, CENTRE, OFFER_SPACE, &offer.branch);
	assert_int_equal(offer.branch.n, DELTAS);
	assert_int_equal(offer.branch.bodies_n, 4 * (DELTAS - 1));
	return 0;
}

int
offer_remove(void **state)
{
	(void)state;
	branch_fini(&offer.branch);
	town_fini(&offer.town);
	return 0;
}

enum err
offer_node(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	struct frontier frontier = {0};
	size_t n = (size_t)1 << level;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		struct hash leaf;

		merkle_leaf(offer.headers[index * n + i], &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, node);
	return ERR_OK;
}

struct hash
offer_root(uint64_t n)
{
	struct frontier frontier;
	struct hash root;

	assert_int_equal(
	    merkle_frontier(n, offer_node, NULL, &frontier), ERR_OK);
	merkle_root(&frontier, &root);
	return root;
}

void
offer_headers(uint64_t from, uint64_t to)
{
	const struct authority *authority = offer.chunk.authority;
	struct branch *branch = &offer.branch;
	size_t first = 0;

	offer.run = (struct msg_run){.name = branch->name,
	    .from = from,
	    .head_size = branch->head.size,
	    .head_root = branch->head.root,
	    .head_signature = branch->head.signature};
	memcpy(offer.headers, branch->headers, DELTAS * sizeof(struct bytes));
	assert_int_equal(
	    merkle_consistency(to, DELTAS, offer_node, NULL, &offer.proof),
	    ERR_OK);
	memset(offer.bodies, 0, sizeof(offer.bodies));
	while (first < branch->bodies_n && branch->bodies[first].seq < from)
		first++;
	offer.chunk = (struct intake_chunk){.run = &offer.run,
	    .log = branch->id,
	    .from = from,
	    .headers = offer.headers + from,
	    .headers_n = to - from,
	    .proof = &offer.proof,
	    .bodies = offer.bodies,
	    .authority = authority,
	    .accept = {.hold = true, .classes = CLASSES_ALL}};
	for (size_t i = first; i < branch->bodies_n; i++)
		if (branch->bodies[i].seq < to)
			offer.bodies[offer.chunk.bodies_n++] =
			    branch->bodies[i];
}

void
offer_sign(uint64_t n, const struct hash *root)
{
	const struct identity *centre = store_identity(
	    town_store(&offer.town, CENTRE));
	struct note_checkpoint checkpoint = {.size = n, .root = *root};
	struct buf origin = {0};

	id_origin(&offer.run.name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	offer.run.head_size = n;
	offer.run.head_root = *root;
	note_checkpoint_sign(&checkpoint, &centre->seed, &centre->key,
	    &offer.run.head_signature);
	buf_fini(&origin);
}

struct txn *
offer_begin(size_t node)
{
	offer.store = town_store(&offer.town, node);
	assert_int_equal(store_begin(offer.store, true), ERR_OK);
	assert_int_equal(
	    store_authority(offer.store, &offer.chunk.authority), ERR_OK);
	return store_txn(offer.store);
}

void
offer_end(void)
{
	store_abort(offer.store);
	arena_fini(&offer.arena);
}

void
offer_crowd(const struct sign_key *author, uint64_t n)
{
	struct log_name name = offer.branch.name;
	struct log *log;

	for (uint64_t i = 0; i < n; i++) {
		bytes_put_be64(name.incarnation.b, i);
		if (author == NULL)
			bytes_put_be64(name.author.b, i);
		assert_int_equal(
		    oplog_open(store_txn(offer.store), &name, &log), ERR_OK);
	}
}

enum err
offer_announce(void)
{
	return intake_run(store_txn(offer.store), offer.chunk.authority,
	    &offer.run, &offer.chunk.log);
}

enum err
offer_bring(void)
{
	return intake_chunk(store_txn(offer.store), &offer.chunk, &offer.taken);
}

void
offer_refused(enum err code, const char *why)
{
	uint64_t was;

	(void)offer_begin(HALL);
	was = kv_count(store_txn(offer.store)->kv, TABLE_LOGS);
	assert_int_equal(offer_bring(), code);
	if (strstr(err_text(), why) == NULL)
		print_error("'%s' is not in: %s\n", why, err_text());
	assert_non_null(strstr(err_text(), why));
	assert_true(offer.taken.deltas == 0);
	assert_int_equal(kv_failed(store_txn(offer.store)->kv), ERR_OK);
	assert_true(kv_count(store_txn(offer.store)->kv, TABLE_LOGS) == was);
	offer_end();
}

size_t
offer_bodies(enum body_form form)
{
	size_t n = 0;

	for (uint64_t seq = 0; seq < offer.taken.log->frontier.size; seq++) {
		struct stored_delta delta;
		struct stored_body body;

		assert_int_equal(oplog_get(store_txn(offer.store),
				     offer.taken.log, seq, &delta),
		    ERR_OK);
		while (oplog_body_next(&delta.bodies, &body))
			n += body.form == form;
	}
	return n;
}
