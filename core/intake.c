/*
 * The judge at the gate.  The session hands over what arrived; what passes goes
 * onto the one road (core/apply.c).  Never decides what a delta may do: that is
 * authority's, and a delta without rights is kept all the same.
 */
#include "core/intake.h"

#include <stdlib.h>
#include <string.h>

#include "core/apply.h"
#include "core/heads.h"
#include "core/history.h"
#include "core/oplog_row.h"
#include "core/tree.h"

/* A chunk while its headers are taken, one after the other. */
struct taking {
	const struct intake_chunk *chunk;
	struct hash *leaves; /* of its headers, from the first new one on */
	struct arena arena;  /* of one header */
	struct delta delta;  /* that header, decoded */
	size_t bodies_at;    /* where its bodies begin */
};

static enum err log_room(
    struct txn *txn, const struct sign_key *author) MUST_USE;
static enum err head_check(
    const struct log_name *name, const struct msg_run *run) MUST_USE;
static enum err branch_check(
    struct txn *txn, const struct log *log, const struct msg_run *run) MUST_USE;
static enum err chunk_prove(const struct log *log,
    const struct intake_chunk *chunk, size_t skip,
    struct hash *leaves) MUST_USE;
static enum err header_take(
    struct txn *txn, struct log *log, struct taking *taking, size_t i) MUST_USE;
static enum err body_fit(const struct delta_change *changes, size_t n,
    const struct msg_body *body, struct bytes sealed) MUST_USE;
static enum err bodies_take(
    struct taking *taking, uint64_t seq, struct oplog_entry *entry) MUST_USE;
static enum err body_take(struct taking *taking, const struct msg_body *body,
    struct stored_body *stored) MUST_USE;
static bool body_accept(
    struct intake_accept accept, const struct msg_body *body);

enum err
intake_run(struct txn *txn, const struct authority *authority,
    const struct city_id *city, const struct msg_run *run, struct log **log)
{
	struct log_name name = run->name;
	struct space_state *space;
	struct hash origin;
	struct log_id id;
	enum err e = ERR_OK;

	name.city = *city;
	if (authority->founded || !id_is_authority(&name.space)) {
		if (authority_member(authority, &name.author) == NULL)
			return err_set(ERR_DENIED,
			    "a log in '%s' by a key that no member admitted",
			    name.space.text);
	}
	e = head_check(&name, run);
	if (e != ERR_OK)
		return e;
	id_log(&name, &origin, &id);
	e = space_get(txn, &name.space, &space);
	if (e != ERR_OK)
		return e;
	*log = oplog_find(txn, space, &id);
	if (*log != NULL)
		return branch_check(txn, *log, run);
	e = log_room(txn, &name.author);
	return e == ERR_OK ? oplog_open(txn, &name, log) : e;
}

/* May one more log of `author` be taken? */
static enum err
log_room(struct txn *txn, const struct sign_key *author)
{
	struct space_state **spaces;
	size_t spaces_n;
	size_t all = 0;
	size_t theirs = 0;
	enum err e = space_all(txn, &spaces, &spaces_n);

	if (e == ERR_OK && kv_count(txn->kv, TABLE_LOGS) < LIMIT_LOGS_OF_MEMBER)
		return kv_failed(txn->kv);
	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		for (size_t k = 0; k < n && e == ERR_OK; k++)
			theirs += memcmp(&logs[k]->name.author, author,
				      sizeof(*author)) == 0;
		all += n;
	}
	if (e == ERR_OK &&
	    (all >= LIMIT_LOGS || theirs >= LIMIT_LOGS_OF_MEMBER))
		e = err_set(ERR_LIMIT,
		    "no more logs are taken: %zu of this member, %zu in all",
		    theirs, all);
	return e;
}

