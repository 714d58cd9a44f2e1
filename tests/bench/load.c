/*
 * Logs of many writers, encoded directly: as a store writes them, but without
 * one.  Rows feed them to an aggregator.
 */
#define _DEFAULT_SOURCE
#include "tests/bench/load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "proto/body.h"
#include "proto/codec.h"
#include "proto/fact.h"
#include "proto/mem.h"
#include "proto/note.h"

#define MEMORY_ROOM (UINT64_C(32) << 30)
enum { MEMORY_FRONT = 16 };
enum { FIELDS = LOAD_FIELDS, VALUE_SIZE = 19, LEVELS = 32 };
/* As net/peer/sender.c cuts them. */
enum { CHUNK_HEADERS_BYTES = LIMIT_CHUNK_SIZE, CHUNK_BODIES_BYTES = 128 << 10 };

/* One log while it is made. */
struct making {
	const struct load_plan *plan;
	struct load_centre *centre;
	struct prng prng;
	struct squeeze squeeze;
	struct arena arena; /* of one delta */
	struct ref grant;
	struct hash origin;
	struct log_id log;
	struct stamp last;
	struct frontier frontier;
	struct hash *levels[LEVELS]; /* the nodes of the tree so far */
	struct bytes *headers;
	struct msg_body *bodies; /* of delta i + 1 */
	struct ref *refs;	 /* of every delta */
	size_t *newest;		 /* by record: the delta that wrote it last */
	struct record_id *records;
	size_t records_n;
};

/* How much of it is used stands in front, so that parent and child know. */
static uint8_t *
memory_all(void)
{
	static uint8_t *memory;

	if (memory == NULL)
		memory = mmap(NULL, MEMORY_ROOM, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert(memory != MAP_FAILED);
	return memory;
}

size_t
load_mark(void)
{
	return *(size_t *)(void *)memory_all();
}

void
load_forget(size_t mark)
{
	*(size_t *)(void *)memory_all() = mark;
}

void *
load_memory(size_t n)
{
	size_t used = load_mark();
	void *p = memory_all() + MEMORY_FRONT + used;

	used += (n + 15) & ~(size_t)15;
	assert(used < MEMORY_ROOM - MEMORY_FRONT);
	load_forget(used);
	/* A child may have been here before. */
	memset(p, 0, n);
	return p;
}

static struct bytes
kept(struct bytes b)
{
	uint8_t *p = load_memory(b.n);

	bytes_copy(p, b);
	return bytes_of(p, b.n);
}

static void
node_done(void *arg, unsigned level, uint64_t index, const struct hash *node)
{
	struct making *m = arg;

	m->levels[level][index] = *node;
}

static enum err
node_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	struct making *m = arg;

	*node = m->levels[level][index];
	return ERR_OK;
}

/* Ten texts. */
static void
texts_make(
    struct prng *prng, struct arena *arena, struct body_op ops[LOAD_FIELDS])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (size_t i = 0; i < FIELDS; i++) {
		struct buf value = {0};
		struct buf name = {0};
		char text[VALUE_SIZE];

		for (size_t k = 0; k < VALUE_SIZE; k++)
			text[k] = digits[prng_below(prng, 32)];
		codec_put_text(&value, bytes_of(text, sizeof(text)));
		buf_add_format(&name, "field%zu", i);
		ops[i] = (struct body_op){.code = OP_SET,
		    .field = arena_bytes(arena, buf_bytes(&name)),
		    .value = arena_bytes(arena, buf_bytes(&value))};
		buf_fini(&value);
		buf_fini(&name);
	}
}

/* The body of one whole record, sealed. */
static void
body_make(struct making *m, bool creates, struct delta_change *change,
    struct msg_body *out)
{
	const struct load_plan *plan = m->plan;
	struct body_op ops[FIELDS];
	struct body body = {.ops_n = FIELDS, .ops = ops};
	struct buf plain = {0};
	struct buf sealed = {0};
	struct secret secret;

