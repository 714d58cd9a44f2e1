/*
 * Commands on the signed logs: log ls, log show.  What they write
 * with --note and --proofs is for tools that are not ours.
 */
#include "cli/cmd_log.h"

#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/show.h"
#include "core/heads.h"
#include "core/tree.h"
#include "proto/ascii.h"
#include "proto/note.h"

/* All logs, or those of one space, in an array of the transaction. */
struct logs {
	struct log **p;
	size_t n;
};

static enum err
logs_all(struct opened *work, struct logs *all)
{
	struct txn *txn = store_txn(work->store);
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(txn, &spaces, &n);

	*all = (struct logs){0};
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct log **logs;
		size_t logs_n = 0;
		struct log **both;

		e = oplog_all(txn, spaces[i], &logs, &logs_n);
		if (e != ERR_OK)
			return e;
		both = arena_array(
		    &txn->arena, all->n + logs_n, sizeof(struct log *));
		for (size_t at = 0; at < all->n; at++)
			both[at] = all->p[at];
		for (size_t at = 0; at < logs_n; at++)
			both[all->n + at] = logs[at];
		*all = (struct logs){.p = both, .n = all->n + logs_n};
	}
	return e;
}

/* ---- log ls ------------------------------------------------------------- */

static const struct out_column log_columns[] = {
    {.key = "log", .title = "LOG"},
    {.key = "space", .title = "SPACE"},
    {.key = "author", .title = "AUTHOR"},
    {.key = "size", .title = "SIZE", .kind = OUT_NUMBER},
    {.key = "held", .title = "HELD", .kind = OUT_NUMBER},
    {.key = "head", .title = "HEAD", .kind = OUT_NUMBER},
    {.key = "counts", .title = "COUNTS", .kind = OUT_BOOL},
    {.key = "forked", .title = "FORKED", .kind = OUT_BOOL},
    {.key = "branch_of", .title = "BRANCH OF"},
};

static void
log_row(struct out_table *table, const struct authority *authority,
    const struct log *log)
{
	struct buf texts[COUNT_OF(log_columns)] = {0};

	ascii_hex(bytes_of(log->id.b, sizeof(log->id.b)), &texts[0]);
	buf_add_text(&texts[1], log->name.space.text);
	if (authority->founded && bytes_equal(bytes_of(log->name.author.b, 32),
				      bytes_of(authority->root.b, 32)))
		buf_add_text(&texts[2], "root");
	else
		show_member(authority, &log->name.author, &texts[2]);
	buf_add_format(
	    &texts[3], "%llu", (unsigned long long)log->frontier.size);
	buf_add_format(&texts[4], "%llu", (unsigned long long)log->held);
	buf_add_format(&texts[5], "%llu", (unsigned long long)log->head_size);
	buf_add_text(&texts[6], log->rights != 0 ? "yes" : "no");
	buf_add_text(&texts[7], log->forked ? "yes" : "no");
	if (oplog_is_branch(log))
		ascii_hex(
		    bytes_of(log->trunk.b, sizeof(log->trunk.b)), &texts[8]);
	out_table_take(table, texts);
}

static enum err
log_ls_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	const struct authority *authority;
	struct logs logs;
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK)
		e = logs_all(&work, &logs);
	if (e == ERR_OK) {
		struct out_table *table = out_table_new(
		    out, log_columns, COUNT_OF(log_columns));

		for (size_t i = 0; i < logs.n; i++)
			log_row(table, authority, logs.p[i]);
		out_table_end(table, "no logs yet");
	}
	open_end(&work);
	return e;
}

/* ---- log show ----------------------------------------------------------- */

static const char *
kind_text(const struct delta *delta)
{
	if (delta->opaque)
		return "opaque";
	switch (delta->kind) {
	case DELTA_OPEN:
		return "open";
	case DELTA_CHANGE:
		return "change";
	case DELTA_MEMBER:
		return "member";
	case DELTA_GRANT:
		return "grant";
	case DELTA_REVOKE:
		return "revoke";
	case DELTA_ADOPT:
		return "adopt";
	case DELTA_VOID:
		return "void";
	case DELTA_PACK:
		return "pack";
	}
	return "unknown";
}

static void
change_json(const struct delta_change *change, struct buf *json)
{
	static const char *const acts[] = {
	    [ACT_EDIT] = "edit", [ACT_DELETE] = "delete", [ACT_KEEP] = "keep"};

	object_begin(json, NULL);
	object_hex(json, "record",
	    bytes_of(change->record.b, sizeof(change->record.b)));
	object_text(json, "act", bytes_text(acts[change->act]));
	object_number(json, "parents", change->parents_n);
	object_number(json, "seen", change->seen_n);
	object_begin(json, "commitments");
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		if ((change->classes & 1U << class) != 0)
			object_hex(json, show_class((enum delta_class) class),
			    bytes_of(change->commitments[class].b, 32));
	}
	object_end(json);
	object_end(json);
}

