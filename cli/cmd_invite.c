/*
 * Commands on invitations: invite, invite ls, invite cancel.  What an
 * invitation gives is decided here, from a role or from rights spelled out;
 * whether this node may give it, the door decides.
 */
#include "cli/cmd_invite.h"

#include "cli/invite.h"
#include "cli/object.h"
#include "cli/qr.h"
#include "cli/role.h"
#include "cli/commons.h"
#include "cli/sheet.h"
#include "cli/show.h"
#include "proto/ascii.h"
#include "proto/text.h"

enum { ID_SHOWN = 4 /* bytes of a token's name that people see */ };

static void
seconds_text(uint64_t seconds, struct buf *text)
{
	show_time((struct stamp){seconds * 1000 << 16}, text);
}

static void
grants_json(struct buf *json, const struct fact_grant *grants, size_t grants_n)
{
	struct buf text = {0};

	object_array(json, "grants");
	for (size_t i = 0; i < grants_n; i++) {
		object_begin(json, NULL);
		object_text(json, "prefix", bytes_text(grants[i].prefix.text));
		buf_cut(&text, 0);
		fact_rights_text(grants[i].gives, &text);
		object_text(json, "rights", buf_bytes(&text));
		buf_cut(&text, 0);
		fact_rights_text(grants[i].passes, &text);
		object_text(json, "passes", buf_bytes(&text));
		object_end(json);
	}
	object_array_end(json);
	buf_fini(&text);
}

/* What grants give, for people. */
static void
grants_text(const struct fact_grant *grants, size_t grants_n, struct buf *text)
{
	for (size_t i = 0; i < grants_n; i++) {
		const char *prefix = grants[i].prefix.text;

		buf_add_format(text, "%s%s: ", i > 0 ? "; " : "",
		    prefix[0] != '\0' ? prefix : "all");
		fact_rights_text(grants[i].gives, text);
		if (grants[i].passes.bits == 0)
			continue;
		buf_add_text(text, ", passes on ");
		fact_rights_text(grants[i].passes, text);
	}
}

/* ---- invite ------------------------------------------------------------- */

static void
say_invite(struct out *out, const struct invite *invite, const struct qr *qr)
{
	struct buf when = {0};
	struct buf what = {0};
	struct buf json = {0};
	struct buf picture = {0};
	struct buf token = {0};

	buf_add(&token, buf_bytes(&invite->token));
	object_begin(&json, NULL);
	object_hex(&json, "id", bytes_of(invite->id.b, sizeof(invite->id.b)));
	object_text(&json, "label", invite->label);
	object_number(&json, "expires", invite->expires_s);
	grants_json(&json, invite->grants, invite->grants_n);
	object_text(&json, "token", buf_bytes(&token));
	object_end(&json);
	out_json(out, buf_bytes(&json));
	seconds_text(invite->expires_s, &when);
	grants_text(invite->grants, invite->grants_n, &what);
	out_say(out, "%.*s may join once, until %s, and gets %s",
	    (int)invite->label.n, invite->label.p, buf_text(&when),
	    buf_text(&what));
	out_say(out, "\n%s\n", buf_text(&token));
	qr_lines(qr, out->columns > 0, &picture);
	out_picture(out, buf_bytes(&picture));
	out_say(out,
	    "\nThere: golmok join TOKEN; here: golmok serve.  Whoever has the "
	    "token may use it.");
	buf_wipe(&token);
	buf_wipe(&json);
	buf_wipe(&picture);
	buf_fini(&what);
	buf_fini(&when);
}