	if (creates)
		body.collection = bytes_text(
		    plan->collection != NULL ? plan->collection : "card");
	if (plan->fields != NULL)
		plan->fields(&m->prng, &m->arena, ops);
	else
		texts_make(&m->prng, &m->arena, ops);
	for (size_t i = 0; i < FIELDS; i++)
		ops[i].number = (uint16_t)(4 * i);
	site_must(body_encode(&body, &plain));
	prng_fill(&m->prng, secret.b, sizeof(secret.b));
	site_must(body_seal(&m->squeeze, buf_bytes(&plain), &secret, &sealed,
	    &change->commitments[CLASS_N]));
	change->classes = 1u << CLASS_N;
	*out = (struct msg_body){.class = CLASS_N, .is_open = true};
	memcpy(out->key, secret.b, sizeof(secret.b));
	out->sealed = kept(buf_bytes(&sealed));
	buf_fini(&plain);
	buf_fini(&sealed);
}

/* Appends `delta` to the log. */
static void
delta_add(struct making *m, struct delta *delta)
{
	uint64_t seq = m->frontier.size;
	struct buf header = {0};
	struct hash leaf;

	delta->format = DELTA_FORMAT;
	delta->seq = seq;
	delta->stamp = stamp_next(
	    m->last, UINT64_C(1700000000000) + 1000 * seq);
	delta->origin = m->origin;
	m->last = delta->stamp;
	site_must(delta_encode(delta, &header));
	m->headers[seq] = kept(buf_bytes(&header));
	buf_fini(&header);
	merkle_leaf(m->headers[seq], &leaf);
	m->levels[0][seq] = leaf;
	m->refs[seq] = (struct ref){.log = m->log, .seq = seq};
	memcpy(m->refs[seq].leaf, leaf.b, 8);
	merkle_append(&m->frontier, &leaf, node_done, m);
	arena_reset(&m->arena);
}

/* Creates a record, or writes all fields of an earlier one anew. */
static void
change_add(struct making *m, size_t i)
{
	bool creates = !m->plan->edits || i % 2 == 0;
	struct delta_change change = {0};
	struct delta delta = {
	    .kind = DELTA_CHANGE, .changes = &change, .changes_n = 1};
	struct delta_parent parent = {0};
	struct delta_target targets[FIELDS] = {0};
	struct delta_seen seen[FIELDS];
	uint64_t seq = m->frontier.size;
	size_t at = m->records_n;

	if (creates) {
		uint8_t random[10];

		prng_fill(&m->prng, random, sizeof(random));
		id_record(UINT64_C(1700000000000) + 1000 * seq, random,
		    &m->records[at]);
		m->records_n++;
	} else {
		at = (size_t)prng_below(&m->prng, m->records_n);
		delta.refs = &m->refs[m->newest[at]];
		delta.refs_n = 1;
		change.parents = &parent;
		change.parents_n = 1;
		change.seen = seen;
		change.seen_n = FIELDS;
		for (size_t k = 0; k < FIELDS; k++) {
			targets[k].op = (uint16_t)(4 * k);
			seen[k] = (struct delta_seen){.op = (uint16_t)(4 * k),
			    .n = 1,
			    .targets = &targets[k]};
		}
	}
	change.record = m->records[at];
	body_make(m, creates, &change, &m->bodies[seq]);
	m->bodies[seq].seq = seq;
	m->newest[at] = (size_t)seq;
	delta_add(m, &delta);
}

