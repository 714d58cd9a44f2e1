/*
 * The inbox: what is held and does not count, for a person to decide about.
 * ls and show look (core/inbox.c), adopt and void decide (core/store.c).
 */
#include "cli/cmd_inbox.h"

#include <string.h>

#include "cli/explain.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/show.h"
#include "cli/value.h"
#include "core/inbox.h"
#include "proto/ascii.h"
#include "proto/text.h"

/* A walk through the inbox on its way to the reader. */
struct look {
	struct opened *work; /* borrowed */
	const struct authority *authority;
	struct out_table *table;
	bool all;	 /* decided ones too */
	uint64_t hidden; /* decided, and not shown */
	bool has_ref;	 /* only this one: */
	struct ref ref;
	uint64_t found;
};

static void
author_text(
    const struct look *look, const struct inbox_entry *entry, struct buf *text)
{
	struct bytes name = {0};

	show_member(look->authority, &entry->author, text);
	if (entry->has_actor)
		name = store_actor_name(
		    look->work->store, &entry->actor, &look->work->arena);
	/* Names of staff stay in the store where they were given. */
	if (name.n == 0)
		return;
	buf_add_text(text, " / ");
	buf_add(text, name);
}

/* What a fact in `authority` says. */
static bool
fact_text(
    const struct look *look, const struct inbox_entry *entry, struct buf *text)
{
	const struct authority *authority = look->authority;

	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (id_ref_compare(&grant->fact, &entry->delta) != 0)
			continue;
		buf_add_text(text, "grant to ");
		show_member(authority, &grant->what.member, text);
		buf_add_text(text, ": ");
		explain_gives(grant, text);
		return true;
	}
	for (size_t i = 0; i < authority->revocations_n; i++) {
		const struct revocation *r = &authority->revocations[i];

		if (id_ref_compare(&r->fact, &entry->delta) != 0)
			continue;
		buf_add_text(text, "revocation of grant ");
		show_ref(&r->what.grant, text);
		return true;
	}
	for (size_t i = 0; i < authority->packs_n; i++) {
		const struct published *pack = &authority->packs[i];

		if (id_ref_compare(&pack->fact, &entry->delta) != 0)
			continue;
		buf_add_format(text, "version %llu of the pack %.*s",
		    (unsigned long long)pack->what.version,
		    (int)pack->what.name.n, (const char *)pack->what.name.p);
		return true;
	}
	return false;
}

static void
what_text(
    const struct look *look, const struct inbox_entry *entry, struct buf *text)
{
	if (entry->kind == DELTA_CHANGE)
		buf_add_format(text, "changes %zu record%s", entry->records_n,
		    entry->records_n == 1 ? "" : "s");
	else if (!fact_text(look, entry, text))
		buf_add_text(text, entry->kind == DELTA_MEMBER
				       ? "names a member"
				       : "a fact that cannot be read");
}

static const char *
status_text(const struct inbox_entry *entry)
{
	if (entry->disputed)
		return "disputed";
	return entry->voided ? "void" : "waits";
}

static void
why_text(const struct inbox_entry *entry, struct buf *text)
{
	buf_add_text(text, authority_why_text(entry->why));
	if (entry->reason.n == 0)
		return;
	buf_add_text(text, ": ");
	buf_add(text, entry->reason);
}

static void
entry_json(const struct look *look, const struct inbox_entry *entry)
{
	struct buf json = {0};
	struct buf text = {0};

	object_begin(&json, NULL);
	show_ref(&entry->delta, &text);
	object_text(&json, "ref", buf_bytes(&text));
	object_hex(&json, "log", bytes_of(entry->delta.log.b, 16));
	object_number(&json, "seq", entry->delta.seq);
	object_hex(&json, "leaf", bytes_of(entry->delta.leaf, 8));
	object_text(&json, "space", bytes_text(entry->space.text));
	object_hex(&json, "author", bytes_of(entry->author.b, 32));
	buf_cut(&text, 0);
	author_text(look, entry, &text);
	object_text(&json, "by", buf_bytes(&text));
	buf_cut(&text, 0);
	show_utc(entry->stamp, &text);
	object_text(&json, "at", buf_bytes(&text));
	buf_cut(&text, 0);
	what_text(look, entry, &text);
	object_text(&json, "what", buf_bytes(&text));
	object_text(&json, "why", bytes_text(authority_why_text(entry->why)));
	object_text(&json, "reason", entry->reason);
	object_text(&json, "status", bytes_text(status_text(entry)));
	object_array(&json, "records");
	for (size_t i = 0; i < entry->records_n; i++)
		object_hex(&json, NULL, bytes_of(entry->records[i].b, 16));
	object_array_end(&json);
	object_end(&json);
	out_json(look->work->out, buf_bytes(&json));
	buf_fini(&text);
	buf_fini(&json);
}

