/*
 * Joining by a token.  The command `join` uses it.  Keys are drawn once, with
 * the store; a second run goes on with them.
 */
#include "cli/join.h"

#include <string.h>

#include "cli/host.h"
#include "cli/object.h"
#include "cli/show.h"
#include "cli/sync.h"
#include "core/file.h"
#include "core/founder.h"
#include "core/meta.h"
#include "proto/token.h"

/* One attempt. */
struct joining {
	struct out *out;
	const struct join_plan *plan;
	struct arena arena; /* of the token */
	struct token token;
	struct buf text; /* of the token as it is kept: secret */
	struct store *store;
	bool admitted;
};

static enum err token_find(struct joining *joining) MUST_USE;
static enum err store_make(struct joining *joining) MUST_USE;
static enum err store_check(struct joining *joining) MUST_USE;
static enum err look(struct joining *joining) MUST_USE;
static enum err dial_all(struct joining *joining) MUST_USE;
static enum err dial(struct joining *joining, struct bytes address) MUST_USE;
static void add_reason(struct buf *reasons);
static enum err none_lets_in(
    const struct joining *joining, struct buf *reasons) MUST_USE;
static enum err finish(struct joining *joining) MUST_USE;

enum err
join_by_token(struct out *out, const struct join_plan *plan)
{
	struct joining joining = {.out = out, .plan = plan};
	struct file_stat stat;
	enum err e = ERR_OK;

	if (plan->text != NULL)
		e = token_get(
		    bytes_text(plan->text), &joining.arena, &joining.token);
	if (e == ERR_OK && plan->text != NULL) {
		token_put(&joining.token, &joining.text);
		if (file_stat(plan->dir, &stat) != ERR_OK)
			e = store_make(&joining);
	}
	if (e == ERR_OK)
		e = store_open(plan->dir, host_system(), &joining.store);
	if (e == ERR_OK)
		e = store_check(&joining);
	if (e == ERR_OK)
		e = dial_all(&joining);
	if (e == ERR_OK)
		e = finish(&joining);
	store_close(joining.store);
	token_fini(&joining.token);
	buf_wipe(&joining.text);
	arena_fini(&joining.arena);
	return e;
}

static enum err
store_make(struct joining *joining)
{
	return founder_create(&(struct store_plan){
	    .dir = joining->plan->dir,
	    .host = host_system(),
	    .join = &joining->token.city,
	    .token = buf_bytes(&joining->text),
	    .pack = joining->plan->choice->name,
	    .pack_file = buf_bytes(&joining->plan->choice->json),
	});
}

/* Is the store one that this token is for?  Then it remembers it. */
static enum err
store_check(struct joining *joining)
{
	struct store *store = joining->store;
	struct bytes kept;
	enum err e = ERR_OK;

	if (joining->plan->text != NULL &&
	    memcmp(&store_identity(store)->city, &joining->token.city,
		sizeof(joining->token.city)) != 0)
		return err_set(ERR_EXISTS,
		    "the store %s belongs to another city than this token: "
		    "choose another directory with --store",
		    joining->plan->dir);
	e = look(joining);
	if (e != ERR_OK || joining->admitted)
		return e == ERR_OK && joining->plan->text == NULL
			   ? token_find(joining)
			   : e;
	if (joining->plan->text == NULL)
		return token_find(joining);
	e = store_begin(store, true);
	if (e != ERR_OK)
		return e;
	if (meta_find(store_txn(store), meta_joining, &kept) &&
	    bytes_equal(kept, buf_bytes(&joining->text))) {
		store_abort(store);
		return ERR_OK;
	}
	meta_put(store_txn(store), meta_joining, buf_bytes(&joining->text));
	return store_commit(store);
}

/* The token of the run before. */
static enum err
token_find(struct joining *joining)
{
	struct store *store = joining->store;
	struct bytes kept;
	enum err e = store_begin(store, false);

	if (e != ERR_OK)
		return e;
	if (meta_find(store_txn(store), meta_joining, &kept))
		e = token_get(kept, &joining->arena, &joining->token);
	else if (joining->admitted)
		e = err_set(ERR_EXISTS,
		    "the store %s belongs to its city already: there is "
		    "nothing to join",
		    joining->plan->dir);
	else
		e = err_set(ERR_USAGE,
		    "the store %s joins by no token: golmok join TOKEN",
		    joining->plan->dir);
	store_abort(store);
	return e;
}

/* Has this node been let in, as far as is known here? */
static enum err
look(struct joining *joining)
{
	const struct authority *authority;
	struct store *store = joining->store;
	enum err e = store_begin(store, false);

	if (e != ERR_OK)
		return e;
	e = store_authority(store, &authority);
	if (e == ERR_OK)
		joining->admitted = join_is_member(authority, store);
	store_abort(store);
	return e;
}

