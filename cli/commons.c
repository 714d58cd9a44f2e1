/*
 * Grants of what units share.  Called by who invites and admits, behind
 * cli/role.c; writes nothing.
 */
#include "cli/commons.h"

#include <string.h>

#include "core/authority.h"
#include "core/pack.h"

/* The grants of one role under way. */
struct commons {
	struct opened *work;
	const struct authority *authority;
	struct fact_grant *grants;
	size_t *n;
	bool passes; /* who gets them may give them to its own */
	size_t left_out;
};

static bool
has(const struct commons *commons, const struct fact_grant *grant)
{
	for (size_t i = 0; i < *commons->n; i++) {
		const struct fact_grant *other = &commons->grants[i];

		if (id_covers_prefix(&other->prefix, &grant->prefix) &&
		    fact_rights_within(grant->gives, other->gives) &&
		    fact_rights_within(grant->passes, other->passes))
			return true;
	}
	return false;
}

/* Adds `rights` for the class of spaces `class` that lies in the middle of all
 * units below `parent`. */
static enum err
add(struct commons *commons, struct bytes parent, const char *class,
    struct rights rights)
{
	struct fact_grant grant = {.gives = rights};
	const struct store *store = commons->work->store;
	struct buf name = {0};
	enum err e;

	buf_add(&name, parent);
	buf_add_format(&name, "/all/%s", class);
	e = id_prefix(buf_bytes(&name), &grant.prefix);
	buf_fini(&name);
	if (e != ERR_OK)
		return e;
	if (commons->passes) {
		grant.passes = rights;
		grant.gives.bits |= RIGHT_ADMIN;
	}
	if (has(commons, &grant))
		return ERR_OK;
	if (*commons->n == LIMIT_TOKEN_GRANTS ||
	    (!store_has_root(store) &&
		!authority_may_grant(
		    commons->authority, &store_identity(store)->key, &grant)))
		commons->left_out++;
	else
		commons->grants[(*commons->n)++] = grant;
	return ERR_OK;
}

/* What lies above the unit with the prefix `of`; empty above all. */
static struct bytes
parent_of(const struct space *of)
{
	const char *slash = strrchr(of->text, '/');

	return slash != NULL ? bytes_of(of->text, (size_t)(slash - of->text))
			     : (struct bytes){0};
}

static struct rights reads(enum delta_class class)
{
	return (struct rights){.bits = RIGHT_READ | RIGHT_HOLD,
	    .classes = 1U << CLASS_N | 1U << class};
}

/* The pairs of `parent` are found and judged by those below. */
static enum err
add_pairs(struct commons *commons, struct bytes parent)
{
	const struct pack *pack = commons->work->pack;
	struct rights rights = reads(CLASS_N);

	rights.bits |= RIGHT_WRITE;
	return add(commons, parent,
	    pack->duplicates->candidate.collection->space, rights);
}

static enum err
add_all(struct commons *commons, size_t own_n)
{
	const struct pack *pack = commons->work->pack;
	const struct bytes city = bytes_text("city");
	enum err e = ERR_OK;

	if (pack->units != NULL)
		e = add(commons, city, pack->units->collection->space,
		    reads(CLASS_N));
	if (e == ERR_OK && pack->match != NULL)
		e = add(commons, city, pack->match->collection->space,
		    reads(pack->match->secret->data_class));
	if (e == ERR_OK && pack->duplicates != NULL)
		e = add_pairs(commons, city);
	for (size_t i = 0; i < own_n && e == ERR_OK && pack->duplicates != NULL;
	     i++) {
		struct space own = commons->grants[i].prefix;
		struct bytes parent = parent_of(&own);

		if (commons->passes)
			parent = bytes_text(own.text);
		if (parent.n > 0)
			e = add_pairs(commons, parent);
	}
	return e;
}

static void
left_out_say(const struct commons *commons)
{
	struct buf note = {0};

	buf_add_format(&note,
	    "%zu grants of what units share were left out, since this node may "
	    "not pass them on or they are too many: `golmok member grant` "
	    "gives them later",
	    commons->left_out);
	if (commons->left_out > 0)
		out_notice(commons->work->out, buf_text(&note));
	buf_fini(&note);
}

enum err
commons_grants(struct opened *work, struct bytes role,
    struct fact_grant *grants, size_t *n)
{
	struct commons commons = {.work = work,
	    .grants = grants,
	    .n = n,
	    .passes = bytes_is(role, "gu")};
	enum err e;

	if (work->pack == NULL || (!commons.passes && !bytes_is(role, "dong")))
		return ERR_OK;
	e = store_authority(work->store, &commons.authority);
	if (e == ERR_OK)
		e = add_all(&commons, *n);
	if (e == ERR_OK)
		left_out_say(&commons);
	return e;
}
