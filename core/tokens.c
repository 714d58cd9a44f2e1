/*
 * Invitations, one row each.  cli/ makes, lists and cancels them; sessions look
 * them up for nodes that knock, and use them.  Never sent, and derived from
 * nothing.
 */
#include "core/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "core/gap.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/mem.h"

enum {
	ROW_LABEL,
	ROW_EXPIRES,
	ROW_MADE,
	ROW_ENDED,
	ROW_PSK, /* bytes; empty: wiped */
	ROW_BY,	 /* bytes; empty: nobody used it */
	ROW_GRANTS,
	ROW_N,
};

/* A row with its secret. */
struct invitation {
	struct tokens_row row;
	bool has_psk;
	struct secret psk;
};

static void row_key(const struct token_id *id, struct key *key);
static void row_put(struct store *store, const struct invitation *invitation);
static enum err row_get(struct store *store, const struct key *key,
    struct bytes content, struct invitation *invitation) MUST_USE;
static void fields_get(struct reader *r, struct invitation *invitation);
static bool find(struct store *store, const struct token_id *id,
    struct invitation *invitation, enum err *e);
static uint64_t now_ms(struct store *store);
static bool has_expired(struct store *store, const struct tokens_row *row);
static enum err room_make(struct store *store) MUST_USE;
static enum err may_keep(
    struct store *store, const struct tokens_row *row) MUST_USE;
static enum err state_denied(const struct tokens_row *row) MUST_USE;
static enum err key_check(
    struct store *store, const struct sign_key *key) MUST_USE;
static enum err promise_keep(struct store *store, const struct tokens_row *row,
    const struct sign_key *key) MUST_USE;
static int row_order(const void *a, const void *b);

enum err
tokens_make(struct store *store, const struct token *token,
    const struct fact_grant *grants, size_t grants_n)
{
	struct invitation made = {.row = {.label = token->label,
				      .expires_s = token->expires_s,
				      .grants_n = grants_n},
	    .has_psk = true};
	struct invitation same = {0};
	enum err e = token_check(token);

	if (e != ERR_OK)
		return e;
	if (grants_n > LIMIT_TOKEN_GRANTS)
		return err_set(ERR_LIMIT,
		    "an invitation with %zu grants; %d are the most", grants_n,
		    LIMIT_TOKEN_GRANTS);
	made.row.made_ms = now_ms(store);
	if (token->expires_s <= made.row.made_ms / 1000)
		return err_set(
		    ERR_INVALID, "an invitation that has expired already");
	for (size_t i = 0; i < grants_n; i++)
		made.row.grants[i] = grants[i];
	token_name(token, &made.row.id);
	token_psk(token, &made.psk);
	e = may_keep(store, &made.row);
	if (e == ERR_OK)
		e = room_make(store);
	if (e == ERR_OK && find(store, &made.row.id, &same, &e))
		e = err_set(ERR_EXISTS,
		    "there is an invitation with this secret already");
	if (e == ERR_OK)
		row_put(store, &made);
	crypto_wipe(&same, sizeof(same));
	crypto_wipe(&made, sizeof(made));
	return e;
}

/* Can what `row` promises be given by who writes here? */
static enum err
may_keep(struct store *store, const struct tokens_row *row)
{
	const struct sign_key *me = &store_identity(store)->key;
	const struct authority *authority;
	enum err e = store_authority(store, &authority);

	if (e != ERR_OK)
		return e;
	if (authority->members_n >= LIMIT_MEMBERS)
		return err_set(
		    ERR_LIMIT, "a city has at most %d members", LIMIT_MEMBERS);
	/* Keys that shares unlocked for one command are not here when somebody
	 * comes. */
	if (store_has_root(store) && !store_root(store)->unlocked)
		return ERR_OK;
	for (size_t i = 0; i < row->grants_n; i++) {
		const struct fact_grant *grant = &row->grants[i];

		if (authority_may_grant(authority, me, grant))
			continue;
		return err_set(ERR_DENIED,
		    "this node may not pass on these rights for '%s': no grant "
		    "gives it admin that reaches so far",
		    grant->prefix.text[0] != '\0' ? grant->prefix.text : "all");
	}
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *own = &authority->grants[i];

		if (own->counts && !own->revoked &&
		    memcmp(&own->what.member, me, sizeof(*me)) == 0 &&
		    (own->what.gives.bits & RIGHT_ADMIN) != 0)
			return ERR_OK;
	}
	return err_set(
	    ERR_DENIED, "this node may admit nobody: no grant gives it admin");
}

static uint64_t
now_ms(struct store *store)
{
	const struct host *host = store_txn(store)->host;

	return host->now_ms(host->arg);
}

