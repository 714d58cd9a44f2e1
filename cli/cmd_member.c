/*
 * Commands on who belongs to the city and what they may do: member ls, show,
 * grant, rename and address.  What they write is a fact for ever; only the door
 * decides whether this node may write it.
 */
#include "cli/cmd_member.h"

#include <string.h>

#include "cli/explain.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/show.h"
#include "net/place.h"
#include "proto/ascii.h"
#include "proto/text.h"

static bool
same_key(const struct sign_key *a, const struct sign_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- member ls ---------------------------------------------------------- */

/* What `member` may do now, grant by grant. */
static void
rights_text(const struct authority *authority, const struct member *member,
    struct buf *text)
{
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!same_key(&grant->what.member, &member->key) ||
		    !grant->counts || grant->revoked)
			continue;
		if (text->n > 0)
			buf_add_text(text, " | ");
		explain_gives(grant, text);
	}
}

static void
addresses_text(const struct member *member, struct buf *text)
{
	for (size_t i = 0; i < member->addresses_n; i++) {
		if (i > 0)
			buf_add_u8(text, ' ');
		buf_add(text, member->addresses[i]);
	}
}

static void
member_row(struct opened *work, const struct authority *authority,
    const struct member *member, struct out_table *table)
{
	struct buf key = {0};
	struct buf rights = {0};
	struct buf addresses = {0};
	const char *status = explain_member(authority, member);

	if (!work->out->json && member->counts && !member->revoked &&
	    same_key(&member->key, &store_identity(work->store)->key))
		status = "this node";
	ascii_hex(bytes_of(member->key.b, work->out->json ? 32 : 8), &key);
	rights_text(authority, member, &rights);
	addresses_text(member, &addresses);
	out_table_row(table,
	    (const struct bytes[]){member->label, buf_bytes(&key),
		bytes_text(status), buf_bytes(&rights), buf_bytes(&addresses)});
	buf_fini(&addresses);
	buf_fini(&rights);
	buf_fini(&key);
}

static enum err
ls_run(const struct args *args, struct out *out)
{
	static const struct out_column columns[] = {
	    {.key = "label", .title = "LABEL"},
	    {.key = "key", .title = "KEY"},
	    {.key = "status", .title = "STATUS"},
	    {.key = "rights", .title = "RIGHTS"},
	    {.key = "addresses", .title = "ADDRESSES"},
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
			member_row(
			    &work, authority, &authority->members[i], table);
		out_table_end(table, "no members are known here yet");
	}
	open_end(&work);
	return e;
}

/* ---- member show -------------------------------------------------------- */

static void
grant_json(const struct authority *authority, const struct grant *grant,
    struct buf *json)
{
	struct buf text = {0};

	object_begin(json, NULL);
	show_ref(&grant->fact, &text);
	object_text(json, "ref", buf_bytes(&text));
	object_text(json, "prefix", bytes_text(grant->what.prefix.text));
	buf_cut(&text, 0);
	fact_rights_text(grant->what.gives, &text);
	object_text(json, "rights", buf_bytes(&text));
	buf_cut(&text, 0);
	fact_rights_text(grant->what.passes, &text);
	object_text(json, "passes", buf_bytes(&text));
	object_hex(json, "by", bytes_of(grant->by.b, sizeof(grant->by.b)));
	buf_cut(&text, 0);
	show_utc(grant->since, &text);
	object_text(json, "since", buf_bytes(&text));
	object_number(json, "stratum", grant->stratum);
	object_text(json, "status", bytes_text(explain_status(grant)));
	buf_cut(&text, 0);
	explain_end(authority, grant, &text);
	object_text(json, "why", buf_bytes(&text));
	object_end(json);
	buf_fini(&text);
}

