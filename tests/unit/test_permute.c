/*
 * Rights that change while people work: data, grants, revocations, decisions
 * and their replacements, delivered in any order of logs, in any portions, with
 * bodies early or late.  Who holds the same logs shows the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/branches.h"
#include "tests/lib/council.h"

/* The office, two centres, one who decides, one who comes late. */
enum { OFFICE, LEFT, RIGHT, JUDGE, LATER, NODES, FIRST = NODES, SECOND };
enum {
	RECORDS = 5,
	STEPS = 120,
	SEEDS = 6,
	ORDERS = 5,
	LOGS = 128,
	REFS = 32,
};

static const char space[] = "d03/c017/case";
static const char rights[] = "read:NPSF,write";

struct play {
	struct town town;
	struct prng prng;
	struct record_id ids[RECORDS];
	/* All that the office holds in the end. */
	struct {
		struct log_id id;
		struct space space;
		uint64_t size;
	} logs[LOGS];
	size_t logs_n;
};

/* Something that may happen; false when there is no occasion for it. */
typedef bool event_fn(struct play *play);

static event_fn event_edit;
static event_fn event_meet;
static event_fn event_revoke;
static event_fn event_steal;
static event_fn event_grant;
static event_fn event_adopt;
static event_fn event_void;
static event_fn event_range;
static event_fn event_other;
static event_fn event_unjudge;
static event_fn event_fork;
static event_fn event_two_minds;

static const struct {
	const char *name;
	event_fn *run;
	unsigned weight;
} events[] = {
    {"an edit of a shared record", event_edit, 10},
    {"some of one store to another", event_meet, 10},
    {"a routine revocation", event_revoke, 3},
    {"a compromise", event_steal, 2},
    {"a new grant, and a new log", event_grant, 2},
    {"one delta adopted", event_adopt, 4},
    {"deltas voided", event_void, 2},
    {"a range adopted or voided", event_range, 2},
    {"a decision replaced", event_other, 3},
    {"the judge revoked", event_unjudge, 1},
    {"a log that forks", event_fork, 2},
    {"one who decides in two branches", event_two_minds, 1},
};

static size_t
below(struct play *play, size_t n)
{
	return (size_t)prng_below(&play->prng, n);
}

