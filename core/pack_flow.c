/*
 * The workflow of a state out of the file of a pack: which states may follow
 * which, and what has to hold before.  Called by pack_fields.c alone.  A
 * workflow that contradicts itself is refused, since somebody's record would be
 * stuck in it.
 */
#include "core/pack_flow.h"

#include "core/pack_near.h"
#include "proto/codec.h"
#include "proto/limits.h"

static enum err moves_read(
    struct pack_reading *r, struct bytes doc, struct pack_field *field);
static enum err states_read(struct pack_reading *r, struct bytes doc,
    const char *key, const struct pack_field *field, uint64_t *states);
static enum err contested_read(
    struct pack_reading *r, struct bytes doc, struct pack_field *field);
static enum err flow_check(const struct pack_field *field);
static enum err guard_read(
    struct pack_reading *r, struct bytes doc, void *item);

enum err
pack_flow_read(
    struct pack_reading *r, struct bytes doc, struct pack_field *field)
{
	static const char *const keys[] = {
	    "transitions", "start", "end", "contested", "guards"};
	enum err e = ERR_OK;

	if (field->kind != KIND_STATE) {
		for (size_t i = 0; i < COUNT_OF(keys) && e == ERR_OK; i++)
			e = pack_read_there(
			    doc, keys[i], false, pack_kind_names[field->kind]);
		return e;
	}
	e = moves_read(r, doc, field);
	if (e == ERR_OK)
		e = states_read(r, doc, "start", field, &field->starts);
	if (e == ERR_OK)
		e = states_read(r, doc, "end", field, &field->ends);
	if (e == ERR_OK)
		e = contested_read(r, doc, field);
	if (e == ERR_OK && r->pack->format > 1)
		e = flow_check(field);
	return e;
}

/* The bit of the state `name`; 0 when `field` has none of that name. */
static uint64_t
state_bit(const struct pack_field *field, struct bytes name)
{
	for (size_t i = 0; i < field->values_n; i++) {
		if (bytes_is(name, field->values[i]))
			return UINT64_C(1) << i;
	}
	return 0;
}

/* The state `asked` of `field`, as its bit. */
static enum err
state_get(const struct pack_field *field, struct bytes asked, uint64_t *bit)
{
	struct buf near = {0};

	*bit = state_bit(field, asked);
	if (*bit != 0)
		return ERR_OK;
	for (size_t i = 0; i < field->values_n; i++)
		pack_near_add(asked, field->values[i], NULL, &near);
	return pack_near_unknown("state", asked, &near);
}

/* The states in the next list of `r`, as bits. */
static enum err
read_states(const struct pack_field *field, struct reader *r, uint64_t *states)
{
	size_t n = codec_get_array(r, LIMIT_VALUES);
	enum err e = ERR_OK;

	*states = 0;
	for (size_t i = 0; i < n && e == ERR_OK && !r->bad; i++) {
		struct bytes name = codec_get_text(r);
		uint64_t bit = 0;

		if (!r->bad)
			e = state_get(field, name, &bit);
		*states |= bit;
	}
	if (e == ERR_OK && (r->bad || *states == 0))
		e = err_set(ERR_INVALID, "must be a list of states");
	return e;
}

static enum err
moves_read(struct pack_reading *r, struct bytes doc, struct pack_field *field)
{
	struct bytes value = pack_read_member(doc, "transitions");
	struct bytes last = {0};
	uint64_t *moves;
	struct reader in;
	size_t n;

	if (value.n == 0)
		return ERR_OK;
	codec_begin_checked(&in, value);
	n = codec_get_map(&in, LIMIT_VALUES);
	if (in.bad)
		return err_set(
		    ERR_INVALID, "transitions: must be an object of lists");
	moves = arena_array(r->arena, field->values_n, sizeof(*moves));
	field->moves = moves;
	for (size_t i = 0; i < n; i++) {
		struct bytes from = codec_get_text_key(&in, &last);
		struct reader list;
		uint64_t bit;
		uint64_t after;
		enum err e = state_get(field, from, &bit);

		codec_begin_checked(&list, codec_get_value(&in));
		if (e == ERR_OK)
			e = read_states(field, &list, &after);
		if (e != ERR_OK)
			return err_wrap(e, "transitions.%.*s", (int)from.n,
			    (const char *)from.p);
		for (size_t k = 0; k < field->values_n; k++) {
			if (bit == UINT64_C(1) << k)
				moves[k] = after;
		}
	}
	return ERR_OK;
}

/* The states that `key` lists, as bits; 0 when it is not there. */
static enum err
states_read(struct pack_reading *r, struct bytes doc, const char *key,
    const struct pack_field *field, uint64_t *states)
{
	struct pack_read_words words;
	uint64_t bit;
	enum err e = pack_read_words(r, doc, key, LIMIT_VALUES, &words);

	*states = 0;
	for (size_t i = 0; i < words.n && e == ERR_OK; i++) {
		e = state_get(field, bytes_text(words.p[i]), &bit);
		if (e != ERR_OK)
			return err_wrap(e, "%s[%zu]", key, i);
		*states |= bit;
	}
	return e;
}

static enum err
contested_read(
    struct pack_reading *r, struct bytes doc, struct pack_field *field)
{
	struct pack_read_words words = {0};
	uint64_t states;
	enum err e = states_read(r, doc, "contested", field, &states);

