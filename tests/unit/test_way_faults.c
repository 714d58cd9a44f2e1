/*
 * Decisions, bundles, checks and packing when the store fails below them: each
 * call of LMDB fails once in turn, and what is said then is never that all went
 * well; nor is anything else afterwards than if it had never been tried.
 *
 * LINK: -Wl,--wrap=mdb_get,--wrap=mdb_put,--wrap=mdb_del
 * LINK: -Wl,--wrap=mdb_cursor_open,--wrap=mdb_cursor_get
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bundle_in.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/fsck.h"
#include "core/packing.h"
#include "tests/lib/branches.h"
#include "tests/lib/council.h"
#include "tests/lib/fault.h"
#include "tests/lib/stick.h"
#include "tests/lib/wire.h"

#define SPACE "d03/c017/case"
#define RIGHTS "read:NPSF,write,hold"

enum { HALL, THIEF, JUDGE, CLERK, LATE, HALF, KEEPER, BARE };
enum { REFS = 12 };
/* What LMDB says of a page that is damaged: MDB_CORRUPTED. */
enum { DAMAGED = -30796 };

/* A town in which a thief whose log is forked, and a clerk whose log is not,
 * went on writing after their grants were taken back, and a judge, whose log is
 * forked too, decided and granted after hers was.  One node is late and holds
 * the least of it, one holds the half of each log, one all, and one all without
 * bodies. */
static struct court {
	struct town town;
	struct ref thief[REFS]; /* deltas that wait for a decision */
	size_t thief_n;
	struct ref clerk[4];
	struct ref facts[REFS];
	size_t facts_n;
	struct ref grant;      /* one to be taken back */
	struct stick_kit all;  /* what the hall has, for who is late */
	struct stick_kit news; /* for who holds all but this */
} court;

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* One piece of work of node `at`, in a transaction that is open. */
struct way {
	size_t at;
	bool write;
	bool commits;  /* and ends it */
	int number;    /* what calls fail with */
	enum err says; /* and what is to be said of it */
	unsigned step; /* so many calls from one that fails to the next */
	enum err (*go)(struct store *store);
};

/* Its page is damaged: then the store need not be opened anew each time. */
static struct way
way(size_t at, bool write, enum err (*go)(struct store *store))
{
	return (struct way){.at = at,
	    .write = write,
	    .number = DAMAGED,
	    .says = ERR_CORRUPT,
	    .step = 1,
	    .go = go};
}

static void
write_some(size_t i, size_t n, const char *name)
{
	struct town *town = &court.town;

	for (size_t k = 0; k < n; k++)
		(void)town_create(town, i, SPACE, name);
	town->now_ms += 1000;
}

/* Two branches of the thief's log, both beyond the cut of the revocation. */
static void
thief_forks(void)
{
	struct town *town = &court.town;
	struct backup backup;

	backup_take(town, THIEF, &backup);
	write_some(THIEF, 3, "나");
	wire_sync(town, THIEF, KEEPER);
	backup_put(town, THIEF, &backup);
	backup_fini(&backup);
	write_some(THIEF, 2, "다");
	wire_sync(town, THIEF, KEEPER);
}

/* A decision that both branches have, and one in each. */
static void
judge_forks(void)
{
	struct town *town = &court.town;
	struct backup backup;

	for (uint64_t seq = 2; seq < 5; seq++) {
		struct ref ref = council_ref(town, JUDGE, CLERK, SPACE, seq);

		if (seq == 3)
			backup_take(town, JUDGE, &backup);
		if (seq == 4)
			backup_put(town, JUDGE, &backup);
		town->now_ms += 1000;
		well(council_decide(town, JUDGE, SPACE, true, &ref, 1));
		wire_sync(town, JUDGE, KEEPER);
	}
	backup_fini(&backup);
}

/* What she grants and takes back when she may no longer. */
static void
judge_goes_on(void)
{
	struct town *town = &court.town;

	well(council_revoke(town, HALL, JUDGE, 0, NULL));
	town->now_ms += 1000;
	well(town_grant(town, JUDGE, LATE, "d03", "read:N", ""));
	well(council_revoke(town, JUDGE, LATE, 0, NULL));
	town_copy(town, JUDGE, HALL);
	court.facts_n = council_refs(
	    town, HALL, "authority", court.facts, REFS);
	assert_int_equal(court.facts_n, 2);
}

