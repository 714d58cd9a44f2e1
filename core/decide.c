/*
 * Decisions of people on their way into a log.  The door calls it.  What it
 * writes replaces what held before, and says again what of that stays: what a
 * decision amounts to is core/decisions.c's and core/authority.c's to say.
 */
#include "core/decide.h"

#include <stdlib.h>
#include <string.h>

#include "core/decisions.h"
#include "core/facts.h"
#include "core/tip.h"
#include "core/tree.h"
#include "proto/mem.h"
#include "proto/text.h"

/* So much of a decision goes into one delta: a reference takes up to 43 bytes
 * of its header. */
enum { TARGETS_MAX = 800, REPLACES_MAX = 400 };
static_assert((TARGETS_MAX + REPLACES_MAX) * 43 + 1024 < LIMIT_HEADER_SIZE,
    "all of it fits");

/* References while they are gathered. */
struct gathered {
	struct ref *refs; /* owned */
	size_t n;
	size_t room;
};

/* What one or several deltas of one kind shall say. */
struct saying {
	bool adopt;
	struct gathered targets;
	struct log_cut *cuts; /* owned */
	size_t cuts_n;
	size_t cuts_room;
};

struct deciding {
	struct composer *composer;
	const struct store_decision *wish;
	struct space_state *space;
	struct saying said;	  /* what is wished */
	struct saying stays;	  /* of the others, what is not touched */
	struct gathered replaces; /* all that said otherwise */
};

static enum err reason_check(struct bytes reason) MUST_USE;
static enum err target_take(
    struct deciding *d, const struct ref *target) MUST_USE;
static enum err others_take(struct deciding *d) MUST_USE;
static enum err rest_take(
    struct deciding *d, const struct decision *other) MUST_USE;
static enum err range_take(
    struct deciding *d, const struct log_cut *cut) MUST_USE;
static enum err range_rest(struct deciding *d, const struct log *log,
    uint64_t from, uint64_t to) MUST_USE;
static enum err say(struct composer *composer,
    const struct store_decision *wish, const struct saying *saying,
    const struct gathered *replaces) MUST_USE;
static struct decision_refs slice(
    const struct gathered *gathered, size_t at, size_t max);
static enum err part_say(struct composer *composer,
    const struct store_decision *wish, struct delta *delta,
    struct decision_refs targets, struct decision_refs replaces) MUST_USE;
static const uint32_t *indexes(
    const struct gathered *all, struct decision_refs refs, struct arena *arena);
static enum err fact_decide(struct composer *composer,
    const struct store_decision *wish, const struct ref *target) MUST_USE;
static enum err fact_writer(
    struct own_writer *writer, const struct ref *target) MUST_USE;
static const struct grant *grant_of(
    const struct authority *authority, const struct ref *ref);
static enum err fact_decided(struct txn *txn, const struct ref *target,
    struct gathered *replaces) MUST_USE;
static bool is_about(const struct delta *delta, const struct ref *target);

static void
add(struct gathered *gathered, const struct ref *ref)
{
	mem_room(&gathered->refs, &gathered->room, gathered->n + 1,
	    sizeof(*gathered->refs));
	gathered->refs[gathered->n++] = *ref;
}

static int
ref_order(const void *a, const void *b)
{
	return id_ref_compare(a, b);
}

/* Sorts them, and lets each stand once. */
static void
settle(struct gathered *gathered)
{
	size_t n = 0;

	if (gathered->n > 0)
		qsort(gathered->refs, gathered->n, sizeof(*gathered->refs),
		    ref_order);
	for (size_t i = 0; i < gathered->n; i++)
		if (n == 0 || id_ref_compare(&gathered->refs[i],
				  &gathered->refs[n - 1]) != 0)
			gathered->refs[n++] = gathered->refs[i];
	gathered->n = n;
}

static bool
has(const struct gathered *gathered, const struct ref *ref)
{
	assert(gathered->n > 0);
	return bsearch(ref, gathered->refs, gathered->n, sizeof(*ref),
		   ref_order) != NULL;
}

