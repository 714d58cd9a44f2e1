/*
 * Rights in words, the same in every command: member show, may, whoami and
 * space ls ask here.  Decides nothing; core/authority.c has.
 */
#include "cli/explain.h"

#include <string.h>

#include "cli/show.h"

/* The revocation that took `grant`: of several one that says that the key is in
 * other hands, then the one from highest up; NULL: none did. */
static const struct revocation *
revocation_of(const struct authority *authority, const struct grant *grant)
{
	const struct revocation *found = NULL;

	for (size_t i = 0; i < authority->revocations_n; i++) {
		const struct revocation *r = &authority->revocations[i];

		if (!r->counts ||
		    id_ref_compare(&r->what.grant, &grant->fact) != 0)
			continue;
		/* What is worst to know goes first. */
		if (found == NULL ||
		    r->what.compromised > found->what.compromised ||
		    (r->what.compromised == found->what.compromised &&
			r->stratum < found->stratum))
			found = r;
	}
	return found;
}

const struct grant *
explain_under(const struct authority *authority, const struct grant *grant)
{
	static const struct ref none;

	if (id_ref_compare(&grant->under, &none) == 0)
		return NULL;
	for (size_t i = 0; i < authority->grants_n; i++) {
		if (id_ref_compare(&authority->grants[i].fact, &grant->under) ==
		    0)
			return &authority->grants[i];
	}
	return NULL;
}

void
explain_gives(const struct grant *grant, struct buf *text)
{
	buf_add_format(text, "%s: ", show_prefix(&grant->what.prefix));
	fact_rights_text(grant->what.gives, text);
	if (grant->what.passes.bits == 0)
		return;
	buf_add_text(text, "; passes on ");
	fact_rights_text(grant->what.passes, text);
}

const char *
explain_status(const struct grant *grant)
{
	if (grant->revoked)
		return "revoked";
	return grant->counts ? "valid" : "does not count";
}

void
explain_end(const struct authority *authority, const struct grant *grant,
    struct buf *text)
{
	const struct revocation *revocation;

	if (!grant->counts) {
		buf_add_text(text, authority_why_text(grant->why));
		return;
	}
	if (!grant->revoked)
		return;
	revocation = revocation_of(authority, grant);
	if (revocation == NULL)
		return;
	buf_add_text(text, "revoked by ");
	show_member(authority, &revocation->by, text);
	buf_add_u8(text, ' ');
	show_time(revocation->since, text);
	if (revocation->what.compromised)
		buf_add_text(text, ", its key is in other hands");
	if (revocation->what.reason.n > 0)
		buf_add_text(text, ": ");
	buf_add(text, revocation->what.reason);
}

void
explain_origin(const struct authority *authority, const struct grant *grant,
    struct buf *text)
{
	buf_add_text(text, "from ");
	if (memcmp(&grant->by, &authority->root, sizeof(grant->by)) == 0)
		buf_add_text(text, "root");
	else
		show_member(authority, &grant->by, text);
	buf_add_text(text, " since ");
	show_time(grant->since, text);
}

const char *
explain_member(const struct authority *authority, const struct member *member)
{
	if (memcmp(&member->key, &authority->root, sizeof(member->key)) == 0)
		return "root";
	for (size_t i = 0; i < authority->roots_n; i++) {
		if (memcmp(&member->key, &authority->roots[i].key,
			sizeof(member->key)) == 0)
			return "was root";
	}
	if (!member->counts)
		return "does not count";
	if (member->compromised)
		return "compromised";
	return member->revoked ? "revoked" : "member";
}
