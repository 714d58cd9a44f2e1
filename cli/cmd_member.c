/*
 * Commands on who belongs to the city and what they may do: members, admit,
 * grant.  What they write is a fact for ever; only the door decides whether
 * this node may write it.
 */
#include "cli/cmd_member.h"

#include <string.h>

#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/show.h"
#include "proto/ascii.h"
#include "proto/text.h"

/* Appends what `grant` gives, and to whom it may be passed on. */
static void
grant_text(const struct grant *grant, struct buf *text)
{
	const char *prefix = grant->what.prefix.text;

	if (!grant->counts)
		buf_add_text(text, "(does not count) ");
	buf_add_format(text, "%s: ", prefix[0] != '\0' ? prefix : "all");
	fact_rights_text(grant->what.gives, text);
	if (grant->what.passes.bits != 0) {
		buf_add_text(text, "; passes on ");
		fact_rights_text(grant->what.passes, text);
	}
}

static bool
same_key(const struct sign_key *a, const struct sign_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A row for each grant of `member`, one for who has none. */
static void
member_rows(struct opened *work, const struct authority *authority,
    const struct member *member, struct out_table *table)
{
	struct buf key = {0};
	struct buf text = {0};
	const char *status = member->counts ? "member" : "does not count";
	bool any = false;

	for (size_t i = 0; i < authority->roots_n; i++) {
		if (same_key(&member->key, &authority->roots[i].key))
			status = "was root";
	}
	if (same_key(&member->key, &authority->root))
		status = "root";
	if (same_key(&member->key, &store_identity(work->store)->key))
		status = "this node";
	ascii_hex(bytes_of(member->key.b, sizeof(member->key.b)), &key);
	for (size_t i = 0; i <= authority->grants_n; i++) {
		bool last = i == authority->grants_n;

		if (last ? any
			 : !same_key(
			       &authority->grants[i].what.member, &member->key))
			continue;
		buf_cut(&text, 0);
		if (!last)
			grant_text(&authority->grants[i], &text);
		out_table_row(table,
		    (const struct bytes[]){member->label, buf_bytes(&key),
			bytes_text(status), buf_bytes(&text)});
		any = true;
	}
	buf_fini(&text);
	buf_fini(&key);
}

static enum err
members_run(const struct args *args, struct out *out)
{
	static const struct out_column columns[] = {
	    {.key = "label", .title = "LABEL"},
	    {.key = "key", .title = "KEY"},
	    {.key = "status", .title = "STATUS"},
	    {.key = "grant", .title = "GRANT"},
	};
	struct opened work = {0};
	const struct authority *authority;
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK) {
		struct out_table *table = out_table_new(
		    out, columns, COUNT_OF(columns));

		for (size_t i = 0; i < authority->members_n; i++)
			member_rows(
			    &work, authority, &authority->members[i], table);
		out_table_end(table, "no members are known here yet");
	}
	open_end(&work);
	return e;
}

/* That `done` was done to the member `key`, who is called `label`. */
static void
say_done(struct out *out, const char *done, const struct sign_key *key,
    struct bytes label)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_hex(&json, done, bytes_of(key->b, sizeof(key->b)));
	object_text(&json, "label", label);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	out_say(out, "%s: %.*s", done, (int)label.n, label.p);
	buf_fini(&json);
}

static enum err
admit_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct fact_member member = {0};
	struct buf label = {0};
	enum err e;

	e = name_key(NULL, args_word(args, 0), &member.key);
	if (e == ERR_OK)
		e = text_nfc(bytes_text(args_text(args, "label", 0)), &label);
	member.label = buf_bytes(&label);
	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = store_admit(work.store, &member);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK)
		say_done(out, "admitted", &member.key, buf_bytes(&label));
	open_end(&work);
	buf_fini(&label);
	return e;
}

static enum err
grant_read(const struct args *args, struct fact_grant *grant)
{
	const char *prefix = args_text(args, "prefix", 0);
	const char *passes = args_text(args, "passes", 0);
	enum err e;

	if (strcmp(prefix, "all") == 0)
		prefix = "";
	e = id_prefix(bytes_text(prefix), &grant->prefix);
	if (e == ERR_OK)
		e = fact_rights(
		    bytes_text(args_text(args, "rights", 0)), &grant->gives);
	if (e == ERR_OK && passes != NULL)
		e = fact_rights(bytes_text(passes), &grant->passes);
	return e;
}

static enum err
grant_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct fact_grant grant = {0};
	const struct authority *authority;
	struct buf text = {0};
	enum err e = grant_read(args, &grant);

	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK)
		e = name_key(authority, args_word(args, 0), &grant.member);
	if (e == ERR_OK)
		show_member(authority, &grant.member, &text);
	if (e == ERR_OK)
		e = store_grant(work.store, &grant);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK)
		say_done(out, "granted", &grant.member, buf_bytes(&text));
	open_end(&work);
	buf_fini(&text);
	return e;
}

static const struct args_option admit_options[] = {
    {.name = "label",
	.value = "NAME",
	.required = true,
	.help = "what people call the node"},
};

static const struct args_option grant_options[] = {
    {.name = "prefix",
	.value = "PREFIX",
	.required = true,
	.help = "the spaces: d03/c017 and all below; all is everything"},
    {.name = "rights",
	.value = "RIGHTS",
	.required = true,
	.help = "what it may do: read:NPSF,write"},
    {.name = "passes",
	.value = "RIGHTS",
	.help = "what it may grant to others in turn"},
};

const struct args_command cmd_member_commands[] = {
    {.name = "members",
	.help = "list the members and what they may do",
	.run = members_run},
    {.name = "admit",
	.words = "KEY",
	.words_min = 1,
	.words_max = 1,
	.help = "make the node with KEY a member of the city",
	.options = admit_options,
	.options_n = COUNT_OF(admit_options),
	.run = admit_run},
    {.name = "grant",
	.words = "KEY",
	.words_min = 1,
	.words_max = 1,
	.help = "give a member rights; KEY may be its label",
	.about =
	    "RIGHTS are words with commas between them: read:CLASSES with the\n"
	    "data classes N, P, S and F, hold, audit, write, admin, erase; or\n"
	    "all.  A grant ends only by being revoked.",
	.options = grant_options,
	.options_n = COUNT_OF(grant_options),
	.run = grant_run},
};
const size_t cmd_member_commands_n = COUNT_OF(cmd_member_commands);