static void
row_key(const struct token_id *id, struct key *key)
{
	*key = (struct key){0};
	tables_key_add(key, bytes_of(id->b, sizeof(id->b)));
}

static void
row_put(struct store *store, const struct invitation *invitation)
{
	const struct tokens_row *row = &invitation->row;
	struct buf content = {0};
	struct buf grant = {0};
	struct key key;

	codec_put_array(&content, ROW_N);
	codec_put_text(&content, row->label);
	codec_put_int(&content, (int64_t)row->expires_s);
	codec_put_int(&content, (int64_t)row->made_ms);
	codec_put_int(&content, (int64_t)row->ended_ms);
	codec_put_bytes(&content,
	    bytes_of(invitation->psk.b, invitation->has_psk ? 32 : 0));
	codec_put_bytes(
	    &content, bytes_of(row->by.b, row->state == TOKENS_USED ? 32 : 0));
	codec_put_array(&content, row->grants_n);
	for (size_t i = 0; i < row->grants_n; i++) {
		buf_cut(&grant, 0);
		fact_grant_put(&row->grants[i], &grant);
		codec_put_bytes(&content, buf_bytes(&grant));
	}
	row_key(&row->id, &key);
	txn_put(store_txn(store), TABLE_TOKENS, &key, buf_bytes(&content));
	buf_fini(&grant);
	buf_wipe(&content);
}

static bool
find(struct store *store, const struct token_id *id,
    struct invitation *invitation, enum err *e)
{
	struct bytes content;
	struct key key;

	*e = ERR_OK;
	row_key(id, &key);
	if (!txn_find(store_txn(store), TABLE_TOKENS, &key, &content)) {
		gap_sure(store_txn(store), TABLE_TOKENS, tables_key(&key));
		*e = kv_failed(store_txn(store)->kv);
		return false;
	}
	*e = row_get(store, &key, content, invitation);
	return *e == ERR_OK;
}

static enum err
row_get(struct store *store, const struct key *key, struct bytes content,
    struct invitation *invitation)
{
	struct tokens_row *row = &invitation->row;
	struct reader r;

	*invitation = (struct invitation){0};
	codec_begin(&r, content);
	fields_get(&r, invitation);
	r.bad = r.bad || key->n != sizeof(row->id.b);
	if (codec_end(&r, "invitation") != ERR_OK) {
		crypto_wipe(invitation, sizeof(*invitation));
		return tables_corrupt(
		    TABLE_TOKENS, tables_key(key), "it is no invitation");
	}
	bytes_copy(row->id.b, tables_key(key));
	if (row->state == TOKENS_OPEN && row->ended_ms != 0)
		row->state = TOKENS_CANCELLED;
	else if (row->state == TOKENS_OPEN &&
		 (!invitation->has_psk || has_expired(store, row)))
		row->state = TOKENS_EXPIRED;
	return ERR_OK;
}

static bool
has_expired(struct store *store, const struct tokens_row *row)
{
	return now_ms(store) / 1000 >= row->expires_s;
}

static void
fields_get(struct reader *r, struct invitation *invitation)
{
	struct tokens_row *row = &invitation->row;
	struct bytes psk;
	struct bytes by;

	r->bad = codec_get_array(r, ROW_N) != ROW_N || r->bad;
	row->label = codec_get_text(r);
	row->expires_s = codec_get_uint(r, INT64_MAX);
	row->made_ms = codec_get_uint(r, INT64_MAX);
	row->ended_ms = codec_get_uint(r, INT64_MAX);
	psk = codec_get_bytes(r);
	by = codec_get_bytes(r);
	if ((psk.n != 0 && psk.n != sizeof(invitation->psk.b)) ||
	    (by.n != 0 && by.n != sizeof(row->by.b)))
		r->bad = true;
	row->grants_n = codec_get_array(r, LIMIT_TOKEN_GRANTS);
	for (size_t i = 0; i < row->grants_n && !r->bad; i++) {
		struct bytes grant = codec_get_bytes(r);

		r->bad = r->bad ||
			 fact_grant_get(grant, &row->grants[i]) != ERR_OK;
	}
	if (r->bad)
		return;
	invitation->has_psk = psk.n > 0;
	bytes_copy(invitation->psk.b, psk);
	row->state = by.n > 0 ? TOKENS_USED : TOKENS_OPEN;
	bytes_copy(row->by.b, by);
}

/* Calls back with each invitation until that fails. */
typedef enum err each_fn(void *arg, struct invitation *invitation);