static void
member_json(struct opened *work, const struct authority *authority,
    const struct member *member)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_text(&json, "label", member->label);
	object_hex(
	    &json, "key", bytes_of(member->key.b, sizeof(member->key.b)));
	object_text(
	    &json, "status", bytes_text(explain_member(authority, member)));
	object_hex(&json, "by", bytes_of(member->by.b, sizeof(member->by.b)));
	object_array(&json, "addresses");
	for (size_t i = 0; i < member->addresses_n; i++)
		object_text(&json, NULL, member->addresses[i]);
	object_array_end(&json);
	object_array(&json, "grants");
	for (size_t i = 0; i < authority->grants_n; i++) {
		if (same_key(&authority->grants[i].what.member, &member->key))
			grant_json(authority, &authority->grants[i], &json);
	}
	object_array_end(&json);
	object_end(&json);
	out_json(work->out, buf_bytes(&json));
	buf_fini(&json);
}

static void
grant_row(const struct authority *authority, const struct grant *grant,
    struct out_table *table)
{
	struct buf texts[5] = {0};

	show_ref(&grant->fact, &texts[0]);
	explain_gives(grant, &texts[1]);
	explain_origin(authority, grant, &texts[2]);
	buf_add_text(&texts[3], explain_status(grant));
	explain_end(authority, grant, &texts[4]);
	out_table_take(table, texts);
}

static void
member_lines(struct opened *work, const struct authority *authority,
    const struct member *member)
{
	static const struct out_column columns[] = {
	    {.key = "ref", .title = "GRANT"},
	    {.key = "gives", .title = "GIVES"},
	    {.key = "from", .title = "FROM"},
	    {.key = "status", .title = "STATUS"},
	    {.key = "why", .title = "WHY"},
	};
	struct out *out = work->out;
	struct out_table *table;
	struct buf text = {0};

	ascii_hex(bytes_of(member->key.b, sizeof(member->key.b)), &text);
	out_say(out, "label   %.*s", (int)member->label.n, member->label.p);
	out_say(out, "key     %s", buf_text(&text));
	out_say(out, "status  %s", explain_member(authority, member));
	buf_cut(&text, 0);
	show_member(authority, &member->by, &text);
	out_say(out, "by      %s", buf_text(&text));
	buf_cut(&text, 0);
	addresses_text(member, &text);
	out_say(out, "at      %s\n",
	    text.n > 0 ? buf_text(&text) : "no address is known");
	buf_fini(&text);
	table = out_table_new(out, columns, COUNT_OF(columns));
	for (size_t i = 0; i < authority->grants_n; i++) {
		if (same_key(&authority->grants[i].what.member, &member->key))
			grant_row(authority, &authority->grants[i], table);
	}
	out_table_end(table, "no grants");
}

static enum err
show_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	const struct authority *authority;
	const struct member *member;
	enum err e;

	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK)
		e = name_member(authority, args_word(args, 0), &member);
	if (e == ERR_OK && out->json)
		member_json(&work, authority, member);
	else if (e == ERR_OK)
		member_lines(&work, authority, member);
	open_end(&work);
	return e;
}

/* ---- admit, member rename, member grant --------------------------------- */

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

/* What somebody higher up said stays; then `fact` waits. */
static bool
is_known_so(struct opened *work, const struct sign_key *key, struct bytes fact)
{
	const struct authority *authority;
	struct fact_member member;
	struct buf now = {0};
	bool is = true;

	if (store_begin(work->store, false) != ERR_OK)
		return is;
	if (store_authority(work->store, &authority) == ERR_OK) {
		authority_member_fact(authority, key, &member);
		fact_member_put(&member, &now);
		is = bytes_equal(buf_bytes(&now), fact);
		if (!is)
			out_notice(work->out,
			    "the member keeps its name and addresses for now: "
			    "they were given higher up, or by a clock that "
			    "runs ahead");
	}
	store_abort(work->store);
	buf_fini(&now);
	return is;
}

/* Writes `member`, commits, and says that `done` was done to it. */
static enum err
member_write(
    struct opened *work, const struct fact_member *member, const char *done)
{
	struct fact_member written;
	struct buf fact = {0};
	enum err e = store_admit(work->store, member);

	/* What is known of members ends with the transaction. */
	if (e == ERR_OK) {
		fact_member_put(member, &fact);
		e = fact_member_get(buf_bytes(&fact), &written);
	}
	if (e == ERR_OK)
		e = open_commit(work);
	if (e == ERR_OK)
		say_done(work->out,
		    is_known_so(work, &written.key, buf_bytes(&fact))
			? done
			: "proposed",
		    &written.key, written.label);
	buf_fini(&fact);
	return e;
}

