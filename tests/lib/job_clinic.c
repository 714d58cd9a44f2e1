/*
 * Jobs under a pack that says something with every key there is
 * (tests/lib/clinic.h): writing against its rules, the chain of accesses, and
 * values that two nodes gave without knowing of each other.
 */
#include "tests/lib/job_clinic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/value.h"
#include "core/access_chain.h"
#include "core/repeats.h"
#include "proto/codec.h"
#include "tests/lib/clinic.h"
#include "tests/lib/look.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"

/* So long that an index has the same of all that begin with it. */
#define LONG "no=0123456789 0123456789 0123456789 0123456789 0123456789 T-"

static const char here[] = "d03/c017/task";

static struct store *
store_of(struct plant *plant, size_t i)
{
	return plant->town.nodes[i].store;
}

/* Writes what `words` say in a transaction of node `i`: of the record `*id`, or
 * of a new one of `collection`. */
static enum err
words_write(struct plant *plant, size_t i, const char *collection,
    const char *const *words, struct record_id *id)
{
	static const struct record_id none;
	struct store *store = store_of(plant, i);
	struct arena arena = {0};
	struct value_edits edits = {.arena = &arena, .create = true};
	struct store_write write = {.space = town_space(here),
	    .create = memcmp(id, &none, sizeof(*id)) == 0};
	struct record_id written;
	bool changed;
	enum err e = store_begin(store, true);

	if (e != ERR_OK)
		return e;
	edits.collection = pack_collection(
	    store_pack(store), bytes_text(collection));
	for (; *words != NULL; words++)
		slip_is(value_add(&edits, *words), ERR_OK, NULL);
	if (write.create)
		write.collection = bytes_text(collection);
	write.has_record = !write.create;
	write.record = *id;
	write.edits = edits.edits;
	write.edits_n = edits.n;
	e = plant_end(store, store_write(store, &write, &written, &changed));
	if (e == ERR_OK)
		*id = written;
	value_fini(&edits);
	arena_fini(&arena);
	return e;
}

static void
clinic_follow(struct plant *plant)
{
	struct buf json = {0};

	clinic_json(NULL, NULL, &json);
	for (size_t i = 0; i < 2; i++)
		look_follow(plant, i, buf_bytes(&json));
	buf_fini(&json);
}

/* ---- rules -------------------------------------------------------------- */

/* A task of another node, so that what is unique is looked for in two logs. */
static void
rules_prepare(struct plant *plant)
{
	struct record_id id = {0};

	clinic_follow(plant);
	slip_is(words_write(plant, 1, "task",
		    WORDS(LONG "0", "state=open", "people+=y"), &id),
	    ERR_OK, NULL);
	town_copy(&plant->town, 1, 0);
}

static enum err
rules_step(struct plant *plant, size_t i)
{
	struct record_id *ids = plant->said->ids;
	/* What said no may have happened, and its number is taken then. */
	const char *no = plant->again ? LONG "2" : LONG "1";
	enum err e;

	switch (i) {
	case 0:
		return words_write(plant, 0, "task",
		    WORDS(no, "state=open", "people+=x", "kind=b", "tries+=2",
			"due_on=2016-07-25", "secret=골목", "score=7"),
		    &ids[0]);
	case 1:
		e = words_write(
		    plant, 0, "task", WORDS("state=doing"), &ids[0]);
		break;
	case 2:
		e = words_write(plant, 0, "task",
		    WORDS("state=done", "people+=y"), &ids[0]);
		break;
	default:
		e = words_write(plant, 0, "task",
		    WORDS(plant->again ? LONG "4" : LONG "3", "tries+=1"),
		    &ids[0]);
		break;
	}
	/* There already. */
	return e == ERR_INVALID && plant->again ? ERR_OK : e;
}

/* What was acknowledged is there; the step after it may have happened. */
static void
rules_holds(struct plant *plant, size_t steps)
{
	static const char *const states[] = {"open", "doing", "done", "done"};
	struct arena arena = {0};
	struct record record;
	bool found = false;

	if (steps == 0)
		return;
	assert_true(town_get(
	    &plant->town, 0, here, &plant->said->ids[0], &arena, &record));
	for (size_t i = steps - 1; i < COUNT_OF(states) && i <= steps; i++)
		found = found || town_has(&record, "state", KIND_STATE,
				     town_text(states[i]));
	assert_true(found);
	arena_fini(&arena);
}

/* ---- the chain of accesses ---------------------------------------------- */

/* Two accesses and something else, in the logs of two nodes. */
static void
accesses_prepare(struct plant *plant)
{
	rules_prepare(plant);
	for (size_t i = 0; i < 2; i++) {
		struct record_id id = {0};

		slip_is(words_write(plant, 0, "task",
			    WORDS(i == 0 ? "no=T-8" : "no=T-9", "state=open",
				"people+=x"),
			    &id),
		    ERR_OK, NULL);
	}
}

