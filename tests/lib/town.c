/*
 * Cities for tests of core's door.  Deltas travel by calls alone here, on the
 * same road as in the real thing, so that what is shown is core's own.
 */
#include "tests/lib/town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/apply.h"
#include "core/digest.h"
#include "core/forks.h"
#include "core/heads.h"
#include "core/tree.h"
#include "proto/codec.h"
#include "proto/fact.h"
#include "tests/lib/branches.h"

static uint64_t host_now_ms(void *arg);
static void host_random(void *arg, uint8_t *p, size_t n);
static size_t node_add(struct town *town, const struct store_plan *plan);
static bool is_wanted(
    struct store *to, const struct log *log, const struct town_cargo *cargo);
static void log_carry(struct store *from, struct store *to,
    const struct log *log, const struct town_cargo *cargo);
static void head_carry(struct txn *from, struct txn *to,
    const struct log *source, struct log *log);
static void delta_carry(struct txn *from, struct txn *to,
    const struct log *source, struct log *log, bool bare);
static void bodies_carry(struct txn *from, struct txn *to,
    const struct log *source, struct log *log, uint64_t end);

static uint64_t
host_now_ms(void *arg)
{
	struct town *town = arg;

	return town->now_ms;
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	struct town *town = arg;

	prng_fill(&town->prng, p, n);
}

void
town_init(struct town *town, uint64_t seed)
{
	struct store_plan plan = {
	    .found = bytes_text("서울"), .label = bytes_text("시청")};

	memset(town, 0, sizeof(*town));
	assert_int_equal(crypto_start(), ERR_OK);
	tempdir_init(&town->dir);
	town->prng.seed = seed;
	town->now_ms = UINT64_C(1700000000000);
	town->host = (struct host){
	    .now_ms = host_now_ms, .random = host_random, .arg = town};
	(void)node_add(town, &plan);
	town->city = store_identity(town->nodes[0].store)->city;
}

static size_t
node_add(struct town *town, const struct store_plan *plan)
{
	struct store_plan whole = *plan;
	size_t i = town->n++;
	char name[16];

	assert_true(i < TOWN_NODES_MAX);
	(void)snprintf(name, sizeof(name), "node%zu", i);
	(void)snprintf(town->nodes[i].dir, sizeof(town->nodes[i].dir), "%s",
	    tempdir_at(&town->dir, name));
	whole.dir = town->nodes[i].dir;
	whole.host = &town->host;
	assert_int_equal(founder_create(&whole), ERR_OK);
	(void)town_open(town, i);
	return i;
}

void
town_fini(struct town *town)
{
	for (size_t i = 0; i < town->n; i++)
		town_close(town, i);
	tempdir_fini(&town->dir);
}

size_t
town_join(struct town *town)
{
	return node_add(town, &(struct store_plan){.join = &town->city});
}

size_t
town_member(struct town *town, const char *prefix, const char *rights)
{
	size_t i = town_join(town);

	assert_int_equal(town_admit(town, 0, i), ERR_OK);
	assert_int_equal(town_grant(town, 0, i, prefix, rights, ""), ERR_OK);
	town_copy(town, 0, i);
	return i;
}

size_t
town_again(struct town *town, size_t i)
{
	return town_with(town, store_identity(town_store(town, i)));
}

size_t
town_with(struct town *town, const struct identity *keys)
{
	return node_add(
	    town, &(struct store_plan){.join = &town->city, .keys = keys});
}

void
town_close(struct town *town, size_t i)
{
	store_close(town->nodes[i].store);
	town->nodes[i].store = NULL;
}

struct store *
town_open(struct town *town, size_t i)
{
	enum err e;

	assert_null(town->nodes[i].store);
	e = store_open(town->nodes[i].dir, &town->host, &town->nodes[i].store);
	if (e != ERR_OK)
		print_error("%s\n", err_text());
	assert_int_equal(e, ERR_OK);
	return town->nodes[i].store;
}

struct store *
town_store(struct town *town, size_t i)
{
	assert_true(i < town->n);
	assert_non_null(town->nodes[i].store);
	return town->nodes[i].store;
}

