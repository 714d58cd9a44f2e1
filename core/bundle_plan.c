/*
 * Plans of bundles.  core/bundle_write.c carries them out.  Reads the store and
 * what peers are believed to hold, writes nothing.
 */
#include "core/bundle_plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/forks.h"
#include "core/tree.h"

/* A plan in the making. */
struct planning {
	struct txn *txn;
	const struct authority *authority;
	const struct sign_key *me;
	const struct bundle_want *want;
	struct bundle_plan *plan;
	struct log **logs; /* of the transaction: all that may be sent */
	size_t logs_n;
};

/* A receiver, and a hash of all that it may have. */
struct receiver {
	struct sign_key key;
	struct hash depth;
};

static enum err maker_check(const struct planning *p) MUST_USE;
static enum err receiver_check(
    struct planning *p, const struct sign_key *key) MUST_USE;
static enum err logs_find(struct planning *p) MUST_USE;
static unsigned rank_of(
    const struct planning *p, const struct sign_key *author);
static void depth_hash(struct planning *p, struct space_state *const *spaces,
    size_t n, struct receiver *receiver);
static enum err groups_make(struct planning *p) MUST_USE;
static enum err group_fill(
    struct planning *p, struct bundle_group *group) MUST_USE;
static bool is_wanted(const struct planning *p, const struct space *space);
static enum err beliefs_take(struct planning *p, struct bundle_group *group,
    const struct sign_key *to, struct log *const *logs, bool first) MUST_USE;
static enum err believed(struct planning *p, const struct log *log,
    const struct clock_list *list, struct bundle_log *had) MUST_USE;
static enum err shared_with(struct planning *p, const struct log *log,
    const struct msg_entry *entry, uint64_t *shared) MUST_USE;
static enum err begins_so(struct txn *txn, const struct log *log,
    const struct msg_entry *entry, bool *so) MUST_USE;

enum err
bundle_plan_make(struct store *store, const struct bundle_want *want,
    struct bundle_plan *plan)
{
	struct planning p = {.txn = store_txn(store),
	    .me = &store_identity(store)->key,
	    .want = want,
	    .plan = plan};
	enum err e = store_authority(store, &p.authority);

	*plan = (struct bundle_plan){.kind = want->kind};
	if (want->to_n == 0 || want->to_n > LIMIT_BUNDLE_RECEIVERS)
		return err_set(ERR_INVALID,
		    "a bundle is for 1 to %d members, not %zu",
		    LIMIT_BUNDLE_RECEIVERS, want->to_n);
	if (e == ERR_OK)
		e = maker_check(&p);
	for (size_t i = 0; i < want->to_n && e == ERR_OK; i++)
		e = receiver_check(&p, &want->to[i]);
	if (e == ERR_OK)
		e = logs_find(&p);
	if (e == ERR_OK)
		e = groups_make(&p);
	if (e != ERR_OK)
		bundle_plan_fini(plan);
	return e == ERR_OK ? kv_failed(p.txn->kv) : e;
}

void
bundle_plan_fini(struct bundle_plan *plan)
{
	arena_fini(&plan->arena);
	*plan = (struct bundle_plan){0};
}

/* Nobody shares anything with it: its bundles would be empty. */
static enum err
maker_check(const struct planning *p)
{
	const struct member *me = authority_member(p->authority, p->me);

	if (me == NULL || !me->compromised)
		return ERR_OK;
	return err_set(ERR_DENIED,
	    "the key of this node is in other hands, says the revocation of "
	    "its grants: nobody takes a bundle from it; join anew with "
	    "another key");
}

static enum err
receiver_check(struct planning *p, const struct sign_key *key)
{
	const struct member *member = authority_member(p->authority, key);

	if (memcmp(key, p->me, sizeof(*key)) == 0)
		return err_set(
		    ERR_INVALID, "this node itself needs no bundle of its own");
	if (member == NULL || !member->counts)
		return err_set(
		    ERR_DENIED, "a bundle is for members of the city only");
	if (member->compromised)
		return err_set(ERR_DENIED,
		    "the key of %.*s is in other hands, says the revocation of "
		    "its grants: nothing is sealed to it",
		    (int)member->label.n, member->label.p);
	return ERR_OK;
}

/* Logs of `authority` in an order in which each is known when it comes: root's,
 * then by who was admitted first. */
struct ranked {
	unsigned rank;
	size_t at;
	struct log *log;
};

