/*
 * The list of places to dial, one row of small values.  `golmok peer` writes
 * it, a running node reads it again and again.  Knows nothing of sockets.
 */
#include "core/dials.h"

#include "core/meta.h"
#include "proto/codec.h"
#include "proto/fact.h"

static void list_put(
    struct txn *txn, const struct bytes *places, size_t places_n);

size_t
dials_list(struct txn *txn, const struct bytes **places)
{
	struct bytes *list = arena_array(
	    &txn->arena, LIMIT_DIALS, sizeof(*list));
	struct bytes row;
	struct reader r;
	size_t n;

	*places = list;
	if (!meta_find(txn, meta_dials, &row))
		return 0;
	/* The view ends with the next put. */
	codec_begin(&r, arena_bytes(&txn->arena, row));
	n = codec_get_array(&r, LIMIT_DIALS);
	for (size_t i = 0; i < n && !r.bad; i++) {
		list[i] = codec_get_text(&r);
		r.bad = r.bad || !fact_address_is_sound(list[i]) ||
			(i > 0 && bytes_compare(list[i - 1], list[i]) >= 0);
	}
	if (codec_end(&r, "list of places to dial") == ERR_OK)
		return n;
	(void)!txn_fail(
	    txn, err_set(ERR_CORRUPT, "the list of places to dial is damaged"));
	return 0;
}

static void
list_put(struct txn *txn, const struct bytes *places, size_t places_n)
{
	struct buf row = {0};

	codec_put_array(&row, places_n);
	for (size_t i = 0; i < places_n; i++)
		codec_put_text(&row, places[i]);
	meta_put(txn, meta_dials, buf_bytes(&row));
	buf_fini(&row);
}

enum err
dials_add(struct txn *txn, struct bytes place)
{
	const struct bytes *old;
	size_t n = dials_list(txn, &old);
	struct bytes *list = arena_array(
	    &txn->arena, LIMIT_DIALS + 1, sizeof(*list));
	size_t at = 0;

	assert(fact_address_is_sound(place));
	/* A list that cannot be read must not pass for an empty one. */
	if (kv_failed(txn->kv) != ERR_OK)
		return kv_failed(txn->kv);
	while (at < n && bytes_compare(old[at], place) < 0) {
		list[at] = old[at];
		at++;
	}
	if (at < n && bytes_equal(old[at], place))
		return err_set(ERR_EXISTS, "%.*s is in the list already",
		    (int)place.n, (const char *)place.p);
	if (n == LIMIT_DIALS)
		return err_set(
		    ERR_LIMIT, "%d places are the most", LIMIT_DIALS);
	list[at] = place;
	for (size_t i = at; i < n; i++)
		list[i + 1] = old[i];
	list_put(txn, list, n + 1);
	return ERR_OK;
}

enum err
dials_remove(struct txn *txn, struct bytes place)
{
	const struct bytes *old;
	size_t n = dials_list(txn, &old);
	struct bytes *list = arena_array(
	    &txn->arena, LIMIT_DIALS, sizeof(*list));
	size_t left = 0;

	if (kv_failed(txn->kv) != ERR_OK)
		return kv_failed(txn->kv);
	for (size_t i = 0; i < n; i++) {
		if (!bytes_equal(old[i], place))
			list[left++] = old[i];
	}
	if (left == n)
		return err_set(ERR_NOT_FOUND,
		    "%.*s is not in the list: golmok peer ls has it",
		    (int)place.n, (const char *)place.p);
	list_put(txn, list, left);
	return ERR_OK;
}