static void
refs_sort_out(void)
{
	struct town *town = &court.town;
	struct log_cut cut = council_cut(town, HALL, CLERK, SPACE, 0);
	struct ref all[2 * REFS];
	size_t n = council_refs(town, HALL, SPACE, all, COUNT_OF(all));

	for (size_t i = 0; i < n; i++)
		if (memcmp(&all[i].log, &cut.log, sizeof(cut.log)) != 0)
			court.thief[court.thief_n++] = all[i];
	assert_int_equal(court.thief_n, 5);
	for (size_t i = 0; i < COUNT_OF(court.clerk); i++)
		court.clerk[i] = council_ref(town, HALL, CLERK, SPACE, 2 + i);
	/* Ranges: of the forked log as far as one branch goes. */
	cut = council_cut(town, HALL, THIEF, SPACE, 0);
	council_decide_range(town, HALL, SPACE, true, &cut);
	cut = council_cut(town, HALL, CLERK, SPACE, 0);
	council_decide_range(town, HALL, SPACE, true, &cut);
	well(council_decide(town, HALL, "authority", false, court.facts, 1));
	/* One that replaced another, which replaced one. */
	for (unsigned adopt = 0; adopt < 4; adopt++) {
		town->now_ms += 1000;
		well(council_decide(
		    town, HALL, SPACE, adopt % 2 != 0, &court.clerk[3], 1));
	}
}

static void
members_join(void)
{
	struct town *town = &court.town;

	town_init(town, 77);
	council_unroot(town);
	assert_int_equal(town_member(town, "d03", RIGHTS), THIEF);
	assert_int_equal(town_join(town), JUDGE);
	well(town_admit(town, HALL, JUDGE));
	well(town_grant(town, HALL, JUDGE, "d03", RIGHTS ",admin", "read:N"));
	assert_int_equal(town_member(town, "d03", RIGHTS), CLERK);
	assert_int_equal(town_member(town, "", RIGHTS), LATE);
	assert_int_equal(town_member(town, "", RIGHTS), HALF);
	assert_int_equal(town_member(town, "", RIGHTS), KEEPER);
	assert_int_equal(town_member(town, "", RIGHTS), BARE);
	well(town_grant(town, HALL, HALL, "", RIGHTS, ""));
	town_meet(town);
}

static void
sticks_write(void)
{
	struct town *town = &court.town;

	town_carry(town, HALL, HALF, &(struct town_cargo){.deltas_max = 3});
	town_carry(
	    town, HALL, BARE, &(struct town_cargo){.space = "authority"});
	town_carry(town, HALL, BARE,
	    &(struct town_cargo){.space = SPACE, .bare = true});
	(void)stick_write(town, HALL, &(size_t){LATE}, 1,
	    &(struct stick_want){.full = true}, "all");
	stick_kit_load(town, LATE, "all", &court.all);
	wire_sync(town, HALL, KEEPER);
	write_some(HALL, 3, "마");
	(void)stick_send(town, HALL, KEEPER, "news");
	stick_kit_load(town, KEEPER, "news", &court.news);
	wire_sync(town, HALL, KEEPER);
}

static int
court_make(void **state)
{
	struct town *town = &court.town;

	(void)state;
	members_join();
	(void)town_create(town, HALL, SPACE, "가");
	(void)town_create(town, THIEF, SPACE, "가");
	write_some(CLERK, 1, "가");
	write_some(HALL, 6, "마");
	town_meet(town);
	well(council_revoke(town, HALL, THIEF, 0, NULL));
	well(council_revoke(town, HALL, CLERK, 0, NULL));
	write_some(CLERK, 4, "라");
	town_copy(town, CLERK, HALL);
	town_copy(town, HALL, JUDGE);
	town_copy(town, HALL, KEEPER);
	thief_forks();
	judge_forks();
	wire_sync(town, HALL, KEEPER);
	judge_goes_on();
	refs_sort_out();
	sticks_write();
	return 0;
}

static int
court_remove(void **state)
{
	(void)state;
	for (size_t i = 0; i < court.town.n; i++)
		council_sound(&court.town, i);
	stick_kit_fini(&court.all);
	stick_kit_fini(&court.news);

	town_fini(&court.town);
	return 0;
}

static bool
holds(size_t i, const struct buf *state)
{
	struct buf now = {0};
	bool same;

	town_digests(&court.town, i, &now);
	same = bytes_equal(buf_bytes(&now), buf_bytes(state));
	buf_fini(&now);
	return same;
}

/* Each call fails in turn, until none is left to fail: every few of them where
 * the disk fails, for the store is opened anew behind each. */
