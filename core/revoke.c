/*
 * Revocations on their way into `authority`.  The door calls it; what they
 * amount to is core/authority.c's to say.  Looks through all logs held here for
 * those that are to be cut.
 */
#include "core/revoke.h"

#include <stdlib.h>
#include <string.h>

#include "core/facts.h"
#include "core/tree.h"
#include "proto/mem.h"
#include "proto/text.h"

/* The cuts while they are gathered. */
struct cutting {
	struct txn *txn;
	const struct store_revoke *revoke;
	struct store_revoked *revoked;
	struct log_cut *cuts; /* owned */
	size_t n;
	size_t room;
};

static enum err wish_check(const struct authority *authority,
    const struct store_revoke *revoke, const struct grant **grant) MUST_USE;
static enum err cuts_gather(struct cutting *c) MUST_USE;
static enum err log_cut(struct cutting *c, const struct log *log) MUST_USE;
static enum err leading(
    struct cutting *c, const struct log *log, uint64_t *size) MUST_USE;
static void cuts_settle(struct cutting *c);

enum err
revoke_grant(struct composer *composer, const struct store_revoke *revoke,
    struct store_revoked *revoked)
{
	struct own_writer *writer = &composer->writer;
	struct cutting c = {
	    .txn = composer->txn, .revoke = revoke, .revoked = revoked};
	struct fact_revoke fact = {.grant = revoke->grant,
	    .compromised = revoke->compromised,
	    .reason = revoke->reason};
	struct delta delta = {.kind = DELTA_REVOKE};
	struct buf plain = {0};
	enum err e;

	*revoked = (struct store_revoked){0};
	e = wish_check(writer->authority, revoke, &writer->revoking);
	if (e == ERR_OK)
		e = own_may(writer, &id_authority);
	if (e == ERR_OK)
		e = cuts_gather(&c);
	if (e != ERR_OK)
		goto out;
	fact.cuts = c.cuts;
	fact.cuts_n = c.n;
	revoked->logs = c.n;
	fact_revoke_put(&fact, &plain);
	e = facts_put(composer, &id_authority, &delta, buf_bytes(&plain));
out:
	buf_fini(&plain);
	mem_free(c.cuts);
	return e;
}

static enum err
wish_check(const struct authority *authority, const struct store_revoke *revoke,
    const struct grant **grant)
{
	*grant = NULL;
	for (size_t i = 0; i < authority->grants_n; i++)
		if (id_ref_compare(
			&authority->grants[i].fact, &revoke->grant) == 0)
			*grant = &authority->grants[i];
	if (*grant == NULL)
		return err_set(ERR_NOT_FOUND,
		    "no grant that is held here has this name: see `golmok "
		    "member show`");
	if (!(*grant)->counts)
		return err_set(ERR_INVALID,
		    "this grant does not count (%s): there is nothing to take "
		    "back",
		    authority_why_text((*grant)->why));
	/* That its holder is not to be trusted may turn out later. */
	if ((*grant)->revoked && !revoke->compromised)
		return err_set(ERR_EXISTS, "this grant was taken back already");
	if (!text_is_plain(revoke->reason) ||
	    revoke->reason.n > LIMIT_LABEL_SIZE)
		return err_set(ERR_INVALID,
		    "a reason has at most %d bytes of UTF-8, without line "
		    "ends and controls",
		    LIMIT_LABEL_SIZE);
	return ERR_OK;
}

static enum err
cuts_gather(struct cutting *c)
{
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(c->txn, &spaces, &spaces_n);

	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(c->txn, spaces[i], &logs, &n);
		for (size_t k = 0; k < n && e == ERR_OK; k++)
			if (logs[k]->has_grant &&
			    id_ref_compare(
				&logs[k]->grant, &c->revoke->grant) == 0)
				e = log_cut(c, logs[k]);
	}
	if (e == ERR_OK)
		cuts_settle(c);
	if (e == ERR_OK && c->n > LIMIT_CUTS)
		e = err_set(ERR_LIMIT,
		    "%zu logs were written under this grant: a revocation "
		    "names at most %d",
		    c->n, LIMIT_CUTS);
	return e;
}

static enum err
log_cut(struct cutting *c, const struct log *log)
{
	struct log_cut cut = {.log = log->trunk, .size = log->frontier.size};
	enum err e = ERR_OK;

	if (c->revoke->compromised)
		e = leading(c, log, &cut.size);
	if (e == ERR_OK)
		e = tree_root(c->txn, log, cut.size, &cut.root);
	if (e != ERR_OK)
		return e;
	c->revoked->kept += cut.size;
	c->revoked->outside += log->frontier.size - cut.size;
	/* A log that is not named is cut at 0 anyway. */
	if (cut.size == 0)
		return ERR_OK;
	mem_room(&c->cuts, &c->room, c->n + 1, sizeof(*c->cuts));
	c->cuts[c->n++] = cut;
	return ERR_OK;
}

/* How many leading deltas of `log` were written before the day in question.
 * Stamps rise in a log; a delta without meaning has none and ends nothing. */
static enum err
leading(struct cutting *c, const struct log *log, uint64_t *size)
{
	struct arena arena = {0};
	enum err e = ERR_OK;

	for (*size = 0; *size < log->frontier.size; ++*size) {
		struct stored_delta stored;
		struct delta delta;

		arena_reset(&arena);
		e = oplog_get(c->txn, log, *size, &stored);
		if (e != ERR_OK)
			break;
		oplog_decode(&stored, &arena, &delta);
		if (!delta.opaque && delta.stamp.v >= c->revoke->since.v)
			break;
	}
	arena_fini(&arena);
	return e;
}

static int
cut_order(const void *a, const void *b)
{
	const struct log_cut *left = a;
	const struct log_cut *right = b;
	int order = memcmp(&left->log, &right->log, sizeof(left->log));

	if (order != 0)
		return order;
	if (left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return memcmp(&left->root, &right->root, sizeof(left->root));
}

/* By log.  Of a forked one only the branch of which most is held can be named;
 * the others then count as far as they are the same. */
static void
cuts_settle(struct cutting *c)
{
	size_t n = 0;

	if (c->n > 0)
		qsort(c->cuts, c->n, sizeof(*c->cuts), cut_order);
	for (size_t i = 0; i < c->n; i++)
		if (n == 0 || memcmp(&c->cuts[i].log, &c->cuts[n - 1].log,
				  sizeof(c->cuts[i].log)) != 0)
			c->cuts[n++] = c->cuts[i];
	c->n = n;
}
