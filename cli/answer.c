/*
 * Requests and answers in files.  The commands `join` and `admit` use it.  A
 * store appears only when the answer has let its keys in.
 */
#include "cli/answer.h"

#include <string.h>

#include "cli/host.h"
#include "cli/join.h"
#include "core/file.h"
#include "core/founder.h"
#include "core/parcel.h"
#include "proto/request.h"
#include "proto/text.h"

enum { DIR_FILE_MODE = 0644 };

static void path_beside(const char *dir, const char *what, struct buf *path);
static enum err keys_find(
    const char *dir, bool make, struct identity *keys) MUST_USE;
static enum err city_check(
    const struct answer_plan *plan, const struct city_id *city) MUST_USE;
static enum err take_anew(
    const struct answer_plan *plan, struct bytes parcel) MUST_USE;
static enum err take_into(const char *dir, struct bytes parcel) MUST_USE;
static enum err say(struct out *out, const char *dir) MUST_USE;

static void
path_beside(const char *dir, const char *what, struct buf *path)
{
	struct bytes text = bytes_text(dir);

	while (text.n > 1 && text.p[text.n - 1] == '/')
		text = bytes_first(text, text.n - 1);
	buf_cut(path, 0);
	buf_add(path, text);
	buf_add_text(path, what);
}

/* The keys wait in a directory of their own beside the store to be. */
static enum err
keys_find(const char *dir, bool make, struct identity *keys)
{
	static const struct city_id nowhere;
	struct buf path = {0};
	struct file_stat stat;
	enum err e = ERR_OK;

	path_beside(dir, ".golmok-request", &path);
	if (file_stat(buf_text(&path), &stat) != ERR_OK && make)
		e = file_make_dir(buf_text(&path));
	buf_add_text(&path, "/identity");
	if (e == ERR_OK)
		e = identity_load(buf_text(&path), keys);
	if (e == ERR_NOT_FOUND && !make)
		e = err_set(ERR_NOT_FOUND,
		    "no request was made for the store %s: golmok join "
		    "--request FILE",
		    dir);
	if (e == ERR_NOT_FOUND && make) {
		identity_make(host_system(), &nowhere, keys);
		e = identity_save(buf_text(&path), keys);
	}
	buf_fini(&path);
	return e;
}

enum err
answer_ask(struct out *out, const char *dir, const char *path, const char *name)
{
	struct identity keys = {0};
	struct request request = {0};
	struct file_stat stat;
	struct buf label = {0};
	struct buf text = {0};
	enum err e = ERR_OK;

	if (file_stat(dir, &stat) == ERR_OK)
		return err_set(ERR_EXISTS,
		    "%s is there already: choose another directory", dir);
	if (name != NULL)
		e = text_nfc(bytes_text(name), &label);
	if (e == ERR_OK &&
	    (label.n > LIMIT_LABEL_SIZE || !text_is_plain(buf_bytes(&label))))
		e = err_set(ERR_INVALID,
		    "--name has at most %d bytes of UTF-8, without line ends "
		    "and controls",
		    LIMIT_LABEL_SIZE);
	if (e == ERR_OK)
		e = keys_find(dir, true, &keys);
	if (e == ERR_OK) {
		request = (struct request){.key = keys.key,
		    .link_key = keys.dh_key,
		    .label = buf_bytes(&label)};
		request_put(&request, &keys.seed, &text);
		e = file_write(path, buf_bytes(&text), DIR_FILE_MODE);
	}
	if (e == ERR_OK)
		out_say(out,
		    "%s: hand it to who may admit this node (golmok admit); "
		    "their answer goes to golmok join --grant",
		    path);
	identity_fini(&keys);
	buf_fini(&text);
	buf_fini(&label);
	return e;
}

enum err
answer_give(struct store *store, const char *path)
{
	struct buf parcel = {0};
	enum err e = store_begin(store, false);

	if (e != ERR_OK)
		return e;
	e = parcel_put(store, &parcel);
	store_abort(store);
	if (e == ERR_OK)
		e = file_write(path, buf_bytes(&parcel), DIR_FILE_MODE);
	buf_fini(&parcel);
	return e;
}