static void
assert_heard(struct way way)
{
	struct store *store = town_store(&court.town, way.at);
	struct buf before = {0};
	unsigned heard = 0;
	bool hit = true;

	town_digests(&court.town, way.at, &before);
	for (unsigned nth = 1; hit; nth += way.step) {
		enum err e;

		well(store_begin(store, way.write));
		fault_arm((struct fault_plan){
		    .names = "mdb_get mdb_put mdb_del mdb_cursor_open "
			     "mdb_cursor_get",
		    .nth = nth,
		    .number = way.number});
		e = way.go(store);
		if (e == ERR_OK && way.commits)
			e = store_commit(store);
		hit = fault_disarm();
		if (e != (hit ? way.says : ERR_OK))
			fail_msg("call %u: %s: %s", nth, err_name(e),
			    e != ERR_OK ? err_text() : "");
		store_abort(store);
		heard += hit;
		if (way.commits && hit)
			assert_true(holds(way.at, &before));
	}
	assert_true(heard > 10);
	assert_true(way.commits != holds(way.at, &before));
	buf_fini(&before);
}

static enum err
decide(struct store *store, const char *space, bool adopt,
    const struct ref *refs, size_t n)
{
	struct store_decision decision = {.space = town_space(space),
	    .adopt = adopt,
	    .targets = refs,
	    .targets_n = n,
	    .reason = bytes_text("확인함")};

	return store_decide(store, &decision);
}

/* Of a range some stay, and so does what was decided one by one. */
static enum err
void_some(struct store *store)
{
	const struct ref both[] = {court.thief[1], court.clerk[2]};
	enum err e = decide(store, SPACE, false, both, 1);

	if (e == ERR_OK)
		e = decide(store, SPACE, false, &court.clerk[1], 1);
	if (e == ERR_OK)
		e = decide(store, SPACE, false, &both[1], 1);
	return e == ERR_OK ? decide(store, SPACE, true, both, 2) : e;
}

static enum err
decide_facts(struct store *store)
{
	return decide(store, "authority", true, court.facts, 1);
}

static void
a_decision_that_meets_a_fault_is_not_taken(void **state)
{
	(void)state;
	assert_heard(way(HALL, true, void_some));
	assert_heard(way(HALL, true, decide_facts));
}

/* Feeds those messages of `kit` that are no `without`. */
static enum err
feed(struct store *store, const struct stick_kit *kit, uint8_t without,
    struct bundle_taken *taken)
{
	struct secret backup;
	struct bundle_in in = {.store = store,
	    .taken = taken,
	    .backup = &backup,
	    .from = kit->about.from};
	enum err e = ERR_OK;

	taken->troubles = calloc(BUNDLE_TROUBLES_MAX, sizeof(*taken->troubles));
	assert_non_null(taken->troubles);
	identity_backup_key(store_identity(store), &backup);
	for (size_t i = 0; i < kit->n && e == ERR_OK; i++) {
		struct bytes message = buf_bytes(&kit->messages[i]);

		if (message.p[0] != MSG_CLOCK &&
		    message.p[0] != BUNDLE_MSG_SUM && message.p[0] != without)
			e = bundle_in_message(&in, message);
	}
	if (e == ERR_OK)
		e = bundle_in_lost(&in);
	bundle_in_fini(&in);
	free(taken->troubles);
	return e;
}

static enum err
take_all(struct store *store)
{
	struct bundle_taken taken = {0};
	enum err e = feed(store, &court.all, 0, &taken);

	assert_int_equal(taken.troubles_all, 0);
	return e;
}

/* Of headers that are held, by their bodies alone. */
static enum err
take_bodies(struct store *store)
{
	struct bundle_taken taken = {0};
	enum err e = feed(store, &court.all, MSG_CHUNK, &taken);

	assert_int_equal(taken.troubles_all, 0);
	return e;
}

static enum err
take_behind_a_gap(struct store *store)
{
	struct bundle_taken taken = {0};
	enum err e = feed(store, &court.news, 0, &taken);

	assert_int_equal(taken.gaps, taken.troubles_all);
	assert_true(taken.gaps > 0 || e != ERR_OK);
	return e;
}

static void
a_bundle_that_meets_a_fault_is_not_taken(void **state)
{
	(void)state;
	assert_heard(way(LATE, true, take_all));
	assert_heard(way(KEEPER, true, take_bodies));
	assert_heard(way(BARE, true, take_bodies));
	assert_heard(way(HALF, true, take_behind_a_gap));
}

