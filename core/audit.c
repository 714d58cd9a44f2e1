/*
 * Verifies a log from its raw bytes, believing none of the tables that were
 * derived from it.  `golmok log verify` and fsck come through here.  Repairs
 * nothing.
 */
#include "core/audit.h"

#include <string.h>

#include "core/heads.h"
#include "core/history.h"

/* One log on its way through. */
struct pass {
	struct txn *txn; /* borrowed, as below */
	const struct log *log;
	struct arena *arena;
	struct audit *audit;
	struct frontier frontier; /* of the headers read */
	struct buf origin;	  /* owned */
	struct note_head head;	  /* the next one to come */
	bool has_head;
};

static enum err check_delta(struct pass *pass, uint64_t seq) MUST_USE;
static enum err check_head(struct pass *pass) MUST_USE;
static enum err check_bodies(struct pass *pass,
    const struct stored_delta *stored, const struct delta *delta) MUST_USE;

enum err
audit_log(struct txn *txn, const struct log *log, struct arena *arena,
    struct audit *audit)
{
	struct pass pass = {
	    .txn = txn, .log = log, .arena = arena, .audit = audit};
	struct hash root;
	struct hash stored;
	enum err e;

	*audit = (struct audit){0};
	id_origin(&log->name, &pass.origin);
	e = audit_head_after(txn, log, 0, &pass.head, &pass.has_head);
	for (uint64_t seq = 0; seq < log->frontier.size && e == ERR_OK; seq++) {
		e = check_delta(&pass, seq);
		arena_reset(arena);
	}
	/* A head beyond what is held belongs to a run that is on its way. */
	while (e == ERR_OK && pass.has_head)
		e = check_head(&pass);
	merkle_root(&pass.frontier, &root);
	merkle_root(&log->frontier, &stored);
	if (e == ERR_OK && memcmp(&root, &stored, sizeof(root)) != 0)
		e = err_set(ERR_CORRUPT,
		    "the tree kept for the log is not that of its headers");
	if (e == ERR_OK && log->frontier.size > log->head_size)
		e = err_set(ERR_CORRUPT,
		    "headers from %llu on are under no signed head",
		    (unsigned long long)log->head_size);
	audit->sound = e == ERR_OK;
	buf_fini(&pass.origin);
	return e;
}

enum err
audit_head_after(struct txn *txn, const struct log *log, uint64_t size,
    struct note_head *head, bool *found)
{
	enum err e = heads_from(txn, log, size + 1, head);

	*found = e == ERR_OK;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
check_delta(struct pass *pass, uint64_t seq)
{
	struct stored_delta stored;
	struct delta delta;
	struct hash leaf;
	enum err e = oplog_get(pass->txn, pass->log, seq, &stored);

	if (e != ERR_OK)
		return err_wrap(e, "delta %llu", (unsigned long long)seq);
	merkle_leaf(stored.header, &leaf);
	merkle_append(&pass->frontier, &leaf, NULL, NULL);
	pass->audit->headers++;
	pass->audit->opaque += stored.opaque;
	oplog_decode(&stored, pass->arena, &delta);
	if (!delta.opaque)
		e = check_bodies(pass, &stored, &delta);
	if (e != ERR_OK)
		return err_wrap(e, "delta %llu", (unsigned long long)seq);
	if (pass->has_head && pass->head.size == pass->frontier.size)
		e = check_head(pass);
	return e;
}

/* Checks the head that has come up and looks for the one after it. */
static enum err
check_head(struct pass *pass)
{
	struct note_checkpoint checkpoint = {.origin = buf_bytes(&pass->origin),
	    .size = pass->head.size,
	    .root = pass->head.root};
	struct hash root;
	unsigned long long size = pass->head.size;

	merkle_root(&pass->frontier, &root);
	if (pass->head.size <= pass->frontier.size &&
	    memcmp(&root, &pass->head.root, sizeof(root)) != 0)
		return err_set(ERR_CORRUPT,
		    "the head of size %llu is not that of the headers", size);
	if (note_checkpoint_verify(&checkpoint, &pass->log->name.author,
		&pass->head.signature) != ERR_OK)
		return err_set(ERR_CORRUPT,
		    "the signature of the head of size %llu does not verify",
		    size);
	pass->audit->heads++;
	return audit_head_after(pass->txn, pass->log, pass->head.size,
	    &pass->head, &pass->has_head);
}

/* Does what the header commits to fit `body`, and does it open? */
static enum err
check_body(struct pass *pass, const struct delta *delta,
    const struct stored_body *body)
{
	const struct delta_change *change;
	struct hash tag;
	struct hash commitment;
	struct bytes plain;
	struct body read;

	if (body->change >= delta->changes_n || body->class >= CLASS_COUNT)
		return err_set(ERR_CORRUPT, "a body belongs to no change");
	change = &delta->changes[body->change];
	memcpy(tag.b, body->key, sizeof(tag.b));
	if (body->form == BODY_OPEN) {
		struct secret secret;

		memcpy(secret.b, body->key, sizeof(secret.b));
		body_tag(&secret, &tag);
		crypto_wipe(&secret, sizeof(secret));
	}
	body_commitment(&tag, body->sealed, &commitment);
	if ((change->classes & 1U << body->class) == 0 ||
	    memcmp(&commitment, &change->commitments[body->class],
		sizeof(commitment)) != 0)
		return err_set(ERR_CORRUPT,
		    "a body of change %u is not what the header commits to",
		    body->change);
	pass->audit->bodies++;
	if (body->form != BODY_OPEN)
		return ERR_OK;
	/* An author may have sealed nonsense; that is kept, and no rot. */
	if (history_open(pass->txn, body, pass->arena, &plain) == ERR_OK &&
	    (delta->kind != DELTA_CHANGE ||
		body_decode(plain, body->class, pass->arena, &read) == ERR_OK))
		pass->audit->opened++;
	return ERR_OK;
}

static enum err
check_bodies(struct pass *pass, const struct stored_delta *stored,
    const struct delta *delta)
{
	struct bytes rest = stored->bodies;
	struct stored_body body;
	uint64_t wanted = 0;
	uint64_t had = pass->audit->bodies;
	enum err e = ERR_OK;

	for (size_t i = 0; i < delta->changes_n; i++) {
		for (unsigned class = 0; class < CLASS_COUNT; class++)
			wanted += delta->changes[i].classes >> class & 1;
	}
	while (e == ERR_OK && oplog_body_next(&rest, &body))
		e = check_body(pass, delta, &body);
	if (e == ERR_OK && pass->audit->bodies - had > wanted)
		e = err_set(ERR_CORRUPT, "a body is stored twice");
	if (e == ERR_OK)
		pass->audit->missing += wanted - (pass->audit->bodies - had);
	return e;
}