static enum err
dial_all(struct joining *joining)
{
	const struct token *token = &joining->token;
	struct buf reasons = {0};
	enum err e = ERR_PEER;

	for (size_t i = 0; i < token->addresses_n && e == ERR_PEER; i++) {
		e = dial(joining, token->addresses[i]);
		if (e == ERR_PEER)
			add_reason(&reasons);
	}
	if (e == ERR_PEER)
		e = none_lets_in(joining, &reasons);
	buf_fini(&reasons);
	return e;
}

static void
add_reason(struct buf *reasons)
{
	buf_add_format(reasons, "%s%s", reasons->n > 0 ? "; " : "", err_text());
}

static enum err
none_lets_in(const struct joining *joining, struct buf *reasons)
{
	const struct host *host = host_system();
	struct buf when = {0};
	enum err e;

	if (host->now_ms(host->arg) / 1000 < joining->token.expires_s)
		return err_set(ERR_PEER,
		    "not let in: %s; the keys drawn for it are kept in %s: run "
		    "golmok join again, with this token or a new one",
		    buf_text(reasons), joining->plan->dir);
	show_time((struct stamp){joining->token.expires_s * 1000 << 16}, &when);
	e = err_set(ERR_PEER,
	    "this token has expired (%s): ask for a new one; %s",
	    buf_text(&when), buf_text(reasons));
	buf_fini(&when);
	return e;
}

/* Whoever is a member already needs no token: the others may have forgotten
 * it. */
static enum err
dial(struct joining *joining, struct bytes address)
{
	struct session_guest guest = {.root = joining->token.root};
	struct session_status status;
	struct buf peer = {0};
	struct node_sync sync = {
	    .store = joining->store,
	    .host = host_system(),
	    .timeout_ms = joining->plan->timeout_ms,
	    .guest = joining->admitted ? NULL : &guest,
	};
	enum err e;

	token_name(&joining->token, &guest.token.id);
	token_psk(&joining->token, &guest.token.psk);
	buf_add(&peer, address);
	sync.peer = buf_text(&peer);
	e = sync_meet(joining->out, &sync, &status);
	crypto_wipe(&guest, sizeof(guest));
	if (e == ERR_OK)
		e = look(joining);
	if (e == ERR_OK && !joining->admitted)
		e = err_set(ERR_PEER,
		    "%s: the session ended before this node was a member",
		    buf_text(&peer));
	buf_fini(&peer);
	return e;
}

/* The token is of no use any more. */
static enum err
finish(struct joining *joining)
{
	struct store *store = joining->store;
	enum err e = store_begin(store, true);

	if (e != ERR_OK)
		return e;
	meta_del(store_txn(store), meta_joining);
	e = store_commit(store);
	if (e == ERR_OK)
		e = store_begin(store, false);
	if (e == ERR_OK)
		e = join_say(joining->out, store);
	return e;
}

bool
join_is_member(const struct authority *authority, const struct store *store)
{
	const struct member *member = authority_member(
	    authority, &store_identity(store)->key);

	return member != NULL && member->counts;
}

enum err
join_say(struct out *out, struct store *store)
{
	const struct identity *identity = store_identity(store);
	const struct authority *authority;
	const struct member *member;
	struct buf json = {0};
	struct buf rights = {0};
	enum err e = store_authority(store, &authority);

	if (e != ERR_OK)
		return e;
	member = authority_member(authority, &identity->key);
	assert(member != NULL);
	object_begin(&json, NULL);
	object_hex(&json, "joined", bytes_of(identity->city.b, 32));
	object_text(&json, "city_name", authority->name);
	object_hex(&json, "key", bytes_of(identity->key.b, 32));
	object_text(&json, "label", member->label);
	object_array(&json, "grants");
	out_say(out, "joined %.*s as %.*s", (int)authority->name.n,
	    authority->name.p, (int)member->label.n, member->label.p);
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];
		const char *prefix = grant->what.prefix.text;

		if (!grant->counts || grant->revoked ||
		    memcmp(&grant->what.member, &identity->key, 32) != 0)
			continue;
		buf_cut(&rights, 0);
		fact_rights_text(grant->what.gives, &rights);
		out_say(out, "grant  %s %s", prefix[0] != '\0' ? prefix : "all",
		    buf_text(&rights));
		object_begin(&json, NULL);
		object_text(&json, "prefix", bytes_text(prefix));
		object_text(&json, "rights", buf_bytes(&rights));
		buf_cut(&rights, 0);
		fact_rights_text(grant->what.passes, &rights);
		object_text(&json, "passes", buf_bytes(&rights));
		object_end(&json);
	}
	object_array_end(&json);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&rights);
	buf_fini(&json);
	return ERR_OK;
}