static enum err
plan(struct store *store)
{
	struct sign_key to[] = {town_key(&court.town, LATE),
	    town_key(&court.town, KEEPER), town_key(&court.town, HALF)};
	struct bundle_want want = {.to = to, .to_n = COUNT_OF(to)};
	struct bundle_plan made;
	enum err e = bundle_plan_make(store, &want, &made);

	bundle_plan_fini(&made);
	return e;
}

static enum err
check(struct store *store)
{
	struct fsck_report report;
	enum err e = fsck_run(store, NULL, &report);

	assert_int_equal(report.found, 0);
	return e;
}

static enum err
nothing_take(void *arg, const struct inbox_entry *entry)
{
	(void)arg;
	(void)entry;
	return ERR_OK;
}

static enum err
look(struct store *store)
{
	const struct authority *authority;
	enum err e = store_authority(store, &authority);

	return e == ERR_OK ? inbox_walk(store_txn(store), authority, NULL,
				 nothing_take, NULL)
			   : e;
}

static void
what_meets_a_fault_is_not_seen(void **state)
{
	(void)state;
	assert_heard(way(HALL, false, plan));
	assert_heard(way(HALL, false, look));
	assert_heard((struct way){KEEPER, false, false, EIO, ERR_IO, 5, check});
}

/* All logs are judged again when this commits. */
static enum err
take_back(struct store *store)
{
	struct store_revoke revoke = {.grant = court.grant};
	struct store_revoked revoked;

	return store_revoke(store, &revoke, &revoked);
}

static void
what_meets_a_fault_while_it_commits_has_not_happened(void **state)
{
	(void)state;
	court.grant = council_grant(&court.town, HALL, KEEPER);
	assert_heard(
	    (struct way){HALL, true, true, DAMAGED, ERR_CORRUPT, 1, take_back});
}

/* The hall believes that node LATE has all headers in SPACE, and no bodies. */
static void
believe(void)
{
	struct store *store = town_store(&court.town, HALL);
	struct sign_key late = town_key(&court.town, LATE);
	struct space name = town_space(SPACE);
	struct log **logs;
	struct txn *txn;
	size_t n;

	well(store_begin(store, true));
	txn = store_txn(store);
	well(oplog_all(txn, space_find(txn, &name), &logs, &n));
	for (size_t i = 0; i < n; i++) {
		struct msg_entry entry;

		clock_entry(logs[i], NULL, &entry);
		entry.held = 0;
		memset(entry.open, 0, sizeof(entry.open));
		clock_believe(txn, &late, &entry, &entry);
	}
	well(store_commit(store));
}

/* All of `plan` to the file "fault"; there is none but a whole one. */
static enum err
stick_make(const struct bundle_plan *plan)
{
	const char *path = tempdir_at(&court.town.dir, "fault");
	struct bundle_writer *writer;
	struct file_stat stat;
	bool more = true;
	enum err e;

	well(bundle_write_begin(
	    town_store(&court.town, HALL), plan, path, false, &writer));
	do
		e = bundle_write_step(writer, &more);
	while (e == ERR_OK && more);
	bundle_write_end(writer);
	if (e != ERR_OK)
		assert_int_equal(file_stat(path, &stat), ERR_NOT_FOUND);
	return e;
}

static void
a_bundle_that_meets_a_fault_is_not_written(void **state)
{
	struct store *store = town_store(&court.town, HALL);
	struct sign_key to[] = {
	    town_key(&court.town, LATE), town_key(&court.town, HALF)};
	struct bundle_want want = {.to = to, .to_n = COUNT_OF(to)};
	struct bundle_plan plan;
	unsigned heard = 0;
	bool hit = true;

	(void)state;
	believe();
	well(store_begin(store, false));
	well(bundle_plan_make(store, &want, &plan));
	store_abort(store);
	for (unsigned nth = 1; hit; nth++) {
		enum err e;

		fault_arm((struct fault_plan){
		    .names = "mdb_get mdb_cursor_open mdb_cursor_get",
		    .nth = nth,
		    .number = DAMAGED});
		e = stick_make(&plan);
		hit = fault_disarm();
		assert_int_equal(e, hit ? ERR_CORRUPT : ERR_OK);
		heard += hit;
	}
	assert_true(heard > 10);
	bundle_plan_fini(&plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_decision_that_meets_a_fault_is_not_taken),
	    cmocka_unit_test(a_bundle_that_meets_a_fault_is_not_taken),
	    cmocka_unit_test(what_meets_a_fault_is_not_seen),
	    cmocka_unit_test(a_bundle_that_meets_a_fault_is_not_written),
	    cmocka_unit_test(
		what_meets_a_fault_while_it_commits_has_not_happened),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, court_make, court_remove);
}