static enum err
each(struct store *store, each_fn *fn, void *arg)
{
	struct kv_cursor cursor;
	enum err e = ERR_OK;

	kv_cursor_init(&cursor, store_txn(store)->kv, TABLE_TOKENS);
	for (bool more = kv_seek(&cursor, (struct bytes){0});
	     more && e == ERR_OK; more = kv_next(&cursor)) {
		struct invitation invitation;
		struct bytes content;
		struct key key = {0};

		e = tables_open(
		    TABLE_TOKENS, cursor.key, cursor.value, &content);
		if (e != ERR_OK)
			break;
		tables_key_add(&key, cursor.key);
		e = row_get(store, &key, content, &invitation);
		if (e == ERR_OK)
			e = fn(arg, &invitation);
		crypto_wipe(&invitation, sizeof(invitation));
	}
	kv_cursor_fini(&cursor);
	return e == ERR_OK ? kv_failed(store_txn(store)->kv) : e;
}

struct list {
	struct arena *arena; /* borrowed */
	struct tokens_row *rows;
	size_t n;
	size_t room;
};

static enum err
list_add(void *arg, struct invitation *invitation)
{
	struct list *list = arg;

	if (list->n == list->room) {
		size_t room = 2 * list->room + 8;
		struct tokens_row *rows = arena_array(
		    list->arena, room, sizeof(*rows));

		for (size_t i = 0; i < list->n; i++)
			rows[i] = list->rows[i];
		list->rows = rows;
		list->room = room;
	}
	list->rows[list->n] = invitation->row;
	list->rows[list->n].label = arena_bytes(
	    list->arena, invitation->row.label);
	list->n++;
	return ERR_OK;
}

enum err
tokens_list(struct store *store, struct arena *arena, struct tokens_row **rows,
    size_t *n)
{
	struct list list = {.arena = arena};
	enum err e = each(store, list_add, &list);

	if (list.n > 0)
		qsort(list.rows, list.n, sizeof(*list.rows), row_order);
	*rows = list.rows;
	*n = list.n;
	return e;
}

static int
row_order(const void *a, const void *b)
{
	const struct tokens_row *left = a;
	const struct tokens_row *right = b;

	if (left->made_ms != right->made_ms)
		return left->made_ms < right->made_ms ? 1 : -1;
	return memcmp(&left->id, &right->id, sizeof(left->id));
}

/* When the table is full, those that have ended are forgotten: what they gave
 * stands in `authority`. */
static enum err
room_make(struct store *store)
{
	struct txn *txn = store_txn(store);
	struct tokens_row *rows;
	struct key key;
	size_t n;
	enum err e;

	if (kv_count(txn->kv, TABLE_TOKENS) < LIMIT_TOKENS)
		return kv_failed(txn->kv);
	e = tokens_list(store, &txn->arena, &rows, &n);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].state == TOKENS_OPEN)
			continue;
		row_key(&rows[i].id, &key);
		kv_del(txn->kv, TABLE_TOKENS, tables_key(&key));
	}
	if (kv_count(txn->kv, TABLE_TOKENS) >= LIMIT_TOKENS)
		return err_set(ERR_LIMIT,
		    "%d invitations are open, which are the most: cancel some",
		    LIMIT_TOKENS);
	return kv_failed(txn->kv);
}

struct sweep {
	struct store *store;
	struct invitation *spent; /* arena: a cursor bears no puts */
	size_t n;
};

static enum err
sweep_add(void *arg, struct invitation *invitation)
{
	struct sweep *sweep = arg;
	struct txn *txn = store_txn(sweep->store);
	struct invitation *spent = &sweep->spent[sweep->n];

	if (!invitation->has_psk ||
	    !has_expired(sweep->store, &invitation->row))
		return ERR_OK;
	*spent = *invitation;
	spent->row.label = arena_bytes(&txn->arena, spent->row.label);
	spent->has_psk = false;
	crypto_wipe(&spent->psk, sizeof(spent->psk));
	sweep->n++;
	return ERR_OK;
}