static enum err
ls_entry(void *arg, const struct inbox_entry *entry)
{
	struct look *look = arg;
	struct buf texts[7] = {0};

	if (entry->voided && !entry->disputed && !look->all) {
		look->hidden++;
		return ERR_OK;
	}
	look->found++;
	if (look->work->out->json) {
		entry_json(look, entry);
		return ERR_OK;
	}
	show_ref(&entry->delta, &texts[0]);
	show_time(entry->stamp, &texts[1]);
	buf_add_text(&texts[2], entry->space.text);
	author_text(look, entry, &texts[3]);
	what_text(look, entry, &texts[4]);
	why_text(entry, &texts[5]);
	buf_add_text(&texts[6], status_text(entry));
	out_table_take(look->table, texts);
	return ERR_OK;
}

static enum err
ls_run(const struct args *args, struct out *out)
{
	static const struct out_column columns[] = {
	    {.key = "ref", .title = "DELTA"},
	    {.key = "at", .title = "WHEN"},
	    {.key = "space", .title = "SPACE"},
	    {.key = "by", .title = "WHO"},
	    {.key = "what", .title = "WHAT"},
	    {.key = "why", .title = "WHY"},
	    {.key = "status", .title = "STATUS"},
	};
	const char *word = args_word(args, 0);
	struct opened work = {0};
	struct look look = {.work = &work, .all = args_has(args, "all")};
	struct space_state *space = NULL;
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = store_authority(work.store, &look.authority);
	if (e == ERR_OK && word != NULL)
		e = name_known_space(&work, word, &space);
	if (e == ERR_OK) {
		look.table = out_table_new(out, columns, COUNT_OF(columns));
		e = inbox_walk(store_txn(work.store), look.authority,
		    space != NULL ? &space->name : NULL, ls_entry, &look);
		out_table_end(look.table, "nothing waits");
	}
	if (e == ERR_OK && look.hidden > 0)
		out_say(out,
		    "stays outside by decision: %llu more; --all lists them",
		    (unsigned long long)look.hidden);
	open_end(&work);
	return e;
}

/* ---- inbox show --------------------------------------------------------- */

static void
op_text(const struct pack_collection *collection, const struct merge_op *op,
    struct buf *text)
{
	struct record_field content = {
	    .name = op->field, .kind = body_kind(op->code)};

	buf_add(text, op->field);
	if (op->code == OP_CLEAR) {
		buf_add_text(text, " cleared");
		return;
	}
	if (op->code == OP_REMOVE)
		buf_add_text(text, " -= ");
	else if (content.kind == KIND_REGISTER || content.kind == KIND_STATE)
		buf_add_text(text, " = ");
	else
		buf_add_text(text, " += ");
	show_value(value_field(collection, &content), op->value, text);
}

/* The lines of what one record's change says. */
static void
change_say(const struct look *look, const struct merge_changes *changes,
    const struct inbox_entry *entry)
{
	const struct pack_collection *collection = NULL;
	struct out *out = look->work->out;
	struct buf text = {0};

	for (size_t i = 0; i < changes->n; i++) {
		const struct merge_change *change = &changes->p[i];

		if (change->collection.n > 0)
			collection = pack_collection(
			    look->work->pack, change->collection);
		if (id_ref_compare(&change->at.delta, &entry->delta) != 0)
			continue;
		if (change->act != ACT_EDIT)
			out_say(out, "  %s",
			    change->act == ACT_DELETE ? "deleted" : "kept");
		for (size_t k = 0; k < change->ops_n; k++) {
			buf_cut(&text, 0);
			if (change->ops[k].has_body)
				op_text(collection, &change->ops[k], &text);
			else
				buf_add_text(&text, "a value that is not here");
			out_say(out, "  %s", buf_text(&text));
		}
	}
	buf_fini(&text);
}

static enum err
records_say(const struct look *look, const struct inbox_entry *entry)
{
	struct opened *work = look->work;
	struct buf id = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; i < entry->records_n && e == ERR_OK; i++) {
		struct merge_changes changes;

		buf_cut(&id, 0);
		ascii_hex(bytes_of(entry->records[i].b, 16), &id);
		out_say(work->out, "record  %s", buf_text(&id));
		e = store_history(work->store, &entry->space,
		    &entry->records[i], &work->arena, &changes);
		if (e == ERR_OK)
			change_say(look, &changes, entry);
	}
	buf_fini(&id);
	return e;
}

static enum err
show_entry(void *arg, const struct inbox_entry *entry)
{
	struct look *look = arg;
	struct out *out = look->work->out;
	struct buf texts[5] = {0};

	if (id_ref_compare(&entry->delta, &look->ref) != 0)
		return ERR_OK;
	look->found++;
	if (out->json) {
		entry_json(look, entry);
		return ERR_OK;
	}
	show_ref(&entry->delta, &texts[0]);
	show_time(entry->stamp, &texts[1]);
	author_text(look, entry, &texts[2]);
	what_text(look, entry, &texts[3]);
	why_text(entry, &texts[4]);
	out_say(
	    out, "delta   %s in %s", buf_text(&texts[0]), entry->space.text);
	out_say(out, "when    %s", buf_text(&texts[1]));
	out_say(out, "who     %s", buf_text(&texts[2]));
	out_say(out, "what    %s", buf_text(&texts[3]));
	out_say(out, "why     %s", buf_text(&texts[4]));
	out_say(out, "status  %s", status_text(entry));
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		buf_fini(&texts[i]);
	return records_say(look, entry);
}

