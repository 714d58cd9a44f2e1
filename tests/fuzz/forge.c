/*
 * What a hostile member says.  Everything is signed and hashed as it must be
 * unless the input says otherwise, so that it gets as far as the rule that it
 * breaks.
 */
#include "tests/fuzz/forge.h"

#include "proto/body.h"
#include "proto/fact.h"

enum { BODIES_OF_HEADER = 4, REFS_MAX = 4, OPS_MAX = 6, CUTS_MAX = 3 };

static struct squeeze squeeze;

static void name_take(struct forge *forge, struct log_name *name);
static struct ref ref_take(struct forge *forge);
static void change_make(
    struct forge *forge, struct delta *delta, struct delta_change *change);
static void body_make(struct forge *forge, struct rogue_log *log, uint64_t kind,
    struct delta_change *change, uint16_t number);
static void open_make(struct forge *forge, struct delta *delta);
static void decision_make(struct forge *forge, struct delta *delta);
static bool header_put(struct forge *forge, struct rogue_log *log,
    const struct delta *delta, size_t had);

void
forge_begin(struct forge *forge, struct stage *stage, struct fuzz_input *input)
{
	*forge = (struct forge){.stage = stage, .input = input};
	for (size_t i = 0; i < FORGE_LOGS; i++) {
		if (i < COUNT_OF(stage->logs))
			forge->logs[i] = stage->logs[i];
	}
}

void
forge_end(struct forge *forge)
{
	arena_fini(&forge->arena);
	arena_reset(&forge->stage->rogue.arena);
}

/* The name of a new log. */
static void
name_take(struct forge *forge, struct log_name *name)
{
	static const char *const spaces[] = {STAGE_OPEN, "authority",
	    STAGE_CLOSED, "d01/c001/visit", "d01/c001", "d01/c002/case"};
	static const size_t authors[] = {
	    STAGE_ROGUE, STAGE_ROGUE, STAGE_STRANGER, STAGE_VICTIM};
	uint8_t how = fuzz_u8(forge->input);

	*name = forge->logs[0].name;
	name->space = town_space(spaces[how % COUNT_OF(spaces)]);
	name->author = town_key(
	    &forge->stage->town, authors[how / 32 % COUNT_OF(authors)]);
	name->incarnation.b[0] = fuzz_u8(forge->input) % 4;
}

struct rogue_log *
forge_log(struct forge *forge)
{
	struct rogue_log *log =
	    &forge->logs[fuzz_below(forge->input, FORGE_LOGS)];
	struct hash origin;

	if (log->n == 0) {
		name_take(forge, &log->name);
		id_log(&log->name, &origin, &log->id);
		forge_header(forge, log);
	}
	return log;
}

/* A delta that is there, more or less. */
static struct ref
ref_take(struct forge *forge)
{
	struct fuzz_input *in = forge->input;
	uint8_t how = fuzz_u8(in);
	const struct rogue_log *log = &forge->logs[how % FORGE_LOGS];
	struct ref ref = forge->stage->grant;
	struct hash leaf;

	if (how >= 0x80 || log->n == 0)
		return ref;
	ref.log = log->id;
	ref.seq = fuzz_below(in, log->n);
	merkle_leaf(log->headers[ref.seq], &leaf);
	memcpy(ref.leaf, leaf.b, sizeof(ref.leaf));
	if (how >= 0x70)
		ref.seq += fuzz_number(in);
	return ref;
}

/* Its references: sorted, none twice. */
static void
refs_make(struct forge *forge, struct delta *delta)
{
	struct ref *refs = arena_array(
	    &forge->arena, REFS_MAX + 1, sizeof(*refs));
	size_t most = fuzz_below(forge->input, REFS_MAX + 1);

	for (size_t i = 0; i < most; i++) {
		struct ref ref = ref_take(forge);
		size_t at = 0;

		while (
		    at < delta->refs_n && id_ref_compare(&refs[at], &ref) < 0)
			at++;
		if (at < delta->refs_n && id_ref_compare(&refs[at], &ref) == 0)
			continue;
		for (size_t k = delta->refs_n++; k > at; k--)
			refs[k] = refs[k - 1];
		refs[at] = ref;
	}
	delta->refs = refs;
}

/* A rising list of up to `most` of the references. */
static const uint32_t *
indexes_make(struct forge *forge, const struct delta *delta, size_t *n)
{
	uint32_t *list = arena_array(&forge->arena, REFS_MAX, sizeof(*list));
	uint8_t which = fuzz_u8(forge->input);

	for (uint32_t i = 0; i < delta->refs_n; i++) {
		if ((which >> i & 1) != 0)
			list[(*n)++] = i;
	}
	return list;
}

