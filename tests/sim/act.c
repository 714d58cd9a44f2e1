/*
 * People at work.  Each field has its kind and its data class, as a pack would
 * say; values are few, so that equal and contradicting ones both happen.
 */
#include "tests/sim/act.h"

#include <stdio.h>
#include <string.h>

#include "core/apply.h"
#include "proto/codec.h"
#include "proto/mem.h"
#include "tests/sim/deed.h"
#include "tests/sim/node.h"
#include "tests/sim/seals.h"
#include "tests/sim/swarm.h"
#include "tests/sim/wire.h"
#include "tests/sim/wrap.h"

enum {
	EDITS_MAX = 3,
	WRITES_MAX = 3,
	BULK_MAX = 300, /* deltas at once: several chunks, many heads */
	LONG_SIZE = 60 * 1000,
};

const char act_forged[] = "FORGED";

/* One write on its way. */
struct act {
	struct sim_node *node;
	size_t space;
	struct record_id record;
	bool create;
	struct store_edit edits[EDITS_MAX];
	struct buf values[EDITS_MAX];
	size_t edits_n;
};

static const struct act_field {
	const char *name;
	enum op_code codes[2];
	enum delta_class class;
} fields[] = {{"name", {OP_SET, OP_CLEAR}, CLASS_P},
    {"grade", {OP_SET, OP_SET}, CLASS_N},
    {"illness", {OP_SET, OP_CLEAR}, CLASS_S},
    {"income", {OP_SET, OP_SET}, CLASS_F},
    {"needs", {OP_ADD, OP_REMOVE}, CLASS_N},
    {"visits", {OP_COUNT, OP_COUNT}, CLASS_N},
    {"notes", {OP_APPEND, OP_APPEND}, CLASS_P},
    {"stage", {OP_MOVE, OP_MOVE}, CLASS_N}};

static bool record_pick(struct act *act);
static void edits_pick(struct act *act, const char *text);
static void value_put(struct act *act, enum op_code code, const char *text);
static enum err write_one(struct sim_node *node);
static enum err act_do(
    struct act *act, const struct store_write *write) MUST_USE;
static void record_know(struct act *act);
static void token_keep(
    struct sim_node *node, size_t space, const struct record_id *id);
static void act_fini(struct act *act);

/* A record that was made somewhere, whether this node holds it or not. */
static bool
record_pick(struct act *act)
{
	struct sim *sim = act->node->sim;

	/* In a large city few of them lie in one space. */
	unsigned tries = sim_is_large(sim) ? 60 : 4;

	for (; tries > 0 && sim->records_n > 0; tries--) {
		/* Most work is done on what is new. */
		size_t n = sim->records_n < 12 || sim_once_in(sim, 4) ||
				   sim_is_large(sim)
			       ? sim->records_n
			       : 12;
		const struct sim_record *record =
		    &sim->records[sim->records_n - 1 - sim_below(sim, n)];

		if (record->space != act->space)
			continue;
		act->record = record->id;
		return true;
	}
	return false;
}

/* A visit note that fills frames: noise, which does not compress. */
static void
long_put(struct sim *sim, struct buf *value)
{
	struct buf text = {0};
	size_t n = 1 + sim_below(sim, LONG_SIZE);

	for (size_t i = 0; i < n; i++)
		buf_add_u8(&text, (uint8_t)('!' + sim_below(sim, 90)));
	codec_put_text(value, buf_bytes(&text));
	buf_fini(&text);
}

static void
value_put(struct act *act, enum op_code code, const char *text)
{
	struct sim *sim = act->node->sim;
	struct buf *value = &act->values[act->edits_n];
	char content[64];

	buf_cut(value, 0);
	if (code == OP_APPEND && text == NULL && sim_once_in(sim, 12)) {
		long_put(sim, value);
		return;
	}
	if (code == OP_COUNT) {
		codec_put_int(value, (int64_t)sim_below(sim, 9) - 3);
		return;
	}
	(void)snprintf(content, sizeof(content), "%s%u",
	    text != NULL ? text : seals_secret, (unsigned)sim_below(sim, 6));
	codec_put_text(value, bytes_text(content));
}