enum err
decide_deltas(struct composer *composer, const struct store_decision *wish)
{
	struct deciding d = {.composer = composer,
	    .wish = wish,
	    .space = space_find(composer->txn, &wish->space),
	    .said = {.adopt = wish->adopt},
	    .stays = {.adopt = !wish->adopt}};
	enum err e = reason_check(wish->reason);

	composer->writer.wants = RIGHT_ADMIN;
	if (e == ERR_OK)
		e = own_may(&composer->writer, &wish->space);
	if (e == ERR_OK)
		e = kv_failed(composer->txn->kv);
	if (e == ERR_OK && d.space == NULL)
		e = err_set(ERR_NOT_FOUND,
		    "nothing of the space '%s' is held here", wish->space.text);
	for (size_t i = 0; i < wish->targets_n && e == ERR_OK; i++)
		e = target_take(&d, &wish->targets[i]);
	if (e != ERR_OK)
		goto out;
	if (d.said.targets.n == 0) {
		e = err_set(ERR_EXISTS, "this is decided so already");
		goto out;
	}
	settle(&d.said.targets);
	e = others_take(&d);
	if (e == ERR_OK)
		e = say(composer, wish, &d.stays, &(struct gathered){0});
	if (e == ERR_OK)
		e = say(composer, wish, &d.said, &d.replaces);
out:
	mem_free(d.said.targets.refs);
	mem_free(d.stays.targets.refs);
	mem_free(d.stays.cuts);
	mem_free(d.replaces.refs);
	return e;
}

static enum err
reason_check(struct bytes reason)
{
	if (text_is_plain(reason) && reason.n <= LIMIT_LABEL_SIZE)
		return ERR_OK;
	return err_set(ERR_INVALID,
	    "a reason has at most %d bytes of UTF-8, without line ends and "
	    "controls",
	    LIMIT_LABEL_SIZE);
}

/* Takes `target` to what is to be said, unless that is said already. */
static enum err
target_take(struct deciding *d, const struct ref *target)
{
	struct txn *txn = d->composer->txn;
	struct arena arena = {0};
	struct history_delta from;
	struct log *log = tip_holding(txn, d->space, target);
	enum verdict wanted = d->wish->adopt ? VERDICT_ADOPTED : VERDICT_VOIDED;
	enum err e = kv_failed(txn->kv);

	if (e == ERR_OK && log == NULL)
		e = err_set(ERR_NOT_FOUND,
		    "a delta to be decided about is not held in '%s'",
		    d->wish->space.text);
	if (e == ERR_OK)
		e = history_delta(txn, log, target->seq, &arena, &from);
	if (e != ERR_OK)
		goto out;
	if (from.delta == NULL || from.delta->kind != DELTA_CHANGE)
		e = err_set(ERR_INVALID,
		    "delta %llu of a log in '%s' is no change: changes alone "
		    "are adopted or voided",
		    (unsigned long long)target->seq, d->wish->space.text);
	else if (tip_may(txn, log, RIGHT_WRITE, target->seq))
		e = err_set(ERR_INVALID,
		    "delta %llu of a log in '%s' counts by itself: there is "
		    "nothing to decide",
		    (unsigned long long)target->seq, d->wish->space.text);
	else if (decisions_verdict(txn, log, target->seq, target->leaf) !=
		 wanted)
		add(&d->said.targets, target);
out:
	arena_fini(&arena);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

/* Gathers the decisions that say otherwise of some target, and what they say
 * besides. */
static enum err
others_take(struct deciding *d)
{
	struct decision_list about;
	enum err e = decisions_about(d->composer->txn, d->space,
	    !d->wish->adopt, slice(&d->said.targets, 0, d->said.targets.n),
	    &about);

	for (size_t i = 0; i < about.n && e == ERR_OK; i++) {
		add(&d->replaces, &about.p[i]->ref);
		e = rest_take(d, about.p[i]);
	}
	settle(&d->replaces);
	settle(&d->stays.targets);
	return e;
}

/* What `other` says of deltas that are no targets now. */
static enum err
rest_take(struct deciding *d, const struct decision *other)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < other->targets_n; i++)
		if (!has(&d->said.targets, &other->targets[i]))
			add(&d->stays.targets, &other->targets[i]);
	for (size_t i = 0; i < other->ranges_n && e == ERR_OK; i++)
		e = range_take(d, &other->ranges[i].cut);
	return e;
}

/* A range with a target in it stays up to that one, and beyond it as single
 * deltas, as far as they are held.  Of a forked log all of it does: a shorter
 * range would have to name the root of the branch that was meant. */
