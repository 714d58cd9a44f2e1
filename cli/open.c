/*
 * From words and environment to an open store.  Every command but `init` comes
 * through here.  Makes no store, and writes nothing of its own but what the
 * next writer would.
 */
#include "cli/open.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/host.h"
#include "cli/secret.h"
#include "core/force.h"
#include "core/staff.h"

static enum err unlock(struct opened *work) MUST_USE;

const char *
open_dir(const struct args *args)
{
	const char *dir = args_text(args, "store", 0);

	if (dir == NULL)
		dir = getenv("GOLMOK_STORE");
	if (dir == NULL || dir[0] == '\0')
		dir = "golmok-store";
	return dir;
}

/* The name of who writes; NULL when nobody says. */
static const char *
actor_name(const struct args *args)
{
	const char *name = args_text(args, "actor", 0);
	const struct passwd *account;

	if (name == NULL)
		name = getenv("GOLMOK_ACTOR");
	if (name != NULL && name[0] != '\0')
		return name;
	account = getpwuid(getuid());
	return account != NULL ? account->pw_name : NULL;
}

enum err
open_role(struct opened *work)
{
	const char *name = args_text(work->args, "role", 0);

	if (name == NULL)
		name = getenv("GOLMOK_ROLE");
	if (name == NULL || name[0] == '\0')
		return ERR_OK;
	return staff_get(work->pack, bytes_text(name), &work->role);
}

enum err
open_units(struct opened *work, const struct units **units)
{
	enum err e = ERR_OK;

	if (work->units == NULL) {
		work->units = arena_array(
		    &work->units_arena, 1, sizeof(*work->units));
		e = units_load(store_txn(work->store), host_now_seconds(),
		    &work->units_arena, work->units);
	}
	*units = work->units;
	return e;
}

/* Fills `work` but for the store. */
static void
prepare(const struct args *args, struct out *out, struct opened *work)
{
	assert(work->store == NULL);
	work->args = args;
	work->out = out;
}

enum err
open_alone(const struct args *args, struct out *out, struct opened *work)
{
	enum err e;

	prepare(args, out, work);
	e = store_open_alone(open_dir(args), host_system(), &work->store);
	if (e == ERR_OK)
		work->pack = store_pack(work->store);
	return e;
}

enum err
open_begin(
    const struct args *args, struct out *out, bool write, struct opened *work)
{
	enum err e;

	prepare(args, out, work);
	e = store_open(open_dir(args), host_system(), &work->store);
	if (e != ERR_OK)
		return e;
	work->pack = store_pack(work->store);
	e = unlock(work);
	if (e != ERR_OK)
		return e;
	return write ? open_again(work) : open_read(work);
}

enum err
open_list(const struct args *args, struct out *out, struct opened *work)
{
	enum err e = open_begin(args, out, false, work);

	if (e != ERR_OK || force_is_current(store_txn(work->store)))
		return e;
	store_abort(work->store);
	e = store_begin(work->store, true);
	if (e == ERR_OK)
		e = store_commit(work->store);
	/* After a disk that took nothing the store is to be opened anew. */
	if (e != ERR_OK) {
		store_close(work->store);
		work->store = NULL;
		return open_begin(args, out, false, work);
	}
	return open_read(work);
}

enum err
open_read(struct opened *work)
{
	enum err e = store_begin(work->store, false);

	/* Another one may have come into force since. */
	work->pack = store_pack(work->store);
	return e;
}

/* The root keys, where shares of them were named. */
static enum err
unlock(struct opened *work)
{
	struct share_file files[LIMIT_SHARES];
	struct share shares[LIMIT_SHARES];
	struct buf passphrase = {0};
	size_t n = args_count(work->args, "share");
	enum err e = ERR_OK;

	if (n == 0)
		return ERR_OK;
	if (n > LIMIT_SHARES)
		return err_set(ERR_USAGE,
		    "--share was given %zu times: there are at most %d", n,
		    LIMIT_SHARES);
	/* What is wrong with files is said before anybody types. */
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = share_load(args_text(work->args, "share", i), &files[i]);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct buf what = {0};

		buf_add_format(&what, "Passphrase of share %u (%s)",
		    files[i].number, args_text(work->args, "share", i));
		e = secret_ask(work->out, buf_text(&what), &passphrase);
		if (e == ERR_OK)
			e = share_open(
			    &files[i], buf_bytes(&passphrase), &shares[i]);
		buf_wipe(&passphrase);
		buf_fini(&what);
	}
	if (e == ERR_OK)
		e = root_unlock(
		    store_dir(work->store), shares, n, store_root(work->store));
	crypto_wipe(shares, sizeof(shares));
	return e;
}

enum err
open_again(struct opened *work)
{
	const char *name;
	enum err e = store_begin(work->store, true);

	if (e != ERR_OK)
		return e;
	work->pack = store_pack(work->store);
	name = actor_name(work->args);
	if (name == NULL)
		return ERR_OK;
	e = store_actor(work->store, bytes_text(name), &work->actor);
	if (e != ERR_OK)
		return err_wrap(e, "actor '%s'", name);
	work->has_actor = true;
	return ERR_OK;
}

enum err
open_commit(struct opened *work)
{
	enum err e = store_commit(work->store);

	if (e != ERR_OK)
		return e;
	switch (store_news(work->store)) {
	case OPEN_RESTORE:
		out_notice(work->out,
		    "this store was restored from an older copy; it goes on "
		    "in new logs, and fetches what is missing from its peers");
		break;
	case OPEN_CLONE:
		out_notice(work->out,
		    "this store is a copy of another; it goes on in logs of "
		    "its own");
		break;
	case OPEN_NEW:
	case OPEN_CLOCK:
	case OPEN_FORK:
	case OPEN_REGRANT:
		break;
	}
	return ERR_OK;
}

void
open_end(struct opened *work)
{
	if (work->store != NULL)
		store_abort(work->store);
	store_close(work->store);
	arena_fini(&work->arena);
	arena_fini(&work->units_arena);
	*work = (struct opened){0};
}
