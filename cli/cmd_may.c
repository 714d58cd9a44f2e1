/*
 * may: has a member a right in a space, by which grant, from whom, down from
 * root; or what is missing, or was taken.  Asks core/authority.c and changes
 * nothing; the exit status tells the answer.
 */
#include "cli/cmd_may.h"

#include <string.h>

#include "cli/explain.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/show.h"
#include "proto/ascii.h"

struct question {
	const struct authority *authority; /* borrowed, as member */
	const struct member *member;
	const char *word; /* of the right, as it was given */
	struct rights right;
	struct space space;
	const struct grant *by; /* the answer: this grant, or */
	bool open;		/* everybody may, or */
	bool root;		/* it is root, and that needs no grant, or */
	const char *missing;	/* why nobody's grant matters; static */
};

static enum err
question_read(struct opened *work, struct question *question)
{
	const struct args *args = work->args;
	enum err e = store_authority(work->store, &question->authority);

	question->word = args_word(args, 1);
	if (e == ERR_OK)
		e = name_member(
		    question->authority, args_word(args, 0), &question->member);
	/* Reading without a class asks for what is not personal. */
	if (e == ERR_OK && strcmp(question->word, "read") == 0)
		question->right = (struct rights){
		    .bits = RIGHT_READ, .classes = 1u << CLASS_N};
	else if (e == ERR_OK)
		e = fact_rights(bytes_text(question->word), &question->right);
	if (e == ERR_OK &&
	    (question->right.bits & (question->right.bits - 1)) != 0)
		e = err_set(ERR_USAGE,
		    "'%s' is more than one right: ask for each",
		    question->word);
	if (e == ERR_OK)
		e = name_space(args_word(args, 2), &question->space);
	return e;
}

static bool
is_theirs(const struct question *question, const struct grant *grant)
{
	return memcmp(&grant->what.member, &question->member->key,
		   sizeof(grant->what.member)) == 0;
}

/* Would `grant` give it, were it valid? */
static bool
would_give(const struct question *question, const struct grant *grant)
{
	return is_theirs(question, grant) &&
	       id_covers(&grant->what.prefix, &question->space) &&
	       fact_rights_within(question->right, grant->what.gives);
}

static void
question_answer(struct question *question)
{
	const struct authority *authority = question->authority;
	const struct member *member = question->member;

	question->open = member->counts && !member->compromised &&
			 id_is_authority(&question->space) &&
			 question->right.bits == RIGHT_READ &&
			 question->right.classes == 1u << CLASS_N;
	question->root = memcmp(&member->key, &authority->root,
			     sizeof(member->key)) == 0 &&
			 question->right.bits == RIGHT_ADMIN;
	if (question->open || question->root)
		return;
	if (memcmp(&member->key, &authority->root, sizeof(member->key)) == 0)
		question->missing = "root grants and decides everywhere, and "
				    "does nothing else: its only right is "
				    "admin";
	else if (!member->counts)
		question->missing = "its admission does not count";
	else if (id_is_authority(&question->space))
		question->missing =
		    "what may be written into authority depends on the fact; "
		    "everybody may read it, and all else needs admin in the "
		    "spaces concerned";
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!would_give(question, grant) || !grant->counts ||
		    grant->revoked || question->missing != NULL)
			continue;
		if (question->by == NULL ||
		    grant->stratum < question->by->stratum)
			question->by = grant;
	}
}

static bool
is_yes(const struct question *question)
{
	return question->open || question->root || question->by != NULL;
}

/* What is wrong with one grant of the member, as far as the question goes. */
static void
grant_lack(const struct question *question, const struct grant *grant,
    struct buf *text)
{
	if (!id_covers(&grant->what.prefix, &question->space))
		buf_add_format(text, "does not cover %s", question->space.text);
	else if (!fact_rights_within(question->right, grant->what.gives))
		buf_add_format(text, "does not give %s", question->word);
	else
		explain_end(question->authority, grant, text);
}

/* The grants from `grant` up to root's, each with who gave it. */
static void
chain_say(struct out *out, const struct question *question)
{
	const struct grant *grant = question->by;
	struct buf text = {0};

	while (grant != NULL) {
		buf_cut(&text, 0);
		buf_add_text(&text,
		    grant == question->by ? "  by grant " : "  given under ");
		show_ref(&grant->fact, &text);
		buf_add_u8(&text, ' ');
		explain_gives(grant, &text);
		buf_add_text(&text, ", ");
		explain_origin(question->authority, grant, &text);
		out_say(out, "%s", buf_text(&text));
		grant = explain_under(question->authority, grant);
	}
	buf_fini(&text);
}

