/*
 * The judge at the gate.  The session hands over what arrived; what passes goes
 * onto the one road (core/apply.c).  Never decides what a delta may do: that is
 * authority's, and a delta without rights is kept all the same.
 */
#include "core/intake.h"

#include <stdlib.h>
#include <string.h>

#include "core/apply.h"
#include "core/forks.h"
#include "core/graft.h"
#include "core/heads.h"
#include "core/own.h"
#include "core/tree.h"
#include "core/vouch.h"
#include "proto/body.h"

/* A chunk on its way in. */
struct taking {
	struct txn *txn; /* borrowed, as the chunk */
	const struct intake_chunk *chunk;
	size_t skip;		    /* leading headers that are held already */
	struct arena arena;	    /* of this chunk: */
	struct delta *deltas;	    /* its headers, decoded */
	struct hash *leaves;	    /* and hashed */
	struct stored_body *bodies; /* checked, in order */
	size_t *counts;		    /* bodies of each header */
};

static enum err tips_find(struct txn *txn, const struct msg_run *run,
    struct log_id *id, struct log ***tips, size_t *n) MUST_USE;
static enum err root_make(struct txn *txn, const struct log *log, uint64_t from,
    const struct msg_chunk *chunk, struct hash *root) MUST_USE;
static enum err log_room(struct txn *txn, const struct authority *authority,
    const struct sign_key *author) MUST_USE;
static enum err head_check(struct txn *txn, const struct msg_run *run) MUST_USE;
static enum err tips_check(struct txn *txn, struct log *const *tips, size_t n,
    const struct msg_run *run) MUST_USE;
static enum err work_begin(struct txn *txn, const struct log_id *log,
    uint64_t from, uint64_t end) MUST_USE;
static enum err place_find(struct taking *taking, struct graft *graft) MUST_USE;
static enum err branch_make(
    struct taking *taking, struct log *log, struct log **branch) MUST_USE;
static enum err body_fit(const struct delta *delta, const struct msg_body *body,
    struct bytes sealed) MUST_USE;
static enum err order_check(
    const struct intake_chunk *chunk, uint64_t end) MUST_USE;
static enum err deltas_take(struct taking *taking, const struct graft *graft,
    struct log **log) MUST_USE;
static enum err bodies_take(struct taking *taking) MUST_USE;
static void body_form(struct intake_accept accept, const struct msg_body *body,
    struct stored_body *stored);
static void wrap_form(struct intake_accept accept, const struct msg_body *body,
    struct stored_body *stored);
static enum err log_make(struct txn *txn, const struct intake_chunk *chunk,
    struct log **log) MUST_USE;
static enum err headers_take(
    const struct taking *taking, struct log *log) MUST_USE;
static bool body_accept(
    struct intake_accept accept, const struct msg_body *body);

enum err
intake_run(struct txn *txn, const struct authority *authority,
    const struct msg_run *run, struct log_id *id)
{
	const struct log_name *name = &run->name;
	struct log **tips;
	size_t n;
	enum err e;

	if ((authority->founded || !id_is_authority(&name->space)) &&
	    !authority_knows(authority, &name->author, &name->space))
		return err_set(ERR_DENIED,
		    "a log in '%s' by a key that no member admitted",
		    name->space.text);
	e = head_check(txn, run);
	if (e == ERR_OK)
		e = tips_find(txn, run, id, &tips, &n);
	if (e != ERR_OK)
		return e;
	return n > 0 ? tips_check(txn, tips, n, run)
		     : log_room(txn, authority, &name->author);
}

/* What is held of the log that `run` names, whose id is `*id`. */
static enum err
tips_find(struct txn *txn, const struct msg_run *run, struct log_id *id,
    struct log ***tips, size_t *n)
{
	struct space_state *space = space_find(txn, &run->name.space);
	struct hash origin;

	*n = 0;
	id_log(&run->name, &origin, id);
	return space != NULL ? oplog_tips(txn, space, id, tips, n)
			     : kv_failed(txn->kv);
}