enum err
answer_take(struct out *out, const struct answer_plan *plan)
{
	struct buf parcel = {0};
	struct file_stat stat;
	struct city_id city;
	enum err e = file_read(plan->path, LIMIT_PARCEL_SIZE, &parcel);

	if (e == ERR_OK)
		e = parcel_check(buf_bytes(&parcel), &city);
	if (e == ERR_OK)
		e = city_check(plan, &city);
	if (e == ERR_OK && file_stat(plan->dir, &stat) == ERR_OK)
		e = take_into(plan->dir, buf_bytes(&parcel));
	else if (e == ERR_OK)
		e = take_anew(plan, buf_bytes(&parcel));
	buf_fini(&parcel);
	if (e != ERR_OK)
		return err_wrap(e, "%s", plan->path);
	return say(out, plan->dir);
}

static enum err
say(struct out *out, const char *dir)
{
	struct store *store = NULL;
	enum err e = store_open(dir, host_system(), &store);

	if (e == ERR_OK)
		e = store_begin(store, false);
	if (e == ERR_OK)
		e = join_say(out, store);
	store_close(store);
	return e;
}

static enum err
city_check(const struct answer_plan *plan, const struct city_id *city)
{
	struct city_id wanted;
	enum err e;

	if (plan->city == NULL)
		return ERR_OK;
	e = id_from_hex(
	    bytes_text(plan->city), "city id", wanted.b, sizeof(wanted.b));
	if (e != ERR_OK)
		return err_wrap(ERR_USAGE, "--city");
	if (memcmp(&wanted, city, sizeof(wanted)) != 0)
		return err_set(ERR_DENIED,
		    "this answer is from another city than --city says");
	return ERR_OK;
}

/* Makes the store beside its place; it moves there when all is well. */
static enum err
take_anew(const struct answer_plan *plan, struct bytes parcel)
{
	struct identity keys = {0};
	struct city_id city;
	struct buf fresh = {0};
	struct buf asked = {0};
	enum err e = parcel_check(parcel, &city);

	path_beside(plan->dir, ".golmok-answer", &fresh);
	path_beside(plan->dir, ".golmok-request", &asked);
	if (e == ERR_OK)
		e = keys_find(plan->dir, false, &keys);
	if (e == ERR_OK)
		e = file_remove_tree(buf_text(&fresh));
	if (e == ERR_OK)
		e = founder_create(&(struct store_plan){
		    .dir = buf_text(&fresh),
		    .host = host_system(),
		    .join = &city,
		    .keys = &keys,
		    .pack = plan->choice->name,
		    .pack_file = buf_bytes(&plan->choice->json),
		});
	if (e == ERR_OK) {
		e = take_into(buf_text(&fresh), parcel);
		if (e == ERR_OK)
			e = file_move(buf_text(&fresh), plan->dir);
		if (e != ERR_OK) {
			struct fault fault;

			err_keep(&fault, e);
			if (file_remove_tree(buf_text(&fresh)) != ERR_OK)
				fault.code = e;
			e = err_raise(&fault);
		}
	}
	/* From here on the store has the keys. */
	if (e == ERR_OK)
		e = file_remove_tree(buf_text(&asked));
	identity_fini(&keys);
	buf_fini(&asked);
	buf_fini(&fresh);
	return e;
}

static enum err
take_into(const char *dir, struct bytes parcel)
{
	struct parcel_taken taken;
	struct store *store = NULL;
	const struct authority *authority;
	enum err e = store_open(dir, host_system(), &store);

	if (e == ERR_OK)
		e = store_begin(store, true);
	if (e == ERR_OK)
		e = parcel_take(store, parcel, &taken);
	if (e == ERR_OK)
		e = store_authority(store, &authority);
	if (e == ERR_OK && !join_is_member(authority, store))
		e = err_set(ERR_DENIED,
		    "this answer does not let this node in: it was given to a "
		    "request of another, or does not count");
	if (e == ERR_OK)
		e = store_commit(store);
	store_close(store);
	return e;
}