static int
rank_compare(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static enum err
logs_find(struct planning *p)
{
	struct space_state **spaces;
	struct ranked *all;
	size_t spaces_n;
	size_t room = 0;
	size_t n = 0;
	enum err e = space_all(p->txn, &spaces, &spaces_n);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t logs_n;

		e = oplog_all(p->txn, spaces[i], &logs, &logs_n);
		room += logs_n;
	}
	all = arena_array(&p->txn->arena, room, sizeof(*all));
	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t logs_n;

		e = oplog_all(p->txn, spaces[i], &logs, &logs_n);
		for (size_t k = 0; k < logs_n && e == ERR_OK; k++) {
			struct log *log = logs[k];

			if (!log->has_head || log->frontier.size == 0)
				continue;
			all[n] = (struct ranked){
			    .log = log, .at = n, .rank = LIMIT_GRANT_DEPTH + 2};
			if (id_is_authority(&log->name.space))
				all[n].rank = rank_of(p, &log->name.author);
			n++;
			if (memcmp(&log->name.author, p->me, 32) == 0 &&
			    log->last.v >> 16 > p->plan->date_ms)
				p->plan->date_ms = log->last.v >> 16;
		}
	}
	if (n > 0)
		qsort(all, n, sizeof(*all), rank_compare);
	p->logs = arena_array(&p->txn->arena, n, sizeof(struct log *));
	p->logs_n = n;
	for (size_t i = 0; i < n; i++)
		p->logs[i] = all[i].log;
	if (p->txn->host->now_ms(p->txn->host->arg) > p->plan->date_ms)
		p->plan->date_ms = p->txn->host->now_ms(p->txn->host->arg);
	return e;
}

static unsigned
rank_of(const struct planning *p, const struct sign_key *author)
{
	const struct authority *authority = p->authority;
	unsigned rank = LIMIT_GRANT_DEPTH + 1;

	for (size_t i = 0; i < authority->roots_n; i++)
		if (memcmp(&authority->roots[i].key, author, 32) == 0)
			return 0;
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (grant->counts && grant->stratum < rank &&
		    memcmp(&grant->what.member, author, 32) == 0)
			rank = grant->stratum;
	}
	return rank;
}

/* May this node and `peer` both have the log `name`? */
static bool
both_may(const struct authority *authority, const struct sign_key *me,
    const struct sign_key *peer, const struct log_name *name)
{
	struct clock_depth mine;
	struct clock_depth theirs;

	clock_log_depth(authority, peer, name, &theirs);
	clock_log_depth(authority, me, name, &mine);
	return theirs.any && mine.any;
}

static int
receiver_compare(const void *a, const void *b)
{
	const struct receiver *x = a;
	const struct receiver *y = b;
	int order = memcmp(&x->depth, &y->depth, sizeof(x->depth));

	return order != 0 ? order : memcmp(&x->key, &y->key, sizeof(x->key));
}

static enum err
groups_make(struct planning *p)
{
	struct bundle_plan *plan = p->plan;
	size_t to_n = p->want->to_n;
	struct receiver *all = arena_array(&plan->arena, to_n, sizeof(*all));
	struct sign_key *keys = arena_array(&plan->arena, to_n, sizeof(*keys));
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(p->txn, &spaces, &spaces_n);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < to_n; i++) {
		all[i].key = p->want->to[i];
		depth_hash(p, spaces, spaces_n, &all[i]);
	}
	qsort(all, to_n, sizeof(*all), receiver_compare);
	plan->groups = arena_array(&plan->arena, to_n, sizeof(*plan->groups));
	for (size_t i = 0; i < to_n; i++) {
		struct bundle_group *group = &plan->groups[plan->groups_n];

		keys[i] = all[i].key;
		if (i > 0 && memcmp(&all[i].depth, &all[i - 1].depth, 32) == 0)
			group--;
		else
			plan->groups_n++;
		if (group->to_n++ == 0)
			group->to = &keys[i];
	}
	for (size_t i = 0; i < plan->groups_n && e == ERR_OK; i++)
		e = group_fill(p, &plan->groups[i]);
	return e;
}

static void
depth_add(struct crypto_sha256 *state, const struct clock_depth *depth)
{
	uint8_t bytes[] = {depth->any, depth->hold, (uint8_t)depth->classes};

	crypto_sha256_add(state, bytes_of(bytes, sizeof(bytes)));
}

/* Of each space, and of the logs that the receiver wrote itself. */
static void
depth_hash(struct planning *p, struct space_state *const *spaces, size_t n,
    struct receiver *receiver)
{
	struct crypto_sha256 state;
	struct clock_depth depth;

	crypto_sha256_init(&state);
	for (size_t i = 0; i < n; i++) {
		clock_depth(
		    p->authority, &receiver->key, &spaces[i]->name, &depth);
		depth_add(&state, &depth);
	}
	for (size_t i = 0; i < p->logs_n; i++) {
		const struct log *log = p->logs[i];

		if (memcmp(&log->name.author, &receiver->key, 32) != 0 ||
		    id_is_authority(&log->name.space))
			continue;
		clock_log_depth(
		    p->authority, &receiver->key, &log->name, &depth);
		crypto_sha256_add(
		    &state, bytes_of(log->id.b, sizeof(log->id.b)));
		depth_add(&state, &depth);
	}
	crypto_sha256_out(&state, &receiver->depth);
}

static bool
is_wanted(const struct planning *p, const struct space *space)
{
	bool wanted = p->want->prefixes_n == 0 || id_is_authority(space);

	for (size_t i = 0; i < p->want->prefixes_n && !wanted; i++)
		wanted = id_covers(&p->want->prefixes[i], space);
	return wanted && p->want->kind == BUNDLE_RUNS;
}

