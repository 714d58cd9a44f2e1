/*
 * Commands by which a node becomes a member of a city: join, at the new node,
 * and admit, at one that may let it in.
 */
#include "cli/cmd_join.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/join.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/role.h"
#include "cli/choice.h"
#include "cli/commons.h"
#include "core/file.h"
#include "proto/request.h"
#include "proto/text.h"

enum {
	TIMEOUT_S = 60,
	TIMEOUT_S_MAX = 24 * 60 * 60,
	TYPED_SIZE_MAX = 16 * 1024,
	REQUEST_SIZE_MAX = 4096,
};

/* ---- join --------------------------------------------------------------- */

/* From a pipe a token does not stand in the list of processes. */
static enum err
typed_read(struct buf *text)
{
	for (;;) {
		uint8_t part[1024];
		ssize_t n = read(STDIN_FILENO, part, sizeof(part));

		if (n < 0)
			return err_set(
			    ERR_IO, "standard input ends: %s", strerror(errno));
		if (n == 0)
			return ERR_OK;
		buf_add(text, bytes_of(part, (size_t)n));
		if (text->n > TYPED_SIZE_MAX)
			return err_set(ERR_USAGE,
			    "what came from standard input is no token");
	}
}

static enum err
token_run(const struct args *args, struct out *out, const struct choice *choice)
{
	struct join_plan plan = {
	    .dir = open_dir(args),
	    .text = args_word(args, 0),
	    .choice = choice,
	};
	struct buf typed = {0};
	uint64_t timeout_s = TIMEOUT_S;
	enum err e = args_number(args, "timeout", TIMEOUT_S_MAX, &timeout_s);

	plan.timeout_ms = timeout_s * 1000;
	if (e == ERR_OK && plan.text != NULL && strcmp(plan.text, "-") == 0) {
		e = typed_read(&typed);
		plan.text = buf_text(&typed);
	}
	if (e == ERR_OK)
		e = join_by_token(out, &plan);
	buf_wipe(&typed);
	return e;
}

static enum err
way_run(const struct args *args, struct out *out, const struct choice *choice)
{
	const char *request = args_text(args, "request", 0);
	const char *grant = args_text(args, "grant", 0);

	if ((request != NULL) + (grant != NULL) + (args_word(args, 0) != NULL) >
	    1)
		return err_set(ERR_USAGE,
		    "say one of them: TOKEN, --request FILE, --grant FILE");
	if (request == NULL && args_has(args, "name"))
		return err_set(ERR_USAGE,
		    "--name needs --request: a token and an answer say how "
		    "this node is called");
	if (request != NULL)
		return answer_ask(
		    out, open_dir(args), request, args_text(args, "name", 0));
	if (grant != NULL)
		return answer_take(
		    out, &(struct answer_plan){.dir = open_dir(args),
			     .path = grant,
			     .choice = choice,
			     .city = args_text(args, "city", 0)});
	return token_run(args, out, choice);
}

static enum err
join_run(const struct args *args, struct out *out)
{
	struct choice choice = {0};
	enum err e = choice_read(args, &choice);

	if (e == ERR_OK)
		e = way_run(args, out, &choice);
	choice_fini(&choice);
	return e;
}

/* ---- admit -------------------------------------------------------------- */

/* Who is to be let in, as what. */
struct admission {
	struct fact_member member;
	struct buf label; /* owned */
	size_t grants_n;
	struct fact_grant grants[LIMIT_TOKEN_GRANTS];
};

static void
say_admitted(struct out *out, const struct sign_key *key, struct bytes label)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_hex(&json, "admitted", bytes_of(key->b, sizeof(key->b)));
	object_text(&json, "label", label);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	out_say(out, "admitted: %.*s", (int)label.n, label.p);
	buf_fini(&json);
}

/* A file with a request, which may bring a name along; or a key. */
static enum err
who_read(const struct args *args, struct admission *admission)
{
	const char *word = args_word(args, 0);
	const char *name = args_text(args, "name", 0);
	struct request request = {0};
	struct arena arena = {0};
	struct file_stat stat;
	struct buf text = {0};
	enum err e;

	if (name == NULL)
		name = args_text(args, "label", 0);
	if (file_stat(word, &stat) == ERR_OK) {
		e = file_read(word, REQUEST_SIZE_MAX, &text);
		if (e == ERR_OK)
			e = request_get(buf_bytes(&text), &arena, &request);
		if (e != ERR_OK)
			e = err_wrap(e, "%s", word);
		admission->member.key = request.key;
	} else {
		e = name_key(NULL, word, &admission->member.key);
		if (e != ERR_OK)
			e = err_set(ERR_USAGE,
			    "'%s' is neither a file with a request nor a key "
			    "of 64 digits 0-9 and a-f",
			    word);
	}
	if (e == ERR_OK && name == NULL && request.label.n == 0)
		e = err_set(ERR_USAGE,
		    "--name NAME is needed: what people will call the node");
	if (e == ERR_OK)
		e = text_nfc(name != NULL ? bytes_text(name) : request.label,
		    &admission->label);
	admission->member.label = buf_bytes(&admission->label);
	buf_fini(&text);
	arena_fini(&arena);
	return e;
}