static bool
event_edit(struct play *play)
{
	static const char *const words[] = {"가", "나", "다", "라"};
	size_t node = LEFT + below(play, 2);
	struct store_edit edit = town_edit(
	    below(play, 4) == 0 ? OP_ADD : OP_SET, "name",
	    town_text(words[below(play, COUNT_OF(words))]));
	struct store_write write = {.space = town_space(space),
	    .record = play->ids[below(play, RECORDS)],
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id same;
	bool changed = false;
	enum err e;

	if (below(play, 8) == 0) {
		write.act = below(play, 2) == 0 ? ACT_DELETE : ACT_KEEP;
		write.edits_n = 0;
	}
	e = town_write(&play->town, node, &write, &same, &changed);
	/* Revoked, or it shows no such record now. */
	if (e != ERR_DENIED && e != ERR_NOT_FOUND && e != ERR_INVALID)
		assert_int_equal(e, ERR_OK);
	return e == ERR_OK && changed;
}

/* A centre is rolled back, after the office took what it wrote. */
static bool
event_fork(struct play *play)
{
	size_t node = LEFT + below(play, 2);
	struct backup backup;
	bool wrote = false;

	backup_take(&play->town, node, &backup);
	for (size_t i = 0; i < 6; i++)
		wrote = event_edit(play) || wrote;
	town_carry(
	    &play->town, node, OFFICE, &(struct town_cargo){.strangers = true});
	backup_put(&play->town, node, &backup);
	backup_fini(&backup);
	play->town.now_ms += 10;
	for (size_t i = 0; i < 6; i++)
		wrote = event_edit(play) || wrote;
	return wrote;
}

static bool
event_meet(struct play *play)
{
	size_t from = below(play, NODES);
	size_t to = below(play, NODES);
	struct town_cargo cargo = {
	    .space = below(play, 3) == 0 ? "authority" : NULL,
	    .deltas_max = below(play, 2) == 0 ? 0 : 1 + below(play, 30),
	    .bare = below(play, 5) == 0,
	    .strangers = true};

	if (from == to)
		return false;
	town_carry(&play->town, from, to, &cargo);
	return true;
}

static bool
event_revoke(struct play *play)
{
	enum err e = council_revoke(
	    &play->town, OFFICE, LEFT + below(play, 2), 0, NULL);

	if (e != ERR_EXISTS)
		assert_int_equal(e, ERR_OK);
	return e == ERR_OK;
}

static bool
event_steal(struct play *play)
{
	uint64_t ago_ms = below(play, 20000);

	assert_int_equal(
	    council_revoke(&play->town, OFFICE, LEFT + below(play, 2),
		play->town.now_ms - ago_ms, NULL),
	    ERR_OK);
	return true;
}

static bool
event_grant(struct play *play)
{
	size_t node = LEFT + below(play, 2);

	assert_int_equal(
	    town_grant(&play->town, OFFICE, node, "d03", rights, ""), ERR_OK);
	town_carry(&play->town, OFFICE, node,
	    &(struct town_cargo){.space = "authority"});
	return true;
}

static size_t
decider(struct play *play)
{
	return below(play, 2) == 0 ? OFFICE : JUDGE;
}

/* Node `by` decides about some of what lies in its inbox. */
static bool
decide(struct play *play, size_t by, bool adopt, size_t n)
{
	struct ref refs[REFS];
	size_t held = council_refs(&play->town, by, space, refs, REFS);
	enum err e;

	if (held == 0)
		return false;
	n = 1 + below(play, n < held ? n : held);
	e = council_decide(
	    &play->town, by, space, adopt, &refs[below(play, held - n + 1)], n);
	if (e != ERR_DENIED && e != ERR_EXISTS)
		assert_int_equal(e, ERR_OK);
	return e == ERR_OK;
}

static bool
event_adopt(struct play *play)
{
	return decide(play, decider(play), true, 1);
}

static bool
event_void(struct play *play)
{
	return decide(play, decider(play), false, 3);
}

/* The judge is rolled back, after the office took what it decided. */
static bool
event_two_minds(struct play *play)
{
	struct backup backup;
	bool said = false;

	backup_take(&play->town, JUDGE, &backup);
	said = decide(play, JUDGE, true, 3);
	town_carry(&play->town, JUDGE, OFFICE,
	    &(struct town_cargo){.strangers = true});
	backup_put(&play->town, JUDGE, &backup);
	backup_fini(&backup);
	play->town.now_ms += 10;
	return decide(play, JUDGE, false, 3) && said;
}

static bool
event_range(struct play *play)
{
	struct ref refs[REFS];
	size_t held = council_refs(&play->town, OFFICE, space, refs, REFS);
	struct log_cut cut;

	if (held == 0)
		return false;
	cut = council_cut_of(&play->town, OFFICE, space,
	    &refs[below(play, held)].log, 1 + below(play, 12));
	/* Now and then of a log that nobody has. */
	if (below(play, 8) == 0)
		cut.root.b[0] ^= 1;
	council_decide_range(
	    &play->town, OFFICE, space, below(play, 3) > 0, &cut);
	return true;
}

/* The office decides otherwise about what it holds for decided. */
static bool
event_other(struct play *play)
{
	struct ref refs[REFS];
	struct inbox_entry entry;
	size_t held = council_refs(&play->town, OFFICE, space, refs, REFS);

	for (size_t i = 0; i < held; i++) {
		assert_true(
		    council_entry(&play->town, OFFICE, &refs[i], &entry));
		if (!entry.voided && !entry.disputed)
			continue;
		assert_int_equal(council_decide(&play->town, OFFICE, space,
				     true, &refs[i], 1),
		    ERR_OK);
		return true;
	}
	return false;
}

static bool
event_unjudge(struct play *play)
{
	enum err e = below(play, 4) == 0
			 ? council_revoke(&play->town, OFFICE, JUDGE, 0, NULL)
			 : ERR_EXISTS;

	if (e != ERR_EXISTS)
		assert_int_equal(e, ERR_OK);
	return e == ERR_OK;
}

static void
play_begin(struct play *play, uint64_t seed)
{
	struct town *town = &play->town;

	memset(play, 0, sizeof(*play));
	town_init(town, seed);
	play->prng.seed = seed * 7919;
	council_unroot(town);
	for (size_t i = LEFT; i < NODES; i++)
		assert_int_equal(town_member(town, "d03",
				     i == JUDGE ? "read:NPSF,admin" : rights),
		    i);
	town_meet(town);
	for (size_t k = 0; k < RECORDS; k++)
		play->ids[k] = town_create(
		    town, k % 2 == 0 ? LEFT : RIGHT, space, "가");
	town_meet(town);
}

/* Lets things happen; counts what did. */
static void
play_run(struct play *play, unsigned *happened)
{
	unsigned sum = 0;

	for (size_t i = 0; i < COUNT_OF(events); i++)
		sum += events[i].weight;
	for (size_t step = 0; step < STEPS; step++) {
		size_t drawn = below(play, sum);
		size_t i = 0;

		while (drawn >= events[i].weight)
			drawn -= events[i++].weight;
		play->town.now_ms += 1 + below(play, 2000);
		if (events[i].run(play))
			happened[i]++;
	}
}

/* All that node `i` shows of the city. */
static void
shown(struct play *play, size_t i, struct buf *text)
{
	buf_cut(text, 0);
	town_digests(&play->town, i, text);
	(void)council_inbox(&play->town, i, NULL, text);
	for (size_t k = 0; k < RECORDS; k++) {
		struct arena arena = {0};
		struct record record;

		if (!town_get(&play->town, i, space, &play->ids[k], &arena,
			&record)) {
			buf_add_text(text, "no record\n");
			arena_fini(&arena);
			continue;
		}
		buf_add_format(text, "status %d, heads %zu\n",
		    (int)record.status, record.heads_n);
		store_token(&record, text);
		for (size_t f = 0; f < record.fields_n; f++)
			for (size_t v = 0; v < record.fields[f].n; v++)
				buf_add(text, record.fields[f].values[v].value);
		arena_fini(&arena);
	}
}

static void
same(struct play *play, size_t a, size_t b)
{
	struct buf left = {0};
	struct buf right = {0};

	shown(play, a, &left);
	shown(play, b, &right);
	assert_int_equal(left.n, right.n);
	assert_memory_equal(left.p, right.p, left.n);
	buf_fini(&left);
	buf_fini(&right);
}

/* Everything comes everywhere, bodies that were left behind too. */
static void
all_meet(struct play *play)
{
	town_meet(&play->town);
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < NODES; i++)
			for (size_t k = 0; k < NODES; k++)
				if (i != k)
					town_carry(&play->town, i, k,
					    &(struct town_cargo){
						.bodies = true});
	town_meet(&play->town);
}

