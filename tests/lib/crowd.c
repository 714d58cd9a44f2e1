/*
 * Hundreds of stores, made quickly: their keys are drawn by themselves, they
 * are admitted in two transactions, and all take the same parcel of authority.
 */
#include "tests/lib/crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/founder.h"
#include "core/parcel.h"
#include "core/space.h"
#include "proto/codec.h"
#include "proto/mem.h"

enum { TEXT_SIZE = 96, EDITS = 2 };

static void centre_make(struct crowd *crowd, size_t i);
static void admit_all(struct crowd *crowd, size_t readers, struct buf *parcel);

void
crowd_must(enum err e)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "crowd: %s\n", err_text());
	abort();
}

static uint64_t
host_now_ms(void *arg)
{
	struct crowd *crowd = arg;

	return crowd->now_ms++;
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	struct crowd *crowd = arg;

	prng_fill(&crowd->prng, p, n);
}

void
crowd_init(struct crowd *crowd, const struct crowd_plan *plan)
{
	struct store_plan aggregator = {
	    .found = bytes_text("서울"), .label = bytes_text("시청")};
	struct buf parcel = {0};

	crowd_must(crypto_start());
	*crowd = (struct crowd){.prng = {.seed = plan->seed},
	    .now_ms = UINT64_C(1700000000000),
	    .n = plan->centres};
	crowd->host = (struct host){
	    .now_ms = host_now_ms, .random = host_random, .arg = crowd};
	tempdir_init(&crowd->dir);
	(void)snprintf(crowd->aggregator, sizeof(crowd->aggregator), "%s",
	    tempdir_at(&crowd->dir, "aggregator"));
	aggregator.dir = crowd->aggregator;
	aggregator.host = &crowd->host;
	crowd_must(founder_create(&aggregator));
	crowd->centres = mem_zeros(crowd->n, sizeof(*crowd->centres));
	for (size_t i = 0; i < crowd->n; i++)
		centre_make(crowd, i);
	admit_all(crowd, plan->readers, &parcel);
	for (size_t i = 0; i < crowd->n; i++) {
		struct store *store = crowd->centres[i].store;
		struct parcel_taken taken;

		crowd_must(store_begin(store, true));
		crowd_must(parcel_take(store, buf_bytes(&parcel), &taken));
		assert(taken.dropped == 0);
		crowd_must(store_commit(store));
	}
	buf_fini(&parcel);
}

static void
centre_make(struct crowd *crowd, size_t i)
{
	struct crowd_centre *centre = &crowd->centres[i];
	struct store_plan plan = {
	    .dir = centre->dir, .host = &crowd->host, .join = &crowd->city};
	char text[32];

	if (i == 0) {
		struct store *store = crowd_aggregator(crowd);

		crowd->city = store_identity(store)->city;
		store_close(store);
	}
	(void)snprintf(text, sizeof(text), "centre%03zu", i);
	(void)snprintf(centre->dir, sizeof(centre->dir), "%s",
	    tempdir_at(&crowd->dir, text));
	crowd_must(founder_create(&plan));
	crowd_must(store_open(centre->dir, &crowd->host, &centre->store));
	centre->key = store_identity(centre->store)->key;
	(void)snprintf(text, sizeof(text), "d01/c%03zu/case", i);
	crowd_must(id_space(bytes_text(text), &centre->space));
}

static void
grant(struct store *store, const struct crowd_centre *centre,
    const struct fact_grant *what)
{
	struct fact_grant whole = *what;

	whole.member = centre->key;
	crowd_must(store_grant(store, &whole));
}

