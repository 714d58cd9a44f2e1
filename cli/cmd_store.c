/*
 * Commands on the store as a whole: init, whoami, digest, feed, exit.
 */
#include "cli/cmd_store.h"

#include <string.h>

#include "cli/choice.h"
#include "cli/exit.h"
#include "cli/explain.h"
#include "cli/host.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/show.h"
#include "core/digest.h"
#include "core/feed.h"
#include "core/founder.h"
#include "proto/ascii.h"
#include "proto/text.h"

/* ---- init and whoami ---------------------------------------------------- */

/* What this node is, as one object or as lines. */
struct self {
	struct opened *work;		 /* borrowed */
	const struct identity *identity; /* borrowed, as below */
	const struct authority *authority;
	const struct member *member; /* NULL: not admitted yet */
};

static void
self_json(const struct self *self)
{
	const struct authority *authority = self->authority;
	struct buf json = {0};
	struct buf text = {0};

	object_begin(&json, NULL);
	object_hex(&json, "city", bytes_of(self->identity->city.b, 32));
	object_text(&json, "city_name", authority->name);
	object_hex(&json, "key", bytes_of(self->identity->key.b, 32));
	object_text(&json, "label",
	    self->member != NULL ? self->member->label : (struct bytes){0});
	object_text(&json, "status",
	    bytes_text(self->member != NULL
			   ? explain_member(authority, self->member)
			   : "stranger"));
	object_bool(&json, "root", store_has_root(self->work->store));
	object_text(&json, "store", bytes_text(store_dir(self->work->store)));
	object_array(&json, "grants");
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!bytes_equal(bytes_of(grant->what.member.b, 32),
			bytes_of(self->identity->key.b, 32)))
			continue;
		object_begin(&json, NULL);
		object_text(
		    &json, "prefix", bytes_text(grant->what.prefix.text));
		buf_cut(&text, 0);
		fact_rights_text(grant->what.gives, &text);
		object_text(&json, "rights", buf_bytes(&text));
		buf_cut(&text, 0);
		fact_rights_text(grant->what.passes, &text);
		object_text(&json, "passes", buf_bytes(&text));
		object_bool(&json, "counts", grant->counts);
		object_text(&json, "status", bytes_text(explain_status(grant)));
		object_end(&json);
	}
	object_array_end(&json);
	object_end(&json);
	out_json(self->work->out, buf_bytes(&json));
	buf_fini(&text);
	buf_fini(&json);
}

static void
self_lines(const struct self *self)
{
	const struct authority *authority = self->authority;
	struct out *out = self->work->out;
	struct buf text = {0};

	ascii_hex(bytes_of(self->identity->city.b, 32), &text);
	out_say(out, "city  %s %.*s", buf_text(&text), (int)authority->name.n,
	    authority->name.p);
	buf_cut(&text, 0);
	ascii_hex(bytes_of(self->identity->key.b, 32), &text);
	out_say(out, "key   %s", buf_text(&text));
	if (self->member != NULL)
		out_say(out, "label %.*s", (int)self->member->label.n,
		    self->member->label.p);
	else
		out_say(out, "label (not admitted yet, as far as is known "
			     "here)");
	if (self->member != NULL &&
	    (self->member->revoked || self->member->compromised))
		out_say(out, "state %s",
		    self->member->compromised
			? "compromised: no node has a session with this key "
			  "any more; begin anew under another"
			: "revoked: every grant has ended; what was written "
			  "here can still be handed in by a sync");
	if (store_has_root(self->work->store))
		out_say(out, "root  the root keys of the city are here");
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!bytes_equal(bytes_of(grant->what.member.b, 32),
			bytes_of(self->identity->key.b, 32)))
			continue;
		buf_cut(&text, 0);
		fact_rights_text(grant->what.gives, &text);
		if (grant->what.passes.bits != 0) {
			buf_add_text(&text, "; passes on ");
			fact_rights_text(grant->what.passes, &text);
		}
		if (!grant->counts || grant->revoked) {
			buf_add_text(&text, " (");
			explain_end(authority, grant, &text);
			buf_add_text(&text, ")");
		}
		out_say(out, "grant %s %s", show_prefix(&grant->what.prefix),
		    buf_text(&text));
	}
	buf_fini(&text);
}

static enum err
self_show(struct opened *work)
{
	struct self self = {.work = work};
	enum err e = store_authority(work->store, &self.authority);

	if (e != ERR_OK)
		return e;
	self.identity = store_identity(work->store);
	self.member = authority_member(self.authority, &self.identity->key);
	if (work->out->json)
		self_json(&self);
	else
		self_lines(&self);
	return ERR_OK;
}