enum err
intake_root(struct txn *txn, const struct msg_run *run,
    const struct msg_chunk *chunk, struct hash *root, bool *found)
{
	struct log **tips;
	struct msg_run signed_run = *run;
	struct log_id id;
	size_t n;
	enum err e;

	*found = run->from == 0;
	if (*found)
		return root_make(txn, NULL, 0, chunk, root);
	e = tips_find(txn, run, &id, &tips, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (tips[i]->frontier.size < run->from)
			continue;
		e = root_make(txn, tips[i], run->from, chunk, root);
		*found = true;
		signed_run.head_root = *root;
		if (n > 1 && head_check(txn, &signed_run) == ERR_OK)
			break;
	}
	return e;
}

/* The root of the first `from` headers of `log` and those of `chunk`. */
static enum err
root_make(struct txn *txn, const struct log *log, uint64_t from,
    const struct msg_chunk *chunk, struct hash *root)
{
	struct frontier frontier = {0};
	enum err e = ERR_OK;

	if (from > 0)
		e = tree_frontier(txn, log, from, &frontier);
	for (size_t i = 0; i < chunk->n; i++) {
		struct hash leaf;

		merkle_leaf(chunk->headers[i], &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, root);
	return e;
}

/* May one more log of `author` be taken?  Whoever was not validly admitted
 * shares the room of who did it, or one member could make room for a thousand
 * more. */
static enum err
log_room(struct txn *txn, const struct authority *authority,
    const struct sign_key *author)
{
	const struct sign_key payer = authority_payer(authority, author);
	struct space_state **spaces;
	size_t spaces_n;
	size_t all = 0;
	size_t theirs = 0;
	enum err e;

	/* Logs of this transaction have a number, but no row of their own yet.
	 */
	if (kv_count(txn->kv, TABLE_LOG_NOS) < LIMIT_LOGS_OF_MEMBER)
		return kv_failed(txn->kv);
	e = space_all(txn, &spaces, &spaces_n);
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		if (e != ERR_OK)
			return e;
		for (size_t k = 0; k < n; k++) {
			const struct sign_key other = authority_payer(
			    authority, &logs[k]->name.author);

			theirs += memcmp(&other, &payer, sizeof(payer)) == 0;
		}
		all += n;
	}
	if (all >= LIMIT_LOGS || theirs >= LIMIT_LOGS_OF_MEMBER)
		e = err_set(ERR_LIMIT,
		    "no more logs are taken: %zu of this member and those that "
		    "it admitted in vain, %zu in all",
		    theirs, all);
	return e;
}

/* Most heads were checked ahead (net/peer/ahead.c); the rest here. */
static enum err
head_check(struct txn *txn, const struct msg_run *run)
{
	struct note_head head = {.size = run->head_size,
	    .root = run->head_root,
	    .signature = run->head_signature};
	struct hash claim;
	enum err e;

	vouch_name(&run->name, &head, &claim);
	if (vouch_has(txn->vouch, &claim))
		return ERR_OK;
	e = vouch_check(&run->name, &head);
	if (e == ERR_OK)
		vouch_put(txn->vouch, &claim);
	return e;
}

/* Of a log of ours somebody has more than we do: we were set back in time, and
 * must not go on from here.  A head that no tip leads to is told at once. */
static enum err
tips_check(struct txn *txn, struct log *const *tips, size_t n,
    const struct msg_run *run)
{
	bool more = true;
	bool fits = false;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		const struct log *tip = tips[i];
		struct hash root = tip->head_root;

		if (run->head_size <= tip->frontier.size) {
			more = false;
			e = tree_root(txn, tip, run->head_size, &root);
			if (e != ERR_OK)
				return e;
		} else if (run->head_size != tip->head_size) {
			fits = true;
			continue;
		}
		fits = fits || memcmp(&root, &run->head_root, 32) == 0;
	}
	if (more)
		own_received(txn, tips[0]);
	if (fits)
		return kv_failed(txn->kv);
	return err_set(ERR_FORKED,
	    "a log in '%s' is forked: two heads of its author contradict each "
	    "other",
	    tips[0]->name.space.text);
}