static const struct log_cut *
cuts_make(struct forge *forge, size_t *n)
{
	struct log_cut *cuts = arena_array(
	    &forge->arena, CUTS_MAX, sizeof(*cuts));
	size_t most = fuzz_below(forge->input, CUTS_MAX + 1);

	for (size_t i = 0; i < most; i++) {
		const struct rogue_log *log =
		    &forge->logs[fuzz_below(forge->input, FORGE_LOGS)];

		cuts[*n] = (struct log_cut){
		    .log = log->id, .size = fuzz_number(forge->input)};
		fuzz_fill(forge->input, cuts[*n].root.b, 1);
		if (*n == 0 || memcmp(&cuts[*n - 1].log, &log->id, 16) < 0)
			(*n)++;
	}
	return cuts;
}

static void
open_make(struct forge *forge, struct delta *delta)
{
	struct ref *refs = arena_new(&forge->arena, sizeof(*refs));
	uint8_t how = fuzz_u8(forge->input);

	delta->kind = DELTA_OPEN;
	delta->open.why = how % 6;
	if ((how & 0x40) == 0) {
		*refs = (how & 0x80) == 0 ? forge->stage->grant
					  : ref_take(forge);
		delta->refs = refs;
		delta->refs_n = 1;
		delta->open.has_grant = true;
	}
	if ((how & 0x20) != 0) {
		delta->open.has_previous = true;
		fuzz_fill(forge->input, &delta->open.previous, 1);
		delta->open.previous_size = fuzz_number(forge->input);
	}
	if ((how & 0x10) != 0)
		delta->open.founding = fuzz_bytes(forge->input, 200);
}

static void
decision_make(struct forge *forge, struct delta *delta)
{
	struct delta_decision *decision = &delta->decision;

	refs_make(forge, delta);
	decision->targets = indexes_make(forge, delta, &decision->targets_n);
	decision->cuts = cuts_make(forge, &decision->cuts_n);
	decision->replaces = indexes_make(forge, delta, &decision->replaces_n);
	/* With neither it cannot be written. */
	if (decision->targets_n == 0 && decision->cuts_n == 0)
		delta->kind = DELTA_CHANGE;
}

static void
change_make(
    struct forge *forge, struct delta *delta, struct delta_change *change)
{
	struct fuzz_input *in = forge->input;
	uint8_t how = fuzz_u8(in);
	struct delta_parent *parent = arena_new(&forge->arena, sizeof(*parent));
	struct delta_seen *seen = arena_new(&forge->arena, sizeof(*seen));
	struct delta_target *target = arena_new(&forge->arena, sizeof(*target));

	*change = (struct delta_change){
	    .act = how % 3, .record = forge->stage->records[how / 4 % 3]};
	if (how >= 0xe0)
		change->record.b[15] = fuzz_u8(in);
	if (delta->refs_n == 0)
		return;
	if ((how & 0x20) != 0) {
		*parent = (struct delta_parent){
		    .ref = (uint32_t)fuzz_below(in, delta->refs_n),
		    .change = (uint16_t)fuzz_below(in, 3)};
		change->parents = parent;
		change->parents_n = 1;
	}
	if ((how & 0x40) != 0) {
		*target = (struct delta_target){
		    .ref = (uint32_t)fuzz_below(in, delta->refs_n),
		    .change = (uint16_t)fuzz_below(in, 3),
		    .op = (uint16_t)fuzz_below(in, 20)};
		*seen = (struct delta_seen){.op = (uint16_t)fuzz_below(in, 20),
		    .n = 1,
		    .targets = target};
		change->seen = seen;
		change->seen_n = 1;
	}
}

/* Operations of a body as a change of records has it. */
static void
ops_put(struct forge *forge, enum delta_class class, struct buf *plain)
{
	static const enum op_code codes[] = {
	    OP_SET, OP_CLEAR, OP_ADD, OP_REMOVE, OP_COUNT, OP_APPEND, OP_MOVE};
	static const char *const fields[] = {
	    "name", "phone", "tags", "visits", "notes", "state"};
	struct fuzz_input *in = forge->input;
	struct body body = {0};
	struct body_op *ops = arena_array(&forge->arena, OPS_MAX, sizeof(*ops));
	uint16_t number = (uint16_t) class;

	if (class == CLASS_N && fuzz_u8(in) % 2 > 0)
		body.collection = bytes_text("card");
	body.ops_n = fuzz_below(in, OPS_MAX + 1);
	body.ops = ops;
	for (size_t i = 0; i < body.ops_n; i++) {
		uint8_t how = fuzz_u8(in);
		struct body_op *op = &ops[i];

		op->code = codes[how % COUNT_OF(codes)];
		op->field = bytes_text(fields[how / 8 % COUNT_OF(fields)]);
		number = (uint16_t)(number + 4);
		op->number = number;
		if (op->code == OP_COUNT)
			op->value = town_int((int64_t)fuzz_number(in));
		else if (body_has_value(op->code))
			op->value = town_text("값");
		else
			op->value = bytes_text("\xc0");
	}
	assert(body_encode(&body, plain) == ERR_OK);
}