static enum err
show_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct look look = {.work = &work};
	struct log *log;
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = store_authority(work.store, &look.authority);
	if (e == ERR_OK)
		e = name_ref(&work, args_word(args, 0), &look.ref, &log);
	if (e == ERR_OK)
		e = inbox_walk(store_txn(work.store), look.authority, NULL,
		    show_entry, &look);
	if (e == ERR_OK && look.found == 0)
		e = err_set(ERR_NOT_FOUND,
		    "%s is not in the inbox: it counts, or is of a kind that "
		    "nobody decides about",
		    args_word(args, 0));
	open_end(&work);
	return e;
}

/* ---- inbox adopt, inbox void -------------------------------------------- */

/* The deltas named by the words, and the one space that they all lie in. */
static enum err
targets_read(struct opened *work, struct ref *refs, struct space *space)
{
	struct txn *txn = store_txn(work->store);
	enum err e = ERR_OK;

	for (size_t i = 0; i < work->args->words_n && e == ERR_OK; i++) {
		const char *word = args_word(work->args, i);
		struct log *log;

		e = name_ref(work, word, &refs[i], &log);
		if (e != ERR_OK)
			break;
		if (i == 0)
			*space = log->name.space;
		else if (!id_space_equal(space, &log->name.space))
			e = err_set(ERR_INVALID,
			    "%s lies in '%s' and %s in '%s': decide for each "
			    "space apart",
			    args_word(work->args, 0), space->text, word,
			    log->name.space.text);
	}
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

static enum err
decide(const struct args *args, struct out *out, bool adopt)
{
	const char *done = adopt ? "adopted" : "voided";
	const char *words = args_text(args, "reason", 0);
	struct opened work = {0};
	struct buf reason = {0};
	struct buf json = {0};
	struct store_decision decision = {
	    .adopt = adopt, .targets_n = args->words_n};
	struct ref *refs = NULL;
	enum err e = text_nfc(bytes_text(words != NULL ? words : ""), &reason);

	if (e == ERR_OK && reason.n > LIMIT_LABEL_SIZE)
		e = err_set(ERR_LIMIT,
		    "the reason has %zu bytes, and %d at most", reason.n,
		    LIMIT_LABEL_SIZE);
	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e != ERR_OK)
		goto out;
	refs = arena_array(&work.arena, args->words_n, sizeof(*refs));
	decision.targets = refs;
	decision.reason = buf_bytes(&reason);
	e = targets_read(&work, refs, &decision.space);
	if (e == ERR_OK)
		e = store_decide(work.store, &decision);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e != ERR_OK)
		goto out;
	object_begin(&json, NULL);
	object_text(&json, "space", bytes_text(decision.space.text));
	object_number(&json, done, decision.targets_n);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	out_say(out, "%s: %zu in %s", done, decision.targets_n,
	    decision.space.text);
out:
	open_end(&work);
	buf_fini(&json);
	buf_fini(&reason);
	return e;
}

static enum err
adopt_run(const struct args *args, struct out *out)
{
	return decide(args, out, true);
}

static enum err
void_run(const struct args *args, struct out *out)
{
	return decide(args, out, false);
}

static const struct args_option ls_options[] = {
    {.name = "all", .help = "also what was decided to stay outside"},
};

static const struct args_option decide_options[] = {
    {.name = "reason", .value = "TEXT", .help = "for people, kept for ever"},
};

const struct args_command cmd_inbox_commands[] = {
    {.name = "inbox ls",
	.words = "[SPACE]",
	.words_max = 1,
	.help = "list what is held and does not count",
	.about =
	    "What its author had no right to write, or wrote after a grant\n"
	    "ended, is kept outside until somebody with `admin` decides.",
	.options = ls_options,
	.options_n = COUNT_OF(ls_options),
	.run = ls_run},
    {.name = "inbox show",
	.words = "DELTA",
	.words_min = 1,
	.words_max = 1,
	.help = "show what one of them says",
	.run = show_run},
    {.name = "inbox adopt",
	.words = "DELTA...",
	.words_min = 1,
	.words_max = LIMIT_REFERENCES / 2,
	.help = "let them count after all",
	.about =
	    "DELTA is LOG:SEQ, as inbox ls shows it.  A decision replaces\n"
	    "those made before about the same deltas.",
	.options = decide_options,
	.options_n = COUNT_OF(decide_options),
	.run = adopt_run},
    {.name = "inbox void",
	.words = "DELTA...",
	.words_min = 1,
	.words_max = LIMIT_REFERENCES / 2,
	.help = "decide that they stay outside",
	.options = decide_options,
	.options_n = COUNT_OF(decide_options),
	.run = void_run},
};
const size_t cmd_inbox_commands_n = COUNT_OF(cmd_inbox_commands);
