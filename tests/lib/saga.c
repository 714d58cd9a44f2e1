/*
 * Random histories of one record for the tests of merging and of stored
 * records.  Everything follows from the seed.
 */
#include "tests/lib/saga.h"

#include <string.h>

#include "proto/ascii.h"

/* One writer's view: which changes it knows. */
struct writer {
	bool *knows;
	uint64_t seq;
};

struct making {
	const struct saga_config *config;
	struct arena *arena;
	uint64_t state;
	struct writer writers[SAGA_WRITERS_MAX];
	struct merge_change *changes;
	size_t n;
};

static void change_make(struct making *m, struct merge_change *change);
static void ops_make(
    struct making *m, const struct record *shown, struct merge_change *change);
static void op_make(
    struct making *m, const struct record *shown, struct merge_op *op);
static void see_shown(const struct making *m, const struct record *shown,
    struct bytes field, struct merge_op *op);
static void see_odd(struct making *m, struct merge_op *op);
static void bodies_lose(struct making *m, struct merge_change *change);
static void dot_text(const struct dot *dot, struct buf *text);

/* splitmix64 */
uint64_t
saga_random(uint64_t *state, uint64_t n)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % n;
}

void
saga_shuffle(uint64_t *state, struct merge_change *changes, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = saga_random(state, i);
		struct merge_change other = changes[k];

		changes[k] = changes[i - 1];
		changes[i - 1] = other;
	}
}

struct merge_change *
saga_make(const struct saga_config *config, struct arena *arena)
{
	struct making m = {
	    .config = config, .arena = arena, .state = config->seed};

	assert(config->writers > 0 && config->writers <= SAGA_WRITERS_MAX);
	m.changes = arena_array(arena, config->changes, sizeof(*m.changes));
	for (size_t w = 0; w < config->writers; w++)
		m.writers[w].knows = arena_array(
		    arena, config->changes, sizeof(bool));
	while (m.n < config->changes) {
		change_make(&m, &m.changes[m.n]);
		m.n++;
	}
	return m.changes;
}

static void
change_make(struct making *m, struct merge_change *change)
{
	size_t who = saga_random(&m->state, m->config->writers);
	struct writer *writer = &m->writers[who];
	struct merge_change *known = arena_array(
	    m->arena, m->n, sizeof(*known));
	struct record shown;
	size_t n = 0;

	if (saga_random(&m->state, 3) > 0) {
		const struct writer *met =
		    &m->writers[saga_random(&m->state, m->config->writers)];

		for (size_t i = 0; i < m->n; i++)
			writer->knows[i] = writer->knows[i] || met->knows[i];
	}
	for (size_t i = 0; i < m->n; i++)
		if (writer->knows[i])
			known[n++] = m->changes[i];
	merge_record(known, n, m->arena, &shown);
	memset(change->at.delta.log.b, (int)who + 1, 16);
	change->at.delta.seq = writer->seq++;
	bytes_put_be64(
	    change->at.delta.leaf, saga_random(&m->state, UINT64_MAX));
	change->at.change = (uint16_t)saga_random(&m->state, 3);
	change->stamp.v = 1000 + m->n / 2 + saga_random(&m->state, 3);
	change->has_actor = saga_random(&m->state, 2) == 0;
	if (change->has_actor)
		change->actor.b[0] = (uint8_t)who;
	change->parents = shown.heads;
	change->parents_n = shown.heads_n;
	change->counts = saga_random(&m->state, 100) >= m->config->void_;
	if (m->n == 0 || saga_random(&m->state, 20) == 0)
		change->collection = bytes_text(
		    saga_random(&m->state, 2) ? "case" : "visit");
	if (m->n > 0 && saga_random(&m->state, 100) < m->config->settle)
		change->act = saga_random(&m->state, 3) == 0 ? ACT_KEEP
							     : ACT_DELETE;
	else
		ops_make(m, &shown, change);
	if (change->act != ACT_EDIT)
		change->collection.n = 0;
	writer->knows[m->n] = true;
}

static void
ops_make(
    struct making *m, const struct record *shown, struct merge_change *change)
{
	size_t n = saga_random(&m->state, 5);
	struct merge_op *ops = arena_array(m->arena, n, sizeof(*ops));
	uint16_t number = 0;

	for (size_t i = 0; i < n; i++) {
		number = (uint16_t)(number + saga_random(&m->state, 3));
		ops[i].number = number++;
		op_make(m, shown, &ops[i]);
	}
	change->ops = ops;
	change->ops_n = n;
	if (saga_random(&m->state, 100) < m->config->bare)
		bodies_lose(m, change);
}

