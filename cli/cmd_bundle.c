/*
 * Commands for sticks: what two nodes exchange without a line, in a file.
 * Everything that is found out about a file is said; the exit status tells
 * whether all of it entered, some, or nothing.
 */
#include "cli/cmd_bundle.h"

#include <string.h>

#include "cli/bundle_say.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "core/bundle_write.h"

/* ---- export ------------------------------------------------------------- */

/* Whom and what --to and --space name, in the arena of the work. */
static enum err
want_read(struct opened *work, struct bundle_want *want)
{
	const struct args *args = work->args;
	const struct authority *authority;
	size_t to_n = args_count(args, "to");
	size_t prefixes_n = args_count(args, "space");
	struct sign_key *to = arena_array(&work->arena, to_n, sizeof(*to));
	struct space *prefixes = arena_array(
	    &work->arena, prefixes_n, sizeof(*prefixes));
	enum err e = store_authority(work->store, &authority);

	*want = (struct bundle_want){.kind = BUNDLE_RUNS,
	    .to = to,
	    .prefixes = prefixes,
	    .full = args_has(args, "full")};
	for (size_t i = 0; i < to_n && e == ERR_OK; i++) {
		const char *word = args_text(args, "to", i);
		const struct member *member;
		bool again = false;

		e = name_member(authority, word, &member);
		if (e != ERR_OK)
			return err_wrap(e, "--to %s", word);
		for (size_t k = 0; k < want->to_n; k++)
			again = again ||
				memcmp(&to[k], &member->key, sizeof(*to)) == 0;
		if (!again)
			to[want->to_n++] = member->key;
	}
	for (size_t i = 0; i < prefixes_n && e == ERR_OK; i++) {
		const char *word = args_text(args, "space", i);

		e = strcmp(word, "all") == 0
			? ERR_OK
			: id_prefix(bytes_text(word), &prefixes[i]);
		if (e != ERR_OK)
			e = err_wrap(ERR_USAGE, "--space %s", word);
		want->prefixes_n++;
	}
	return e;
}

/* Writes what was planned; no transaction is open. */
static enum err
plan_write_out(struct opened *work, const struct bundle_plan *plan,
    const char *path, struct bundle_written *written)
{
	bool replace = args_has(work->args, "force");
	struct bundle_writer *writer = NULL;
	struct progress progress;
	bool more = true;
	enum err e = bundle_write_begin(
	    work->store, plan, path, replace, &writer);

	if (e != ERR_OK)
		return e;
	progress_init(
	    &progress, work->out, "deltas", plan->deltas, progress_now_ms());
	while (more && e == ERR_OK) {
		e = bundle_write_step(writer, &more);
		*written = bundle_write_count(writer);
		progress_step(&progress, written->deltas, progress_now_ms());
	}
	progress_end(&progress);
	bundle_write_end(writer);
	return e;
}

static enum err
export_run(const struct args *args, struct out *out)
{
	const char *path = args_word(args, 0);
	struct opened work = {0};
	struct bundle_want want;
	struct bundle_plan plan = {0};
	struct bundle_written written = {0};
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = want_read(&work, &want);
	if (e == ERR_OK)
		e = bundle_plan_make(work.store, &want, &plan);
	if (e != ERR_OK)
		goto out;
	store_abort(work.store);
	e = plan_write_out(&work, &plan, path, &written);
	if (e == ERR_OK)
		bundle_say_written(out, path, want.to_n, &written);
out:
	bundle_plan_fini(&plan);
	open_end(&work);
	return e;
}

/* ---- import ------------------------------------------------------------- */

static enum err
import_run(const struct args *args, struct out *out)
{
	const char *path = args_word(args, 0);
	struct opened work = {0};
	struct bundle_taker *taker = NULL;
	struct progress progress;
	bool more = true;
	enum err e = open_begin(args, out, false, &work);

	if (e != ERR_OK)
		goto out;
	store_abort(work.store);
	e = bundle_take_open(work.store, path, &taker);
	if (e != ERR_OK)
		goto out;
	progress_init(&progress, out, "bytes",
	    bundle_take_found(taker)->size_bytes, progress_now_ms());
	while (more && e == ERR_OK) {
		e = bundle_take_step(taker, &more);
		progress_step(
		    &progress, bundle_take_found(taker)->at, progress_now_ms());
	}
	progress_end(&progress);
	if (e == ERR_OK)
		e = store_begin(work.store, false);
	if (e == ERR_OK)
		e = bundle_say_taken(&work, path, bundle_take_count(taker),
		    bundle_take_found(taker));
out:
	bundle_take_close(taker);
	open_end(&work);
	return e;
}

/* ---- show --------------------------------------------------------------- */

static void
show_on_step(void *arg, uint64_t bytes)
{
	progress_step(arg, bytes, progress_now_ms());
}