static enum err
whoami_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = self_show(&work);
	open_end(&work);
	return e;
}

/* The city to belong to, or what to found one with. */
static enum err
plan_read(const struct args *args, struct store_plan *plan,
    struct city_id *city, struct buf text[2])
{
	const char *found = args_text(args, "found", 0);
	const char *label = args_text(args, "label", 0);
	const char *join = args_text(args, "city", 0);
	enum err e;

	if ((found != NULL) == (join != NULL))
		return err_set(ERR_USAGE,
		    "say either --found NAME, to found a city, or --city ID, "
		    "to belong to one");
	if (join != NULL) {
		plan->join = city;
		e = id_from_hex(
		    bytes_text(join), "city id", city->b, sizeof(city->b));
		return e == ERR_OK ? e : err_wrap(ERR_USAGE, "--city");
	}
	if (label == NULL)
		return err_set(ERR_USAGE,
		    "--label NAME is needed: what people call this node");
	e = text_nfc(bytes_text(found), &text[0]);
	if (e == ERR_OK)
		e = text_nfc(bytes_text(label), &text[1]);
	plan->found = buf_bytes(&text[0]);
	plan->label = buf_bytes(&text[1]);
	return e;
}

static enum err
init_run(const struct args *args, struct out *out)
{
	const char *dir = args_word(args, 0);
	struct store_plan plan = {.host = host_system()};
	struct opened work = {.args = args, .out = out};
	struct city_id city;
	struct buf text[2] = {0};
	struct choice choice = {0};
	enum err e = plan_read(args, &plan, &city, text);

	if (e == ERR_OK)
		e = choice_read(args, &choice);
	plan.pack = choice.name;
	plan.pack_file = buf_bytes(&choice.json);
	plan.dir = dir != NULL ? dir : open_dir(args);
	if (e == ERR_OK)
		e = founder_create(&plan);
	if (e == ERR_OK)
		e = store_open(plan.dir, host_system(), &work.store);
	if (e == ERR_OK)
		e = store_begin(work.store, false);
	if (e == ERR_OK)
		e = self_show(&work);
	open_end(&work);
	choice_fini(&choice);
	buf_fini(&text[1]);
	buf_fini(&text[0]);
	return e;
}

/* ---- digest ------------------------------------------------------------- */

static const struct out_column digest_columns[] = {
    {.key = "space", .title = "SPACE"},
    {.key = "what", .title = "WHAT"},
    {.key = "digest", .title = "DIGEST"},
};

static void
digest_row(struct out_table *table, const struct space_state *space,
    const char *what, struct bytes digest)
{
	struct buf hex = {0};

	ascii_hex(digest, &hex);
	out_table_row(
	    table, (const struct bytes[]){bytes_text(space->name.text),
		       bytes_text(what), buf_bytes(&hex)});
	buf_fini(&hex);
}

static enum err
digest_rows(
    struct opened *work, struct space_state *space, struct out_table *table)
{
	static const char *const names[CLASS_COUNT] = {
	    "state N", "state P", "state S", "state F"};
	struct hash logs;
	enum err e = digest_logs(store_txn(work->store), space, &logs);

	if (e != ERR_OK)
		return e;
	digest_row(table, space, "logs", bytes_of(logs.b, sizeof(logs.b)));
	for (size_t i = 0; i < CLASS_COUNT; i++)
		digest_row(table, space, names[i],
		    bytes_of(space->digests[i].b, sizeof(space->digests[i].b)));
	return ERR_OK;
}

static enum err
digest_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct space_state **spaces = NULL;
	size_t n = 0;
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = name_known_spaces(&work, args_word(args, 0), &spaces, &n);
	if (e == ERR_OK) {
		struct out_table *table = out_table_new(
		    out, digest_columns, COUNT_OF(digest_columns));

		for (size_t i = 0; i < n && e == ERR_OK; i++)
			e = digest_rows(&work, spaces[i], table);
		out_table_end(table, "no spaces yet");
	}
	open_end(&work);
	return e;
}

/* ---- feed --------------------------------------------------------------- */

static const char *
kind_text(uint8_t kind)
{
	switch (kind) {
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
	case FEED_STATUS:
		return "status";
	case FEED_BODY:
		return "body";
	case FEED_OPAQUE:
		return "opaque";
	}
	return "unknown";
}