enum err
tokens_sweep(struct store *store)
{
	struct txn *txn = store_txn(store);
	struct sweep sweep = {.store = store};
	enum err e;

	sweep.spent = arena_array(&txn->arena,
	    (size_t)kv_count(txn->kv, TABLE_TOKENS), sizeof(*sweep.spent));
	e = each(store, sweep_add, &sweep);
	for (size_t i = 0; i < sweep.n && e == ERR_OK; i++)
		row_put(store, &sweep.spent[i]);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

enum err
tokens_find(struct store *store, const struct token_id *id, struct secret *psk)
{
	struct invitation invitation = {0};
	enum err e;

	if (!find(store, id, &invitation, &e)) {
		if (e == ERR_OK)
			e = err_set(ERR_DENIED,
			    "it comes with a token that this node did not "
			    "make, or has forgotten");
		return e;
	}
	/* A clock that was set back brings no secret back. */
	if (invitation.row.state != TOKENS_USED || !invitation.has_psk ||
	    has_expired(store, &invitation.row))
		e = state_denied(&invitation.row);
	assert(e != ERR_OK || invitation.has_psk);
	if (e == ERR_OK)
		*psk = invitation.psk;
	crypto_wipe(&invitation, sizeof(invitation));
	return e;
}

static enum err
state_denied(const struct tokens_row *row)
{
	switch (row->state) {
	case TOKENS_OPEN:
		return ERR_OK;
	case TOKENS_USED:
		return err_set(ERR_DENIED,
		    "the invitation of '%.*s' has been used", (int)row->label.n,
		    row->label.p);
	case TOKENS_CANCELLED:
		return err_set(ERR_DENIED,
		    "the invitation of '%.*s' was cancelled", (int)row->label.n,
		    row->label.p);
	case TOKENS_EXPIRED:
		return err_set(ERR_DENIED,
		    "the invitation of '%.*s' has expired: invite it again",
		    (int)row->label.n, row->label.p);
	}
	return ERR_OK;
}

enum err
tokens_use(
    struct store *store, const struct token_id *id, const struct sign_key *key)
{
	struct invitation invitation = {0};
	struct tokens_row *row = &invitation.row;
	enum err e;

	if (!find(store, id, &invitation, &e))
		return e != ERR_OK ? e
				   : err_set(ERR_DENIED,
					 "this invitation was forgotten");
	row->label = arena_bytes(&store_txn(store)->arena, row->label);
	if (row->state == TOKENS_USED &&
	    memcmp(&row->by, key, sizeof(*key)) == 0)
		goto out;
	if (row->state == TOKENS_USED)
		e = err_set(ERR_DENIED,
		    "the invitation of '%.*s' was used by another node: ask "
		    "for a new one",
		    (int)row->label.n, row->label.p);
	else
		e = state_denied(row);
	if (e == ERR_OK)
		e = may_keep(store, row);
	if (e == ERR_OK)
		e = key_check(store, key);
	if (e == ERR_OK)
		e = promise_keep(store, row, key);
	if (e != ERR_OK)
		goto out;
	row->state = TOKENS_USED;
	row->by = *key;
	row->ended_ms = now_ms(store);
	row_put(store, &invitation);
out:
	crypto_wipe(&invitation, sizeof(invitation));
	return e;
}

/* A key that was reported as being in other hands gets nothing anew. */
static enum err
key_check(struct store *store, const struct sign_key *key)
{
	const struct authority *authority;
	const struct member *member;
	enum err e = store_authority(store, &authority);

	if (e != ERR_OK)
		return e;
	member = authority_member(authority, key);
	if (member == NULL || !member->compromised)
		return ERR_OK;
	return err_set(ERR_DENIED,
	    "the keys of this node were reported as being in other hands: "
	    "join with a new store");
}

static enum err
promise_keep(struct store *store, const struct tokens_row *row,
    const struct sign_key *key)
{
	const struct authority *authority;
	struct fact_member member;
	enum err e = store_authority(store, &authority);

	if (e != ERR_OK)
		return e;
	authority_member_fact(authority, key, &member);
	member.label = row->label;
	e = store_admit(store, &member);
	for (size_t i = 0; i < row->grants_n && e == ERR_OK; i++) {
		struct fact_grant grant = row->grants[i];

		grant.member = *key;
		e = store_grant(store, &grant);
	}
	return e;
}

enum err
tokens_cancel(struct store *store, struct bytes text, struct arena *arena,
    struct tokens_row **row)
{
	struct invitation ended = {0};
	struct tokens_row *rows;
	struct buf hex = {0};
	size_t hits = 0;
	size_t n;
	enum err e = tokens_list(store, arena, &rows, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		buf_cut(&hex, 0);
		ascii_hex(bytes_of(rows[i].id.b, sizeof(rows[i].id.b)), &hex);
		if (!bytes_begins(buf_bytes(&hex), text))
			continue;
		*row = &rows[i];
		hits++;
	}
	buf_fini(&hex);
	if (e != ERR_OK)
		return e;
	if (hits == 0)
		return err_set(ERR_NOT_FOUND,
		    "there is no invitation %.*s here: `golmok invite ls` "
		    "lists them",
		    (int)text.n, text.p);
	if (hits > 1)
		return err_set(ERR_USAGE,
		    "%zu invitations begin with %.*s: say more of it", hits,
		    (int)text.n, text.p);
	if ((*row)->state == TOKENS_USED)
		return err_set(ERR_EXISTS,
		    "the invitation of '%.*s' was used: what it gave ends by "
		    "revoking it",
		    (int)(*row)->label.n, (*row)->label.p);
	(*row)->state = TOKENS_CANCELLED;
	(*row)->ended_ms = now_ms(store);
	ended.row = **row;
	row_put(store, &ended);
	return ERR_OK;
}