/* All of the group may have the same, so one stands for the others. */
static enum err
group_fill(struct planning *p, struct bundle_group *group)
{
	struct log **logs = arena_array(
	    &p->txn->arena, p->logs_n, sizeof(struct log *));
	enum err e = ERR_OK;

	for (size_t i = 0; i < p->logs_n; i++)
		if (both_may(
			p->authority, p->me, &group->to[0], &p->logs[i]->name))
			logs[group->logs_n++] = p->logs[i];
	group->logs = arena_array(
	    &p->plan->arena, group->logs_n, sizeof(*group->logs));
	for (size_t i = 0; i < group->logs_n; i++)
		group->logs[i] = (struct bundle_log){.no = logs[i]->no,
		    .is_wanted = is_wanted(p, &logs[i]->name.space),
		    .until = logs[i]->frontier.size};
	for (size_t i = 0; i < group->to_n && e == ERR_OK && !p->want->full;
	     i++)
		e = beliefs_take(p, group, &group->to[i], logs, i == 0);
	for (size_t i = 0; i < group->logs_n && e == ERR_OK; i++)
		if (group->logs[i].is_wanted &&
		    group->logs[i].until > group->logs[i].size)
			p->plan->deltas += group->logs[i].until -
					   group->logs[i].size;
	return e;
}

static int
trunk_compare(const void *a, const void *b)
{
	const struct msg_entry *x = a;
	const struct msg_entry *y = b;

	return memcmp(msg_entry_trunk(x), msg_entry_trunk(y), 16);
}

/* Of each log the receivers get what some of them lack. */
static enum err
beliefs_take(struct planning *p, struct bundle_group *group,
    const struct sign_key *to, struct log *const *logs, bool first)
{
	struct arena arena = {0};
	struct clock_list list;
	enum err e = clock_beliefs(p->txn, to, &arena, &list);

	if (e == ERR_OK && list.n > 0)
		qsort(
		    list.entries, list.n, sizeof(*list.entries), trunk_compare);
	for (size_t i = 0; i < group->logs_n && e == ERR_OK; i++) {
		struct bundle_log *log = &group->logs[i];
		struct bundle_log had = {0};

		e = believed(p, logs[i], &list, &had);
		if (first || had.size < log->size)
			log->size = had.size;
		if (first || had.held < log->held)
			log->held = had.held;
		for (size_t class = 0; class < CLASS_COUNT; class ++)
			if (first || had.open[class] < log->open[class])
				log->open[class] = had.open[class];
	}
	arena_fini(&arena);
	return e;
}

/* What of `log` is held by who said `list`, sorted by trunk, by whatever names.
 */
static enum err
believed(struct planning *p, const struct log *log,
    const struct clock_list *list, struct bundle_log *had)
{
	size_t low = 0;
	size_t high = list->n;
	enum err e = ERR_OK;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(msg_entry_trunk(&list->entries[middle]), &log->trunk,
			16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (;
	     low < list->n && e == ERR_OK &&
	     memcmp(msg_entry_trunk(&list->entries[low]), &log->trunk, 16) == 0;
	     low++) {
		const struct msg_entry *entry = &list->entries[low];
		uint64_t shared;

		e = shared_with(p, log, entry, &shared);
		if (e != ERR_OK || shared < had->size)
			continue;
		had->size = shared;
		had->held = entry->held < shared ? entry->held : shared;
		for (size_t class = 0; class < CLASS_COUNT; class ++)
			had->open[class] = entry->open[class] < shared
					       ? entry->open[class]
					       : shared;
	}
	return e;
}

/* With how many deltas does what `entry` is of begin like `log`?  Nothing that
 * is not known for certain counts. */
static enum err
shared_with(struct planning *p, const struct log *log,
    const struct msg_entry *entry, uint64_t *shared)
{
	struct log *alone = NULL;
	struct log **tips = &alone;
	size_t n = 1;
	bool so = false;
	enum err e = begins_so(p->txn, log, entry, &so);

	*shared = so ? entry->size : 0;
	if (so || e != ERR_OK)
		return e;
	/* Of a log that nobody knows to be forked they just have more. */
	if (!log->forked && !entry->forked && !entry->is_branch) {
		*shared = entry->size > log->frontier.size ? log->frontier.size
							   : 0;
		return ERR_OK;
	}
	e = oplog_tips(p->txn, log->space, &log->trunk, &tips, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		uint64_t common = 0;

		if (tips[i] == log)
			continue;
		e = begins_so(p->txn, tips[i], entry, &so);
		if (e == ERR_OK && so)
			e = forks_shared(p->txn, log, tips[i], &common);
		if (common > entry->size)
			common = entry->size;
		if (common > *shared)
			*shared = common;
	}
	return e;
}

static enum err
begins_so(struct txn *txn, const struct log *log, const struct msg_entry *entry,
    bool *so)
{
	struct hash root;
	enum err e;

	*so = false;
	if (entry->size == 0 || entry->size > log->frontier.size)
		return ERR_OK;
	e = tree_root(txn, log, entry->size, &root);
	*so = e == ERR_OK && memcmp(root.b, entry->root, 8) == 0;
	return e;
}