static void
admit_all(struct crowd *crowd, size_t readers, struct buf *parcel)
{
	struct store *store = crowd_aggregator(crowd);
	struct space all;

	crowd_must(id_space(bytes_text("d01"), &all));
	crowd_must(store_begin(store, true));
	for (size_t i = 0; i < crowd->n; i++) {
		struct fact_member member = {.key = crowd->centres[i].key,
		    .label = bytes_text("주민센터")};

		crowd_must(store_admit(store, &member));
	}
	crowd_must(store_commit(store));
	crowd_must(store_begin(store, true));
	for (size_t i = 0; i < crowd->n; i++) {
		grant(store, &crowd->centres[i],
		    &(struct fact_grant){.prefix = crowd->centres[i].space,
			.gives = {.bits = RIGHT_WRITE}});
		if (i + readers >= crowd->n)
			grant(store, &crowd->centres[i],
			    &(struct fact_grant){
				.prefix = all, .gives = {.bits = RIGHT_HOLD}});
	}
	crowd_must(store_commit(store));
	crowd_must(store_begin(store, false));
	crowd_must(parcel_put(store, parcel));
	store_abort(store);
	store_close(store);
}

void
crowd_fini(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->n; i++)
		store_close(crowd->centres[i].store);
	mem_free(crowd->centres);
	tempdir_fini(&crowd->dir);
}

struct store *
crowd_aggregator(struct crowd *crowd)
{
	struct store *store;

	crowd_must(store_open(crowd->aggregator, &crowd->host, &store));
	return store;
}

static struct store_edit
edit_of(const char *field, const char *text, struct buf *value)
{
	codec_put_text(value, bytes_text(text));
	return (struct store_edit){.field = bytes_text(field),
	    .code = OP_SET,
	    .class = CLASS_N,
	    .value = buf_bytes(value)};
}

void
crowd_write(struct crowd *crowd, size_t i, size_t n, const char *text)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct crowd_centre *centre = &crowd->centres[i];

	for (; n > 0; n--) {
		struct buf values[EDITS] = {{0}};
		struct store_edit edits[EDITS];
		struct store_write write = {.space = centre->space,
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = edits,
		    .edits_n = COUNT_OF(edits)};
		struct record_id id;
		char noise[TEXT_SIZE];
		bool changed;

		for (size_t k = 0; k < TEXT_SIZE - 1; k++)
			noise[k] = digits[prng_below(&crowd->prng, 32)];
		noise[TEXT_SIZE - 1] = '\0';
		edits[0] = edit_of("name", text, &values[0]);
		edits[1] = edit_of("note", noise, &values[1]);
		crowd_must(store_begin(centre->store, true));
		crowd_must(store_write(centre->store, &write, &id, &changed));
		crowd_must(store_commit(centre->store));
		centre->deltas += centre->deltas == 0 ? 2 : 1;
		for (size_t k = 0; k < COUNT_OF(values); k++)
			buf_fini(&values[k]);
	}
}

/* What `store` has of the space and of the log of `centre`. */
static bool
held_by(const struct crowd_centre *centre, struct store *store,
    struct frontier *frontier, struct space_state *state)
{
	struct space_state *space;
	struct log **logs;
	size_t n = 0;

	crowd_must(store_begin(store, false));
	space = space_find(store_txn(store), &centre->space);
	if (space != NULL)
		crowd_must(oplog_all(store_txn(store), space, &logs, &n));
	assert(n <= 1);
	if (n == 1) {
		*frontier = logs[0]->frontier;
		*state = *space;
	}
	store_abort(store);
	return n == 1;
}

bool
crowd_agrees(const struct crowd_centre *centre, struct store *store)
{
	struct frontier here;
	struct frontier there;
	struct space_state ours;
	struct space_state theirs;
	struct hash roots[2];

	if (!held_by(centre, centre->store, &here, &ours) ||
	    !held_by(centre, store, &there, &theirs))
		return false;
	merkle_root(&here, &roots[0]);
	merkle_root(&there, &roots[1]);
	return here.size == centre->deltas && here.size == there.size &&
	       memcmp(&roots[0], &roots[1], sizeof(roots[0])) == 0 &&
	       memcmp(ours.digests, theirs.digests, sizeof(ours.digests)) ==
		   0 &&
	       ours.records == theirs.records;
}
