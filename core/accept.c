/*
 * What may be taken from whom: the other side of core/extract.c, which says
 * what goes to whom.  Sessions and bundles ask before they hand over to
 * core/intake.c.
 */
#include "core/accept.h"

#include <string.h>

#include "core/clock.h"

bool
accept_of(const struct accept_from *from, const struct log_name *name,
    struct intake_accept *accept)
{
	struct clock_depth mine;
	struct clock_depth theirs;

	*accept = (struct intake_accept){
	    .hold = true, .classes = 1u << CLASS_N};
	if (id_is_authority(&name->space))
		return true;
	clock_log_depth(from->authority, from->me, name, &mine);
	clock_depth(from->authority, from->peer, &name->space, &theirs);
	*accept = (struct intake_accept){
	    .hold = mine.hold, .classes = mine.classes};
	accept->from_author = memcmp(&name->author, from->peer,
				  sizeof(*from->peer)) == 0;
	if (memcmp(&name->author, from->me, sizeof(*from->me)) == 0)
		accept->backup = from->backup;
	return mine.any && (theirs.any || accept->from_author);
}