static enum err
head_check(const struct log_name *name, const struct msg_run *run)
{
	struct buf origin = {0};
	struct note_checkpoint checkpoint = {
	    .size = run->head_size, .root = run->head_root};
	enum err e;

	id_origin(name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	e = note_checkpoint_verify(
	    &checkpoint, &name->author, &run->head_signature);
	if (e != ERR_OK)
		e = err_wrap(e, "head of a log in '%s'", name->space.text);
	buf_fini(&origin);
	return e;
}

/* A head that reaches no further than we do must have our root. */
static enum err
branch_check(struct txn *txn, const struct log *log, const struct msg_run *run)
{
	struct hash root;
	enum err e;

	if (run->head_size > log->frontier.size)
		return ERR_OK;
	e = tree_root(txn, log, run->head_size, &root);
	if (e == ERR_OK && memcmp(&root, &run->head_root, sizeof(root)) != 0)
		e = err_set(ERR_MALFORMED,
		    "a log in '%s' is forked: two heads of its author "
		    "contradict each other",
		    log->name.space.text);
	return e;
}

enum err
intake_chunk(struct txn *txn, struct log *log, const struct intake_chunk *chunk,
    bool *gap, uint64_t *taken)
{
	const struct msg_run *run = chunk->run;
	uint64_t end = chunk->from + chunk->headers_n;
	struct note_head head = {.size = run->head_size,
	    .root = run->head_root,
	    .signature = run->head_signature};
	struct taking taking = {.chunk = chunk};
	struct arena arena = {0};
	size_t skip;
	enum err e;

	*taken = 0;
	*gap = chunk->from > log->frontier.size;
	if (*gap || end <= log->frontier.size)
		return ERR_OK;
	if (end > run->head_size)
		return err_set(ERR_MALFORMED,
		    "headers beyond the head that they came with");
	skip = (size_t)(log->frontier.size - chunk->from);
	taking.leaves = arena_array(
	    &arena, chunk->headers_n - skip, sizeof(*taking.leaves));
	e = chunk_prove(log, chunk, skip, taking.leaves);
	for (size_t i = skip; i < chunk->headers_n && e == ERR_OK; i++) {
		e = header_take(txn, log, &taking, i);
		*taken += e == ERR_OK;
		taking.leaves++;
	}
	arena_fini(&taking.arena);
	arena_fini(&arena);
	if (e == ERR_OK)
		heads_put(
		    txn, log, &head, end < head.size ? chunk->proof : NULL);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

/* Puts header `i` and its bodies on the road. */
static enum err
header_take(struct txn *txn, struct log *log, struct taking *taking, size_t i)
{
	const struct intake_chunk *chunk = taking->chunk;
	struct oplog_entry entry = {.header = chunk->headers[i],
	    .delta = &taking->delta,
	    .leaf = taking->leaves};
	struct hash leaf;
	enum err e;

	arena_reset(&taking->arena);
	delta_decode(entry.header, &taking->arena, &taking->delta, NULL);
	e = bodies_take(taking, chunk->from + i, &entry);
	if (e == ERR_OK)
		e = apply_delta(txn, log, &entry, &leaf);
	/* Its open says under which grant it writes. */
	if (e == ERR_OK && log->frontier.size == 1) {
		log->counts = authority_counts(chunk->authority, log);
		log->dirty = true;
	}
	return e;
}

/* Do the headers from number `skip` on, after those held, lead to the head?
 * Gives their leaf hashes. */
static enum err
chunk_prove(const struct log *log, const struct intake_chunk *chunk,
    size_t skip, struct hash *leaves)
{
	struct frontier frontier = log->frontier;
	struct hash root;

	for (size_t i = skip; i < chunk->headers_n; i++) {
		struct hash *leaf = &leaves[i - skip];

		merkle_leaf(chunk->headers[i], leaf);
		merkle_append(&frontier, leaf, NULL, NULL);
	}
	merkle_root(&frontier, &root);
	if (!merkle_consistency_holds(frontier.size, chunk->run->head_size,
		&root, chunk->proof, &chunk->run->head_root))
		return err_set(ERR_MALFORMED,
		    "headers %llu to %llu of a log in '%s' do not lead to its "
		    "signed head",
		    (unsigned long long)log->frontier.size,
		    (unsigned long long)frontier.size - 1,
		    log->name.space.text);
	return ERR_OK;
}

static bool
body_accept(struct intake_accept accept, const struct msg_body *body)
{
	return accept.hold ||
	       (body->is_open && (accept.classes >> body->class & 1) != 0);
}

/* The bodies of the header `seq`, their commitments checked, into `entry`. */
static enum err
bodies_take(struct taking *taking, uint64_t seq, struct oplog_entry *entry)
{
	const struct intake_chunk *chunk = taking->chunk;
	const struct msg_body *bodies = chunk->bodies;
	size_t at = taking->bodies_at;
	struct stored_body *taken;
	size_t end;
	enum err e = ERR_OK;

	while (at < chunk->bodies_n && bodies[at].seq < seq)
		at++;
	for (end = at; end < chunk->bodies_n && bodies[end].seq == seq; end++)
		;
	taking->bodies_at = end;
	taken = arena_array(&taking->arena, end - at, sizeof(*taken));
	entry->bodies = taken;
	for (; at < end && e == ERR_OK && !taking->delta.opaque; at++) {
		if (!body_accept(chunk->accept, &bodies[at]))
			continue;
		e = body_take(taking, &bodies[at], &taken[entry->bodies_n]);
		if (e == ERR_OK && entry->bodies_n > 0 &&
		    oplog_row_compare(&taken[entry->bodies_n - 1],
			&taken[entry->bodies_n]) >= 0)
			e = err_set(ERR_MALFORMED,
			    "bodies out of order (delta %llu)",
			    (unsigned long long)seq);
		entry->bodies_n += e == ERR_OK;
	}
	return e;
}

static enum err
body_take(struct taking *taking, const struct msg_body *body,
    struct stored_body *stored)
{
	unsigned classes = taking->chunk->accept.classes;
	bool open = body->is_open && (classes >> body->class & 1) != 0;

	*stored = (struct stored_body){.change = body->change,
	    .class = body->class,
	    .form = open ? BODY_OPEN : BODY_BLIND,
	    .sealed = body->sealed};
	memcpy(stored->key, body->key, sizeof(stored->key));
	if (body->is_open && !open) {
		struct secret secret;
		struct hash tag;

		memcpy(secret.b, body->key, sizeof(secret.b));
		body_tag(&secret, &tag);
		memcpy(stored->key, tag.b, sizeof(stored->key));
		crypto_wipe(&secret, sizeof(secret));
	}
	return body_fit(
	    taking->delta.changes, taking->delta.changes_n, body, body->sealed);
}

/* Is `sealed`, with the key of `body`, what the header promised? */
static enum err
body_fit(const struct delta_change *changes, size_t n,
    const struct msg_body *body, struct bytes sealed)
{
	struct hash tag;
	struct hash commitment;

	if (body->change >= n ||
	    (changes[body->change].classes >> body->class & 1) == 0)
		return err_set(ERR_MALFORMED,
		    "a body that no header promised (delta %llu)",
		    (unsigned long long)body->seq);
	memcpy(tag.b, body->key, sizeof(tag.b));
	if (body->is_open) {
		struct secret secret;

		memcpy(secret.b, body->key, sizeof(secret.b));
		body_tag(&secret, &tag);
		crypto_wipe(&secret, sizeof(secret));
	}
	body_commitment(&tag, sealed, &commitment);
	if (memcmp(&commitment, &changes[body->change].commitments[body->class],
		sizeof(commitment)) != 0)
		return err_set(ERR_MALFORMED,
		    "a body that is not the one its header promised (delta "
		    "%llu)",
		    (unsigned long long)body->seq);
	return ERR_OK;
}

enum err
intake_body(struct txn *txn, struct log *log, const struct msg_body *body,
    struct intake_accept accept)
{
	struct history_delta from;
	struct arena arena = {0};
	struct stored_body stored = {.change = body->change,
	    .class = body->class,
	    .form = BODY_BLIND,
	    .sealed = body->sealed};
	enum err e = ERR_OK;

	if (body->seq >= log->frontier.size || !body_accept(accept, body))
		return ERR_OK;
	e = history_delta(txn, log, body->seq, &arena, &from);
	if (e != ERR_OK || from.delta == NULL)
		goto out;
	for (size_t i = 0; i < from.bodies_n && body->sealed.n == 0; i++) {
		if (from.bodies[i].change == body->change &&
		    from.bodies[i].class == body->class)
			stored.sealed = from.bodies[i].sealed;
	}
	if (stored.sealed.n == 0)
		goto out;
	e = body_fit(
	    from.delta->changes, from.delta->changes_n, body, stored.sealed);
	if (e != ERR_OK)
		goto out;
	memcpy(stored.key, body->key, sizeof(stored.key));
	if (body->is_open && (accept.classes >> body->class & 1) != 0) {
		stored.form = BODY_OPEN;
	} else if (body->is_open) {
		struct secret secret;
		struct hash tag;

		memcpy(secret.b, body->key, sizeof(secret.b));
		body_tag(&secret, &tag);
		memcpy(stored.key, tag.b, sizeof(stored.key));
		crypto_wipe(&secret, sizeof(secret));
	}
	e = apply_body(txn, log, body->seq, &stored);
out:
	arena_fini(&arena);
	return e;
}
