/*
 * Commands that ask whether all is as it must be: log verify, fsck, rebuild.
 * What they find is printed as it is found; core decides what is wrong.
 */
#include "cli/cmd_check.h"

#include <string.h>

#include "cli/host.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "core/fsck.h"
#include "core/rebuild.h"
#include "core/repair.h"
#include "proto/ascii.h"
#include "proto/mem.h"

/* Somebody watches a long check. */
struct watcher {
	struct out *out;	  /* borrowed */
	const char *what;	  /* whose findings these are; may be "" */
	struct progress progress; /* all zero before the first step */
};

/* Ends the line of progress, if one was begun. */
static void
watcher_end(struct watcher *watcher)
{
	if (watcher->progress.out != NULL)
		progress_end(&watcher->progress);
}

static void
on_found(void *arg, enum err code, const char *text)
{
	struct watcher *watcher = arg;
	struct buf json = {0};

	watcher_end(watcher);
	out_say(watcher->out, "%s%s", watcher->what, text);
	object_begin(&json, NULL);
	object_text(&json, "found", bytes_text(err_name(code)));
	object_text(&json, "text", bytes_text(text));
	object_end(&json);
	out_json(watcher->out, buf_bytes(&json));
	buf_fini(&json);
}

static void
on_progress(void *arg, uint64_t done, uint64_t all)
{
	struct watcher *watcher = arg;

	if (watcher->progress.out == NULL)
		progress_init(&watcher->progress, watcher->out, "steps", all,
		    progress_now_ms());
	progress_step(&watcher->progress, done, progress_now_ms());
}

/* The counts of `report`, as one object or one line. */
static void
say_report(struct out *out, const struct fsck_report *report)
{
	const struct {
		const char *key;
		uint64_t n;
	} counts[] = {
	    {"logs", report->logs},
	    {"deltas", report->deltas},
	    {"heads", report->heads},
	    {"bodies", report->bodies},
	    {"bodies_opened", report->bodies_opened},
	    {"bodies_unsound", report->bodies_unsound},
	    {"records", report->records},
	    {"forked", report->forked},
	    {"found", report->found},
	};
	struct buf json = {0};

	object_begin(&json, NULL);
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		object_number(&json, counts[i].key, counts[i].n);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
	out_say(out,
	    "%llu logs, %llu deltas, %llu heads, %llu bodies (%llu read), "
	    "%llu records: %s",
	    (unsigned long long)report->logs,
	    (unsigned long long)report->deltas,
	    (unsigned long long)report->heads,
	    (unsigned long long)report->bodies,
	    (unsigned long long)report->bodies_opened,
	    (unsigned long long)report->records,
	    report->found > 0	 ? "NOT all is as it must be"
	    : report->forked > 0 ? "sound, but logs are FORKED"
				 : "all is as it must be");
}

/* What was found decides how the process ends. */
static enum err
verdict(const struct fsck_report *report)
{
	if (report->found == 0 && report->forked == 0)
		return ERR_OK;
	if (report->found == 0)
		return err_set(ERR_FORKED,
		    "forked logs: %llu, see above; all else is as it must be",
		    (unsigned long long)report->forked);
	return err_set(ERR_CORRUPT,
	    "%llu things are wrong, see above: golmok repair; golmok rebuild "
	    "is "
	    "enough when it says so",
	    (unsigned long long)report->found);
}

static const struct out_column verify_columns[] = {
    {.key = "log", .title = "LOG"},
    {.key = "space", .title = "SPACE"},
    {.key = "deltas", .title = "DELTAS", .kind = OUT_NUMBER},
    {.key = "heads", .title = "HEADS", .kind = OUT_NUMBER},
    {.key = "bodies", .title = "BODIES", .kind = OUT_NUMBER},
    {.key = "bodies_opened", .title = "READ", .kind = OUT_NUMBER},
    {.key = "sound", .title = "SOUND", .kind = OUT_BOOL},
};

static void
verify_row(struct out_table *table, const struct log *log,
    const struct fsck_report *report)
{
	const uint64_t counts[] = {report->deltas, report->heads,
	    report->bodies, report->bodies_opened};
	struct buf texts[COUNT_OF(verify_columns)] = {0};

	ascii_hex(bytes_of(log->id.b, sizeof(log->id.b)), &texts[0]);
	buf_add_text(&texts[1], log->name.space.text);
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		buf_add_format(
		    &texts[i + 2], "%llu", (unsigned long long)counts[i]);
	buf_add_text(&texts[6], report->found == 0 ? "yes" : "no");
	out_table_take(table, texts);
}

