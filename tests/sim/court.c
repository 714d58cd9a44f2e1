/*
 * The naive judge.  Goes through all facts for each stratum, from root down,
 * as the text of docs/format.md §8 reads, and never mind the time it takes.
 */
#include "tests/sim/court.h"

#include <string.h>

#include "tests/sim/node.h"

static void roots_find(struct court *court, const struct city_id *city);
static bool rotation_find(struct court *court, const struct hash *next,
    struct hash *after, bool *agreed);
static void stratum_settle(struct court *court, unsigned stratum);
static bool log_speaks(
    const struct court *court, const struct leaves_log *log, unsigned stratum);
static uint64_t log_extent(const struct court *court,
    const struct leaves *leaves, const struct leaves_log *log);
static bool fact_holds(const struct court *court,
    const struct leaves_delta *fact, const struct leaves_delta *under);
static void facts_decide(struct court *court, unsigned stratum);

static bool
same_key(const struct sign_key *a, const struct sign_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
same_ref(const struct ref *a, const struct ref *b)
{
	return id_ref_compare(a, b) == 0;
}

/* Whole components; nothing covers all data spaces. */
static bool
covers(const struct space *prefix, const struct space *inner)
{
	size_t n = strlen(prefix->text);

	return n == 0 || (strncmp(prefix->text, inner->text, n) == 0 &&
			     (inner->text[n] == '/' || inner->text[n] == 0));
}

static bool
within(struct rights inner, struct rights outer)
{
	return (inner.bits & ~outer.bits) == 0 &&
	       (inner.classes & ~outer.classes) == 0;
}

/* The number of the root key `key`; SIZE_MAX for another. */
static size_t
root_number(const struct court *court, const struct sign_key *key)
{
	for (size_t i = 0; i < court->roots_n; i++)
		if (same_key(&court->roots[i], key))
			return i;
	return SIZE_MAX;
}

void
court_read(struct sim_node *node, struct court *court)
{
	memset(court, 0, sizeof(*court));
	leaves_read(node, &id_authority, &court->central);
	roots_find(court, &node->sim->city);
	for (unsigned stratum = 0; stratum < COURT_STRATA; stratum++)
		stratum_settle(court, stratum);
	/* What takes back something that was never given is nothing. */
	for (size_t i = 0; i < court->central.n; i++) {
		struct leaves_delta *fact = court->central.deltas[i];

		if (fact->delta.kind == DELTA_REVOKE)
			fact->counts = court_revocation_acts(court, fact);
	}
}

void
court_fini(struct court *court)
{
	leaves_fini(&court->central);
}

static void
roots_find(struct court *court, const struct city_id *city)
{
	const struct leaves *central = &court->central;
	struct fact_founding founding;
	struct hash next;
	struct hash after;
	bool agreed = true;
	bool found = false;

	for (size_t i = 0; i < central->n && !found; i++) {
		struct bytes text = central->deltas[i]->delta.open.founding;
		struct hash hash;

		crypto_sha256(text, &hash);
		found = text.n > 0 && memcmp(&hash, city, sizeof(hash)) == 0 &&
			fact_founding_get(text, &founding) == ERR_OK;
	}
	if (!found)
		return;
	court->roots[court->roots_n++] = founding.root;
	next = founding.next_root;
	while (agreed && court->roots_n < COURT_ROOTS_MAX &&
	       rotation_find(court, &next, &after, &agreed))
		next = after;
}

/* The record of the key whose hash is `next`; `*agreed` says whether all
 * records by that key are the same. */
static bool
rotation_find(struct court *court, const struct hash *next, struct hash *after,
    bool *agreed)
{
	const struct leaves *central = &court->central;
	const struct sign_key *before = &court->roots[court->roots_n - 1];
	const struct leaves_delta *first = NULL;

	for (size_t i = 0; i < central->n; i++) {
		const struct leaves_delta *open = central->deltas[i];
		struct bytes record = open->delta.open.rotation;
		struct hash hash;

		crypto_sha256(bytes_of(open->author.b, 32), &hash);
		if (record.n == 0 || !open->has_fact ||
		    memcmp(&hash, next, sizeof(hash)) != 0 ||
		    !same_key(&open->rotation.before, before))
			continue;
		if (first == NULL)
			first = open;
		else if (!bytes_equal(record, first->delta.open.rotation))
			*agreed = false;
	}
	if (first == NULL)
		return false;
	*after = first->rotation.next_root;
	court->roots[court->roots_n++] = first->author;
	return true;
}

/* The grant under which `log` is written; NULL when none is held. */
static const struct leaves_delta *
log_grant(const struct court *court, const struct leaves_log *log)
{
	const struct delta *open;
	const struct leaves_delta *grant;

	if (log->n == 0 || log->deltas[0] == NULL)
		return NULL;
	open = &log->deltas[0]->delta;
	if (open->kind != DELTA_OPEN || !open->open.has_grant)
		return NULL;
	grant = leaves_find(&court->central, &open->refs[open->open.grant]);
	return grant != NULL && grant->delta.kind == DELTA_GRANT &&
		       grant->has_fact
		   ? grant
		   : NULL;
}

/* The grant under which the author of `log` has any right at all. */
static const struct leaves_delta *
log_under(const struct court *court, const struct leaves_log *log)
{
	const struct leaves_delta *grant = log_grant(court, log);

	return grant != NULL && grant->counts &&
		       same_key(&grant->grant.member, &log->author)
		   ? grant
		   : NULL;
}

static bool
log_speaks(
    const struct court *court, const struct leaves_log *log, unsigned stratum)
{
	const struct leaves_delta *under;

	if (root_number(court, &log->author) != SIZE_MAX)
		return stratum == 0;
	under = log_under(court, log);
	return under != NULL && under->stratum == stratum &&
	       (under->grant.gives.bits & RIGHT_ADMIN) != 0;
}

/* Up to where `cuts` let `log` stand, which they cut at 0 if they do not name
 * it. */
static uint64_t
cuts_extent(const struct leaves *leaves, const struct leaves_log *log,
    const struct log_cut *cuts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(&cuts[i].log, &log->trunk, sizeof(log->trunk)) == 0)
			return leaves_cut(leaves, log, &cuts[i]);
	return 0;
}