static enum err
feed_line(struct opened *work, const struct feed_entry *entry)
{
	struct txn *txn = store_txn(work->store);
	struct space_state *space;
	struct log *log;
	struct buf json = {0};
	enum err e = space_by_no(txn, entry->space, &space);

	if (e == ERR_OK)
		e = oplog_by_no(txn, entry->log, &log);
	if (e != ERR_OK)
		return e;
	object_begin(&json, NULL);
	object_number(&json, "number", entry->number);
	object_text(&json, "space", bytes_text(space->name.text));
	object_hex(&json, "log", bytes_of(log->id.b, sizeof(log->id.b)));
	object_number(&json, "seq", entry->seq);
	object_text(&json, "kind", bytes_text(kind_text(entry->kind)));
	object_end(&json);
	out_json(work->out, buf_bytes(&json));
	buf_fini(&json);
	return ERR_OK;
}

static enum err
feed_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct feed_entry entry;
	uint64_t since = 0;
	enum err e = args_number(args, "since", INT64_MAX, &since);

	/* A feed is for programs, whoever asks. */
	out->json = true;
	if (e == ERR_OK)
		e = open_begin(args, out, false, &work);
	while (e == ERR_OK && feed_next(store_txn(work.store), since, &entry)) {
		e = feed_line(&work, &entry);
		since = entry.number;
	}
	if (e == ERR_OK)
		e = kv_failed(store_txn(work.store)->kv);
	open_end(&work);
	return e;
}

/* ---- exit --------------------------------------------------------------- */

static const struct {
	enum err code;
	const char *means;
} outcomes[] = {
    {ERR_OK, "done"},
    {ERR_IO, "the system said no (a disk, a pipe)"},
    {ERR_USAGE, "the words were wrong"},
    {ERR_NOT_FOUND, "nothing has that name"},
    {ERR_EXISTS, "something has that name already"},
    {ERR_INVALID, "the data breaks a rule"},
    {ERR_DENIED, "not allowed"},
    {ERR_MALFORMED, "a file or peer of others sent wrong bytes"},
    {ERR_CORRUPT, "our own store is damaged: golmok fsck"},
    {ERR_VERSION, "written by a newer version of golmok"},
    {ERR_LIMIT, "larger or more than the limits allow"},
    {ERR_BUSY, "somebody else holds it: try again later"},
    {ERR_FULL, "no room; nothing was changed"},
    {ERR_PEER, "the peer ended the conversation"},
    {ERR_FORKED, "a log is forked: golmok log ls"},
    {ERR_PART, "some of it was done, and some could not be"},
};

void
cmd_store_exit_text(struct buf *text)
{
	buf_add_text(text, "Exit statuses:\n");
	for (size_t i = 0; i < COUNT_OF(outcomes); i++)
		buf_add_format(text, "  %2d  %s%s",
		    exit_status(outcomes[i].code), outcomes[i].means,
		    i + 1 < COUNT_OF(outcomes) ? "\n" : "");
}

static enum err
exit_run(const struct args *args, struct out *out)
{
	static const struct out_column columns[] = {
	    {.key = "status", .title = "STATUS", .kind = OUT_NUMBER},
	    {.key = "code", .title = "CODE"},
	    {.key = "means", .title = "MEANS"},
	};
	struct out_table *table = out_table_new(
	    out, columns, COUNT_OF(columns));

	(void)args;
	for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
		struct buf status = {0};

		buf_add_format(&status, "%d", exit_status(outcomes[i].code));
		out_table_row(table, (const struct bytes[]){buf_bytes(&status),
					 bytes_text(err_name(outcomes[i].code)),
					 bytes_text(outcomes[i].means)});
		buf_fini(&status);
	}
	out_table_end(table, "none");
	return ERR_OK;
}

static const struct args_option init_options[] = {
    {.name = "found", .value = "NAME", .help = "found a city of that name"},
    {.name = "label",
	.value = "NAME",
	.help = "with --found: what people call this node"},
    {.name = "city",
	.value = "ID",
	.help = "belong to the city with that id instead"},
    CHOICE_OPTION,
};

static const struct args_option feed_options[] = {
    {.name = "since", .value = "N", .help = "only what came after number N"},
};

const struct args_command cmd_store_commands[] = {
    {.name = "init",
	.words = "[DIR]",
	.words_max = 1,
	.help = "make a store; prints its city and the key of this node",
	.options = init_options,
	.options_n = COUNT_OF(init_options),
	.run = init_run},
    {.name = "whoami",
	.help = "show the city, the key and the rights of this node",
	.run = whoami_run},
    {.name = "digest",
	.words = "[SPACE]",
	.words_max = 1,
	.help = "show in 32 bytes what logs and what state this is",
	.run = digest_run},
    {.name = "feed",
	.help = "list all that this store took in, as JSON lines",
	.options = feed_options,
	.options_n = COUNT_OF(feed_options),
	.run = feed_run},
    {.name = "exit",
	.help = "list the exit statuses and what they mean",
	.run = exit_run},
};
const size_t cmd_store_commands_n = COUNT_OF(cmd_store_commands);