static void
edits_pick(struct act *act, const char *text)
{
	struct sim *sim = act->node->sim;
	size_t n = 1 + sim_below(sim, EDITS_MAX);
	size_t first = sim_below(sim, COUNT_OF(fields));

	act->edits_n = 0;
	for (size_t i = 0; i < n; i++) {
		const struct act_field *field =
		    &fields[(first + i) % COUNT_OF(fields)];
		enum op_code code = field->codes[sim_once_in(sim, 4)];

		if (text != NULL && code == OP_COUNT)
			continue;
		value_put(act, code, text);
		act->edits[act->edits_n] = (struct store_edit){
		    .field = bytes_text(field->name),
		    .code = code,
		    .class = field->class,
		    .value = buf_bytes(&act->values[act->edits_n])};
		act->edits_n++;
	}
}

static void
record_know(struct act *act)
{
	struct sim *sim = act->node->sim;

	mem_room(&sim->records, &sim->records_room, sim->records_n + 1,
	    sizeof(*sim->records));
	sim->records[sim->records_n++] = (struct sim_record){
	    .space = act->space, .id = act->record};
}

static void
act_fini(struct act *act)
{
	for (size_t i = 0; i < EDITS_MAX; i++)
		buf_fini(&act->values[i]);
}

/* A token of what stands there now, for later. */
static void
token_keep(struct sim_node *node, size_t space, const struct record_id *id)
{
	struct sim_token *token =
	    &node->tokens[sim_below(node->sim, SIM_TOKENS)];
	struct arena arena = {0};
	struct record record;
	enum err e = store_get(
	    node->store, &node->sim->spaces[space], id, &arena, &record);

	if (e == ERR_OK) {
		token->used = true;
		token->pending = true;
		token->space = space;
		token->record = *id;
		buf_cut(&token->text, 0);
		store_token(&record, &token->text);
	} else if (e != ERR_NOT_FOUND) {
		sim_must(node->sim, e, "read a record");
	}
	arena_fini(&arena);
}

static enum err
act_do(struct act *act, const struct store_write *write)
{
	struct sim *sim = act->node->sim;
	bool changed;
	enum err e = store_write(
	    act->node->store, write, &act->record, &changed);

	if (e == ERR_OK && write->create)
		record_know(act);
	if (e == ERR_DENIED || e == ERR_NOT_FOUND)
		return e;
	/* By its pack. */
	if (act->node->pack > 0 && (e == ERR_INVALID || e == ERR_EXISTS)) {
		sim->count.forbidden++;
		return e;
	}
	sim_must(sim, e, "write");
	sim->count.writes += changed;
	return e;
}

/* Mostly where it may. */
static size_t
space_pick(const struct sim_node *node)
{
	struct sim *sim = node->sim;
	size_t any = sim_below(sim, sim->spaces_n);

	if (node->role != ROLE_CENTRE || sim_once_in(sim, 100))
		return any;
	return sim_once_in(sim, 2) && node->centre < 2 && !sim_is_large(sim)
		   ? sim->spaces_n - 1
		   : node->centre;
}

