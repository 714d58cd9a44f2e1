/*
 * Commands that change records: put, patch, note, rm, keep, resolve.  Each is
 * one transaction, and says yes only when it is durable.
 */
#include "cli/cmd_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/show.h"
#include "cli/value.h"
#include "proto/ascii.h"

/* A record that is to be changed, as it is now. */
struct target {
	struct space space;
	struct record_id id;
	struct record record;
	const struct pack_collection *collection; /* NULL: not in the pack */
};

static enum err say_written(struct opened *work,
    const struct store_write *write, const struct record_id *id,
    const struct record *before) MUST_USE;

/* What every write says alike. */
static void
prepare(const struct opened *work, struct store_write *write)
{
	if (!write->create) {
		const char *token = args_text(work->args, "token", 0);

		write->token = bytes_text(token != NULL ? token : "");
	}
	write->has_actor = work->has_actor;
	write->actor = work->actor;
}

/* Finds and reads the record that the first word names. */
static enum err
target_get(struct opened *work, struct target *target)
{
	enum err e = name_record(
	    work, args_word(work->args, 0), &target->space, &target->id);

	if (e == ERR_OK)
		e = store_get(work->store, &target->space, &target->id,
		    &work->arena, &target->record);
	if (e != ERR_OK)
		return e;
	target->collection = pack_collection(
	    work->pack, target->record.collection);
	return ERR_OK;
}

/* Which rules hold for edits of `target`. */
static enum err
target_rules(const struct opened *work, const struct target *target,
    struct value_edits *edits)
{
	edits->record = &target->record;
	edits->collection = target->collection;
	if (target->collection != NULL || work->pack == NULL)
		return ERR_OK;
	if (target->record.collection.n == 0)
		return err_set(ERR_INVALID,
		    "what kind of record this is cannot be read here, so that "
		    "its rules are not known");
	return err_set(ERR_INVALID,
	    "collection %.*s is not in the pack of this store: a newer golmok "
	    "may know its rules",
	    (int)target->record.collection.n, target->record.collection.p);
}

/* Writes, commits, and says what came of it.  `before` is the record as it was,
 * NULL for a new one. */
static enum err
write_out(
    struct opened *work, struct store_write *write, const struct record *before)
{
	struct record_id id;
	bool changed;
	enum err e;

	prepare(work, write);
	e = open_role(work);
	if (e != ERR_OK)
		return e;
	write->role = work->role;
	e = store_write(work->store, write, &id, &changed);
	if (e != ERR_OK)
		return e;
	if (!changed)
		out_notice(work->out, "nothing was changed: it is like that "
				      "already");
	return say_written(work, write, &id, before);
}

static enum err
write_edits(struct opened *work, struct store_write *write,
    const struct value_edits *edits)
{
	write->edits = edits->edits;
	write->edits_n = edits->n;
	return write_out(work, write, edits->record);
}

static bool
has_conflict(const struct record *record)
{
	for (size_t i = 0; i < record->fields_n; i++) {
		if (merge_is_conflict(&record->fields[i]))
			return true;
	}
	return record->status == RECORD_CONTESTED;
}

static bool
has_head(const struct record *record, const struct change_ref *head)
{
	for (size_t i = 0; record != NULL && i < record->heads_n; i++) {
		if (id_change_compare(&record->heads[i], head) == 0)
			return true;
	}
	return false;
}

/* What the caller knows now, so that a token never covers what it was not
 * shown: with a token, that and its own change, which is the one head that was
 * not there before; without one, all, unless values stand beside each other
 * that only `get` shows. */
static void
known_token(const struct store_write *write, const struct record *before,
    const struct record *after, struct buf *token)
{
	struct record known = *after;

	if (write->token.n == 0) {
		if (!has_conflict(after))
			store_token(after, token);
		return;
	}
	for (size_t i = 0; i < after->heads_n; i++) {
		if (has_head(before, &after->heads[i]))
			continue;
		known.heads = &after->heads[i];
		known.heads_n = 1;
		store_token(&known, token);
		return;
	}
	/* Nothing was written. */
	buf_add(token, write->token);
}

