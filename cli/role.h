#ifndef GOLMOK_CLI_ROLE_H
#define GOLMOK_CLI_ROLE_H

#include "cli/args.h"
#include "proto/fact.h"

/*
 * What nodes are for, and the rights that follow (docs/operating.md).  A role
 * is a word for people: what is granted are its rights, and nothing refers back
 * to it.
 */

/* What a person asked for: a role, or rights spelled out. */
struct role_wish {
	const char *role;   /* NULL: the rights below */
	const char *rights; /* "read:NPSF,write" */
	const char *passes; /* NULL: passes nothing on */
};

/* The grant of `wish` for the spaces of `space` ("all" or NULL: all), without
 * its member.  ERR_USAGE: neither or both were said, no such role, or the role
 * needs a prefix; ERR_INVALID: no such right, no prefix. */
enum err role_grant(const struct role_wish *wish, const char *space,
    struct fact_grant *grant) MUST_USE;
/* The grants that --role, --rights, --passes and each --space of `args` ask
 * for, at most LIMIT_TOKEN_GRANTS, as role_grant makes them. */
enum err role_grants(
    const struct args *args, struct fact_grant *grants, size_t *n) MUST_USE;
/* The role `name` in Korean, for what is printed; empty for no role. */
const char *role_korean(struct bytes name);

#endif
