/*
 * Commands by which a node becomes a member of a city: join, at the new node,
 * and admit, at one that may let it in.
 */
#include "cli/cmd_join.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/join.h"
#include "cli/name.h"
#include "cli/object.h"
#include "proto/text.h"

enum {
	TIMEOUT_S = 60,
	TIMEOUT_S_MAX = 24 * 60 * 60,
	TYPED_SIZE_MAX = 16 * 1024,
};

/* The pack of a store that is told nothing else. */
#define PACK_DEFAULT "chatdong"

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
join_run(const struct args *args, struct out *out)
{
	const char *pack = args_text(args, "pack", 0);
	struct join_plan plan = {
	    .dir = open_dir(args),
	    .text = args_word(args, 0),
	    .pack = pack != NULL ? pack : PACK_DEFAULT,
	};
	struct buf typed = {0};
	uint64_t timeout_s = TIMEOUT_S;
	enum err e = args_number(args, "timeout", TIMEOUT_S_MAX, &timeout_s);

	plan.timeout_ms = timeout_s * 1000;
	if (strcmp(plan.pack, "none") == 0)
		plan.pack = NULL;
	if (e == ERR_OK && plan.text != NULL && strcmp(plan.text, "-") == 0) {
		e = typed_read(&typed);
		plan.text = buf_text(&typed);
	}
	if (e == ERR_OK)
		e = join_by_token(out, &plan);
	buf_wipe(&typed);
	return e;
}

/* ---- admit -------------------------------------------------------------- */

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
		say_admitted(out, &member.key, buf_bytes(&label));
	open_end(&work);
	buf_fini(&label);
	return e;
}

static const struct args_option join_options[] = {
    {.name = "timeout",
	.value = "SECONDS",
	.help = "give up after so long without a sign of the peer (60)"},
    {.name = "pack",
	.value = "NAME",
	.help = "whose rules hold here (chatdong); none: no rules"},
};

static const struct args_option admit_options[] = {
    {.name = "label",
	.value = "NAME",
	.required = true,
	.help = "what people call the node"},
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
	    "run again, then also without TOKEN.\n",
	.options = join_options,
	.options_n = COUNT_OF(join_options),
	.run = join_run},
    {.name = "admit",
	.words = "KEY",
	.words_min = 1,
	.words_max = 1,
	.help = "make the node with KEY a member of the city",
	.options = admit_options,
	.options_n = COUNT_OF(admit_options),
	.run = admit_run},
};
const size_t cmd_join_commands_n = COUNT_OF(cmd_join_commands);