/* Is `open` a record of the key that follows root key `root`? */
static bool
rotates(const struct court *court, const struct leaves_delta *open, size_t root)
{
	return open->has_fact && open->delta.open.rotation.n > 0 &&
	       root + 1 < court->roots_n &&
	       same_key(&open->author, &court->roots[root + 1]) &&
	       same_key(&open->rotation.before, &court->roots[root]);
}

/* Does the revocation act on the grant that it names? */
static bool
revokes(const struct leaves_delta *fact, const struct leaves_delta *grant)
{
	return fact->delta.kind == DELTA_REVOKE && fact->counts &&
	       same_ref(&fact->revoke.grant, &grant->ref) && grant->counts &&
	       fact->stratum < grant->stratum;
}

/* Up to where rotations and revocations let `log` of `leaves` stand: those of
 * strata above its grant's, which are settled by then. */
static uint64_t
log_extent(const struct court *court, const struct leaves *leaves,
    const struct leaves_log *log)
{
	const struct leaves *central = &court->central;
	size_t root = root_number(court, &log->author);
	const struct leaves_delta *under = log_under(court, log);
	uint64_t extent = UINT64_MAX;

	for (size_t i = 0; i < central->n; i++) {
		const struct leaves_delta *fact = central->deltas[i];
		uint64_t cut = UINT64_MAX;

		if (root != SIZE_MAX && rotates(court, fact, root))
			cut = cuts_extent(leaves, log, fact->rotation.cuts,
			    fact->rotation.cuts_n);
		if (root == SIZE_MAX && under != NULL && revokes(fact, under))
			cut = cuts_extent(leaves, log, fact->revoke.cuts,
			    fact->revoke.cuts_n);
		extent = cut < extent ? cut : extent;
	}
	return extent;
}