static enum err
say_written(struct opened *work, const struct store_write *write,
    const struct record_id *id, const struct record *before)
{
	struct buf token = {0};
	struct buf hex = {0};
	struct buf json = {0};
	struct record record;
	enum err e;

	e = store_settle(work->store);
	if (e == ERR_OK)
		e = store_get(
		    work->store, &write->space, id, &work->arena, &record);
	if (e == ERR_OK)
		known_token(write, before, &record, &token);
	if (e == ERR_OK)
		e = open_commit(work);
	if (e == ERR_OK) {
		ascii_hex(bytes_of(id->b, sizeof(id->b)), &hex);
		out_say(work->out, "id %s", buf_text(&hex));
		if (token.n > 0)
			out_say(work->out, "token %s", buf_text(&token));
		else
			out_notice(work->out,
			    "values stand beside each other in this record: "
			    "golmok get shows them, and has its token");
		object_begin(&json, NULL);
		object_text(&json, "id", buf_bytes(&hex));
		object_text(&json, "space", bytes_text(write->space.text));
		object_text(
		    &json, "status", bytes_text(show_status(record.status)));
		if (token.n > 0)
			object_text(&json, "token", buf_bytes(&token));
		object_end(&json);
		out_json(work->out, buf_bytes(&json));
	}
	buf_fini(&json);
	buf_fini(&hex);
	buf_fini(&token);
	return e;
}

/* The collection that a new record is to belong to. */
static enum err
collection_get(const struct opened *work, const char *word,
    const struct pack_collection **collection)
{
	enum err e;

	*collection = NULL;
	if (work->pack != NULL) {
		e = pack_get_collection(
		    work->pack, bytes_text(word), collection);
		if (e == ERR_OK || !args_has(work->args, "free"))
			return e;
	}
	if (bytes_text(word).n <= LIMIT_NAME_SIZE)
		return ERR_OK;
	return err_set(ERR_LIMIT,
	    "the name of the collection is longer than %d bytes",
	    LIMIT_NAME_SIZE);
}

static enum err
put_run(const struct args *args, struct out *out)
{
	const char *id = args_text(args, "id", 0);
	struct opened work = {0};
	struct value_edits edits = {.create = true, .arena = &work.arena};
	struct store_write write = {.create = true, .act = ACT_EDIT};
	enum err e;

	write.collection = bytes_text(args_word(args, 1));
	e = name_space(args_word(args, 0), &write.space);
	if (e == ERR_OK && id != NULL) {
		write.has_record = true;
		e = id_from_hex(bytes_text(id), "record id", write.record.b,
		    sizeof(write.record.b));
	}
	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = collection_get(
		    &work, args_word(args, 1), &edits.collection);
	for (size_t i = 2; i < args->words_n && e == ERR_OK; i++)
		e = value_add(&edits, args_word(args, i));
	if (e == ERR_OK)
		e = write_edits(&work, &write, &edits);
	value_fini(&edits);
	open_end(&work);
	return e;
}

static enum err
patch_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct value_edits edits = {.arena = &work.arena};
	struct store_write write = {.act = ACT_EDIT};
	struct target target = {0};
	enum err e;

	e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = target_get(&work, &target);
	if (e == ERR_OK)
		e = target_rules(&work, &target, &edits);
	for (size_t i = 1; i < args->words_n && e == ERR_OK; i++)
		e = value_add(&edits, args_word(args, i));
	write.space = target.space;
	write.record = target.id;
	write.has_record = true;
	if (e == ERR_OK)
		e = write_edits(&work, &write, &edits);
	value_fini(&edits);
	open_end(&work);
	return e;
}

/* All of standard input, without its last line end. */
static enum err
read_input(struct buf *text)
{
	for (;;) {
		uint8_t piece[4096];
		size_t n = fread(piece, 1, sizeof(piece), stdin);

		buf_add(text, bytes_of(piece, n));
		if (n == 0 || text->n > LIMIT_TEXT_SIZE + 1)
			break;
	}
	if (ferror(stdin))
		return err_set(
		    ERR_IO, "cannot read standard input: %s", strerror(errno));
	if (text->n > 0 && text->p[text->n - 1] == '\n')
		buf_cut(text, text->n - 1);
	if (text->n == 0)
		return err_set(ERR_INVALID, "the note is empty");
	return ERR_OK;
}

static enum err
note_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct value_edits edits = {.arena = &work.arena};
	struct store_write write = {.act = ACT_EDIT};
	struct target target = {0};
	struct buf text = {0};
	enum err e = ERR_OK;

	/* Read before the transaction: others need not wait for a typist. */
	if (strcmp(args_word(args, 2), "-") == 0)
		e = read_input(&text);
	else
		buf_add_text(&text, args_word(args, 2));
	if (e == ERR_OK && text.n == 0)
		e = err_set(ERR_INVALID, "the note is empty");
	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = target_get(&work, &target);
	if (e == ERR_OK)
		e = target_rules(&work, &target, &edits);
	if (e == ERR_OK)
		e = value_add_note(
		    &edits, args_word(args, 1), buf_bytes(&text));
	write.space = target.space;
	write.record = target.id;
	write.has_record = true;
	if (e == ERR_OK)
		e = write_edits(&work, &write, &edits);
	value_fini(&edits);
	open_end(&work);
	buf_fini(&text);
	return e;
}