struct sign_key
town_key(struct town *town, size_t i)
{
	return store_identity(town_store(town, i))->key;
}

enum err
town_admit(struct town *town, size_t by, size_t whom)
{
	struct store *store = town_store(town, by);
	char label[16];
	struct fact_member member = {.key = town_key(town, whom)};
	enum err e;

	(void)snprintf(label, sizeof(label), "동%zu", whom);
	member.label = bytes_text(label);
	assert_int_equal(store_begin(store, true), ERR_OK);
	e = store_admit(store, &member);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

enum err
town_grant(struct town *town, size_t by, size_t whom, const char *prefix,
    const char *gives, const char *passes)
{
	struct store *store = town_store(town, by);
	struct fact_grant grant = {.member = town_key(town, whom)};
	enum err e;

	assert_int_equal(id_prefix(bytes_text(prefix), &grant.prefix), ERR_OK);
	assert_int_equal(fact_rights(bytes_text(gives), &grant.gives), ERR_OK);
	if (passes[0] != '\0')
		assert_int_equal(
		    fact_rights(bytes_text(passes), &grant.passes), ERR_OK);
	assert_int_equal(store_begin(store, true), ERR_OK);
	e = store_grant(store, &grant);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

void
town_carry(
    struct town *town, size_t from, size_t to, const struct town_cargo *cargo)
{
	struct store *source = town_store(town, from);
	struct store *sink = town_store(town, to);
	struct space_state **spaces;
	size_t spaces_n;

	assert_int_equal(store_begin(source, false), ERR_OK);
	assert_int_equal(store_begin(sink, true), ERR_OK);
	assert_int_equal(
	    space_all(store_txn(source), &spaces, &spaces_n), ERR_OK);
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		assert_int_equal(
		    oplog_all(store_txn(source), spaces[i], &logs, &n), ERR_OK);
		for (size_t k = 0; k < n; k++) {
			if (is_wanted(sink, logs[k], cargo))
				log_carry(source, sink, logs[k], cargo);
		}
	}
	store_abort(source);
	assert_int_equal(store_commit(sink), ERR_OK);
}

static bool
is_wanted(
    struct store *to, const struct log *log, const struct town_cargo *cargo)
{
	const struct authority *authority;

	if (log->frontier.size == 0 ||
	    (cargo->space != NULL &&
		strcmp(cargo->space, log->name.space.text) != 0) ||
	    (cargo->log != NULL && memcmp(cargo->log, &log->id, 16) != 0))
		return false;
	assert_int_equal(store_authority(to, &authority), ERR_OK);
	return id_is_authority(&log->name.space) || cargo->strangers ||
	       authority_member(authority, &log->name.author) != NULL;
}

static void
log_carry(struct store *from, struct store *to, const struct log *source,
    const struct town_cargo *cargo)
{
	struct txn *txn = store_txn(to);
	uint64_t size = source->frontier.size;
	uint64_t shared;
	const struct authority *authority;
	struct log *near = branch_near(store_txn(from), source, txn, &shared);
	struct log *log = near;

	if (log == NULL)
		assert_int_equal(oplog_open(txn, &source->name, &log), ERR_OK);
	if (cargo->bodies) {
		bodies_carry(store_txn(from), txn, source, log, shared);
		return;
	}
	if (cargo->deltas_max > 0 && size > cargo->deltas_max)
		size = cargo->deltas_max;
	if (size <= shared)
		return;
	if (shared < log->frontier.size)
		log = branch_split(store_txn(from), source, txn, near, shared);
	assert_int_equal(store_authority(to, &authority), ERR_OK);
	while (log->frontier.size < size) {
		delta_carry(store_txn(from), txn, source, log, cargo->bare);
		if (log->frontier.size == 1)
			assert_int_equal(
			    apply_judge(txn, authority, log), ERR_OK);
	}
	head_carry(store_txn(from), txn, source, log);
	if (near != NULL && log != near)
		assert_int_equal(forks_prove(txn, near, log), ERR_OK);
	if (oplog_is_branch(log))
		assert_int_equal(apply_tips(txn, authority, log), ERR_OK);
}

/* The newest head of `source`, with the proof from what `log` has of it. */
static void
head_carry(
    struct txn *from, struct txn *to, const struct log *source, struct log *log)
{
	struct note_head head = {.size = source->head_size,
	    .root = source->head_root,
	    .signature = source->head_signature};
	uint64_t size = log->frontier.size;
	struct merkle_proof proof;

	if (!source->has_head || size > source->frontier.size)
		return;
	if (size < head.size)
		assert_int_equal(
		    tree_ahead(from, source, size, &proof), ERR_OK);
	heads_put(to, log, &head, size < head.size ? &proof : NULL);
}

static void
delta_carry(struct txn *from, struct txn *to, const struct log *source,
    struct log *log, bool bare)
{
	struct arena arena = {0};
	struct stored_delta stored;
	struct stored_body *bodies;
	struct stored_body body;
	struct bytes rest;
	struct hash leaf;
	size_t n = 0;

	assert_int_equal(
	    oplog_get(from, source, log->frontier.size, &stored), ERR_OK);
	rest = stored.bodies;
	while (oplog_body_next(&rest, &body))
		n++;
	bodies = arena_array(&arena, n, sizeof(*bodies));
	rest = stored.bodies;
	for (size_t i = 0; i < n; i++)
		assert_true(oplog_body_next(&rest, &bodies[i]));
	if (bare)
		n = 0;
	assert_int_equal(
	    apply_delta(to, log,
		&(struct oplog_entry){
		    .header = stored.header, .bodies = bodies, .bodies_n = n},
		&leaf),
	    ERR_OK);
	arena_fini(&arena);
}

static void
bodies_carry(struct txn *from, struct txn *to, const struct log *source,
    struct log *log, uint64_t end)
{
	for (uint64_t seq = 0; seq < end; seq++) {
		struct stored_delta stored;
		struct stored_body body;
		struct bytes rest;

		assert_int_equal(oplog_get(from, source, seq, &stored), ERR_OK);
		rest = stored.bodies;
		while (oplog_body_next(&rest, &body))
			assert_int_equal(
			    apply_body(to, log, seq, &body), ERR_OK);
	}
}

void
town_copy(struct town *town, size_t from, size_t to)
{
	town_carry(town, from, to, &(struct town_cargo){.space = "authority"});
	town_carry(town, from, to, &(struct town_cargo){0});
}

void
town_meet(struct town *town)
{
	/* What comes to the middle on the first way goes out on the second. */
	for (size_t i = 1; i < town->n; i++)
		town_copy(town, i, 0);
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 1; i < town->n; i++) {
			town_copy(town, 0, i);
			town_copy(town, i, 0);
		}
	}
	for (size_t i = 1; i < town->n; i++)
		town_copy(town, 0, i);
}