bool
court_revocation_acts(
    const struct court *court, const struct leaves_delta *revocation)
{
	const struct leaves_delta *grant = leaves_find(
	    &court->central, &revocation->revoke.grant);

	return revocation->has_fact && grant != NULL &&
	       revokes(revocation, grant);
}

bool
court_revoked(const struct court *court, const struct leaves_delta *grant)
{
	for (size_t i = 0; i < court->central.n; i++)
		if (revokes(court->central.deltas[i], grant))
			return true;
	return false;
}

/* Does `fact` count when it is said under `under` (NULL: by root)? */
static bool
fact_holds(const struct court *court, const struct leaves_delta *fact,
    const struct leaves_delta *under)
{
	const struct leaves_delta *grant;

	if (!fact->has_fact)
		return false;
	if (fact->delta.kind == DELTA_MEMBER)
		return true;
	if (fact->delta.kind == DELTA_GRANT)
		return under == NULL ||
		       (under->stratum < LIMIT_GRANT_DEPTH &&
			   covers(&under->grant.prefix, &fact->grant.prefix) &&
			   within(fact->grant.gives, under->grant.passes) &&
			   within(fact->grant.passes, under->grant.passes));
	if (fact->delta.kind == DELTA_PACK)
		return under == NULL || under->grant.prefix.text[0] == '\0';
	grant = leaves_find(&court->central, &fact->revoke.grant);
	if (grant == NULL || grant->delta.kind != DELTA_GRANT ||
	    !grant->has_fact)
		return false;
	/* Grants that are not deeper are settled by now. */
	return under == NULL ||
	       (!(grant->counts && grant->stratum <= under->stratum) &&
		   covers(&under->grant.prefix, &grant->grant.prefix));
}

static bool
is_fact(const struct leaves_delta *delta)
{
	return delta->delta.kind == DELTA_MEMBER ||
	       delta->delta.kind == DELTA_GRANT ||
	       delta->delta.kind == DELTA_REVOKE ||
	       delta->delta.kind == DELTA_PACK;
}

static bool
is_decision(const struct leaves_delta *delta)
{
	return delta->delta.kind == DELTA_ADOPT ||
	       delta->delta.kind == DELTA_VOID;
}

/* What gives does not count where a log is forked; what takes away does. */
static bool
is_gift(const struct leaves_delta *delta)
{
	return delta->delta.kind == DELTA_GRANT ||
	       delta->delta.kind == DELTA_PACK ||
	       delta->delta.kind == DELTA_ADOPT;
}

static void
fact_count(struct leaves_delta *fact, unsigned stratum)
{
	fact->counts = true;
	fact->stratum = stratum + (fact->delta.kind == DELTA_GRANT ? 1 : 0);
}

/* What logs of this stratum say, then what they decide. */
static void
stratum_settle(struct court *court, unsigned stratum)
{
	struct leaves *central = &court->central;

	for (size_t i = 0; i < central->logs_n; i++) {
		struct leaves_log *log = &central->logs[i];
		const struct leaves_delta *under;

		if (!log_speaks(court, log, stratum))
			continue;
		under = stratum == 0 ? NULL : log_under(court, log);
		log->extent = log_extent(court, central, log);
		for (uint64_t seq = 0; seq < log->n && seq < log->extent;
		     seq++) {
			struct leaves_delta *delta = log->deltas[seq];

			if (delta == NULL || delta->counts ||
			    (seq >= log->common && is_gift(delta)))
				continue;
			if (is_decision(delta) ||
			    (is_fact(delta) && fact_holds(court, delta, under)))
				fact_count(delta, stratum);
		}
	}
	facts_decide(court, stratum);
}

static const struct ref *
ref_at(const struct leaves_delta *delta, const uint32_t *list, size_t i)
{
	return &delta->delta.refs[list[i]];
}

/* Does a chain of `replaces` lead from `from` to `to`, through decisions of any
 * status?  A decision names only what its author had, so it ends. */