static void
logs_list(struct play *play)
{
	struct store *store = town_store(&play->town, OFFICE);
	struct space_state **spaces;
	size_t spaces_n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(
	    space_all(store_txn(store), &spaces, &spaces_n), ERR_OK);
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		assert_int_equal(
		    oplog_all(store_txn(store), spaces[i], &logs, &n), ERR_OK);
		assert_true(play->logs_n + n <= LOGS);
		for (size_t k = 0; k < n; k++) {
			play->logs[play->logs_n].id = logs[k]->id;
			play->logs[play->logs_n].space = spaces[i]->name;
			play->logs[play->logs_n++].size =
			    logs[k]->frontier.size;
		}
	}
	store_abort(store);
}

/* An empty store as node `i`. */
static void
store_fresh(struct play *play, size_t i, size_t number)
{
	struct town *town = &play->town;
	struct town_node *node = &town->nodes[i];
	char name[32];

	if (i < town->n)
		town_close(town, i);
	(void)snprintf(name, sizeof(name), "fresh%zu", number);
	(void)snprintf(
	    node->dir, sizeof(node->dir), "%s", tempdir_at(&town->dir, name));
	assert_int_equal(
	    founder_create(&(struct store_plan){
		.dir = node->dir, .host = &town->host, .join = &town->city}),
	    ERR_OK);
	if (i >= town->n)
		town->n = i + 1;
	(void)town_open(town, i);
}

/* Carries `ends[k]` deltas of each log to node `to`, in any order and portions;
 * bodies come with them or later. */
static void
deliver(struct play *play, size_t to, const uint64_t *ends)
{
	uint64_t at[LOGS] = {0};
	size_t left = 0;

	for (size_t k = 0; k < play->logs_n; k++)
		left += ends[k] > 0;
	while (left > 0) {
		size_t k = below(play, play->logs_n);
		struct town_cargo cargo = {.space = play->logs[k].space.text,
		    .log = &play->logs[k].id,
		    .bare = below(play, 3) == 0,
		    .strangers = true};

		if (at[k] == ends[k])
			continue;
		at[k] += 1 + below(play, ends[k] - at[k]);
		cargo.deltas_max = at[k];
		town_carry(&play->town, OFFICE, to, &cargo);
		left -= at[k] == ends[k];
	}
	for (size_t k = 0; k < play->logs_n; k++) {
		struct town_cargo cargo = {.space = play->logs[k].space.text,
		    .log = &play->logs[k].id,
		    .bodies = true,
		    .strangers = true};

		if (ends[k] > 0)
			town_carry(&play->town, OFFICE, to, &cargo);
	}
}

static void
whatever_the_order_of_arrival_the_same_logs_are_the_same_state(void **state)
{
	static struct play play;
	unsigned happened[COUNT_OF(events)] = {0};
	size_t fresh = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		play_begin(&play, seed);
		play_run(&play, happened);
		all_meet(&play);
		logs_list(&play);
		for (size_t order = 0; order < ORDERS; order++) {
			uint64_t ends[LOGS] = {0};

			for (size_t k = 0; k < play.logs_n; k++)
				ends[k] = order == 0 || below(&play, 2) == 0
					      ? play.logs[k].size
					      : below(&play,
						    play.logs[k].size + 1);
			store_fresh(&play, FIRST, fresh++);
			store_fresh(&play, SECOND, fresh++);
			deliver(&play, FIRST, ends);
			deliver(&play, SECOND, ends);
			same(&play, FIRST, SECOND);
			if (order == 0)
				same(&play, FIRST, OFFICE);
			council_sound(&play.town, FIRST);
			same(&play, FIRST, SECOND);
		}
		for (size_t i = LEFT; i < NODES; i++)
			same(&play, OFFICE, i);
		town_fini(&play.town);
	}
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		if (happened[i] == 0)
			print_error("never happened: %s\n", events[i].name);
		assert_true(happened[i] > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		whatever_the_order_of_arrival_the_same_logs_are_the_same_state),
	};

	return cmocka_run_group_tests_name("permute", tests, NULL, NULL);
}