enum err
intake_chunk(struct txn *txn, const struct intake_chunk *chunk,
    struct intake_taken *taken)
{
	uint64_t end = chunk->from + chunk->headers_n;
	struct taking taking = {.txn = txn, .chunk = chunk};
	struct graft graft = {0};
	enum err e = work_begin(txn, &chunk->log, chunk->from, end);

	*taken = (struct intake_taken){0};
	if (e == ERR_OK)
		e = order_check(chunk, end);
	if (e == ERR_OK)
		e = place_find(&taking, &graft);
	taken->gap = graft.gap;
	taken->split = graft.split;
	if (graft.gap)
		goto out;
	taking.skip = (size_t)(graft.held - chunk->from);
	taken->log = graft.log;
	/* First, since one that is wrong refuses the headers too. */
	for (size_t i = 0; e == ERR_OK && i < chunk->bodies_n &&
			   chunk->bodies[i].seq < graft.held;
	     i++)
		e = intake_body(
		    txn, graft.log, &chunk->bodies[i], chunk->accept);
	if (e == ERR_OK)
		e = work_begin(txn, &chunk->log, graft.held, end);
	if (e == ERR_OK && end > graft.held)
		e = deltas_take(&taking, &graft, &taken->log);
	if (e == ERR_OK)
		taken->deltas = end - graft.held;
out:
	arena_fini(&taking.arena);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

/* ERR_DENIED: what is to come ended the process before. */
static enum err
work_begin(
    struct txn *txn, const struct log_id *log, uint64_t from, uint64_t end)
{
	aside_enter(&txn->kept->aside, log, from);
	return aside_check(&txn->kept->aside, log, from, end);
}

/* Hashes the headers and finds what is held of them. */
static enum err
place_find(struct taking *taking, struct graft *graft)
{
	const struct intake_chunk *chunk = taking->chunk;
	const struct space *name = &chunk->run->name.space;
	struct graft_chunk where = {.from = chunk->from,
	    .n = chunk->headers_n,
	    .proof = chunk->proof,
	    .head_size = chunk->run->head_size,
	    .head_root = &chunk->run->head_root,
	    .near = chunk->near};
	enum err e;

	taking->leaves = arena_array(
	    &taking->arena, chunk->headers_n, sizeof(*taking->leaves));
	for (size_t i = 0; i < chunk->headers_n; i++)
		merkle_leaf(chunk->headers[i], &taking->leaves[i]);
	where.leaves = taking->leaves;
	e = graft_find(taking->txn, space_find(taking->txn, name), &chunk->log,
	    &where, graft);
	return e == ERR_OK ? e : err_wrap(e, "a log in '%s'", name->text);
}

/* The first new header of the chunk begins a branch beside `log`. */
static enum err
branch_make(struct taking *taking, struct log *log, struct log **branch)
{
	struct log **tips;
	size_t n;
	enum err e = log_room(
	    taking->txn, taking->chunk->authority, &log->name.author);

	if (e == ERR_OK)
		e = oplog_tips(taking->txn, log->space, &log->trunk, &tips, &n);
	if (e != ERR_OK)
		return e;
	if (n >= LIMIT_BRANCHES)
		return err_set(ERR_LIMIT,
		    "no more than %d branches of one log are taken",
		    LIMIT_BRANCHES);
	return forks_split(taking->txn, log, taking->chunk->from + taking->skip,
	    &taking->leaves[taking->skip], branch);
}

/* Bodies come in the order in which they are stored, each once. */
static enum err
order_check(const struct intake_chunk *chunk, uint64_t end)
{
	const struct msg_body *last = NULL;

	if (end > chunk->run->head_size)
		return err_set(ERR_MALFORMED,
		    "headers beyond the head that they came with");
	for (size_t i = 0; i < chunk->bodies_n; i++) {
		const struct msg_body *body = &chunk->bodies[i];
		bool rises = last == NULL || last->seq < body->seq ||
			     (last->seq == body->seq &&
				 (last->change < body->change ||
				     (last->change == body->change &&
					 last->class < body->class)));

		if (!rises || body->seq < chunk->from || body->seq >= end)
			return err_set(ERR_MALFORMED,
			    "bodies of a chunk are out of order");
		last = body;
	}
	return ERR_OK;
}

/* Puts the new headers of a chunk onto the road: of `graft`, of a new log, or
 * of a branch that begins here. */
static enum err
deltas_take(struct taking *taking, const struct graft *graft, struct log **log)
{
	const struct intake_chunk *chunk = taking->chunk;
	struct txn *txn = taking->txn;
	enum err e = bodies_take(taking);

	if (e == ERR_OK && graft->log == NULL)
		e = log_make(txn, chunk, log);
	else if (e == ERR_OK && graft->split)
		e = branch_make(taking, graft->log, log);
	if (e == ERR_OK)
		e = headers_take(taking, *log);
	if (e == ERR_OK && graft->split)
		e = forks_prove(txn, graft->log, *log);
	/* How far each branch counts depends on all of them. */
	if (e == ERR_OK && oplog_is_branch(*log))
		e = apply_tips(txn, chunk->authority, *log);
	return e;
}

/* A new log.  Who knows nothing of the city yet takes first the log that founds
 * it, and judges all others by what follows from that. */
static enum err
log_make(struct txn *txn, const struct intake_chunk *chunk, struct log **log)
{
	const struct log_name *name = &chunk->run->name;
	struct delta delta;
	struct city_id city;

	if (!chunk->authority->founded) {
		delta_decode(chunk->headers[0], &txn->arena, &delta, NULL);
		if (delta.open.founding.n == 0)
			return err_set(ERR_DENIED,
			    "nothing is known of the city yet, and this log "
			    "does not found it");
		fact_city(delta.open.founding, &city);
		if (memcmp(&city, &name->city, sizeof(city)) != 0)
			return err_set(
			    ERR_DENIED, "a log that founds another city");
	}
	return oplog_open(txn, name, log);
}

/* Puts the new headers of a chunk, proved and with bodies checked, onto the
 * road. */
static enum err
headers_take(const struct taking *taking, struct log *log)
{
	const struct intake_chunk *chunk = taking->chunk;
	const struct msg_run *run = chunk->run;
	struct txn *txn = taking->txn;
	struct note_head head = {.size = run->head_size,
	    .root = run->head_root,
	    .signature = run->head_signature};
	const struct stored_body *bodies = taking->bodies;
	enum err e = ERR_OK;

	own_received(txn, log);
	for (size_t i = taking->skip; i < chunk->headers_n && e == ERR_OK;
	     i++) {
		struct oplog_entry entry = {.header = chunk->headers[i],
		    .bodies = bodies,
		    .bodies_n = taking->counts[i],
		    .delta = &taking->deltas[i],
		    .leaf = &taking->leaves[i]};
		struct hash leaf;

		e = apply_delta(txn, log, &entry, &leaf);
		bodies += taking->counts[i];
		/* Its open says under which grant it writes. */
		if (e == ERR_OK && log->frontier.size == 1)
			e = apply_judge(txn, chunk->authority, log);
	}
	if (e == ERR_OK)
		heads_put(txn, log, &head, chunk->proof);
	return e;
}

static bool
body_accept(struct intake_accept accept, const struct msg_body *body)
{
	return accept.hold ||
	       (body->is_open && (accept.classes >> body->class & 1) != 0);
}

/* Checks the bodies of the new headers against their commitments and makes of
 * them what will be stored. */
static enum err
bodies_take(struct taking *taking)
{
	const struct intake_chunk *chunk = taking->chunk;
	struct arena *arena = &taking->arena;
	uint64_t first = chunk->from + taking->skip;
	size_t n = 0;
	enum err e = ERR_OK;

	taking->bodies = arena_array(
	    arena, chunk->bodies_n, sizeof(*taking->bodies));
	taking->counts = arena_array(
	    arena, chunk->headers_n, sizeof(*taking->counts));
	taking->deltas = arena_array(
	    arena, chunk->headers_n, sizeof(*taking->deltas));
	for (size_t i = taking->skip; i < chunk->headers_n; i++)
		delta_decode(
		    chunk->headers[i], arena, &taking->deltas[i], NULL);
	for (size_t i = 0; i < chunk->bodies_n && e == ERR_OK; i++) {
		const struct msg_body *body = &chunk->bodies[i];
		size_t at = (size_t)(body->seq - chunk->from);
		const struct delta *delta = &taking->deltas[at];

		/* One without meaning here has no bodies. */
		if (body->seq < first || delta->opaque ||
		    !body_accept(chunk->accept, body))
			continue;
		e = body_fit(delta, body, body->sealed);
		body_form(chunk->accept, body, &taking->bodies[n++]);
		taking->counts[at]++;
	}
	return e;
}

/* What is stored of `body`: its secret only where we may have it. */
static void
body_form(struct intake_accept accept, const struct msg_body *body,
    struct stored_body *stored)
{
	bool open = body->is_open && (accept.classes >> body->class & 1) != 0;

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
	if (body->has_wrap)
		wrap_form(accept, body, stored);
}

/* A wrap came with the tag: the author gets its secret back, a holder keeps it
 * for the author.  What is wrong with one only the author can see. */
static void
wrap_form(struct intake_accept accept, const struct msg_body *body,
    struct stored_body *stored)
{
	struct secret secret;
	struct hash tag;