/* One access, which names the one before it. */
static enum err
access_write(struct plant *plant, struct record_id *id)
{
	struct store *store = store_of(plant, 0);
	struct space space = town_space(here);
	struct buf before = {0};
	struct buf who = {0};
	struct store_edit edits[] = {
	    town_edit(OP_SET, "at", town_text("2016-07-25T09:00:00+09:00")),
	    town_edit(OP_SET, "deed", town_text("carried")),
	    town_edit(OP_SET, "why", town_text("점검")),
	    town_edit(OP_SET, "who", (struct bytes){0}),
	    town_edit(OP_SET, "before", (struct bytes){0})};
	struct store_write write = {.create = true,
	    .space = space,
	    .collection = bytes_text("looked"),
	    .edits = edits,
	    .edits_n = COUNT_OF(edits)};
	struct hash named;
	bool changed;
	enum err e = store_begin(store, true);

	if (e != ERR_OK)
		return e;
	e = access_chain_next(store_txn(store),
	    space_find(store_txn(store), &space), &store_identity(store)->key,
	    &named);
	codec_put_bytes(&who, bytes_of(plant->id.b, sizeof(plant->id.b)));
	codec_put_bytes(&before, bytes_of(named.b, sizeof(named.b)));
	edits[3].value = buf_bytes(&who);
	edits[4].value = buf_bytes(&before);
	if (e == ERR_OK)
		e = store_write(store, &write, id, &changed);
	buf_fini(&who);
	buf_fini(&before);
	return plant_end(store, e);
}

/* How many links of the chain are broken: none ever is. */
static enum err
chain_look(struct plant *plant)
{
	struct store *store = store_of(plant, 0);
	struct space space = town_space(here);
	struct space_state *state;
	uint64_t broken = 0;
	enum err e = store_begin(store, false);

	if (e != ERR_OK)
		return e;
	state = space_find(store_txn(store), &space);
	e = kv_failed(store_txn(store)->kv);
	if (e == ERR_OK)
		e = access_chain_broken(store_txn(store), state, &broken);
	e = plant_end(store, e);
	if (e == ERR_OK && broken != 0)
		plant->said->lied = true;
	return e;
}

static enum err
accesses_step(struct plant *plant, size_t i)
{
	return i % 2 == 0 ? access_write(plant, &plant->said->ids[i])
			  : chain_look(plant);
}

static void
accesses_holds(struct plant *plant, size_t steps)
{
	for (size_t i = 0; i < steps; i += 2) {
		struct arena arena = {0};
		struct record record;

		assert_true(town_get(&plant->town, 0, here,
		    &plant->said->ids[i], &arena, &record));
		arena_fini(&arena);
	}
	slip_is(chain_look(plant), ERR_OK, NULL);
	assert_false(plant->said->lied);
}

/* ---- values that several have ------------------------------------------- */

static enum err
repeats(struct store *store, struct arena *arena, struct buf *text)
{
	struct txn *txn = store_txn(store);
	struct space space = town_space(here);
	struct space_state *state = space_find(txn, &space);
	struct repeat *all;
	size_t n = 0;
	enum err e = kv_failed(txn->kv);

	if (e == ERR_OK)
		e = repeats_find(txn, state, arena, &all, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		buf_add_text(text, all[i].field != NULL
				       ? all[i].field->name
				       : all[i].compound->name);
		for (size_t k = 0; k < all[i].n; k++)
			look_id(&all[i].ids[k], text);
	}
	return e;
}

/* Two nodes give two numbers twice, which also are the only ones of their
 * people. */
static void
repeats_prepare(struct plant *plant)
{
	clinic_follow(plant);
	for (size_t i = 0; i < 4; i++) {
		struct record_id id = {0};

		slip_is(words_write(plant, i % 2, "task",
			    WORDS(i < 2 ? "no=T-1" : "no=T-2", "state=open",
				"people+=x"),
			    &id),
		    ERR_OK, NULL);
	}
	town_copy(&plant->town, 1, 0);
	look_first(plant, repeats, 4 * 66);
}

static enum err
repeats_step(struct plant *plant, size_t i)
{
	(void)i;
	return look_again(plant, repeats);
}

const struct job job_clinic[] = {
    {.name = "rules",
	.steps = 4,
	.prepare = rules_prepare,
	.step = rules_step,
	.holds = rules_holds},
    {.name = "accesses",
	.steps = 4,
	.prepare = accesses_prepare,
	.step = accesses_step,
	.holds = accesses_holds},
    {.name = "repeats",
	.steps = 1,
	.prepare = repeats_prepare,
	.step = repeats_step},
};
const size_t job_clinic_n = COUNT_OF(job_clinic);