/* Without a word of rights it is admitted and gets nothing. */
static enum err
grants_read(const struct args *args, struct admission *admission)
{
	static const char *const options[] = {
	    "role", "rights", "passes", "space"};
	bool any = false;

	for (size_t i = 0; i < COUNT_OF(options); i++)
		any = any || args_has(args, options[i]);
	if (!any)
		return ERR_OK;
	return role_grants(args, admission->grants, &admission->grants_n);
}

/* With what the role needs besides, in the open store. */
static enum err
grants_complete(struct opened *work, struct admission *admission)
{
	enum err e = ERR_OK;

	if (args_has(work->args, "role"))
		e = commons_grants(work,
		    bytes_text(args_text(work->args, "role", 0)),
		    admission->grants, &admission->grants_n);
	for (size_t i = 0; i < admission->grants_n; i++)
		admission->grants[i].member = admission->member.key;
	return e;
}

static bool
has_grant(const struct authority *authority, const struct fact_grant *wanted)
{
	struct buf ours = {0};
	struct buf theirs = {0};
	bool has = false;

	fact_grant_put(wanted, &ours);
	for (size_t i = 0; i < authority->grants_n && !has; i++) {
		const struct grant *grant = &authority->grants[i];

		buf_cut(&theirs, 0);
		fact_grant_put(&grant->what, &theirs);
		has = grant->counts && !grant->revoked &&
		      bytes_equal(buf_bytes(&ours), buf_bytes(&theirs));
	}
	buf_fini(&theirs);
	buf_fini(&ours);
	return has;
}

/* Writes what is not there yet, so that it can be done twice. */
static enum err
admission_write(struct store *store, const struct admission *admission)
{
	const struct authority *authority;
	const struct member *member;
	enum err e = store_authority(store, &authority);

	if (e != ERR_OK)
		return e;
	member = authority_member(authority, &admission->member.key);
	if (member == NULL || !member->counts ||
	    !bytes_equal(member->label, admission->member.label)) {
		struct fact_member fact;

		authority_member_fact(authority, &admission->member.key, &fact);
		fact.label = admission->member.label;
		e = store_admit(store, &fact);
	}
	for (size_t i = 0; i < admission->grants_n && e == ERR_OK; i++) {
		e = store_authority(store, &authority);
		if (e == ERR_OK && !has_grant(authority, &admission->grants[i]))
			e = store_grant(store, &admission->grants[i]);
	}
	return e;
}

static enum err
admit_run(const struct args *args, struct out *out)
{
	const char *answer = args_text(args, "answer", 0);
	struct opened work = {0};
	struct admission admission = {0};
	enum err e = who_read(args, &admission);

	if (e == ERR_OK)
		e = grants_read(args, &admission);
	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = grants_complete(&work, &admission);
	if (e == ERR_OK)
		e = admission_write(work.store, &admission);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK && answer != NULL)
		e = answer_give(work.store, answer);
	if (e == ERR_OK)
		say_admitted(
		    out, &admission.member.key, buf_bytes(&admission.label));
	open_end(&work);
	buf_fini(&admission.label);
	return e;
}

static const struct args_option join_options[] = {
    {.name = "timeout",
	.value = "SECONDS",
	.help = "give up after so long without a sign of the peer (60)"},
    CHOICE_OPTION,
    {.name = "request",
	.value = "FILE",
	.help = "without a line: write a request to be admitted"},
    {.name = "name",
	.value = "NAME",
	.help = "with --request: what this node would like to be called"},
    {.name = "grant",
	.value = "FILE",
	.help = "without a line: take the answer, and make the store"},
    {.name = "city",
	.value = "ID",
	.help = "with --grant: refuse the answer of any other city"},
};

static const struct args_option admit_options[] = {
    {.name = "name",
	.value = "NAME",
	.help = "what people call the node; else what its request says"},
    {.name = "label", .value = "NAME", .help = "the same"},
    {.name = "role", .value = "ROLE", .help = "what it is for"},
    {.name = "space",
	.value = "PREFIX",
	.many = true,
	.help = "the spaces: d03/c017 and all below; all is everything"},
    {.name = "rights",
	.value = "RIGHTS",
	.help = "instead of --role: what it may do (read:NPSF,write)"},
    {.name = "passes",
	.value = "RIGHTS",
	.help = "with --rights: what it may grant to others in turn"},
    {.name = "answer",
	.value = "FILE",
	.help = "write the answer, for golmok join --grant"},
};

const struct args_command cmd_join_commands[] = {
    {.name = "join",
	.words = "[TOKEN]",
	.words_max = 1,
	.help = "make a store and join the city that TOKEN invites to",
	.about =
	    "TOKEN is what `golmok invite` printed or its QR code holds; - "
	    "reads\n"
	    "it from standard input.  A join that was cut off goes on when it "
	    "is\n"
	    "run again, then also without TOKEN.  A node without a line "
	    "writes a\n"
	    "--request, and takes what `golmok admit` answered with "
	    "--grant.",
	.options = join_options,
	.options_n = COUNT_OF(join_options),
	.run = join_run},
    {.name = "admit",
	.words = "FILE|KEY",
	.words_min = 1,
	.words_max = 1,
	.help = "make a node a member of the city, by its request or key",
	.about = "ROLE as in `golmok help invite`.  What it has already is not "
		 "given\ntwice.",
	.options = admit_options,
	.options_n = COUNT_OF(admit_options),
	.run = admit_run},
};
const size_t cmd_join_commands_n = COUNT_OF(cmd_join_commands);