static void
head_sign(struct making *m, uint64_t size, struct msg_run *run)
{
	struct note_checkpoint checkpoint = {.size = size};
	struct frontier frontier;
	struct buf origin = {0};

	site_must(merkle_frontier(size, node_get, m, &frontier));
	*run = (struct msg_run){.name = m->centre->name, .head_size = size};
	merkle_root(&frontier, &run->head_root);
	checkpoint.root = run->head_root;
	id_origin(&m->centre->name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	note_checkpoint_sign(&checkpoint, &m->centre->seed,
	    &m->centre->name.author, &run->head_signature);
	buf_fini(&origin);
}

/* Cuts the next chunk off the log, from `from` on; gives where it ends. */
static uint64_t
chunk_cut(struct making *m, uint64_t from, struct load_chunk *out)
{
	uint64_t size = m->frontier.size;
	size_t headers_bytes = 0;
	size_t bodies_bytes = 0;
	struct merkle_proof *proof;
	uint64_t end = from;

	while (end < size && end - from < MSG_HEADERS_MAX &&
	       headers_bytes + m->headers[end].n <= CHUNK_HEADERS_BYTES &&
	       bodies_bytes < CHUNK_BODIES_BYTES &&
	       (!m->plan->head_each || end == from)) {
		headers_bytes += m->headers[end].n;
		bodies_bytes += m->bodies[end].sealed.n + 40;
		end++;
	}
	proof = load_memory(sizeof(*proof));
	if (!m->plan->head_each)
		site_must(merkle_consistency(end, size, node_get, m, proof));
	*out = (struct load_chunk){.bytes = headers_bytes + bodies_bytes,
	    .chunk = {.run = m->centre->runs,
		.from = from,
		.headers = &m->headers[from],
		.headers_n = (size_t)(end - from),
		.proof = proof,
		/* The open has none. */
		.bodies = &m->bodies[from == 0 ? 1 : from],
		.bodies_n = (size_t)(end - from) - (from == 0),
		.accept = {.hold = true, .classes = CLASSES_ALL}}};
	return end;
}

static void
chunks_cut(struct making *m)
{
	struct load_centre *centre = m->centre;
	bool each = m->plan->head_each;
	uint64_t size = m->frontier.size;
	uint64_t from = 0;

	centre->runs = load_memory((each ? size : 1) * sizeof(*centre->runs));
	for (uint64_t i = 0; i < (each ? size : 1); i++)
		head_sign(m, each ? i + 1 : size, &centre->runs[i]);
	centre->chunks = load_memory(size * sizeof(*centre->chunks));
	for (; from < size; centre->chunks_n++) {
		struct load_chunk *chunk = &centre->chunks[centre->chunks_n];

		from = chunk_cut(m, from, chunk);
		if (each)
			chunk->chunk.run = &centre->runs[centre->chunks_n];
	}
}

static void
centre_make(const struct load_plan *plan, struct load_centre *centre,
    const struct ref *grant, uint64_t seed)
{
	size_t n = plan->deltas + 1;
	struct making m = {
	    .plan = plan, .centre = centre, .prng = {seed}, .grant = *grant};
	struct delta open = {.kind = DELTA_OPEN,
	    .refs = &m.grant,
	    .refs_n = 1,
	    .open = {.has_grant = true}};

	prng_fill(&m.prng, centre->name.incarnation.b, 8);
	id_log(&centre->name, &m.origin, &m.log);
	m.headers = load_memory(n * sizeof(*m.headers));
	m.bodies = load_memory(n * sizeof(*m.bodies));
	m.refs = mem_zeros(n, sizeof(*m.refs));
	m.newest = mem_zeros(n, sizeof(*m.newest));
	m.records = mem_zeros(n, sizeof(*m.records));
	for (unsigned level = 0; level < LEVELS && n >> level > 0; level++)
		m.levels[level] = mem_zeros(n >> level, sizeof(struct hash));
	delta_add(&m, &open);
	for (size_t i = 0; i < plan->deltas; i++)
		change_add(&m, i);
	chunks_cut(&m);
	for (unsigned level = 0; level < LEVELS; level++)
		mem_free(m.levels[level]);
	mem_free(m.refs);
	mem_free(m.newest);
	mem_free(m.records);
	squeeze_fini(&m.squeeze);
	arena_fini(&m.arena);
}

void
load_admit(const struct load *load, struct site *site)
{
	size_t n = load->plan.centres;
	struct sign_key *keys = mem_zeros(n, sizeof(*keys));

	for (size_t i = 0; i < n; i++)
		crypto_sign_key(&load->centres[i].seed, &keys[i]);
	site_admit(site, load->plan.first, keys, n);
	mem_free(keys);
}

void
load_make(struct load *load, const struct load_plan *plan, struct site *site)
{
	const struct authority *authority;
	struct prng prng = {.seed = 4711 + plan->first};

	load->plan = *plan;
	load->centres = load_memory(plan->centres * sizeof(*load->centres));
	for (size_t i = 0; i < plan->centres; i++) {
		struct load_centre *centre = &load->centres[i];

		prng_fill(&prng, centre->seed.b, sizeof(centre->seed.b));
		centre->name.city = store_identity(site->store)->city;
		centre->name.space = site_space(plan->first + i);
		crypto_sign_key(&centre->seed, &centre->name.author);
	}
	load_admit(load, site);
	site_must(store_begin(site->store, false));
	site_must(store_authority(site->store, &authority));
	for (size_t i = 0; i < plan->centres; i++) {
		struct load_centre *centre = &load->centres[i];
		const struct grant *grant;

		assert(authority_may(authority, &centre->name.author,
		    RIGHT_WRITE, &centre->name.space, &grant));
		centre_make(plan, centre, &grant->fact, 1000 + plan->first + i);
	}
	store_abort(site->store);
}