static bool
leads_to(const struct leaves *leaves, const struct leaves_delta *from,
    const struct leaves_delta *to)
{
	const struct delta_decision *decision = &from->delta.decision;

	for (size_t i = 0; is_decision(from) && i < decision->replaces_n; i++) {
		const struct ref *ref = ref_at(from, decision->replaces, i);
		const struct leaves_delta *next = leaves_find(leaves, ref);

		if (same_ref(ref, &to->ref) ||
		    (next != NULL && leads_to(leaves, next, to)))
			return true;
	}
	return false;
}

/* Does `later`, which counts, replace `decision`? */
static bool
replaces(const struct leaves *leaves, const struct leaves_delta *later,
    const struct leaves_delta *decision)
{
	return is_decision(later) && later->counts && later != decision &&
	       leads_to(leaves, later, decision);
}

/* Is the decision about `delta`? */
static bool
speaks_of(const struct leaves *leaves, const struct leaves_delta *decision,
    const struct leaves_delta *delta)
{
	const struct delta_decision *d = &decision->delta.decision;

	for (size_t i = 0; i < d->targets_n; i++)
		if (same_ref(ref_at(decision, d->targets, i), &delta->ref))
			return true;
	for (size_t i = 0; i < leaves->logs_n; i++) {
		const struct leaves_log *log = &leaves->logs[i];

		for (size_t k = 0; k < d->cuts_n && leaves_has(log, delta); k++)
			if (memcmp(&d->cuts[k].log, &log->trunk, 16) == 0 &&
			    delta->ref.seq <
				leaves_cut(leaves, log, &d->cuts[k]))
				return true;
	}
	return false;
}

/* The grant under which `decision` was written; NULL for root. */
static const struct leaves_delta *
decision_under(const struct court *court, const struct leaves_delta *decision)
{
	const struct leaves *central = &court->central;

	if (root_number(court, &decision->author) != SIZE_MAX)
		return NULL;
	for (size_t i = 0; i < central->logs_n; i++)
		if (leaves_has(&central->logs[i], decision))
			return log_under(court, &central->logs[i]);
	return NULL;
}

/* Has the author of `decision`, which counts, a say about `fact`?  Of what says
 * nothing root alone can tell that it shall stay outside. */
static bool
has_say(const struct court *court, const struct leaves_delta *decision,
    const struct leaves_delta *fact)
{
	const struct leaves_delta *under;

	if (!is_decision(decision) || !decision->counts)
		return false;
	under = decision_under(court, decision);
	return fact->has_fact ? fact_holds(court, fact, under) : under == NULL;
}

static bool
decision_lives(const struct court *court, const struct leaves_delta *decision,
    const struct leaves_delta *fact, unsigned stratum)
{
	const struct leaves *central = &court->central;

	if (decision->stratum != stratum || !has_say(court, decision, fact) ||
	    !speaks_of(central, decision, fact))
		return false;
	for (size_t i = 0; i < central->n; i++)
		if (has_say(court, central->deltas[i], fact) &&
		    central->deltas[i]->stratum <= stratum &&
		    replaces(central, central->deltas[i], decision))
			return false;
	return true;
}

/* Facts that do not count by themselves, as this stratum decides about them. */
static void
facts_decide(struct court *court, unsigned stratum)
{
	struct leaves *central = &court->central;

	for (size_t i = 0; i < central->n; i++) {
		struct leaves_delta *fact = central->deltas[i];
		unsigned adopts = 0;
		unsigned voids = 0;

		/* A revocation may yet turn out to be of a grant that does not
		 * count. */
		if (!is_fact(fact) || fact->decided ||
		    (fact->counts && fact->delta.kind != DELTA_REVOKE))
			continue;
		for (size_t k = 0; k < central->n; k++) {
			const struct leaves_delta *by = central->deltas[k];

			if (!decision_lives(court, by, fact, stratum))
				continue;
			adopts += by->delta.kind == DELTA_ADOPT;
			voids += by->delta.kind == DELTA_VOID;
		}
		fact->decided = adopts + voids > 0;
		fact->voided = voids > 0 && adopts == 0;
		if (adopts == 0 || voids > 0 || fact->counts || !fact->has_fact)
			continue;
		fact->adopted = true;
		fact_count(fact, stratum);
	}
}

