/*
 * Commands on the root keys of the city: root show, rotate, split, join.  Where
 * keys lie and in which order files change is core/root.c's.
 */
#include "cli/cmd_root.h"

#include <string.h>

#include "cli/host.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/secret.h"
#include "proto/ascii.h"
#include "proto/mem.h"

/* ---- show --------------------------------------------------------------- */

/* Where the keys are, in words. */
static void
place_text(const struct root_place *place, struct buf *text)
{
	if (place->plain)
		buf_add_text(text, "plain here (file root)");
	if (place->plain && place->sealed)
		buf_add_text(text, ", and ");
	if (place->sealed)
		buf_add_format(text, "split: %u of %u shares are needed",
		    place->vault.split.threshold, place->vault.split.count);
	if (!place->plain && !place->sealed)
		buf_add_text(text, "not here");
}

static void
root_json(struct out *out, const struct authority *authority,
    const struct root_place *place)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_bool(&json, "founded", authority->founded);
	if (authority->founded)
		object_hex(&json, "root", bytes_of(authority->root.b, 32));
	if (authority->founded && authority->has_next)
		object_hex(&json, "next", bytes_of(authority->next_root.b, 32));
	object_array(&json, "before");
	for (size_t i = 0; i + 1 < authority->roots_n; i++)
		object_hex(
		    &json, NULL, bytes_of(authority->roots[i].key.b, 32));
	object_array_end(&json);
	object_bool(&json, "plain", place->plain);
	object_bool(&json, "split", place->sealed);
	if (place->sealed) {
		object_number(&json, "threshold", place->vault.split.threshold);
		object_number(&json, "count", place->vault.split.count);
		object_hex(&json, "sealed",
		    bytes_of(place->vault.key.b, sizeof(place->vault.key.b)));
	}
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
}

static void
hex_line(struct out *out, const char *title, const uint8_t *p, const char *rest)
{
	struct buf hex = {0};

	ascii_hex(bytes_of(p, 32), &hex);
	out_say(out, "%s%s%s", title, buf_text(&hex), rest);
	buf_fini(&hex);
}

static void
root_lines(struct out *out, const struct authority *authority,
    const struct root_place *place)
{
	struct buf text = {0};

	if (!authority->founded)
		out_say(out, "root    (not known here yet)");
	else
		hex_line(out, "root    ", authority->root.b, "");
	if (authority->founded && authority->has_next)
		hex_line(out, "next    ", authority->next_root.b,
		    " (SHA-256 of the key that may follow)");
	else if (authority->founded)
		out_say(
		    out, "next    none: two rotations to this key disagree");
	for (size_t i = authority->roots_n; i > 1; i--)
		hex_line(out, "before  ", authority->roots[i - 2].key.b, "");
	place_text(place, &text);
	out_say(out, "keys    %s", buf_text(&text));
	if (place->sealed && authority->founded &&
	    memcmp(&place->vault.key, &authority->root,
		sizeof(authority->root)) != 0)
		out_say(out,
		    "        those that are sealed here are not root (any "
		    "more)");
	buf_fini(&text);
}

static enum err
show_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct root_place place;
	const struct authority *authority;
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK)
		e = root_find(store_dir(work.store), &place);
	if (e == ERR_OK && out->json)
		root_json(out, authority, &place);
	else if (e == ERR_OK)
		root_lines(out, authority, &place);
	open_end(&work);
	return e;
}

/* ---- rotate ------------------------------------------------------------- */

/* That `key` is root now. */
static void
say_root(struct out *out, const char *done, const struct sign_key *key)
{
	struct buf json = {0};
	struct buf hex = {0};

	object_begin(&json, NULL);
	object_hex(&json, "root", bytes_of(key->b, sizeof(key->b)));
	object_end(&json);
	out_json(out, buf_bytes(&json));
	ascii_hex(bytes_of(key->b, sizeof(key->b)), &hex);
	out_say(out, "%s %s", done, buf_text(&hex));
	buf_fini(&hex);
	buf_fini(&json);
}

static enum err
rotate_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	enum err e = open_begin(args, out, true, &work);

	if (e == ERR_OK)
		e = store_rotate(work.store);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK)
		say_root(out, "rotated: root is now",
		    &store_root(work.store)->keys.key);
	open_end(&work);
	return e;
}

/* ---- split and join ----------------------------------------------------- */

/* Opens the store with its root keys at hand, as they are by now. */
static enum err
keys_open(const struct args *args, struct out *out, struct opened *work)
{
	const struct authority *authority;
	struct root *root;
	enum err e = open_begin(args, out, true, work);

	if (e == ERR_OK)
		e = store_authority(work->store, &authority);
	if (e != ERR_OK)
		return e;
	root = store_root(work->store);
	e = root_settle(store_dir(work->store), authority, root);
	store_abort(work->store);
	if (e == ERR_OK && root->is_ahead)
		e = err_set(ERR_DENIED, "%s", root_ahead_text);
	if (e == ERR_OK && root->is_stale)
		e = err_set(ERR_DENIED,
		    "the root keys here were rotated away: bring those that "
		    "followed");
	if (e == ERR_OK && !root->keys.is_here)
		e = err_set(ERR_DENIED,
		    "the root keys are not here: name the shares with --share, "
		    "or do it where they are");
	return e;
}