/* Verifies one log and adds its counts to `total`.  A log that is wrong is a
 * finding, not a failure: the others are looked at all the same. */
static enum err
verify_one(struct opened *work, const struct log *log,
    struct fsck_report *total, struct out_table *table)
{
	struct watcher watcher = {.out = work->out};
	struct fsck_watch watch = {.found = on_found,
	    .forked = on_found,
	    .progress = on_progress,
	    .arg = &watcher};
	struct fsck_report report = {0};
	struct buf what = {0};
	enum err e;

	ascii_hex(bytes_of(log->id.b, sizeof(log->id.b)), &what);
	buf_add_text(&what, ": ");
	watcher.what = buf_text(&what);
	e = fsck_log(work->store, log, &watch, &report);
	watcher_end(&watcher);
	buf_fini(&what);
	if (e == ERR_CORRUPT && report.found == 0) {
		on_found(&watcher, e, err_text());
		report.found = 1;
	}
	if (e != ERR_OK && e != ERR_CORRUPT)
		return e;
	verify_row(table, log, &report);
	total->logs++;
	total->found += report.found;
	total->forked += report.forked;
	return ERR_OK;
}

static enum err
verify_all(
    struct opened *work, struct fsck_report *total, struct out_table *table)
{
	struct txn *txn = store_txn(work->store);
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(txn, &spaces, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct log **logs;
		size_t logs_n = 0;

		e = oplog_all(txn, spaces[i], &logs, &logs_n);
		for (size_t at = 0; at < logs_n && e == ERR_OK; at++)
			e = verify_one(work, logs[at], total, table);
	}
	return e;
}

static enum err
log_verify_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct fsck_report total = {0};
	struct out_table *table;
	struct log *one = NULL;
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK && args_word(args, 0) != NULL)
		e = name_log(&work, args_word(args, 0), &one);
	if (e == ERR_OK) {
		table = out_table_new(
		    out, verify_columns, COUNT_OF(verify_columns));
		if (one != NULL)
			e = verify_one(&work, one, &total, table);
		else
			e = verify_all(&work, &total, table);
		out_table_end(table, "no logs yet");
	}
	/* LMDB reads nothing more behind some kinds of damage. */
	if ((e == ERR_IO || e == ERR_CORRUPT) && total.found > 0)
		e = err_wrap(ERR_CORRUPT,
		    "the check ended at what it found: restore a backup");
	if (e == ERR_OK)
		e = verdict(&total);
	if (e == ERR_OK)
		out_say(out, "\nevery log is sound");
	open_end(&work);
	return e;
}

static enum err
fsck_command_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct watcher watcher = {.out = out, .what = ""};
	struct fsck_watch watch = {.found = on_found,
	    .forked = on_found,
	    .progress = on_progress,
	    .arg = &watcher};
	struct fsck_report report = {0};
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = fsck_run(work.store, &watch, &report);
	watcher_end(&watcher);
	if (e == ERR_OK) {
		say_report(out, &report);
		e = verdict(&report);
	}
	open_end(&work);
	return e;
}

/* The state digests of one space, as they were. */
struct before {
	struct space name;
	struct digest digests[CLASS_COUNT];
};

/* Reads the digests of all spaces into an array that the caller frees. */
static enum err
digests_read(struct opened *work, struct before **before, size_t *n)
{
	struct space_state **spaces;
	enum err e = store_begin(work->store, false);

	if (e != ERR_OK)
		return e;
	e = space_all(store_txn(work->store), &spaces, n);
	if (e == ERR_OK) {
		*before = mem_zeros(*n, sizeof(**before));
		for (size_t i = 0; i < *n; i++) {
			(*before)[i].name = spaces[i]->name;
			memcpy((*before)[i].digests, spaces[i]->digests,
			    sizeof(spaces[i]->digests));
		}
	}
	store_abort(work->store);
	return e;
}

/* How many of the `n` spaces have another state now. */
static enum err
count_changed(
    struct opened *work, const struct before *before, size_t n, size_t *changed)
{
	struct before *now = NULL;
	size_t now_n = 0;
	enum err e = digests_read(work, &now, &now_n);

	*changed = 0;
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		bool same = false;