static enum err
rename_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct fact_member member;
	const struct authority *authority;
	const struct member *was;
	struct buf label = {0};
	enum err e = text_nfc(bytes_text(args_word(args, 1)), &label);

	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK)
		e = name_member(authority, args_word(args, 0), &was);
	if (e == ERR_OK) {
		authority_member_fact(authority, &was->key, &member);
		member.label = buf_bytes(&label);
		e = member_write(&work, &member, "renamed");
	}
	open_end(&work);
	buf_fini(&label);
	return e;
}

/* Reads the words behind the first into `member`; what they say is kept in
 * `text`. */
static enum err
addresses_read(
    const struct args *args, struct fact_member *member, struct buf *text)
{
	bool none = args_has(args, "none");

	if ((args_word(args, 1) == NULL) != none)
		return err_set(ERR_USAGE,
		    "say where the member is reached, HOST:PORT, or --none");
	/* Views into the text must not move. */
	buf_reserve(text, LIMIT_ADDRESSES * (size_t)LIMIT_ADDRESS_SIZE);
	member->addresses_n = 0;
	for (size_t i = 1; args_word(args, i) != NULL; i++) {
		struct place place;
		size_t at = text->n;
		enum err e = place_read(args_word(args, i), &place);

		if (e == ERR_OK && place.port == 0)
			e = err_set(
			    ERR_USAGE, "'%s' has no port", args_word(args, i));
		if (e != ERR_OK)
			return e;
		place_text(&place, text);
		assert(member->addresses_n < LIMIT_ADDRESSES);
		member->addresses[member->addresses_n++] = bytes_after(
		    buf_bytes(text), at);
	}
	return ERR_OK;
}

static enum err
address_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct fact_member member;
	const struct authority *authority;
	const struct member *was;
	struct buf text = {0};
	enum err e = open_begin(args, out, true, &work);

	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK)
		e = name_member(authority, args_word(args, 0), &was);
	if (e == ERR_OK) {
		authority_member_fact(authority, &was->key, &member);
		e = addresses_read(args, &member, &text);
	}
	if (e == ERR_OK)
		e = member_write(&work, &member, "addressed");
	open_end(&work);
	buf_fini(&text);
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

static const struct args_option address_options[] = {
    {.name = "none", .help = "it is reached nowhere any more"},
};

const struct args_command cmd_member_commands[] = {
    {.name = "member ls",
	.help = "list the members and what they may do",
	.run = ls_run},
    {.name = "member show",
	.words = "MEMBER",
	.words_min = 1,
	.words_max = 1,
	.help = "show a member and every grant that it has or had",
	.about =
	    "MEMBER is a label, a key, or the first digits of a key.  GRANT "
	    "is\n"
	    "the name of a grant: member revoke takes it, and log show has it.",
	.run = show_run},
    {.name = "member grant",
	.words = "MEMBER",
	.words_min = 1,
	.words_max = 1,
	.help = "give a member rights",
	.about =
	    "RIGHTS are words with commas between them: read:CLASSES with the\n"
	    "data classes N, P, S and F, hold, audit, write, admin, erase; or\n"
	    "all.  A grant ends only by being revoked.",
	.options = grant_options,
	.options_n = COUNT_OF(grant_options),
	.run = grant_run},
    {.name = "member rename",
	.words = "MEMBER NAME",
	.words_min = 2,
	.words_max = 2,
	.help = "call a member otherwise from now on",
	.run = rename_run},
    {.name = "member address",
	.words = "MEMBER [HOST:PORT...]",
	.words_min = 1,
	.words_max = 1 + LIMIT_ADDRESSES,
	.help = "say where a member is reached",
	.about =
	    "All addresses at once, in the order to try: at most four, and\n"
	    "they take the place of those before.  They go to the whole city\n"
	    "and tell nodes where to dial; who answers there must still prove\n"
	    "its key.\n",
	.options = address_options,
	.options_n = COUNT_OF(address_options),
	.run = address_run},
};
const size_t cmd_member_commands_n = COUNT_OF(cmd_member_commands);
