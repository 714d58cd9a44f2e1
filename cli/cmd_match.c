/*
 * Keys under which records of several centres are made comparable: match key
 * draws one, match rekey writes again all that is made with them.
 */
#include "cli/cmd_match.h"

#include "cli/host.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "core/match.h"
#include "core/record.h"
#include "proto/ascii.h"
#include "proto/calendar.h"
#include "proto/codec.h"

enum {
	SECRET_SIZE = 32,
	STEP_RECORDS = 1000, /* between two of which others may write */
};

static enum err
keys_get(const struct opened *work, const struct pack_keys **keys)
{
	*keys = work->pack != NULL ? work->pack->match : NULL;
	if (*keys != NULL)
		return ERR_OK;
	return err_set(ERR_INVALID,
	    "the pack of this store has no match: nothing is made comparable");
}

/* ---- match key ---------------------------------------------------------- */

/* From which day on it holds: that of --from, else today. */
static enum err
day_read(const struct opened *work, char text[CALENDAR_TEXT_SIZE])
{
	const char *from = args_text(work->args, "from", 0);
	int64_t day = calendar_day_at(
	    host_now_seconds(), work->pack->clock_seconds);

	if (from != NULL && !calendar_read_day(bytes_text(from), &day))
		return err_set(ERR_USAGE,
		    "--from %s is no day of the calendar as YYYY-MM-DD", from);
	calendar_write_day(day, text);
	return ERR_OK;
}

static enum err
key_write(struct opened *work, const struct pack_keys *keys,
    const struct space *space, struct record_id *id)
{
	const struct host *host = store_txn(work->store)->host;
	uint8_t secret[SECRET_SIZE];
	char day[CALENDAR_TEXT_SIZE];
	struct buf values[2] = {0};
	struct store_edit edits[] = {
	    {.field = bytes_text(keys->secret->name),
		.code = OP_SET,
		.class = keys->secret->data_class},
	    {.field = bytes_text(keys->from->name),
		.code = OP_SET,
		.class = keys->from->data_class},
	};
	struct store_write write = {.space = *space,
	    .create = true,
	    .collection = bytes_text(keys->collection->name),
	    .edits = edits,
	    .edits_n = COUNT_OF(edits),
	    .has_actor = work->has_actor,
	    .actor = work->actor};
	bool changed;
	enum err e = day_read(work, day);

	host->random(host->arg, secret, sizeof(secret));
	codec_put_bytes(&values[0], bytes_of(secret, sizeof(secret)));
	codec_put_text(&values[1], bytes_text(day));
	edits[0].value = buf_bytes(&values[0]);
	edits[1].value = buf_bytes(&values[1]);
	if (e == ERR_OK)
		e = store_write(work->store, &write, id, &changed);
	crypto_wipe(secret, sizeof(secret));
	buf_wipe(&values[0]);
	buf_fini(&values[1]);
	return e;
}

static enum err
key_run(const struct args *args, struct out *out)
{
	const struct pack_keys *keys;
	struct opened work = {0};
	struct record_id id;
	struct space space;
	struct buf hex = {0};
	struct buf json = {0};
	enum err e = name_space(args_word(args, 0), &space);

	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = keys_get(&work, &keys);
	if (e == ERR_OK)
		e = key_write(&work, keys, &space, &id);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK) {
		ascii_hex(bytes_of(id.b, sizeof(id.b)), &hex);
		out_say(out, "id %s", buf_text(&hex));
		object_begin(&json, NULL);
		object_text(&json, "id", buf_bytes(&hex));
		object_end(&json);
		out_json(out, buf_bytes(&json));
		out_notice(out,
		    "whoever reads this space can compare records by it; once "
		    "it is everywhere, golmok match rekey at each centre makes "
		    "old records comparable");
	}
	buf_fini(&hex);
	buf_fini(&json);
	open_end(&work);
	return e;
}

enum err
cmd_match_lacking_say(struct opened *work)
{
	struct buf names = {0};
	struct buf text = {0};
	enum err e = match_lacking(store_txn(work->store), &names);

	buf_add_format(&text,
	    "no match key is here for %s: what is written there cannot be "
	    "compared with other centres; golmok match key makes one, and "
	    "golmok match rekey fills in what is missing",
	    buf_text(&names));
	if (e == ERR_OK && names.n > 0)
		out_notice(work->out, buf_text(&text));
	buf_fini(&text);
	buf_fini(&names);
	return e;
}

/* ---- match rekey -------------------------------------------------------- */

/* A run over the records of some spaces. */
struct rekey {
	struct opened work;
	uint64_t records; /* that have fields to be filled */
	uint64_t changed;
	uint64_t step; /* records since the last commit */
};