	if (e == ERR_OK)
		e = pack_read_words(r, doc, "contested", LIMIT_VALUES, &words);
	field->contested = words.p;
	field->contested_n = words.n;
	return e;
}

/* All states to which some way leads from where records begin. */
static uint64_t
reachable(const struct pack_field *field)
{
	uint64_t reached = field->starts | 1;
	uint64_t before;

	do {
		before = reached;
		for (size_t i = 0; i < field->values_n; i++) {
			if ((before >> i & 1) == 1)
				reached |= field->moves[i];
		}
	} while (reached != before);
	return reached;
}

/* Can every state be reached, and left unless it ends the way? */
static enum err
flow_check(const struct pack_field *field)
{
	uint64_t reached;

	if (field->moves == NULL)
		return field->ends == 0
			   ? ERR_OK
			   : err_set(ERR_INVALID,
				 "end: without transitions any state may "
				 "follow any");
	for (size_t i = 0; i < field->values_n; i++) {
		uint64_t bit = UINT64_C(1) << i;

		if ((field->ends & bit) != 0 && field->moves[i] != 0)
			return err_set(ERR_INVALID,
			    "transitions.%s: nothing follows a state of end",
			    field->values[i]);
		if (field->ends != 0 && (field->ends & bit) == 0 &&
		    (field->moves[i] & ~bit) == 0)
			return err_set(ERR_INVALID,
			    "transitions: nothing follows '%s', and it is not "
			    "in end",
			    field->values[i]);
	}
	reached = reachable(field);
	for (size_t i = 0; i < field->values_n; i++) {
		if ((reached >> i & 1) == 0)
			return err_set(ERR_INVALID,
			    "transitions: nothing leads to '%s', and it is "
			    "not in start",
			    field->values[i]);
	}
	return ERR_OK;
}

/* ---- Guards ------------------------------------------------------------- */

enum err
pack_flow_guards(
    struct pack_reading *r, struct bytes doc, struct pack_field *field)
{
	static const struct pack_read_list list = {.key = "guards",
	    .max = LIMIT_GUARDS,
	    .size = sizeof(struct pack_guard),
	    .read = guard_read};
	void *items;
	enum err e;

	r->field = field;
	e = pack_read_list(r, doc, &list, &items, &field->guards_n);
	field->guards = items;
	return e;
}

static enum err
guard_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {
	    "to", "need", "unless", "say", "who", NULL};
	const struct pack_read_expr how = {.collection = r->collection,
	    .want = PACK_READ_BOOL,
	    .may = PACK_READ_GLOBAL};
	const struct pack_read_names names = {
	    "role", r->pack->roles, r->pack->roles_n, sizeof(*r->pack->roles)};
	struct pack_guard *guard = item;
	const struct pack_role **who;
	struct pack_read_words words = {0};
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = states_read(r, doc, "to", r->field, &guard->to);
	if (e == ERR_OK && guard->to == 0)
		e = err_set(ERR_INVALID, "to: missing");
	if (e == ERR_OK)
		e = pack_read_expr(r, doc, "need", &how, &guard->need);
	if (e == ERR_OK)
		e = pack_read_expr(r, doc, "unless", &how, &guard->unless);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "say", NULL, &guard->say);
	if (e == ERR_OK)
		e = pack_read_words(r, doc, "who", LIMIT_ROLES, &words);
	guard->who_n = words.n;
	if (e == ERR_OK && guard->need.text.n == 0 && guard->who_n == 0)
		e = err_set(ERR_INVALID, "need: missing, and so is who");
	if (e != ERR_OK || guard->who_n == 0)
		return e;
	who = arena_array(r->arena, guard->who_n, sizeof(*who));
	guard->who = who;
	for (size_t i = 0; i < guard->who_n; i++) {
		const void *found;

		e = pack_read_find(bytes_text(words.p[i]), &names, &found);
		if (e != ERR_OK)
			return err_wrap(e, "who[%zu]", i);
		who[i] = found;
	}
	return ERR_OK;
}

/* ---- When a state was reached -------------------------------------------- */

enum err
pack_flow_when(
    struct pack_reading *r, struct bytes doc, struct pack_field *field)
{
	static const char *const keys[] = {"of", "is", NULL};
	struct bytes in = pack_read_member(doc, "when");
	struct pack_when *when;
	enum err e;

	if (in.n == 0)
		return ERR_OK;
	pack_read_enter(r, "when", SIZE_MAX);
	when = arena_new(r->arena, sizeof(*when));
	e = pack_read_keys(in, keys);
	if (e == ERR_OK)
		e = pack_read_field(in, "of", r->collection, ~0U, &when->of);
	if (e == ERR_OK && (when->of == NULL || when->of->kind != KIND_STATE))
		e = err_set(ERR_INVALID, "of: must be a state");
	if (e == ERR_OK)
		e = states_read(r, in, "is", when->of, &when->is);
	if (e == ERR_OK && when->is == 0)
		e = err_set(ERR_INVALID, "is: missing");
	if (e != ERR_OK)
		return e;
	pack_read_leave(r);
	field->when = when;
	if (field->kind != KIND_REGISTER ||
	    (field->type != PACK_DATE && field->type != PACK_DATETIME))
		return err_set(ERR_INVALID,
		    "when: only a register of type date or datetime is filled "
		    "so");
	return ERR_OK;
}