static enum err
plan_read(const struct args *args, struct root_plan *plan)
{
	uint64_t count = 0;
	uint64_t threshold = 0;
	enum err e = args_number(args, "into", LIMIT_SHARES, &count);

	if (e == ERR_OK)
		e = args_number(args, "threshold", LIMIT_SHARES, &threshold);
	if (e == ERR_OK && (threshold < 2 || threshold > count))
		e = err_set(ERR_USAGE,
		    "--into %llu --threshold %llu: at least 2 shares must be "
		    "needed, and no more than there are",
		    (unsigned long long)count, (unsigned long long)threshold);
	plan->split.count = (uint8_t)count;
	plan->split.threshold = (uint8_t)threshold;
	plan->out = args_text(args, "out", 0);
	plan->cost = (struct crypto_cost){
	    .passes = CRYPTO_COST_PASSES, .memory_bytes = CRYPTO_COST_BYTES};
	return e;
}

static enum err
passphrases_ask(struct out *out, size_t n, struct buf *passphrases)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct buf what = {0};

		buf_add_format(
		    &what, "New passphrase of share %zu of %zu", i + 1, n);
		e = secret_ask_new(out, buf_text(&what), &passphrases[i]);
		buf_fini(&what);
	}
	return e;
}

static void
say_split(struct out *out, const struct root_plan *plan)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_array(&json, "shares");
	for (unsigned i = 1; i <= plan->split.count; i++) {
		struct buf path = {0};

		buf_add_format(&path, "%s/share-%u", plan->out, i);
		object_text(&json, NULL, buf_bytes(&path));
		out_say(out, "%s", buf_text(&path));
		buf_fini(&path);
	}
	object_array_end(&json);
	object_number(&json, "threshold", plan->split.threshold);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	out_say(out,
	    "Any %u of these open the root keys.  Give each to its holder on a "
	    "medium of its own, then delete it here.",
	    plan->split.threshold);
	buf_fini(&json);
}

static enum err
split_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct root_plan plan = {0};
	struct buf passphrases[LIMIT_SHARES] = {0};
	struct bytes views[LIMIT_SHARES];
	enum err e = plan_read(args, &plan);

	if (e == ERR_OK)
		e = keys_open(args, out, &work);
	if (e == ERR_OK)
		e = passphrases_ask(out, plan.split.count, passphrases);
	for (size_t i = 0; i < LIMIT_SHARES; i++)
		views[i] = buf_bytes(&passphrases[i]);
	plan.passphrases = views;
	if (e == ERR_OK) {
		plan.split.city = store_identity(work.store)->city;
		e = root_split(store_dir(work.store), host_system(), &plan,
		    store_root(work.store));
	}
	if (e == ERR_OK)
		say_split(out, &plan);
	for (size_t i = 0; i < LIMIT_SHARES; i++)
		buf_wipe(&passphrases[i]);
	open_end(&work);
	return e;
}

static enum err
join_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	enum err e;

	if (!args_has(args, "share"))
		return err_set(ERR_USAGE,
		    "name the shares: golmok root join --share FILE --share "
		    "FILE");
	e = keys_open(args, out, &work);
	if (e == ERR_OK)
		e = root_join(store_dir(work.store), store_root(work.store));
	if (e == ERR_OK)
		say_root(out, "joined: the file root holds the keys of",
		    &store_root(work.store)->keys.key);
	open_end(&work);
	return e;
}

static const struct args_option split_options[] = {
    {.name = "into",
	.value = "N",
	.required = true,
	.help = "how many shares there are to be"},
    {.name = "threshold",
	.value = "K",
	.required = true,
	.help = "how many of them are needed, 2 or more"},
    {.name = "out",
	.value = "DIR",
	.required = true,
	.help = "where the files share-1 to share-N go"},
};

const struct args_command cmd_root_commands[] = {
    {.name = "root show",
	.help = "show the root key, those before it, and where they lie",
	.run = show_run},
    {.name = "root rotate",
	.help = "let the next root key take the place of the root key",
	.about =
	    "What root has written so far stays, and what the old key writes\n"
	    "from now on does not count.  The shares of split keys stay good.",
	.run = rotate_run},
    {.name = "root split",
	.help = "seal the root keys; any K of N people open them together",
	.about =
	    "Asks for a passphrase for each share.  The file root is removed\n"
	    "once the shares were read back.  From then on whatever root is "
	    "to\n"
	    "do needs --share FILE K times.",
	.options = split_options,
	.options_n = COUNT_OF(split_options),
	.run = split_run},
    {.name = "root join",
	.help = "make split root keys plain again, with --share FILE each",
	.run = join_run},
};
const size_t cmd_root_commands_n = COUNT_OF(cmd_root_commands);