/* Says again what stands in the sources of hashes; those follow. */
static enum err
record_write(struct rekey *rekey, const struct space *space,
    const struct record_id *id, const struct record *record)
{
	struct opened *work = &rekey->work;
	const struct pack_collection *collection = pack_collection(
	    work->pack, record->collection);
	struct store_edit *edits;
	struct store_write write = {.space = *space,
	    .has_record = true,
	    .record = *id,
	    .has_actor = work->has_actor,
	    .actor = work->actor};
	struct record_id same;
	bool changed = false;
	enum err e;

	if (collection == NULL || record->status == RECORD_DELETED)
		return ERR_OK;
	edits = arena_array(&work->arena, collection->fields_n, sizeof(*edits));
	for (size_t i = 0; i < collection->fields_n; i++) {
		const struct pack_field *field = &collection->fields[i];
		const struct pack_field *of = field->match != NULL
						  ? field->match->of
						  : NULL;
		const struct record_field *content =
		    of != NULL
			? merge_find(record, bytes_text(of->name), of->kind)
			: NULL;

		if (content == NULL)
			continue;
		edits[write.edits_n++] = (struct store_edit){
		    .field = bytes_text(of->name),
		    .code = OP_SET,
		    .class = of->data_class,
		    .value = merge_winner(record, content)->value};
	}
	write.edits = edits;
	if (write.edits_n == 0)
		return ERR_OK;
	e = store_write(work->store, &write, &same, &changed);
	rekey->records++;
	rekey->changed += changed ? 1 : 0;
	return e;
}

static enum err
space_rekey(struct rekey *rekey, const struct space *name)
{
	struct opened *work = &rekey->work;
	struct record_id id = {0};
	bool found = true;
	enum err e = ERR_OK;

	while (e == ERR_OK && found) {
		struct space_state *space;
		struct record record;

		if (++rekey->step > STEP_RECORDS) {
			rekey->step = 1;
			e = open_commit(work);
			if (e == ERR_OK)
				e = open_again(work);
		}
		arena_reset(&work->arena);
		space = e == ERR_OK ? space_find(store_txn(work->store), name)
				    : NULL;
		if (space == NULL)
			break;
		e = record_next(store_txn(work->store),
		    &(struct record_read){
			.space = space, .cells = true, .arena = &work->arena},
		    &id, &record, &found);
		if (e == ERR_OK && found)
			e = record_write(rekey, name, &id, &record);
	}
	return e;
}

/* The names of all spaces that are asked for; transactions come and go. */
static enum err
spaces_rekey(struct rekey *rekey, const char *word)
{
	struct space_state **spaces = NULL;
	struct space *names;
	struct arena arena = {0};
	size_t n = 0;
	enum err e = name_known_spaces(&rekey->work, word, &spaces, &n);

	names = arena_array(&arena, n, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = spaces[i]->name;
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = space_rekey(rekey, &names[i]);
	arena_fini(&arena);
	return e;
}

static void
rekey_say(const struct rekey *rekey)
{
	struct out *out = rekey->work.out;
	struct buf json = {0};

	out_say(out, "%llu records, %llu of them written anew",
	    (unsigned long long)rekey->records,
	    (unsigned long long)rekey->changed);
	object_begin(&json, NULL);
	object_number(&json, "records", rekey->records);
	object_number(&json, "changed", rekey->changed);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
}

static enum err
rekey_run(const struct args *args, struct out *out)
{
	const struct pack_keys *keys;
	struct rekey rekey = {0};
	struct buf names = {0};
	struct buf text = {0};
	enum err e = open_begin(args, out, true, &rekey.work);

	if (e == ERR_OK)
		e = keys_get(&rekey.work, &keys);
	if (e == ERR_OK)
		e = spaces_rekey(&rekey, args_word(args, 0));
	if (e == ERR_OK)
		e = match_lacking(store_txn(rekey.work.store), &names);
	if (e == ERR_OK)
		e = open_commit(&rekey.work);
	if (e == ERR_OK)
		rekey_say(&rekey);
	buf_add_format(&text,
	    "no key is here for %s, whose records stay as "
	    "they are",
	    buf_text(&names));
	if (e == ERR_OK && names.n > 0)
		out_notice(out, buf_text(&text));
	buf_fini(&text);
	buf_fini(&names);
	open_end(&rekey.work);
	return e;
}

static const struct args_option key_options[] = {
    {.name = "from",
	.value = "DATE",
	.help = "the first day on which it is used (today)"},
};

const struct args_command cmd_match_commands[] = {
    {.name = "match key",
	.words = "SPACE",
	.words_min = 1,
	.words_max = 1,
	.help = "draw a key by which records can be compared",
	.about = "Centres that are to be compared must read the same space:\n"
		 "city/all/match_key for all, d03/all/match_key for a\n"
		 "district.  The nearest key counts, and of one space the\n"
		 "newest whose day has come.",
	.options = key_options,
	.options_n = COUNT_OF(key_options),
	.run = key_run},
    {.name = "match rekey",
	.words = "[SPACE]",
	.words_max = 1,
	.help = "write again what is made with a match key",
	.run = rekey_run},
};
const size_t cmd_match_commands_n = COUNT_OF(cmd_match_commands);