void
town_digests(struct town *town, size_t i, struct buf *out)
{
	struct store *store = town_store(town, i);
	struct space_state **spaces;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(space_all(store_txn(store), &spaces, &n), ERR_OK);
	for (size_t k = 0; k < n; k++) {
		struct hash logs;

		assert_int_equal(
		    digest_logs(store_txn(store), spaces[k], &logs), ERR_OK);
		buf_add_text(out, spaces[k]->name.text);
		buf_add(out, bytes_of(logs.b, sizeof(logs.b)));
		buf_add(out,
		    bytes_of(spaces[k]->digests, sizeof(spaces[k]->digests)));
		buf_add_be64(out, spaces[k]->records);
	}
	store_abort(store);
}

void
town_assert_equal(struct town *town, size_t first)
{
	struct buf wanted = {0};
	struct buf found = {0};

	town_digests(town, first, &wanted);
	for (size_t i = first + 1; i < town->n; i++) {
		buf_cut(&found, 0);
		town_digests(town, i, &found);
		assert_int_equal(found.n, wanted.n);
		assert_memory_equal(found.p, wanted.p, wanted.n);
	}
	buf_fini(&wanted);
	buf_fini(&found);
}

struct space
town_space(const char *text)
{
	struct space space;

	assert_int_equal(id_space(bytes_text(text), &space), ERR_OK);
	return space;
}

