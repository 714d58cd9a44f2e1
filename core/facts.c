/*
 * Facts on their way into the space `authority`.  The door calls it for `admit`
 * and `grant`; what facts amount to is core/authority.c's to say.
 */
#include "core/facts.h"

#include <string.h>

#include "proto/text.h"

static enum err fact_write(struct composer *composer, enum delta_kind kind,
    struct bytes plain) MUST_USE;

enum err
facts_admit(struct composer *composer, const struct fact_member *member)
{
	const struct authority *authority = composer->writer.authority;
	struct buf plain = {0};
	enum err e;

	if (authority->members_n >= LIMIT_MEMBERS &&
	    authority_member(authority, &member->key) == NULL)
		return err_set(
		    ERR_LIMIT, "a city has at most %d members", LIMIT_MEMBERS);
	if (!text_is_plain(member->label) || member->label.n == 0 ||
	    member->label.n > LIMIT_LABEL_SIZE)
		return err_set(ERR_INVALID,
		    "the name of a member has 1 to %d bytes of UTF-8, without "
		    "line ends and controls",
		    LIMIT_LABEL_SIZE);
	if (member->addresses_n > LIMIT_ADDRESSES)
		return err_set(ERR_LIMIT, "a member has at most %d addresses",
		    LIMIT_ADDRESSES);
	for (size_t i = 0; i < member->addresses_n; i++) {
		if (!fact_address_is_sound(member->addresses[i]))
			return err_set(ERR_INVALID,
			    "an address of a member is HOST:PORT of 1 to %d "
			    "bytes, without line ends and controls",
			    LIMIT_ADDRESS_SIZE);
	}
	fact_member_put(member, &plain);
	e = fact_write(composer, DELTA_MEMBER, buf_bytes(&plain));
	buf_fini(&plain);
	return e;
}

enum err
facts_grant(struct composer *composer, const struct fact_grant *grant)
{
	const struct authority *authority = composer->writer.authority;
	struct buf plain = {0};
	enum err e;

	if (authority_member(authority, &grant->member) == NULL)
		return err_set(
		    ERR_NOT_FOUND, "this key is not a member: admit it first");
	if (composer->writer.founding.n == 0 &&
	    !authority_may_grant(authority, composer->writer.key, grant))
		return err_set(ERR_DENIED,
		    "this node may not pass on these rights for '%s'",
		    grant->prefix.text);
	fact_grant_put(grant, &plain);
	composer->writer.passing = grant;
	e = fact_write(composer, DELTA_GRANT, buf_bytes(&plain));
	buf_fini(&plain);
	return e;
}

static enum err
fact_write(struct composer *composer, enum delta_kind kind, struct bytes plain)
{
	struct delta delta = {.kind = (uint64_t)kind};

	return facts_put(composer, &id_authority, &delta, plain);
}

enum err
facts_put(struct composer *composer, const struct space *space,
    struct delta *delta, struct bytes plain)
{
	struct txn *txn = composer->txn;
	struct delta_change change = {.classes = 1u << CLASS_N};
	struct stored_body body = {.class = CLASS_N, .form = BODY_OPEN};
	struct secret secret;
	struct buf sealed = {0};
	uint8_t random[10];
	struct own *own;
	enum err e;

	e = own_log(txn, &composer->writer, space, composer->owns, &own);
	if (e != ERR_OK)
		return e;
	txn->host->random(txn->host->arg, random, sizeof(random));
	id_record(txn->host->now_ms(txn->host->arg), random, &change.record);
	txn->host->random(txn->host->arg, secret.b, sizeof(secret.b));
	e = body_seal(txn->squeeze, plain, &secret, &sealed,
	    &change.commitments[CLASS_N]);
	memcpy(body.key, secret.b, sizeof(secret.b));
	body.sealed = buf_bytes(&sealed);
	delta->changes = &change;
	delta->changes_n = 1;
	if (e == ERR_OK)
		e = own_append(txn, own, delta, &body, 1);
	buf_fini(&sealed);
	crypto_wipe(&secret, sizeof(secret));
	return e;
}