static void
delta_json(struct opened *work, const struct stored_delta *stored,
    const struct delta *delta)
{
	struct buf json = {0};
	struct buf text = {0};
	struct hash leaf;

	merkle_leaf(stored->header, &leaf);
	object_begin(&json, NULL);
	object_number(&json, "seq", stored->seq);
	show_ref(&(struct ref){.log = stored->log->trunk, .seq = stored->seq},
	    &text);
	object_text(&json, "ref", buf_bytes(&text));
	buf_cut(&text, 0);
	object_text(&json, "kind", bytes_text(kind_text(delta)));
	if (!delta->opaque) {
		show_utc(delta->stamp, &text);
		object_text(&json, "at", buf_bytes(&text));
		object_number(&json, "stamp", delta->stamp.v);
	}
	if (delta->has_actor)
		object_hex(&json, "actor",
		    bytes_of(delta->actor.b, sizeof(delta->actor.b)));
	object_hex(&json, "leaf", bytes_of(leaf.b, sizeof(leaf.b)));
	object_number(&json, "refs", delta->refs_n);
	object_bool(&json, "forked", stored->log->forked);
	object_array(&json, "changes");
	for (size_t i = 0; i < delta->changes_n; i++)
		change_json(&delta->changes[i], &json);
	object_array_end(&json);
	object_hex(&json, "header", stored->header);
	object_end(&json);
	out_json(work->out, buf_bytes(&json));
	buf_fini(&text);
	buf_fini(&json);
}

static const struct out_column delta_columns[] = {
    {.key = "ref", .title = "DELTA"},
    {.key = "at", .title = "WHEN"},
    {.key = "kind", .title = "KIND"},
    {.key = "actor", .title = "ACTOR"},
    {.key = "changes", .title = "CHANGES", .kind = OUT_NUMBER},
    {.key = "bytes", .title = "BYTES", .kind = OUT_NUMBER},
};

static void
delta_row(struct opened *work, const struct stored_delta *stored,
    const struct delta *delta, struct out_table *table)
{
	struct buf texts[COUNT_OF(delta_columns)] = {0};

	show_ref(&(struct ref){.log = stored->log->trunk, .seq = stored->seq},
	    &texts[0]);
	if (!delta->opaque)
		show_time(delta->stamp, &texts[1]);
	buf_add_text(&texts[2], kind_text(delta));
	if (delta->has_actor)
		buf_add(&texts[3],
		    store_actor_name(work->store, &delta->actor, &work->arena));
	if (delta->has_actor && texts[3].n == 0)
		ascii_hex(bytes_of(delta->actor.b, 4), &texts[3]);
	buf_add_format(&texts[4], "%zu", delta->changes_n);
	buf_add_format(&texts[5], "%zu", stored->header.n);
	out_table_take(table, texts);
}

static enum err
show_deltas(struct opened *work, const struct log *log)
{
	struct out_table *table = NULL;
	uint64_t from = 0;
	uint64_t limit = INT64_MAX;
	enum err e = args_number(work->args, "from", INT64_MAX, &from);

	if (e == ERR_OK)
		e = args_number(work->args, "limit", INT64_MAX, &limit);
	if (e != ERR_OK)
		return e;
	if (!work->out->json)
		table = out_table_new(
		    work->out, delta_columns, COUNT_OF(delta_columns));
	for (uint64_t seq = from;
	     seq < log->frontier.size && seq - from < limit && e == ERR_OK;
	     seq++) {
		struct stored_delta stored;
		struct delta delta;

		e = oplog_get(store_txn(work->store), log, seq, &stored);
		if (e != ERR_OK)
			break;
		oplog_decode(&stored, &work->arena, &delta);
		if (table != NULL)
			delta_row(work, &stored, &delta, table);
		else
			delta_json(work, &stored, &delta);
		arena_reset(&work->arena);
	}
	if (table != NULL)
		out_table_end(table, "nothing is held of this log");
	return e;
}