		for (size_t at = 0; at < now_n && !same; at++)
			same = id_space_equal(&before[i].name, &now[at].name) &&
			       memcmp(before[i].digests, now[at].digests,
				   sizeof(now->digests)) == 0;
		*changed += !same;
	}
	mem_free(now);
	return e;
}

static void
say_rebuilt(struct out *out, bool known, size_t changed)
{
	struct buf json = {0};

	if (!known)
		out_say(out, "rebuilt; it had been broken off before");
	else if (changed == 0)
		out_say(out, "rebuilt; the state is the same");
	else
		out_say(out,
		    "rebuilt; what was derived had been damaged in %zu "
		    "spaces, and is now what the logs say",
		    changed);
	object_begin(&json, NULL);
	object_bool(&json, "same", known && changed == 0);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
}

static enum err
rebuild_command_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct watcher watcher = {.out = out, .what = ""};
	struct fsck_watch watch = {
	    .found = on_found, .progress = on_progress, .arg = &watcher};
	struct before *before = NULL;
	size_t n = 0;
	size_t changed = 0;
	bool known = false;
	enum err e;

	e = open_alone(args, out, &work);
	/* A rebuild that was broken off left no state to compare with. */
	if (e == ERR_OK)
		known = digests_read(&work, &before, &n) == ERR_OK;
	if (e == ERR_OK)
		e = rebuild_run(work.store, &watch);
	watcher_end(&watcher);
	if (e == ERR_OK)
		e = count_changed(&work, before, n, &changed);
	if (e == ERR_OK)
		say_rebuilt(out, known, changed);
	mem_free(before);
	open_end(&work);
	return e;
}

/* What a repair came to, for people and programs. */
static void
say_repaired(struct out *out, const struct repair_report *report)
{
	const struct salvage *salvage = &report->salvage;
	struct buf json = {0};

	object_begin(&json, NULL);
	object_bool(&json, "sound", report->was_sound);
	object_number(&json, "mended", salvage->rows.mended);
	object_number(&json, "lost", salvage->rows.lost);
	object_number(&json, "deltas", salvage->deltas);
	object_number(&json, "missing", salvage->missing);
	object_number(&json, "owed", salvage->owed);
	object_text(&json, "kept", bytes_text(report->kept));
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
	if (report->was_sound && !report->tried) {
		out_say(out, "all is as it must be: nothing to repair");
		return;
	}
	if (!report->was_sound)
		out_say(out,
		    "the store has new data: %llu deltas of %llu logs; %llu "
		    "rows had one wrong bit and were mended",
		    (unsigned long long)salvage->deltas,
		    (unsigned long long)salvage->logs,
		    (unsigned long long)salvage->rows.mended);
	else
		out_say(out, "%llu deltas more from what had been kept",
		    (unsigned long long)salvage->deltas);
}

/* What is left to do decides how the process ends. */
static enum err
repair_verdict(const struct repair_report *report)
{
	const struct salvage *salvage = &report->salvage;

	if (report->kept[0] == '\0')
		return ERR_OK;
	return err_set(ERR_PART,
	    "%llu deltas are missing here, and the words of %llu: run `golmok "
	    "sync` with whoever may have them, then `golmok repair` again; the "
	    "old data is kept in %s until then",
	    (unsigned long long)salvage->missing,
	    (unsigned long long)salvage->owed, report->kept);
}

static enum err
repair_command_run(const struct args *args, struct out *out)
{
	struct watcher watcher = {.out = out, .what = ""};
	struct fsck_watch watch = {
	    .found = on_found, .progress = on_progress, .arg = &watcher};
	struct repair_report report;
	enum err e = repair_run(open_dir(args), host_system(), &watch, &report);

	watcher_end(&watcher);
	if (e == ERR_OK) {
		say_repaired(out, &report);
		e = repair_verdict(&report);
	}
	return e;
}

const struct args_command cmd_check_commands[] = {
    {.name = "log verify",
	.words = "[LOG]",
	.words_max = 1,
	.help = "check hashes, heads and bodies of logs from raw bytes",
	.run = log_verify_run},
    {.name = "fsck",
	.help = "check everything; repairs nothing",
	.run = fsck_command_run},
    {.name = "rebuild",
	.help = "make all that is derived again from the logs",
	.run = rebuild_command_run},
    {.name = "repair",
	.help = "give a damaged store new data, with all that is sound",
	.run = repair_command_run},
};
const size_t cmd_check_commands_n = COUNT_OF(cmd_check_commands);