/* The rights of the deltas of `log`, of a data space, before its extent. */
static unsigned
log_rights(const struct court *court, const struct leaves_log *log)
{
	const struct leaves_delta *under = log_under(court, log);

	if (root_number(court, &log->author) != SIZE_MAX)
		return RIGHT_ADMIN;
	return under != NULL && covers(&under->grant.prefix, &log->space)
		   ? under->grant.gives.bits
		   : 0;
}

static bool
is_replaced(const struct leaves *leaves, const struct leaves_delta *decision)
{
	for (size_t i = 0; i < leaves->n; i++)
		if (replaces(leaves, leaves->deltas[i], decision))
			return true;
	return false;
}

static bool
change_decided(const struct leaves *leaves, struct leaves_delta *change)
{
	bool adopts = false;
	bool voids = false;

	for (size_t i = 0; i < leaves->n; i++) {
		const struct leaves_delta *by = leaves->deltas[i];

		if (!is_decision(by) || !by->counts ||
		    !speaks_of(leaves, by, change) || is_replaced(leaves, by))
			continue;
		adopts = adopts || by->delta.kind == DELTA_ADOPT;
		voids = voids || by->delta.kind == DELTA_VOID;
	}
	change->voided = voids && !adopts;
	return adopts && !voids;
}

void
court_judge(const struct court *court, struct leaves *leaves)
{
	for (size_t i = 0; i < leaves->logs_n; i++) {
		struct leaves_log *log = &leaves->logs[i];

		log->rights = log_rights(court, log);
		log->extent = log_extent(court, leaves, log);
		for (uint64_t seq = 0; seq < log->n && seq < log->extent;
		     seq++) {
			struct leaves_delta *delta = log->deltas[seq];
			unsigned right = RIGHT_WRITE;

			if (delta == NULL)
				continue;
			if (is_decision(delta))
				right = RIGHT_ADMIN;
			if ((log->rights & right) != 0)
				delta->counts = true;
		}
	}
	for (size_t i = 0; i < leaves->n; i++) {
		struct leaves_delta *delta = leaves->deltas[i];

		if (delta->delta.kind == DELTA_CHANGE && !delta->counts &&
		    change_decided(leaves, delta))
			delta->adopted = delta->counts = true;
	}
}

void
court_give(const struct court *court, const struct sign_key *key,
    const struct space *spaces, size_t n, struct sim_given *given)
{
	const struct leaves *central = &court->central;
	struct sim_given all = {.compromised = false};
	bool all_revoked = true;

	for (size_t i = 0; i < central->n; i++) {
		const struct leaves_delta *fact = central->deltas[i];

		if (fact->counts && fact->delta.kind == DELTA_MEMBER &&
		    same_key(&fact->member.key, key))
			all.member = true;
		if (fact->delta.kind != DELTA_GRANT || !fact->counts ||
		    !same_key(&fact->grant.member, key))
			continue;
		for (size_t k = 0; k < central->n; k++)
			all.compromised =
			    all.compromised ||
			    (revokes(central->deltas[k], fact) &&
				central->deltas[k]->revoke.compromised);
		if (court_revoked(court, fact))
			continue;
		all_revoked = false;
		for (size_t k = 0; k < n; k++) {
			if (!covers(&fact->grant.prefix, &spaces[k]))
				continue;
			given[k].bits |= fact->grant.gives.bits;
			if ((fact->grant.gives.bits & RIGHT_READ) != 0)
				given[k].classes |= fact->grant.gives.classes |
						    1u << CLASS_N;
		}
	}
	for (size_t k = 0; k < n; k++) {
		given[k].member = all.member;
		given[k].compromised = all_revoked && all.compromised;
	}
}
