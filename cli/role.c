/*
 * Roles: one table.  The commands `invite` and `admit` turn them into grants.
 */
#include "cli/role.h"

#include <string.h>

#include "cli/similar.h"

static const struct {
	const char *name;
	const char *korean;
	const char *gives;
	const char *passes; /* NULL: nothing */
	bool prefix;	    /* it must say which spaces */
} roles[] = {
    /* A centre that works in its spaces. */
    {.name = "dong",
	.korean = "동 주민센터",
	.gives = "read:NPSF,hold,write",
	.prefix = true},
    /* A district: holds all of its centres, admits and grants there. */
    {.name = "gu",
	.korean = "자치구",
	.gives = "read:N,hold,admin",
	.passes = "read:NPSF,hold,audit,write,erase,admin",
	.prefix = true},
    /* An aggregator: holds everything, reads what is not personal. */
    {.name = "city", .korean = "시 집계", .gives = "read:N,hold"},
    /* Keeps a sealed copy for a centre, and reads none of it. */
    {.name = "neighbour",
	.korean = "이웃의 봉인 보관",
	.gives = "hold",
	.prefix = true},
    /* Verifies logs without their content. */
    {.name = "auditor", .korean = "감사", .gives = "audit"},
    /* Orders what the law wants destroyed. */
    {.name = "eraser", .korean = "파기 명령", .gives = "erase,read:N"},
};

static enum err
role_find(const char *name, size_t *at)
{
	struct similar best = similar_to(bytes_text(name));
	struct buf names = {0};
	enum err e;

	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		if (strcmp(roles[i].name, name) == 0) {
			*at = i;
			buf_fini(&names);
			return ERR_OK;
		}
		similar_try(&best, roles[i].name);
		buf_add_format(
		    &names, "%s%s", i > 0 ? ", " : "", roles[i].name);
	}
	if (best.name != NULL)
		e = err_set(ERR_USAGE,
		    "there is no role '%s'; did you mean '%s'?", name,
		    best.name);
	else
		e = err_set(ERR_USAGE, "there is no role '%s'; there are: %s",
		    name, buf_text(&names));
	buf_fini(&names);
	return e;
}

enum err
role_grant(
    const struct role_wish *wish, const char *space, struct fact_grant *grant)
{
	const char *gives = wish->rights;
	const char *passes = wish->passes;
	bool all = space == NULL || strcmp(space, "all") == 0;
	size_t at = 0;
	enum err e = ERR_OK;

	*grant = (struct fact_grant){0};
	if ((wish->role != NULL) == (gives != NULL || passes != NULL))
		return err_set(ERR_USAGE,
		    "say either --role ROLE, or --rights and perhaps --passes");
	if (wish->role != NULL) {
		e = role_find(wish->role, &at);
		if (e != ERR_OK)
			return e;
		if (roles[at].prefix && all)
			return err_set(ERR_USAGE,
			    "the role %s needs --space: which spaces it is for",
			    wish->role);
		gives = roles[at].gives;
		passes = roles[at].passes;
	}
	if (gives == NULL)
		return err_set(ERR_USAGE, "--passes needs --rights");
	e = id_prefix(
	    all ? (struct bytes){0} : bytes_text(space), &grant->prefix);
	if (e == ERR_OK)
		e = fact_rights(bytes_text(gives), &grant->gives);
	if (e == ERR_OK && passes != NULL)
		e = fact_rights(bytes_text(passes), &grant->passes);
	return e;
}

const char *
role_korean(struct bytes name)
{
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		if (bytes_is(name, roles[i].name))
			return roles[i].korean;
	}
	return "";
}

enum err
role_grants(const struct args *args, struct fact_grant *grants, size_t *n)
{
	const struct role_wish wish = {.role = args_text(args, "role", 0),
	    .rights = args_text(args, "rights", 0),
	    .passes = args_text(args, "passes", 0)};
	size_t spaces_n = args_count(args, "space");
	enum err e = ERR_OK;

	if (spaces_n > LIMIT_TOKEN_GRANTS)
		return err_set(ERR_USAGE, "%zu times --space; %d are the most",
		    spaces_n, LIMIT_TOKEN_GRANTS);
	*n = spaces_n > 0 ? spaces_n : 1;
	for (size_t i = 0; i < *n && e == ERR_OK; i++)
		e = role_grant(&wish, args_text(args, "space", i), &grants[i]);
	return e;
}