static enum err
one_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct invite_plan plan = {0};
	struct invite invite = {0};
	struct buf label = {0};
	struct buf code = {0};
	struct qr qr = {0};
	enum err e = role_grants(args, invite.grants, &invite.grants_n);

	if (e == ERR_OK && args_text(args, "name", 0) == NULL)
		e = err_set(ERR_USAGE,
		    "--name NAME is needed: what people will call the node");
	if (e == ERR_OK)
		e = text_nfc(bytes_text(args_text(args, "name", 0)), &label);
	invite.label = buf_bytes(&label);
	if (e == ERR_OK)
		e = invite_expires(
		    args_text(args, "expires", 0), &invite.expires_s);
	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK && args_has(args, "role"))
		e = commons_grants(&work,
		    bytes_text(args_text(args, "role", 0)), invite.grants,
		    &invite.grants_n);
	if (e == ERR_OK)
		e = invite_plan_init(&work, args, &plan);
	if (e == ERR_OK)
		e = tokens_sweep(work.store);
	if (e == ERR_OK)
		e = invite_make(&work, &plan, &invite);
	if (e == ERR_OK)
		token_code(buf_bytes(&invite.token), &code);
	if (e == ERR_OK)
		e = qr_make(buf_bytes(&code), &qr);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK)
		say_invite(out, &invite, &qr);
	open_end(&work);
	qr_fini(&qr);
	buf_wipe(&code);
	buf_fini(&label);
	invite_fini(&invite);
	invite_plan_fini(&plan);
	return e;
}

static enum err
many_run(const struct args *args, struct out *out)
{
	static const char *const single[] = {
	    "name", "role", "rights", "passes", "space"};
	struct opened work = {0};
	struct invite_plan plan = {0};
	struct sheet *sheet = NULL;
	enum err e = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(single) && e == ERR_OK; i++) {
		if (args_has(args, single[i]))
			e = err_set(ERR_USAGE,
			    "--%s is a column of the file that --from names",
			    single[i]);
	}
	if (e == ERR_OK && args_text(args, "sheet", 0) == NULL &&
	    args_text(args, "csv-out", 0) == NULL)
		e = err_set(ERR_USAGE,
		    "--sheet FILE or --csv-out FILE is needed: where the "
		    "tokens go");
	if (e == ERR_OK)
		e = sheet_read(args_text(args, "from", 0),
		    args_text(args, "expires", 0), &sheet);
	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = invite_plan_init(&work, args, &plan);
	if (e == ERR_OK)
		e = tokens_sweep(work.store);
	if (e == ERR_OK)
		e = sheet_make(sheet, &work, &plan);
	/* Files come first: a token that was never written down is of no use,
	 * and one in a file that was never made lets nobody in. */
	if (e == ERR_OK && args_has(args, "sheet"))
		e = sheet_html(sheet, &work, args_text(args, "sheet", 0));
	if (e == ERR_OK && args_has(args, "csv-out"))
		e = sheet_csv(sheet, args_text(args, "csv-out", 0));
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK)
		sheet_say(sheet, out);
	open_end(&work);
	sheet_free(sheet);
	invite_plan_fini(&plan);
	return e;
}

static enum err
invite_run(const struct args *args, struct out *out)
{
	if (args_has(args, "from"))
		return many_run(args, out);
	if (args_has(args, "sheet") || args_has(args, "csv-out"))
		return err_set(
		    ERR_USAGE, "--sheet and --csv-out need --from FILE");
	return one_run(args, out);
}

/* ---- invite ls, invite cancel ------------------------------------------- */

static const char *
state_text(enum tokens_state state)
{
	switch (state) {
	case TOKENS_OPEN:
		return "open";
	case TOKENS_USED:
		return "used";
	case TOKENS_CANCELLED:
		return "cancelled";
	case TOKENS_EXPIRED:
		return "expired";
	}
	return "?";
}

/* The same for machines, and nothing cut short. */
static void
row_json(struct out *out, const struct tokens_row *row)
{
	struct buf json = {0};
	struct buf when = {0};

	object_begin(&json, NULL);
	object_hex(&json, "id", bytes_of(row->id.b, sizeof(row->id.b)));
	object_text(&json, "label", row->label);
	object_text(&json, "state", bytes_text(state_text(row->state)));
	object_number(&json, "expires", row->expires_s);
	if (row->state == TOKENS_USED) {
		show_utc((struct stamp){row->ended_ms << 16}, &when);
		object_text(&json, "used", buf_bytes(&when));
		object_hex(&json, "by", bytes_of(row->by.b, sizeof(row->by.b)));
	}
	grants_json(&json, row->grants, row->grants_n);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&when);
	buf_fini(&json);
}