	assert(stored->form == BODY_BLIND);
	if (accept.backup == NULL) {
		stored->form = accept.from_author ? BODY_KEPT : BODY_PASSED;
		stored->wrap = body->wrap;
		return;
	}
	memcpy(tag.b, body->key, sizeof(tag.b));
	if (wrap_open(accept.backup, &tag, &body->wrap, &secret)) {
		stored->form = BODY_OPEN;
		memcpy(stored->key, secret.b, sizeof(stored->key));
	}
	crypto_wipe(&secret, sizeof(secret));
}

/* Is `sealed`, with the key of `body`, what the header promised? */
static enum err
body_fit(
    const struct delta *delta, const struct msg_body *body, struct bytes sealed)
{
	const struct delta_change *changes = delta->changes;
	struct hash tag;
	struct hash commitment;

	if (body->change >= delta->changes_n ||
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
	struct arena arena = {0};
	struct stored_delta stored;
	struct stored_body held;
	struct stored_body taken;
	struct delta delta;
	struct bytes sealed = body->sealed;
	enum err e;

	if (body->seq >= log->frontier.size || !body_accept(accept, body) ||
	    body->seq < log->open[body->class] ||
	    work_begin(txn, &log->id, body->seq, body->seq + 1) != ERR_OK)
		return ERR_OK;
	e = oplog_get(txn, log, body->seq, &stored);
	if (e != ERR_OK)
		return e;
	oplog_decode(&stored, &arena, &delta);
	while (body->sealed.n == 0 && oplog_body_next(&stored.bodies, &held)) {
		if (held.change == body->change && held.class == body->class)
			sealed = arena_bytes(&arena, held.sealed);
	}
	if (delta.opaque || sealed.n == 0)
		goto out;
	e = body_fit(&delta, body, sealed);
	if (e != ERR_OK)
		goto out;
	body_form(accept, body, &taken);
	taken.sealed = sealed;
	e = apply_body(txn, log, body->seq, &taken);
out:
	arena_fini(&arena);
	return e;
}
