/*
 * What is judged, in words: one line for each fact, member and root key.
 */
#include "tests/lib/verdict.h"

#include "proto/ascii.h"

static void
say_ref(struct buf *out, const char *what, const struct ref *ref)
{
	uint8_t bytes[ID_REF_SIZE];

	id_ref_put(ref, bytes);
	buf_add_text(out, what);
	buf_add_u8(out, ' ');
	ascii_hex(bytes_of(bytes, sizeof(bytes)), out);
}

void
verdict_grant(struct buf *out, const struct grant *grant)
{
	say_ref(out, "grant", &grant->fact);
	if (grant->counts) {
		buf_add_format(out, " of %u%s by ", grant->stratum,
		    grant->revoked ? " revoked" : "");
		ascii_hex(bytes_of(grant->by.b, 4), out);
		say_ref(out, " under", &grant->under);
	}
	buf_add_u8(out, '\n');
}

void
verdict_revocation(struct buf *out, const struct revocation *revocation)
{
	say_ref(out, "revocation", &revocation->fact);
	if (revocation->counts) {
		buf_add_format(out, " of %u by ", revocation->stratum);
		ascii_hex(bytes_of(revocation->by.b, 4), out);
	}
	buf_add_u8(out, '\n');
}

void
verdict_outsider(
    struct buf *out, const struct ref *ref, bool voided, bool disputed)
{
	say_ref(out, "outside", ref);
	buf_add_format(out, "%s%s\n", voided ? " voided" : "",
	    disputed ? " disputed" : "");
}

void
verdict_member(struct buf *out, const struct member *member)
{
	buf_add_text(out, "member ");
	ascii_hex(bytes_of(member->key.b, 8), out);
	buf_add_format(out, " '%.*s'%s%s%s\n", (int)member->label.n,
	    (const char *)member->label.p, member->counts ? "" : " outside",
	    member->revoked ? " revoked" : "",
	    member->compromised ? " compromised" : "");
}

void
verdict_root(struct buf *out, const struct sign_key *key)
{
	buf_add_text(out, "root ");
	ascii_hex(bytes_of(key->b, 8), out);
	buf_add_u8(out, '\n');
}

void
verdict_print(const struct authority *authority, struct buf *out)
{
	for (size_t i = 0; i < authority->roots_n; i++)
		verdict_root(out, &authority->roots[i].key);
	buf_add_format(out, "next: %d\n", authority->has_next);
	for (size_t i = 0; i < authority->grants_n; i++)
		verdict_grant(out, &authority->grants[i]);
	for (size_t i = 0; i < authority->revocations_n; i++)
		verdict_revocation(out, &authority->revocations[i]);
	for (size_t i = 0; i < authority->outsiders_n; i++)
		verdict_outsider(out, &authority->outsiders[i].fact,
		    authority->outsiders[i].voided,
		    authority->outsiders[i].why == WHY_DISPUTED);
	for (size_t i = 0; i < authority->members_n; i++)
		verdict_member(out, &authority->members[i]);
}

void
verdict_print_rest(const struct authority *authority, struct buf *out)
{
	for (size_t i = 0; i < authority->outsiders_n; i++)
		buf_add_format(out, "%d %s\n", authority->outsiders[i].kind,
		    authority_why_text(authority->outsiders[i].why));
	for (size_t i = 0; i < authority->members_n; i++) {
		ascii_hex(bytes_of(authority->members[i].by.b, 32), out);
		ascii_hex(bytes_of(authority->members[i].payer.b, 32), out);
	}
	for (size_t i = 0; i < authority->roots_n; i++) {
		const struct root_key *root = &authority->roots[i];

		for (size_t k = 0; k < root->cuts_n; k++) {
			ascii_hex(bytes_of(root->cuts[k].log.b, 16), out);
			buf_add_be64(out, root->cuts[k].size);
			ascii_hex(bytes_of(root->cuts[k].root.b, 32), out);
		}
	}
}