static struct buf *
value_next(void)
{
	static struct buf values[64];
	static unsigned turn;
	struct buf *value = &values[turn++ % COUNT_OF(values)];

	buf_cut(value, 0);
	return value;
}

struct bytes
town_text(const char *text)
{
	struct buf *value = value_next();

	codec_put_text(value, bytes_text(text));
	return buf_bytes(value);
}

struct bytes
town_int(int64_t number)
{
	struct buf *value = value_next();

	codec_put_int(value, number);
	return buf_bytes(value);
}

struct store_edit
town_edit(enum op_code code, const char *field, struct bytes value)
{
	return (struct store_edit){.field = bytes_text(field),
	    .code = code,
	    .class = CLASS_N,
	    .value = value};
}

enum err
town_write(struct town *town, size_t i, const struct store_write *write,
    struct record_id *id, bool *changed)
{
	struct store *store = town_store(town, i);
	enum err e = store_begin(store, true);

	assert_int_equal(e, ERR_OK);
	e = store_write(store, write, id, changed);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

/* What must go well. */
static bool
write_done(struct town *town, size_t i, const struct store_write *write,
    struct record_id *id)
{
	bool changed;
	enum err e = town_write(town, i, write, id, &changed);

	if (e != ERR_OK)
		print_error("node %zu: %s\n", i, err_text());
	assert_int_equal(e, ERR_OK);
	return changed;
}

struct record_id
town_create(struct town *town, size_t i, const char *space, const char *name)
{
	struct store_edit edit = town_edit(OP_SET, "name", town_text(name));
	struct store_write write = {.space = town_space(space),
	    .create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;

	assert_true(write_done(town, i, &write, &id));
	return id;
}

bool
town_patch(struct town *town, size_t i, const char *space,
    const struct record_id *id, struct store_edit edit)
{
	struct store_write write = {.space = town_space(space),
	    .record = *id,
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id same;

	return write_done(town, i, &write, &same);
}

void
town_act(struct town *town, size_t i, const char *space,
    const struct record_id *id, enum delta_act act)
{
	struct store_write write = {
	    .space = town_space(space), .record = *id, .act = act};
	struct record_id same;

	(void)write_done(town, i, &write, &same);
}

bool
town_get(struct town *town, size_t i, const char *space,
    const struct record_id *id, struct arena *arena, struct record *record)
{
	struct store *store = town_store(town, i);
	struct space name = town_space(space);
	enum err e;

	assert_int_equal(store_begin(store, false), ERR_OK);
	e = store_get(store, &name, id, arena, record);
	store_abort(store);
	if (e != ERR_NOT_FOUND)
		assert_int_equal(e, ERR_OK);
	return e == ERR_OK;
}

size_t
town_values(
    const struct record *record, const char *field, enum field_kind kind)
{
	const struct record_field *found = merge_find(
	    record, bytes_text(field), kind);

	return found != NULL ? found->n : 0;
}

bool
town_has(const struct record *record, const char *field, enum field_kind kind,
    struct bytes value)
{
	const struct record_field *found = merge_find(
	    record, bytes_text(field), kind);

	for (size_t i = 0; found != NULL && i < found->n; i++) {
		if (bytes_equal(found->values[i].value, value))
			return true;
	}
	return false;
}

uint64_t
town_deltas(struct town *town, size_t i)
{
	struct store *store = town_store(town, i);
	struct space_state **spaces;
	size_t spaces_n;
	uint64_t sum = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(
	    space_all(store_txn(store), &spaces, &spaces_n), ERR_OK);
	for (size_t k = 0; k < spaces_n; k++) {
		struct log **logs;
		size_t n;

		assert_int_equal(
		    oplog_all(store_txn(store), spaces[k], &logs, &n), ERR_OK);
		while (n-- > 0)
			sum += logs[n]->frontier.size - logs[n]->below;
	}
	store_abort(store);
	return sum;
}
