/*
 * Commands on the keys of this node: keys export, keys restore.  What stands in
 * the file is core/safe.c's; what neighbours hold comes by a sync like any
 * other.
 */
#include "cli/cmd_keys.h"

#include <string.h>

#include "cli/choice.h"
#include "cli/host.h"
#include "cli/join.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/secret.h"
#include "cli/sync.h"
#include "core/founder.h"
#include "core/safe.h"

enum { TIMEOUT_S = 60, TIMEOUT_S_MAX = 24 * 60 * 60 };

/* What was done with which file and key; for programs. */
static void
say_json(struct out *out, const char *done, const char *path,
    const struct sign_key *key)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_text(&json, done, bytes_text(path));
	object_hex(&json, "key", bytes_of(key->b, sizeof(key->b)));
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
}

/* ---- export ------------------------------------------------------------- */

/* Only what was read back and opened is saved. */
static enum err
export_check(
    const char *path, struct bytes passphrase, const struct identity *identity)
{
	struct identity back = {0};
	struct safe safe;
	enum err e = safe_load(path, &safe);

	if (e == ERR_OK)
		e = safe_open(&safe, passphrase, &back);
	if (e == ERR_OK && !crypto_equal(&back, identity, sizeof(back)))
		e = err_set(ERR_CORRUPT, "%s does not hold these keys", path);
	identity_fini(&back);
	return e;
}

static void
export_say(struct out *out, const char *path, bool root)
{
	out_say(out, "the keys of this node are in %s", path);
	out_say(out,
	    "Keep it apart from this machine.  With it, its passphrase and a "
	    "neighbour that\nholds its spaces this node comes back: golmok "
	    "keys restore.  So whoever has these\nthree reads everything that "
	    "was written here.");
	if (root)
		out_say(out,
		    "The root keys of the city are not in it: golmok root "
		    "split.");
}

static enum err
export_run(const struct args *args, struct out *out)
{
	const struct crypto_cost cost = {
	    .passes = CRYPTO_COST_PASSES, .memory_bytes = CRYPTO_COST_BYTES};
	const char *path = args_word(args, 0);
	const struct identity *identity;
	struct opened work = {0};
	struct buf passphrase = {0};
	struct safe safe;
	enum err e = open_begin(args, out, false, &work);

	if (e != ERR_OK)
		goto out;
	store_abort(work.store);
	identity = store_identity(work.store);
	e = secret_ask_new(
	    out, "New passphrase of the saved keys", &passphrase);
	if (e == ERR_OK)
		e = safe_seal(host_system(), identity, buf_bytes(&passphrase),
		    cost, &safe);
	if (e == ERR_OK)
		e = safe_save(path, &safe);
	if (e == ERR_OK)
		e = export_check(path, buf_bytes(&passphrase), identity);
	if (e == ERR_OK) {
		say_json(out, "exported", path, &identity->key);
		export_say(out, path, store_has_root(work.store));
	}
out:
	buf_wipe(&passphrase);
	open_end(&work);
	return e;
}

/* ---- restore ------------------------------------------------------------ */

static enum err
keys_open(struct out *out, const char *path, struct identity *identity)
{
	struct buf passphrase = {0};
	struct safe safe;
	enum err e = safe_load(path, &safe);

	if (e == ERR_OK)
		e = secret_ask(
		    out, "Passphrase of the saved keys", &passphrase);
	if (e == ERR_OK)
		e = safe_open(&safe, buf_bytes(&passphrase), identity);
	buf_wipe(&passphrase);
	return e;
}

/* What the peer holds comes back; then says who this node is. */
static enum err
fetch(struct out *out, struct store *store, struct node_sync *sync)
{
	const struct authority *authority;
	struct session_status status;
	enum err e;

	sync->store = store;
	sync->host = host_system();
	e = sync_meet(out, sync, &status);
	if (e == ERR_OK || status.up)
		sync_say(out, &status);
	if (e != ERR_OK)
		return err_wrap(e,
		    "the store is made and knows its keys, and goes on with "
		    "`golmok sync`; now");
	e = store_begin(store, false);
	if (e == ERR_OK)
		e = store_authority(store, &authority);
	if (e != ERR_OK)
		return e;
	return join_is_member(authority, store)
		   ? join_say(out, store)
		   : err_set(ERR_DENIED,
			 "%s knows no member with these keys: sync with "
			 "another peer",
			 sync->peer);
}

static enum err
restore_run(const struct args *args, struct out *out)
{
	struct choice choice = {0};
	struct identity identity = {0};
	struct store_plan plan = {.dir = open_dir(args),
	    .host = host_system(),
	    .join = &identity.city,
	    .keys = &identity};
	struct node_sync sync = {.peer = args_text(args, "peer", 0)};
	struct store *store = NULL;
	uint64_t timeout_s = TIMEOUT_S;
	enum err e = args_number(args, "timeout", TIMEOUT_S_MAX, &timeout_s);

	sync.timeout_ms = timeout_s * 1000;
	if (e == ERR_OK)
		e = choice_read(args, &choice);
	plan.pack = choice.name;
	plan.pack_file = buf_bytes(&choice.json);
	if (e == ERR_OK)
		e = keys_open(out, args_word(args, 0), &identity);
	if (e == ERR_OK)
		e = founder_create(&plan);
	if (e != ERR_OK)
		goto out;
	say_json(out, "restored", plan.dir, &identity.key);
	out_say(out, "made %s with the saved keys", plan.dir);
	if (sync.peer == NULL) {
		out_say(out,
		    "It holds nothing yet: golmok sync HOST:PORT with whoever "
		    "holds what it wrote.");
		goto out;
	}
	e = store_open(plan.dir, host_system(), &store);
	if (e == ERR_OK)
		e = fetch(out, store, &sync);
out:
	store_close(store);
	choice_fini(&choice);
	identity_fini(&identity);
	return e;
}

static const struct args_option restore_options[] = {
    {.name = "peer",
	.value = "HOST:PORT",
	.help = "whom to ask at once for what this node wrote"},
    {.name = "timeout",
	.value = "SECONDS",
	.help = "give up after so long without a sign of the peer (60)"},
    CHOICE_OPTION,
};

const struct args_command cmd_keys_commands[] = {
    {.name = "keys export",
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.help = "save the keys of this node, sealed under a passphrase",
	.about =
	    "Keep FILE apart from the machine.  When the store is lost, it "
	    "and\n"
	    "a neighbour that holds what was written here bring all of it "
	    "back.\n",
	.run = export_run},
    {.name = "keys restore",
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.help = "make a store again from saved keys, for one that was lost",
	.about =
	    "What this node wrote comes from a peer that holds it, and can be\n"
	    "read again; new writes go to new logs.  The store that was lost\n"
	    "must never be used beside this one.\n",
	.options = restore_options,
	.options_n = COUNT_OF(restore_options),
	.run = restore_run},
};
const size_t cmd_keys_commands_n = COUNT_OF(cmd_keys_commands);