static enum err
show_run(const struct args *args, struct out *out)
{
	const char *path = args_word(args, 0);
	struct opened work = {0};
	struct bundle_reader *reader = NULL;
	struct bundle_shown shown = {0};
	struct progress progress;
	enum err e = open_begin(args, out, false, &work);

	if (e != ERR_OK)
		goto out;
	store_abort(work.store);
	e = bundle_read_open(path, store_identity(work.store), &reader);
	if (e != ERR_OK)
		goto out;
	progress_init(&progress, out, "bytes",
	    bundle_read_found(reader)->size_bytes, progress_now_ms());
	e = bundle_show_read(reader, &shown, show_on_step, &progress);
	progress_end(&progress);
	if (e == ERR_OK)
		e = store_begin(work.store, false);
	if (e == ERR_OK)
		e = bundle_say_shown(
		    &work, path, &shown, bundle_read_found(reader));
out:
	bundle_show_fini(&shown);
	bundle_read_close(reader);
	open_end(&work);
	return e;
}

/* ---- ack ---------------------------------------------------------------- */

/* Who made the bundle `path`. */
static enum err
from_read(struct opened *work, const char *path, struct sign_key *from)
{
	const struct identity *me = store_identity(work->store);
	struct bundle_reader *reader = NULL;
	struct bundle_about about;
	enum err e = bundle_read_open(path, me, &reader);

	if (e != ERR_OK)
		return e;
	e = bundle_show_from(reader, &about);
	if (e == ERR_OK && memcmp(&about.city, &me->city, 32) != 0)
		e = err_set(
		    ERR_DENIED, "it is from another city than this store");
	if (e != ERR_OK)
		e = err_wrap(e, "%s", path);
	else
		*from = about.from;
	bundle_read_close(reader);
	return e;
}

static enum err
ack_run(const struct args *args, struct out *out)
{
	const char *path = args_word(args, 0);
	const char *answer = args_text(args, "answer", 0);
	struct opened work = {0};
	struct sign_key from;
	struct bundle_want want = {.kind = BUNDLE_ACK, .to = &from, .to_n = 1};
	struct bundle_plan plan = {0};
	struct bundle_written written = {0};
	struct buf beside = {0};
	enum err e = open_begin(args, out, false, &work);

	buf_add_format(&beside, "%s.ack", path);
	if (answer == NULL)
		answer = buf_text(&beside);
	if (e == ERR_OK)
		e = from_read(&work, path, &from);
	if (e == ERR_OK)
		e = bundle_plan_make(work.store, &want, &plan);
	if (e != ERR_OK)
		goto out;
	bundle_say_acked(&work, answer, &from);
	store_abort(work.store);
	e = plan_write_out(&work, &plan, answer, &written);
out:
	bundle_plan_fini(&plan);
	buf_fini(&beside);
	open_end(&work);
	return e;
}

static const struct args_option export_options[] = {
    {.name = "to",
	.value = "MEMBER",
	.many = true,
	.required = true,
	.help = "who shall be able to read it: name or key"},
    {.name = "space",
	.value = "PREFIX",
	.many = true,
	.help = "only these spaces, and all below"},
    {.name = "full",
	.help = "everything that they may have, not only what is new to them"},
    {.name = "force", .help = "replace a file that is there already"},
};

static const struct args_option ack_options[] = {
    {.name = "answer",
	.value = "FILE",
	.help = "where it goes; else beside the bundle, with .ack behind"},
    {.name = "force", .help = "replace a file that is there already"},
};

const struct args_command cmd_bundle_commands[] = {
    {.name = "bundle export",
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.help = "write what others lack into a file for a USB stick",
	.about =
	    "Nobody but those named with --to can read any of it, or see what "
	    "it\nis.  What counts as new to them is what they did not say that "
	    "they\nhave: in a session, in a bundle of theirs, or with `golmok "
	    "bundle\nack`.",
	.options = export_options,
	.options_n = COUNT_OF(export_options),
	.run = export_run},
    {.name = "bundle import",
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.help = "take in what is new of a bundle",
	.about =
	    "What is good enters, the rest is listed; doing it again changes\n"
	    "nothing.  The file is only read.  Status 0: all of it is here; "
	    "15: some\nof it is; any other: nothing is.",
	.run = import_run},
    {.name = "bundle show",
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.help = "what a bundle is, without taking it in",
	.run = show_run},
    {.name = "bundle ack",
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.help = "tell who made a bundle what is held here now",
	.about = "Writes a small file for who made the bundle FILE, who takes "
		 "it in with\n`golmok bundle import`.",
	.options = ack_options,
	.options_n = COUNT_OF(ack_options),
	.run = ack_run},
};
const size_t cmd_bundle_commands_n = COUNT_OF(cmd_bundle_commands);
