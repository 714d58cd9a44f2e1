/*
 * Invitations in the making.  cmd_invite hands them out; core/tokens.c keeps
 * them.  The text of a token leaves through `invite` alone, and is wiped.
 */
#include "cli/invite.h"

#include <string.h>
#include <unistd.h>

#include "cli/host.h"
#include "net/place.h"
#include "proto/ascii.h"

enum {
	EXPIRES_S = 7 * 24 * 60 * 60,
	EXPIRES_MIN_S = 60,
	EXPIRES_MAX_S = 366 * 24 * 60 * 60,
	HOST_SIZE = 256,
};

static enum err address_add(
    struct invite_plan *plan, const char *address) MUST_USE;
static enum err host_add(
    struct opened *work, struct invite_plan *plan) MUST_USE;

enum err
invite_plan_init(
    struct opened *work, const struct args *args, struct invite_plan *plan)
{
	size_t n = args_count(args, "address");
	enum err e = ERR_OK;

	*plan = (struct invite_plan){0};
	if (n > LIMIT_ADDRESSES)
		return err_set(ERR_USAGE,
		    "%zu addresses; a token has at most %d", n,
		    LIMIT_ADDRESSES);
	/* Views into the text must not move. */
	buf_reserve(&plan->text, LIMIT_ADDRESSES * (size_t)LIMIT_ADDRESS_SIZE);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = address_add(plan, args_text(args, "address", i));
	if (e == ERR_OK && n == 0)
		e = host_add(work, plan);
	return e;
}

static enum err
address_add(struct invite_plan *plan, const char *address)
{
	struct place place;
	size_t at = plan->text.n;
	enum err e = place_read(address, &place);

	if (e == ERR_OK && place.port == 0)
		e = err_set(ERR_USAGE,
		    "'%s' has no port: say where this node is reached",
		    address);
	if (e != ERR_OK)
		return err_wrap(e, "--address");
	place_text(&place, &plan->text);
	assert(plan->text.n - at <= LIMIT_ADDRESS_SIZE);
	plan->addresses[plan->addresses_n++] = bytes_after(
	    buf_bytes(&plan->text), at);
	return ERR_OK;
}

static enum err
host_add(struct opened *work, struct invite_plan *plan)
{
	char name[HOST_SIZE] = {0};
	struct buf note = {0};
	enum err e;

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		return err_set(ERR_USAGE,
		    "--address HOST:PORT is needed: where the new node reaches "
		    "this one");
	e = address_add(plan, name);
	buf_add_format(&note,
	    "the token names %s:%d as where this node is reached; --address "
	    "says otherwise",
	    name, PLACE_PORT);
	if (e == ERR_OK)
		out_notice(work->out, buf_text(&note));
	buf_fini(&note);
	return e;
}

void
invite_plan_fini(struct invite_plan *plan)
{
	buf_fini(&plan->text);
	*plan = (struct invite_plan){0};
}

enum err
invite_expires(const char *span, uint64_t *expires_s)
{
	const struct host *host = host_system();
	uint64_t now_s = host->now_ms(host->arg) / 1000;
	struct bytes text = bytes_text(span != NULL ? span : "");
	uint64_t unit_s = 0;
	uint64_t n = 0;

	*expires_s = now_s + EXPIRES_S;
	if (span == NULL)
		return ERR_OK;
	switch (text.n > 1 ? text.p[text.n - 1] : 0) {
	case 'd':
		unit_s = 24 * 60 * 60;
		break;
	case 'h':
		unit_s = 60 * 60;
		break;
	case 'm':
		unit_s = 60;
		break;
	default:
		break;
	}
	if (unit_s == 0 ||
	    ascii_from_decimal(bytes_first(text, text.n - 1), &n) != ERR_OK ||
	    n > EXPIRES_MAX_S / unit_s || n * unit_s < EXPIRES_MIN_S)
		return err_set(ERR_USAGE,
		    "'%s' is no time to expire: 7d, 12h or 30m, from one "
		    "minute to 366 days",
		    span);
	*expires_s = now_s + n * unit_s;
	return ERR_OK;
}

enum err
invite_make(
    struct opened *work, const struct invite_plan *plan, struct invite *invite)
{
	const struct host *host = host_system();
	const struct authority *authority;
	struct token token = {.city = store_identity(work->store)->city,
	    .expires_s = invite->expires_s,
	    .label = invite->label,
	    .addresses_n = plan->addresses_n};
	enum err e = store_authority(work->store, &authority);

	if (e == ERR_OK && !authority->founded)
		e = err_set(ERR_NOT_FOUND,
		    "this store knows nothing of its city yet: sync it first");
	if (e != ERR_OK)
		return e;
	token.root = authority->root;
	for (size_t i = 0; i < plan->addresses_n; i++)
		token.addresses[i] = plan->addresses[i];
	host->random(host->arg, token.secret.b, sizeof(token.secret.b));
	e = tokens_make(work->store, &token, invite->grants, invite->grants_n);
	if (e == ERR_OK) {
		token_name(&token, &invite->id);
		token_put(&token, &invite->token);
	}
	token_fini(&token);
	return e;
}

void
invite_fini(struct invite *invite)
{
	buf_wipe(&invite->token);
}