static void
answer_say(struct out *out, const struct question *question)
{
	const struct authority *authority = question->authority;
	const struct member *member = question->member;
	struct buf text = {0};
	bool any = false;

	out_say(out, "%s: %.*s may %s%s in %s", is_yes(question) ? "yes" : "no",
	    (int)member->label.n, member->label.p,
	    is_yes(question) ? "" : "not ", question->word,
	    question->space.text);
	if (question->open)
		out_say(out, "  every member reads authority");
	if (question->root)
		out_say(out, "  all rights descend from root");
	if (question->missing != NULL)
		out_say(out, "  %s", question->missing);
	chain_say(out, question);
	for (size_t i = 0; i < authority->grants_n && !is_yes(question); i++) {
		const struct grant *grant = &authority->grants[i];

		if (!is_theirs(question, grant))
			continue;
		any = true;
		buf_cut(&text, 0);
		buf_add_text(&text, "  grant ");
		show_ref(&grant->fact, &text);
		buf_add_u8(&text, ' ');
		explain_gives(grant, &text);
		buf_add_text(&text, ": ");
		grant_lack(question, grant, &text);
		out_say(out, "%s", buf_text(&text));
	}
	if (!any && !is_yes(question) && question->missing == NULL)
		out_say(out, "  it has no grant at all");
	buf_fini(&text);
}

static void
grant_json(const struct question *question, const struct grant *grant,
    bool lacks, struct buf *json)
{
	struct buf text = {0};

	object_begin(json, NULL);
	show_ref(&grant->fact, &text);
	object_text(json, "ref", buf_bytes(&text));
	object_text(json, "prefix", bytes_text(grant->what.prefix.text));
	buf_cut(&text, 0);
	fact_rights_text(grant->what.gives, &text);
	object_text(json, "rights", buf_bytes(&text));
	object_hex(json, "by", bytes_of(grant->by.b, sizeof(grant->by.b)));
	buf_cut(&text, 0);
	show_utc(grant->since, &text);
	object_text(json, "since", buf_bytes(&text));
	buf_cut(&text, 0);
	if (lacks)
		grant_lack(question, grant, &text);
	if (lacks)
		object_text(json, "lacks", buf_bytes(&text));
	object_end(json);
	buf_fini(&text);
}

static void
answer_json(struct out *out, const struct question *question)
{
	const struct authority *authority = question->authority;
	struct buf json = {0};

	object_begin(&json, NULL);
	object_bool(&json, "may", is_yes(question));
	object_hex(&json, "member", bytes_of(question->member->key.b, 32));
	object_text(&json, "label", question->member->label);
	object_text(&json, "right", bytes_text(question->word));
	object_text(&json, "space", bytes_text(question->space.text));
	if (question->missing != NULL)
		object_text(&json, "missing", bytes_text(question->missing));
	object_array(&json, "chain");
	for (const struct grant *grant = question->by; grant != NULL;
	     grant = explain_under(authority, grant))
		grant_json(question, grant, false, &json);
	object_array_end(&json);
	object_array(&json, "grants");
	for (size_t i = 0; i < authority->grants_n && !is_yes(question); i++) {
		if (is_theirs(question, &authority->grants[i]))
			grant_json(
			    question, &authority->grants[i], true, &json);
	}
	object_array_end(&json);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
}

static enum err
may_run(const struct args *args, struct out *out)
{
	struct question question = {0};
	struct opened work = {0};
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = question_read(&work, &question);
	if (e == ERR_OK) {
		question_answer(&question);
		if (out->json)
			answer_json(out, &question);
		else
			answer_say(out, &question);
		if (!is_yes(&question))
			e = err_set(ERR_DENIED, "%.*s may not %s in %s",
			    (int)question.member->label.n,
			    question.member->label.p, question.word,
			    question.space.text);
	}
	open_end(&work);
	return e;
}

const struct args_command cmd_may_commands[] = {
    {.name = "may",
	.words = "MEMBER RIGHT SPACE",
	.words_min = 3,
	.words_max = 3,
	.help = "may a member do that there, and why or why not",
	.about =
	    "RIGHT is one of read:CLASSES (read alone is read:N), hold, "
	    "audit,\n"
	    "write, admin, erase.  The status is 0 for yes; for no it is that\n"
	    "of 'not allowed' (golmok exit).",
	.run = may_run},
};
const size_t cmd_may_commands_n = COUNT_OF(cmd_may_commands);
