/*
 * What the caller of a write was shown.  core/compose.c asks, so that a write
 * replaces nothing that its author did not see.  Writes nothing.
 */
#include "core/known.h"

#include <stdlib.h>

#include "core/history.h"
#include "proto/ascii.h"

static enum err token_read(
    struct arena *arena, struct bytes token, struct known *known) MUST_USE;
static enum err known_merge(
    const struct known_of *of, struct known *known) MUST_USE;
static void known_add(const struct merge_changes *all,
    const struct change_ref *at, bool *taken, struct merge_change *known,
    size_t *n);

void
known_token(const struct record *record, struct buf *token)
{
	for (size_t i = 0; i < record->heads_n; i++) {
		uint8_t head[ID_CHANGE_SIZE];

		if (i > 0)
			buf_add_u8(token, '.');
		id_change_put(&record->heads[i], head);
		ascii_base32(bytes_of(head, sizeof(head)), token);
	}
}

enum err
known_read(const struct known_of *of, struct bytes token, struct known *known)
{
	bool all;
	enum err e;

	known->record = *of->now;
	known->heads = of->now->heads;
	known->heads_n = of->now->heads_n;
	if (token.n == 0)
		return ERR_OK;
	e = token_read(&of->txn->arena, token, known);
	if (e != ERR_OK)
		return e;
	all = known->heads_n == of->now->heads_n;
	for (size_t i = 0; i < known->heads_n && all; i++)
		all = id_change_compare(&known->heads[i], &of->now->heads[i]) ==
		      0;
	return all ? ERR_OK : known_merge(of, known);
}

/* The token names the latest changes of what was shown, in order. */
static enum err
token_read(struct arena *arena, struct bytes token, struct known *known)
{
	struct bytes rest = token;
	struct buf bin = {0};
	bool more = true;
	size_t n = 0;
	enum err e = ERR_OK;

	known->heads = arena_array(
	    arena, rest.n / ID_CHANGE_SIZE + 1, sizeof(struct change_ref));
	while (more && e == ERR_OK) {
		struct bytes one = bytes_first(rest, bytes_find(rest, '.'));

		more = one.n < rest.n;
		rest = bytes_after(rest, more ? one.n + 1 : one.n);
		buf_cut(&bin, 0);
		e = ascii_from_base32(one, &bin);
		if (e == ERR_OK && bin.n != ID_CHANGE_SIZE)
			e = err_set(ERR_MALFORMED, "a part has a wrong length");
		if (e == ERR_OK)
			id_change_get(bin.p, &known->heads[n++]);
		if (e == ERR_OK && n > 1 &&
		    id_change_compare(
			&known->heads[n - 2], &known->heads[n - 1]) >= 0)
			e = err_set(
			    ERR_MALFORMED, "its parts are out of order");
	}
	known->heads_n = n;
	buf_fini(&bin);
	return e == ERR_OK ? e
			   : err_wrap(ERR_INVALID,
				 "this token is not one that `golmok get` "
				 "printed");
}

static int
history_order(const void *a, const void *b)
{
	const struct merge_change *left = a;
	const struct merge_change *right = b;

	return id_change_compare(&left->at, &right->at);
}

/* Merges what the caller was shown: the changes of the token with all their
 * ancestors, and nothing else. */
static enum err
known_merge(const struct known_of *of, struct known *known)
{
	struct arena *arena = &of->txn->arena;
	struct merge_changes all = {0};
	struct merge_change *changes;
	bool *taken;
	size_t n = 0;
	enum err e = ERR_OK;

	if (of->space != NULL)
		e = history_load(of->txn, of->space, of->id, arena, &all);
	if (e != ERR_OK)
		return e;
	if (all.n > 0)
		qsort(all.p, all.n, sizeof(*all.p), history_order);
	changes = arena_array(arena, all.n, sizeof(*changes));
	taken = arena_array(arena, all.n, sizeof(*taken));
	for (size_t i = 0; i < known->heads_n; i++)
		known_add(&all, &known->heads[i], taken, changes, &n);
	if (n < known->heads_n)
		return err_set(ERR_INVALID,
		    "this token is of another record, or of changes that are "
		    "not here: read the record again");
	for (size_t at = 0; at < n; at++) {
		for (size_t i = 0; i < changes[at].parents_n; i++)
			known_add(
			    &all, &changes[at].parents[i], taken, changes, &n);
	}
	merge_record(changes, n, arena, &known->record);
	return ERR_OK;
}

/* Appends the change `at` to `known`, unless it was taken or is not held. */
static void
known_add(const struct merge_changes *all, const struct change_ref *at,
    bool *taken, struct merge_change *known, size_t *n)
{
	struct merge_change wanted = {.at = *at};
	struct merge_change *hit = all->n == 0
				       ? NULL
				       : bsearch(&wanted, all->p, all->n,
					     sizeof(wanted), history_order);

	if (hit == NULL || taken[hit - all->p])
		return;
	taken[hit - all->p] = true;
	known[(*n)++] = *hit;
}