/* One write in the open transaction. */
static enum err
write_one(struct sim_node *node)
{
	struct sim *sim = node->sim;
	const struct sim_token *token =
	    &node->tokens[sim_below(sim, SIM_TOKENS)];
	struct act act = {.node = node, .space = space_pick(node)};
	struct store_write write = {.collection = bytes_text("card")};
	enum err e;

	if (sim->swarm.city && !sim_once_in(sim, 5))
		return deed_write(node, act.space);
	if (token->used && sim_once_in(sim, 3)) {
		act.space = token->space;
		act.record = token->record;
		write.token = buf_bytes(&token->text);
	} else if (!record_pick(&act)) {
		write.create = true;
	}
	write.create = write.create || sim_once_in(sim, 12);
	if (write.create)
		write.token = (struct bytes){0};
	else if (sim_once_in(sim, 10))
		write.act = sim_once_in(sim, 2) ? ACT_DELETE : ACT_KEEP;
	if (write.act == ACT_EDIT)
		edits_pick(&act, NULL);
	write.space = sim->spaces[act.space];
	write.record = act.record;
	write.edits = act.edits;
	write.edits_n = act.edits_n;
	write.resolve = sim_once_in(sim, 5);
	e = act_do(&act, &write);
	if (e == ERR_OK && sim_once_in(sim, 2)) {
		sim_must(sim, store_settle(node->store), "settle");
		token_keep(node, act.space, &act.record);
	}
	act_fini(&act);
	sim_note(sim, "write", node->number, (uint64_t)e);
	return e;
}

/* What was shown of a transaction that has not happened was never shown. */
static void
tokens_settle(struct sim_node *node, bool keep)
{
	for (size_t i = 0; i < SIM_TOKENS; i++) {
		struct sim_token *token = &node->tokens[i];

		token->used = token->used && (keep || !token->pending);
		token->pending = false;
	}
}

void
act_write(struct sim_node *node)
{
	struct sim *sim = node->sim;
	bool bulk = sim_once_in(sim, sim->swarm.packing ? 10 : 25);
	size_t n = 1 + sim_below(sim, bulk ? BULK_MAX : WRITES_MAX);

	tokens_settle(node, false);
	node_begin(node, true);
	for (size_t i = 0; i < n; i++) {
		/* What is refused leaves the transaction as it was. */
		if (write_one(node) != ERR_OK && sim_once_in(sim, 10)) {
			store_abort(node->store);
			return;
		}
		if (bulk)
			sim_must(sim, store_settle(node->store), "settle");
	}
	if (swarm_now(sim, sim->swarm.crash, 30)) {
		sim->count.crashes++;
		node_crash_late(node);
		return;
	}
	if (sim_once_in(sim, 20)) {
		store_abort(node->store);
		return;
	}
	if (node_commit(node) == ERR_OK)
		tokens_settle(node, true);
}

void
act_forge(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct act act = {.node = node,
	    /* What it keeps for its neighbour. */
	    .space = (node->centre + 1) % (sim->spaces_n - 1)};
	struct store_write write = {.collection = bytes_text("card")};
	struct node_rights rights = node_rights(node, act.space);
	const struct authority *authority;
	enum err e;

	if (!rights.any || rights.write)
		return;
	write.create = sim_once_in(sim, 3) || !record_pick(&act);
	write.space = sim->spaces[act.space];
	write.record = act.record;
	edits_pick(&act, act_forged);
	write.edits = act.edits;
	write.edits_n = act.edits_n;
	node_begin(node, true);
	sim_must(sim, store_authority(node->store, &authority), "read rights");
	wrap_forge(true);
	e = act_do(&act, &write);
	if (e == ERR_OK)
		sim_must(sim, store_settle(node->store), "settle");
	wrap_forge(false);
	/* Its own store is honest all the same. */
	sim_must(sim, apply_authority(store_txn(node->store), authority),
	    "judge a forged log");
	if (e == ERR_OK && node_commit(node) == ERR_OK)
		sim->count.forged++;
	store_abort(node->store);
	act_fini(&act);
	sim_note(sim, "forge", node->number, (uint64_t)e);
}

void
act_create(struct sim_node *node, size_t space)
{
	struct act act = {.node = node, .space = space};
	struct store_write write = {.collection = bytes_text("card"),
	    .space = node->sim->spaces[space],
	    .create = true};

	edits_pick(&act, NULL);
	write.edits = act.edits;
	write.edits_n = act.edits_n;
	node_begin(node, true);
	if (act_do(&act, &write) == ERR_OK)
		sim_must(node->sim, node_commit(node), "commit");
	store_abort(node->store);
	act_fini(&act);
	model_look(node);
}