static enum err
range_take(struct deciding *d, const struct log_cut *cut)
{
	struct txn *txn = d->composer->txn;
	struct log_cut kept = *cut;
	struct log **tips;
	size_t n;
	enum err e = oplog_tips(txn, d->space, &cut->log, &tips, &n);

	for (size_t i = 0; i < d->said.targets.n; i++) {
		const struct ref *target = &d->said.targets.refs[i];

		if (memcmp(&target->log, &cut->log, sizeof(cut->log)) == 0 &&
		    target->seq < kept.size)
			kept.size = target->seq;
	}
	if (n > 1 && kept.size < cut->size)
		kept.size = 0;
	for (size_t i = 0; i < n && e == ERR_OK && kept.size < cut->size; i++) {
		/* Of one log a target is held that the range ends at now. */
		assert(kept.size <= tips[i]->frontier.size);
		if (kept.size > 0)
			e = tree_root(txn, tips[i], kept.size, &kept.root);
		if (e == ERR_OK)
			e = range_rest(d, tips[i], kept.size, cut->size);
	}
	if (e != ERR_OK || kept.size == 0)
		return e;
	mem_room(&d->stays.cuts, &d->stays.cuts_room, d->stays.cuts_n + 1,
	    sizeof(*d->stays.cuts));
	d->stays.cuts[d->stays.cuts_n++] = kept;
	return ERR_OK;
}

/* Those of the changes `from` to `to` of `log` of which the same is said as of
 * the range, and which are no targets. */
static enum err
range_rest(
    struct deciding *d, const struct log *log, uint64_t from, uint64_t to)
{
	enum verdict kept = d->wish->adopt ? VERDICT_VOIDED : VERDICT_ADOPTED;
	struct txn *txn = d->composer->txn;
	struct arena arena = {0};
	enum err e = ERR_OK;

	if (to > log->frontier.size)
		to = log->frontier.size;
	for (uint64_t seq = from; seq < to && e == ERR_OK; seq++) {
		struct ref ref = {.log = log->trunk, .seq = seq};
		struct history_delta at;

		arena_reset(&arena);
		e = history_delta(txn, log, seq, &arena, &at);
		if (e != ERR_OK || at.delta == NULL ||
		    at.delta->kind != DELTA_CHANGE)
			continue;
		memcpy(ref.leaf, at.leaf, sizeof(ref.leaf));
		if (!has(&d->said.targets, &ref) &&
		    decisions_verdict(txn, log, seq, ref.leaf) == kept)
			add(&d->stays.targets, &ref);
	}
	arena_fini(&arena);
	return e;
}

/* Writes `saying` in as many deltas as it takes, which together replace
 * `replaces`. */
static enum err
say(struct composer *composer, const struct store_decision *wish,
    const struct saying *saying, const struct gathered *replaces)
{
	struct delta delta = {.kind = saying->adopt ? DELTA_ADOPT : DELTA_VOID};
	const struct gathered *targets = &saying->targets;
	size_t replaced = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < saying->cuts_n && e == ERR_OK; i++) {
		delta.decision = (struct delta_decision){
		    .cuts = &saying->cuts[i], .cuts_n = 1};
		e = part_say(composer, wish, &delta, (struct decision_refs){0},
		    (struct decision_refs){0});
	}
	for (size_t i = 0; e == ERR_OK && targets->n > 0 &&
			   (i < targets->n || replaced < replaces->n);
	     i += TARGETS_MAX) {
		/* To replace more than fits it says its last words again. */
		size_t at = i < targets->n ? i : targets->n - 1;

		delta.decision = (struct delta_decision){0};
		e = part_say(composer, wish, &delta,
		    slice(targets, at, TARGETS_MAX),
		    slice(replaces, replaced, REPLACES_MAX));
		replaced += REPLACES_MAX;
	}
	return e;
}

static struct decision_refs
slice(const struct gathered *gathered, size_t at, size_t max)
{
	size_t left = at < gathered->n ? gathered->n - at : 0;

	return (struct decision_refs){
	    .p = left > 0 ? &gathered->refs[at] : NULL,
	    .n = left < max ? left : max};
}

/* Writes one delta: its list of references is all that it names. */
static enum err
part_say(struct composer *composer, const struct store_decision *wish,
    struct delta *delta, struct decision_refs targets,
    struct decision_refs replaces)
{
	struct arena *arena = &composer->txn->arena;
	struct fact_reason reason = {.text = wish->reason};
	struct gathered all = {0};
	struct buf plain = {0};
	enum err e;

	for (size_t i = 0; i < targets.n; i++)
		add(&all, &targets.p[i]);
	for (size_t i = 0; i < replaces.n; i++)
		add(&all, &replaces.p[i]);
	settle(&all);
	delta->refs = all.refs;
	delta->refs_n = all.n;
	delta->decision.targets = indexes(&all, targets, arena);
	delta->decision.targets_n = targets.n;
	delta->decision.replaces = indexes(&all, replaces, arena);
	delta->decision.replaces_n = replaces.n;
	fact_reason_put(&reason, &plain);
	e = facts_put(composer, &wish->space, delta, buf_bytes(&plain));
	buf_fini(&plain);
	mem_free(all.refs);
	return e;
}