static void
list_row(struct out_table *table, const struct tokens_row *row)
{
	struct buf id = {0};
	struct buf what = {0};
	struct buf until = {0};
	struct buf by = {0};

	ascii_hex(bytes_of(row->id.b, ID_SHOWN), &id);
	grants_text(row->grants, row->grants_n, &what);
	seconds_text(row->expires_s, &until);
	if (row->state == TOKENS_USED) {
		seconds_text(row->ended_ms / 1000, &by);
		buf_add_u8(&by, ' ');
		ascii_hex(bytes_of(row->by.b, ID_SHOWN), &by);
		buf_add_text(&by, "...");
	}
	out_table_row(
	    table, (const struct bytes[]){buf_bytes(&id), row->label,
		       bytes_text(state_text(row->state)), buf_bytes(&until),
		       buf_bytes(&by), buf_bytes(&what)});
	buf_fini(&by);
	buf_fini(&until);
	buf_fini(&what);
	buf_fini(&id);
}

static enum err
list_run(const struct args *args, struct out *out)
{
	static const struct out_column columns[] = {
	    {.key = "id", .title = "ID"},
	    {.key = "label", .title = "NAME"},
	    {.key = "state", .title = "STATE"},
	    {.key = "until", .title = "UNTIL"},
	    {.key = "used", .title = "USED"},
	    {.key = "grants", .title = "GETS"},
	};
	struct opened work = {0};
	struct tokens_row *rows = NULL;
	size_t n = 0;
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = tokens_list(work.store, &work.arena, &rows, &n);
	if (e == ERR_OK && out->json) {
		for (size_t i = 0; i < n; i++)
			row_json(out, &rows[i]);
	} else if (e == ERR_OK) {
		struct out_table *table = out_table_new(
		    out, columns, COUNT_OF(columns));

		for (size_t i = 0; i < n; i++)
			list_row(table, &rows[i]);
		out_table_end(table, "nobody has been invited from here");
	}
	open_end(&work);
	return e;
}

static enum err
cancel_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct tokens_row *row = NULL;
	struct buf json = {0};
	enum err e = open_begin(args, out, true, &work);

	if (e == ERR_OK)
		e = tokens_cancel(work.store, bytes_text(args_word(args, 0)),
		    &work.arena, &row);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK) {
		object_begin(&json, NULL);
		object_hex(
		    &json, "cancelled", bytes_of(row->id.b, sizeof(row->id.b)));
		object_text(&json, "label", row->label);
		object_end(&json);
		out_json(out, buf_bytes(&json));
		out_say(out, "cancelled: the invitation of %.*s",
		    (int)row->label.n, row->label.p);
	}
	open_end(&work);
	buf_fini(&json);
	return e;
}

static const struct args_option invite_options[] = {
    {.name = "role", .value = "ROLE", .help = "what the new node is for"},
    {.name = "name",
	.value = "NAME",
	.help = "what people will call the new node"},
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
    {.name = "address",
	.value = "HOST:PORT",
	.many = true,
	.help = "where the new node reaches this one"},
    {.name = "expires",
	.value = "TIME",
	.help = "good for so long: 30m, 12h, 7d (7d)"},
    {.name = "from",
	.value = "FILE.csv",
	.help = "invite many: columns name, role, space, perhaps expires"},
    {.name = "sheet",
	.value = "FILE.html",
	.help = "with --from: a page to print, one card for each"},
    {.name = "csv-out",
	.value = "FILE.csv",
	.help = "with --from: the tokens as a table"},
};

const struct args_command cmd_invite_commands[] = {
    {.name = "invite",
	.help = "let a new node join once; prints a token and its QR code",
	.about =
	    "ROLE is dong (a centre; needs --space), gu (a district; needs\n"
	    "--space), city (an aggregator), neighbour (a sealed copy; needs\n"
	    "--space), auditor or eraser.  The new node joins with\n"
	    "`golmok join TOKEN` while this one serves.",
	.options = invite_options,
	.options_n = COUNT_OF(invite_options),
	.run = invite_run},
    {.name = "invite ls",
	.help = "list the invitations that this node gave",
	.run = list_run},
    {.name = "invite cancel",
	.words = "ID",
	.words_min = 1,
	.words_max = 1,
	.help = "end an invitation that was not used",
	.run = cancel_run},
};
const size_t cmd_invite_commands_n = COUNT_OF(cmd_invite_commands);