/* rm and keep differ in what they write. */
static enum err
act_run(const struct args *args, struct out *out, enum delta_act act)
{
	struct opened work = {0};
	struct store_write write = {.act = act, .has_record = true};
	struct target target = {0};
	enum err e;

	e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = target_get(&work, &target);
	write.space = target.space;
	write.record = target.id;
	if (e == ERR_OK)
		e = write_out(&work, &write, &target.record);
	open_end(&work);
	return e;
}

static enum err
rm_run(const struct args *args, struct out *out)
{
	return act_run(args, out, ACT_DELETE);
}

static enum err
keep_run(const struct args *args, struct out *out)
{
	return act_run(args, out, ACT_KEEP);
}

static enum err
resolve_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct value_edits edits = {.arena = &work.arena};
	struct store_write write = {.act = ACT_EDIT, .resolve = true};
	struct target target = {0};
	struct buf word = {0};
	enum err e;

	e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = target_get(&work, &target);
	if (e == ERR_OK)
		e = target_rules(&work, &target, &edits);
	buf_add_format(&word, "%s=%s", args_word(args, 1), args_word(args, 2));
	if (e == ERR_OK)
		e = value_add(&edits, buf_text(&word));
	write.space = target.space;
	write.record = target.id;
	write.has_record = true;
	/* Any of the values that stand may be chosen, whatever moves a state
	 * allows: both have happened. */
	write.edits = edits.edits;
	write.edits_n = edits.n;
	if (e == ERR_OK)
		e = write_out(&work, &write, &target.record);
	buf_fini(&word);
	value_fini(&edits);
	open_end(&work);
	return e;
}

static const char values_about[] =
    "A field is given as field=value.  A set takes several with semicolons\n"
    "between them; field+=value adds one and field-=value takes one out.\n"
    "A counter is added to with field+=3 or field-=3, notes with field+=text.\n"
    "field= clears a field.  The pack says which fields a collection has,\n"
    "what they take and how private they are.  In a store made with\n"
    "--pack none, --free takes any collection; its fields are\n"
    "name[:kind][@class]=value, where kind is register (the default), set,\n"
    "counter, notes or state, and class is N, P (the default), S or F.";

static const struct args_option put_options[] = {
    {.name = "id", .value = "HEX", .help = "the id of the new record"},
    OPEN_ROLE_OPTION,
    {.name = "free", .help = "in a store without a pack: any collection"},
};

/* The first two of them for rm and keep, too. */
static const struct args_option edit_options[] = {
    {.name = "token",
	.value = "TOKEN",
	.help = "what get showed; newer values are left standing"},
    OPEN_ROLE_OPTION,
    {.name = "free", .help = "in a store without a pack: any collection"},
};

enum { WORDS_MAX = LIMIT_OPERATIONS + 2 };

const struct args_command cmd_write_commands[] = {
    {.name = "put",
	.words = "SPACE COLLECTION FIELD=VALUE...",
	.words_min = 3,
	.words_max = WORDS_MAX,
	.help = "make a record; prints its id and a token",
	.about = values_about,
	.options = put_options,
	.options_n = COUNT_OF(put_options),
	.run = put_run},
    {.name = "patch",
	.words = "ID FIELD=VALUE...",
	.words_min = 2,
	.words_max = WORDS_MAX,
	.help = "change fields of a record",
	.about = values_about,
	.options = edit_options,
	.options_n = COUNT_OF(edit_options),
	.run = patch_run},
    {.name = "note",
	.words = "ID FIELD TEXT",
	.words_min = 3,
	.words_max = 3,
	.help = "add a note to a record; TEXT - reads standard input",
	.options = edit_options,
	.options_n = COUNT_OF(edit_options),
	.run = note_run},
    {.name = "rm",
	.words = "ID",
	.words_min = 1,
	.words_max = 1,
	.help = "delete a record; its history stays",
	.options = edit_options,
	.options_n = 2,
	.run = rm_run},
    {.name = "keep",
	.words = "ID",
	.words_min = 1,
	.words_max = 1,
	.help = "bring a deleted or contested record back",
	.options = edit_options,
	.options_n = 2,
	.run = keep_run},
    {.name = "resolve",
	.words = "ID FIELD VALUE",
	.words_min = 3,
	.words_max = 3,
	.help = "decide which value of a field holds",
	.options = edit_options,
	.options_n = COUNT_OF(edit_options),
	.run = resolve_run},
};
const size_t cmd_write_commands_n = COUNT_OF(cmd_write_commands);