static const uint32_t *
indexes(
    const struct gathered *all, struct decision_refs refs, struct arena *arena)
{
	uint32_t *at = arena_array(arena, refs.n, sizeof(*at));

	for (size_t i = 0; i < refs.n; i++) {
		const struct ref *hit = bsearch(
		    &refs.p[i], all->refs, all->n, sizeof(*hit), ref_order);

		assert(hit != NULL);
		at[i] = (uint32_t)(hit - all->refs);
	}
	return at;
}

enum err
decide_facts(struct composer *composer, const struct store_decision *wish)
{
	enum err e = reason_check(wish->reason);

	for (size_t i = 0; i < wish->targets_n && e == ERR_OK; i++)
		e = fact_decide(composer, wish, &wish->targets[i]);
	return e;
}

/* One delta for each fact: who may decide differs from one to the next. */
static enum err
fact_decide(struct composer *composer, const struct store_decision *wish,
    const struct ref *target)
{
	struct saying saying = {.adopt = wish->adopt};
	struct gathered replaces = {0};
	enum err e = fact_writer(&composer->writer, target);

	if (e == ERR_OK)
		e = own_may(&composer->writer, &id_authority);
	if (e == ERR_OK)
		e = fact_decided(composer->txn, target, &replaces);
	add(&saying.targets, target);
	settle(&replaces);
	if (e == ERR_OK)
		e = say(composer, wish, &saying, &replaces);
	mem_free(saying.targets.refs);
	mem_free(replaces.refs);
	return e;
}

/* Who decides about a fact must be one who could write it. */
static enum err
fact_writer(struct own_writer *writer, const struct ref *target)
{
	const struct authority *authority = writer->authority;
	const struct grant *grant = grant_of(authority, target);
	const struct revocation *revocation = NULL;
	const struct outsider *outsider = NULL;

	writer->passing = NULL;
	writer->revoking = NULL;
	for (size_t i = 0; i < authority->outsiders_n; i++)
		if (id_ref_compare(&authority->outsiders[i].fact, target) == 0)
			outsider = &authority->outsiders[i];
	if (outsider == NULL)
		return err_set(ERR_INVALID,
		    "this is no fact that is held and does not count: there "
		    "is nothing to decide");
	if (grant != NULL)
		writer->passing = &grant->what;
	for (size_t i = 0; i < authority->revocations_n; i++)
		if (id_ref_compare(&authority->revocations[i].fact, target) ==
		    0)
			revocation = &authority->revocations[i];
	if (revocation == NULL)
		return ERR_OK;
	writer->revoking = grant_of(authority, &revocation->what.grant);
	if (writer->revoking == NULL)
		return err_set(ERR_NOT_FOUND,
		    "the grant that this revocation names is not held here");
	return ERR_OK;
}

static const struct grant *
grant_of(const struct authority *authority, const struct ref *ref)
{
	for (size_t i = 0; i < authority->grants_n; i++)
		if (id_ref_compare(&authority->grants[i].fact, ref) == 0)
			return &authority->grants[i];
	return NULL;
}

/* The decisions about the fact `target`, whatever they say, of those who may
 * decide: anybody may write others without end, and they say nothing. */
static enum err
fact_decided(
    struct txn *txn, const struct ref *target, struct gathered *replaces)
{
	struct space_state *space = space_find(txn, &id_authority);
	struct arena arena = {0};
	struct log **logs;
	size_t n = 0;
	enum err e = kv_failed(txn->kv);

	if (e == ERR_OK)
		e = oplog_all(txn, space, &logs, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		for (uint64_t seq = 0;
		     seq < logs[i]->frontier.size && e == ERR_OK; seq++) {
			struct ref ref = {.log = logs[i]->trunk, .seq = seq};
			struct history_delta at;

			if (!tip_may(txn, logs[i], RIGHT_ADMIN, seq))
				continue;
			arena_reset(&arena);
			e = history_delta(txn, logs[i], seq, &arena, &at);
			if (e != ERR_OK || !is_about(at.delta, target))
				continue;
			memcpy(ref.leaf, at.leaf, sizeof(ref.leaf));
			add(replaces, &ref);
		}
	arena_fini(&arena);
	return e;
}

static bool
is_about(const struct delta *delta, const struct ref *target)
{
	const struct delta_decision *decision;

	if (delta == NULL ||
	    (delta->kind != DELTA_ADOPT && delta->kind != DELTA_VOID))
		return false;
	decision = &delta->decision;
	for (size_t i = 0; i < decision->targets_n; i++)
		if (id_ref_compare(
			&delta->refs[decision->targets[i]], target) == 0)
			return true;
	return false;
}