/* Appends the signed note of `head`. */
static void
head_note(const struct log *log, const struct note_head *head, struct buf *note)
{
	struct buf origin = {0};
	struct note_checkpoint checkpoint = {
	    .size = head->size, .root = head->root};

	id_origin(&log->name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	note_checkpoint_encode(
	    &checkpoint, &log->name.author, &head->signature, note);
	buf_fini(&origin);
}

static enum err
show_note(struct opened *work, const struct log *log)
{
	struct note_head head = {.size = log->head_size,
	    .root = log->head_root,
	    .signature = log->head_signature};
	struct buf note = {0};

	if (!log->has_head)
		return err_set(ERR_NOT_FOUND, "the log has no signed head yet");
	head_note(log, &head, &note);
	/* out_say ends the last line itself. */
	buf_cut(&note, note.n - 1);
	out_say(work->out, "%s", buf_text(&note));
	buf_fini(&note);
	return ERR_OK;
}

static void
proof_line(struct out *out, struct buf *line, const struct merkle_proof *proof)
{
	for (size_t i = 0; i < proof->n; i++) {
		buf_add_u8(line, ' ');
		ascii_base64(
		    bytes_of(proof->nodes[i].b, sizeof(proof->nodes[i].b)),
		    line);
	}
	out_say(out, "%s", buf_text(line));
	buf_fini(line);
}

/* The first stored head of `log` of more than `size` leaves; `*found` is false
 * when there is none. */
static enum err
head_after(struct txn *txn, const struct log *log, uint64_t size,
    struct note_head *head, bool *found)
{
	enum err e = heads_from(txn, log, size + 1, head);

	*found = e == ERR_OK;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	return e;
}

/* The lines for one head: itself, that it goes on from the one before, and that
 * its first and last leaves and one in between are in it. */
static enum err
proofs_of_head(struct opened *work, const struct log *log,
    const struct note_head *head, uint64_t before)
{
	struct txn *txn = store_txn(work->store);
	const uint64_t at[] = {0, head->size / 2, head->size - 1};
	struct merkle_proof proof;
	struct buf line = {0};
	struct buf note = {0};
	enum err e = ERR_OK;

	head_note(log, head, &note);
	buf_add_text(&line, "head ");
	ascii_base64(buf_bytes(&note), &line);
	out_say(work->out, "%s", buf_text(&line));
	buf_fini(&line);
	buf_fini(&note);
	for (size_t i = 0; i < COUNT_OF(at) && e == ERR_OK; i++) {
		if (i > 0 && at[i] == at[i - 1])
			continue;
		e = tree_inclusion(txn, log, at[i], head->size, &proof);
		if (e != ERR_OK)
			break;
		buf_add_format(&line, "inclusion %llu %llu",
		    (unsigned long long)at[i], (unsigned long long)head->size);
		proof_line(work->out, &line, &proof);
	}
	if (e == ERR_OK && before > 0)
		e = tree_consistency(txn, log, before, head->size, &proof);
	if (e == ERR_OK && before > 0) {
		buf_add_format(&line, "consistency %llu %llu",
		    (unsigned long long)before, (unsigned long long)head->size);
		proof_line(work->out, &line, &proof);
	}
	return e;
}

static enum err
show_proofs(struct opened *work, const struct log *log)
{
	struct txn *txn = store_txn(work->store);
	struct note_signer signer = {.key = log->name.author};
	struct buf origin = {0};
	struct buf line = {0};
	struct note_head head;
	uint64_t before = 0;
	bool found;
	enum err e;

	id_origin(&log->name, &origin);
	signer.name = buf_bytes(&origin);
	note_signer_encode(&signer, &line);
	out_say(work->out, "golmok-log/1\nvkey %s", buf_text(&line));
	e = head_after(txn, log, 0, &head, &found);
	for (uint64_t seq = 0; seq < log->frontier.size && e == ERR_OK; seq++) {
		struct stored_delta stored;

		e = oplog_get(txn, log, seq, &stored);
		if (e != ERR_OK)
			break;
		buf_cut(&line, 0);
		ascii_hex(stored.header, &line);
		out_say(work->out, "leaf %s", buf_text(&line));
		if (!found || head.size != seq + 1)
			continue;
		e = proofs_of_head(work, log, &head, before);
		before = head.size;
		if (e == ERR_OK)
			e = head_after(txn, log, before, &head, &found);
	}
	if (e == ERR_OK)
		out_say(work->out, "end");
	buf_fini(&line);
	buf_fini(&origin);
	return e;
}

static enum err
log_show_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct log *log;
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = name_log(&work, args_word(args, 0), &log);
	/* Notes and proofs have a form of their own, whoever asks. */
	if (args_has(args, "note") || args_has(args, "proofs"))
		out->json = false;
	if (e == ERR_OK && args_has(args, "note"))
		e = show_note(&work, log);
	else if (e == ERR_OK && args_has(args, "proofs"))
		e = show_proofs(&work, log);
	else if (e == ERR_OK)
		e = show_deltas(&work, log);
	open_end(&work);
	return e;
}

static const struct args_option show_options[] = {
    {.name = "note", .help = "only the newest signed head"},
    {.name = "proofs",
	.help = "headers, heads and proofs as golmok-log/1, for other tools"},
    {.name = "from", .value = "N", .help = "from delta N on"},
    {.name = "limit", .value = "N", .help = "at most N deltas"},
};

const struct args_command cmd_log_commands[] = {
    {.name = "log ls",
	.help = "list the signed logs that are held",
	.run = log_ls_run},
    {.name = "log show",
	.words = "LOG",
	.words_min = 1,
	.words_max = 1,
	.help = "show the headers of a log",
	.options = show_options,
	.options_n = COUNT_OF(show_options),
	.run = log_show_run},
};
const size_t cmd_log_commands_n = COUNT_OF(cmd_log_commands);