static void
op_make(struct making *m, const struct record *shown, struct merge_op *op)
{
	static const char *const names[SAGA_FIELDS] = {
	    "name", "need", "visits", "메모"};
	static const enum op_code codes[] = {OP_SET, OP_SET, OP_CLEAR, OP_ADD,
	    OP_REMOVE, OP_COUNT, OP_APPEND, OP_MOVE};
	struct bytes field = bytes_text(
	    names[saga_random(&m->state, SAGA_FIELDS)]);
	uint8_t value = (uint8_t)saga_random(&m->state, 4);

	op->has_body = true;
	op->code = codes[saga_random(&m->state, COUNT_OF(codes))];
	op->class = (enum delta_class)saga_random(&m->state, CLASS_COUNT);
	op->field = field;
	if (!body_has_value(op->code))
		value = 0xc0;
	op->value = arena_bytes(m->arena, bytes_of(&value, 1));
	if (saga_random(&m->state, 100) < m->config->odd)
		see_odd(m, op);
	else if (op->code != OP_COUNT && op->code != OP_APPEND &&
		 op->code != OP_ADD)
		see_shown(m, shown, field, op);
}

static void
see_shown(const struct making *m, const struct record *shown,
    struct bytes field, struct merge_op *op)
{
	const struct record_field *at = merge_find(
	    shown, field, body_kind(op->code));
	struct dot *seen;

	if (at == NULL)
		return;
	seen = arena_array(m->arena, at->n, sizeof(*seen));
	for (size_t i = 0; i < at->n; i++)
		seen[i] = merge_dot(shown, &at->values[i]);
	op->seen = seen;
	op->seen_n = at->n;
}

static void
see_odd(struct making *m, struct merge_op *op)
{
	size_t n = 1 + saga_random(&m->state, 3);
	struct dot *seen = arena_array(m->arena, n, sizeof(*seen));

	if (m->n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct merge_change *target =
		    &m->changes[saga_random(&m->state, m->n)];

		seen[i].at = target->at;
		if (target->ops_n > 0 && saga_random(&m->state, 10) > 0)
			seen[i].op =
			    target->ops[saga_random(&m->state, target->ops_n)]
				.number;
		else
			seen[i].op = (uint16_t)saga_random(&m->state, 9);
		if (saga_random(&m->state, 20) == 0)
			seen[i].at.delta.leaf[0] ^= 1;
	}
	op->seen = seen;
	op->seen_n = n;
}

/* What is left of operations without bodies is what the header tells: those
 * that saw something. */
static void
bodies_lose(struct making *m, struct merge_change *change)
{
	struct merge_op *left = arena_array(
	    m->arena, change->ops_n, sizeof(*left));
	size_t n = 0;

	for (size_t i = 0; i < change->ops_n; i++)
		if (change->ops[i].seen_n > 0)
			left[n++] = (struct merge_op){
			    .number = change->ops[i].number,
			    .seen_n = change->ops[i].seen_n,
			    .seen = change->ops[i].seen,
			};
	change->ops = left;
	change->ops_n = n;
	change->collection.n = 0;
}

static void
dot_text(const struct dot *dot, struct buf *text)
{
	uint8_t b[ID_DOT_SIZE];

	id_dot_put(dot, b);
	ascii_hex(bytes_of(b, sizeof(b)), text);
}

void
saga_text(const struct record *record, struct buf *text)
{
	buf_add_format(text, "exists %d plain %d status %d %llu %llu ",
	    record->exists, record->plain, (int)record->status,
	    (unsigned long long)record->created.v,
	    (unsigned long long)record->changed.v);
	buf_add(text, record->collection);
	for (size_t i = 0; i < record->heads_n; i++) {
		buf_add_text(text, "\nhead ");
		dot_text(&(struct dot){.at = record->heads[i]}, text);
	}
	for (size_t i = 0; i < record->sources_n; i++) {
		const struct record_source *source = &record->sources[i];

		buf_add_text(text, "\nsource ");
		dot_text(&(struct dot){.at = source->at}, text);
		buf_add_format(text, " %llu %d ",
		    (unsigned long long)source->stamp.v, source->has_actor);
		ascii_hex(bytes_of(source->actor.b, 16), text);
	}
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];

		buf_add_text(text, "\nfield ");
		buf_add(text, field->name);
		buf_add_format(text, " %d %zu", (int)field->kind, field->n);
		for (size_t k = 0; k < field->n && field->values; k++) {
			struct dot dot = merge_dot(record, &field->values[k]);

			buf_add_format(text, "\n  %u %d ",
			    (unsigned)field->values[k].source,
			    (int)field->values[k].class);
			dot_text(&dot, text);
			ascii_hex(field->values[k].value, text);
		}
	}
	buf_add_text(text, "\n");
}