/* What a fact says, mostly one that the rogue would like. */
static void
fact_put(struct forge *forge, uint64_t kind, struct buf *plain)
{
	struct fuzz_input *in = forge->input;
	struct sign_key whom = town_key(&forge->stage->town,
	    fuzz_u8(in) % 2 > 0 ? STAGE_STRANGER : STAGE_ROGUE);
	struct fact_revoke revoke = {.grant = ref_take(forge)};
	struct fact_grant grant = {.member = whom};
	struct fact_member member = {.key = whom, .label = bytes_text("누구")};

	switch (kind) {
	case DELTA_MEMBER:
		fact_member_put(&member, plain);
		break;
	case DELTA_GRANT:
		grant.prefix.text[0] = '\0';
		grant.gives = (struct rights){
		    fuzz_u8(in) & RIGHTS_ALL, fuzz_u8(in) & CLASSES_ALL};
		grant.passes = grant.gives;
		fact_grant_put(&grant, plain);
		break;
	case DELTA_REVOKE:
		revoke.compromised = fuzz_u8(in) % 2 > 0;
		revoke.cuts = cuts_make(forge, &revoke.cuts_n);
		fact_revoke_put(&revoke, plain);
		break;
	default:
		fact_reason_put(&(struct fact_reason){{0}}, plain);
		break;
	}
}

/* One body of the change `number`, and what the header says of it. */
static void
body_make(struct forge *forge, struct rogue_log *log, uint64_t kind,
    struct delta_change *change, uint16_t number)
{
	struct msg_body *body = &log->bodies[log->bodies_n++];
	enum delta_class class = CLASS_N;
	uint8_t how = fuzz_u8(forge->input);
	struct secret secret = {{how}};
	struct buf plain = {0};
	struct buf sealed = {0};
	struct hash tag;

	if (kind == DELTA_CHANGE)
		class = (enum delta_class)(how / 8 % CLASS_COUNT);
	if (how >= 0xe0)
		buf_add(&plain, fuzz_bytes(forge->input, 1000));
	else if (kind == DELTA_CHANGE)
		ops_put(forge, class, &plain);
	else
		fact_put(forge, kind, &plain);
	assert(body_seal(&squeeze, buf_bytes(&plain), &secret, &sealed,
		   &change->commitments[class]) == ERR_OK);
	change->classes |= 1u << class;
	body_tag(&secret, &tag);
	*body = (struct msg_body){.seq = log->n,
	    .change = number,
	    .class = class,
	    .is_open = how % 8 != 7,
	    .sealed = arena_bytes(&forge->arena, buf_bytes(&sealed))};
	memcpy(body->key, body->is_open ? secret.b : tag.b, sizeof(body->key));
	buf_fini(&plain);
	buf_fini(&sealed);
}

static bool
header_put(struct forge *forge, struct rogue_log *log,
    const struct delta *delta, size_t had)
{
	struct buf header = {0};

	if (delta_encode(delta, &header) != ERR_OK) {
		log->bodies_n = had;
		return false;
	}
	if (fuzz_u8(forge->input) >= 0xf0)
		fuzz_mutate(forge->input, &header);
	if (header.n > LIMIT_HEADER_SIZE)
		buf_cut(&header, LIMIT_HEADER_SIZE);
	log->headers[log->n++] = arena_bytes(&forge->arena, buf_bytes(&header));
	buf_fini(&header);
	return true;
}

void
forge_header(struct forge *forge, struct rogue_log *log)
{
	struct fuzz_input *in = forge->input;
	uint8_t how = fuzz_u8(in);
	size_t had = log->bodies_n;
	struct delta delta = {.format = DELTA_FORMAT, .seq = log->n};
	struct delta_change *changes;
	struct log_id id;

	if (log->n == COUNT_OF(log->headers) ||
	    had + BODIES_OF_HEADER > COUNT_OF(log->bodies))
		return;
	id_log(&log->name, &delta.origin, &id);
	delta.kind = how % 8;
	delta.stamp.v = (UINT64_C(1700000100000) << 16) + log->n;
	if (how >= 0xf0)
		delta.stamp.v = fuzz_number(in);
	if (log->n == 0 || delta.kind == DELTA_OPEN) {
		open_make(forge, &delta);
	} else if (delta.kind == DELTA_ADOPT || delta.kind == DELTA_VOID) {
		decision_make(forge, &delta);
	} else {
		refs_make(forge, &delta);
	}
	if (delta.kind != DELTA_OPEN) {
		size_t most = delta.kind == DELTA_CHANGE ? 1 + how / 8 % 3 : 1;

		changes = arena_array(&forge->arena, most, sizeof(*changes));
		delta.changes = changes;
		for (size_t i = 0; i < most; i++) {
			change_make(forge, &delta, &changes[i]);
			delta.changes_n++;
			body_make(
			    forge, log, delta.kind, &changes[i], (uint16_t)i);
		}
	}
	(void)header_put(forge, log, &delta, had);
}
