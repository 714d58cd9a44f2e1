/*
 * The durability meter: what counts as held by others is what peers said that
 * they hold with bodies, as far as rights, roots and branches bear it out.
 *
 * LINK: -Wl,--wrap=kv_find,--wrap=kv_seek,--wrap=kv_next
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/packing.h"
#include "core/safety.h"
#include "core/tree.h"
#include "tests/lib/branches.h"
#include "tests/lib/council.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

bool __real_kv_find(
    struct kv_txn *txn, unsigned table, struct bytes key, struct bytes *value);
bool __wrap_kv_find(
    struct kv_txn *txn, unsigned table, struct bytes key, struct bytes *value);
bool __real_kv_seek(struct kv_cursor *cursor, struct bytes key);
bool __wrap_kv_seek(struct kv_cursor *cursor, struct bytes key);
bool __real_kv_next(struct kv_cursor *cursor);
bool __wrap_kv_next(struct kv_cursor *cursor);

static uint64_t reads;

bool
__wrap_kv_find(
    struct kv_txn *txn, unsigned table, struct bytes key, struct bytes *value)
{
	reads++;
	return __real_kv_find(txn, table, key, value);
}

bool
__wrap_kv_seek(struct kv_cursor *cursor, struct bytes key)
{
	reads++;
	return __real_kv_seek(cursor, key);
}

bool
__wrap_kv_next(struct kv_cursor *cursor)
{
	reads++;
	return __real_kv_next(cursor);
}

/* A town, and what node 0 counts. */
struct scene {
	struct town town;
	struct arena arena;
	struct safety safety;
	const struct safety_space *space; /* SPACE */
};

static void
scene_begin(struct scene *s, int deltas)
{
	memset(s, 0, sizeof(*s));
	town_init(&s->town, 5);
	assert_int_equal(town_grant(&s->town, 0, 0, "", ALL, ""), ERR_OK);
	for (int i = 0; i < deltas; i++)
		(void)town_create(&s->town, 0, SPACE, "하나");
}

static void
scene_end(struct scene *s)
{
	arena_fini(&s->arena);
	town_fini(&s->town);
}

static void
count(struct scene *s)
{
	struct store *store = town_store(&s->town, 0);
	struct sign_key me = town_key(&s->town, 0);
	struct space name = town_space(SPACE);
	const struct authority *authority;

	arena_reset(&s->arena);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	reads = 0;
	assert_int_equal(safety_count(store_txn(store), authority, &me,
			     &s->arena, &s->safety),
	    ERR_OK);
	s->space = NULL;
	for (size_t i = 0; i < s->safety.spaces_n; i++)
		if (id_space_equal(s->safety.spaces[i].space, &name))
			s->space = &s->safety.spaces[i];
	store_abort(store);
}

/* How many deltas of SPACE have just `replicas` others. */
static uint64_t
held(const struct scene *s, uint64_t replicas)
{
	for (size_t i = 0; i < s->space->held_n; i++)
		if (s->space->held[i].replicas == replicas)
			return s->space->held[i].deltas;
	return 0;
}

static const struct safety_peer *
peer(struct scene *s, size_t node)
{
	struct sign_key key = town_key(&s->town, node);

	for (size_t i = 0; i < s->safety.peers_n; i++)
		if (memcmp(&s->safety.peers[i].met.key, &key, sizeof(key)) == 0)
			return &s->safety.peers[i];
	fail_msg("node %zu is no peer", node);
	return NULL;
}

/* What somebody says of a log. */
struct claim {
	uint64_t size;
	uint64_t held;
	uint64_t open[CLASS_COUNT];
	bool other; /* it begins in another way */
	bool file;  /* it says so in a file, not in a session */
};

static void
claim_entry(struct txn *txn, const struct log *log, const struct claim *claim,
    struct msg_entry *entry)
{
	struct hash root = {0};

	if (claim->size <= log->frontier.size)
		assert_int_equal(
		    tree_root(txn, log, claim->size, &root), ERR_OK);
	*entry = (struct msg_entry){.log = log->id,
	    .size = claim->size,
	    .held = claim->held,
	    .is_branch = oplog_is_branch(log)};
	if (entry->is_branch)
		entry->trunk = log->trunk;
	memcpy(entry->open, claim->open, sizeof(entry->open));
	memcpy(entry->root, root.b, sizeof(entry->root));
	entry->root[0] ^= claim->other;
}

/* Node 0 hears from `node` what `claim` says of the tip number `tip` in
 * `space`, of those with the most deltas first. */
static void
say(struct scene *s, size_t node, const char *space, size_t tip,
    const struct claim *claim)
{
	struct store *store = town_store(&s->town, 0);
	struct sign_key key = town_key(&s->town, node);
	struct space name = town_space(space);
	struct msg_entry entry;
	struct log **logs;
	struct txn *txn;
	size_t n;

	assert_int_equal(store_begin(store, true), ERR_OK);
	txn = store_txn(store);
	assert_int_equal(
	    oplog_all(txn, space_find(txn, &name), &logs, &n), ERR_OK);
	assert_true(tip < n);
	for (size_t i = 0; i <= tip; i++)
		for (size_t at = i + 1; at < n; at++)
			if (logs[at]->frontier.size > logs[i]->frontier.size) {
				struct log *log = logs[i];

				logs[i] = logs[at];
				logs[at] = log;
			}
	claim_entry(txn, logs[tip], claim, &entry);
	if (claim->file) {
		struct clock_said said = {.list = {.entries = &entry, .n = 1},
		    .date_ms = s->town.now_ms,
		    .now_ms = s->town.now_ms};
		bool news;

		assert_int_equal(clock_hear(txn, &key, &said, &news), ERR_OK);
		assert_true(news);
	} else {
		clock_believe(txn, &key, &entry, &entry);
		clock_met(txn, &key, s->town.now_ms);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
what_nobody_spoke_of_is_held_only_here(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	count(&s);
	/* Four, and what opens the log. */
	assert_int_equal(s.space->deltas, 5);
	assert_int_equal(s.space->alone, 5);
	assert_int_equal(s.space->own_alone, 5);
	assert_int_equal(s.space->held_n, 1);
	assert_int_equal(held(&s, 0), 5);
	assert_int_equal(safety_fewest(s.space), 0);
	assert_int_equal(safety_fewest(&(struct safety_space){0}), 0);
	assert_int_equal(s.safety.peers_n, 0);
	assert_true(s.safety.alone > 5);
	assert_int_equal(s.safety.alone, s.safety.deltas);
	scene_end(&s);
}

/* A copy of this store is lost with the machine that has both. */
static void
another_store_with_our_keys_is_no_replica(void **state)
{
	struct scene s;
	struct store *store;
	struct sign_key me;

	(void)state;
	scene_begin(&s, 4);
	store = town_store(&s.town, 0);
	me = town_key(&s.town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	clock_met(store_txn(store), &me, s.town.now_ms);
	assert_int_equal(store_commit(store), ERR_OK);
	count(&s);
	assert_int_equal(s.safety.peers_n, 0);
	assert_int_equal(s.space->alone, 5);
	scene_end(&s);
}

static void
each_delta_has_as_many_replicas_as_hold_its_bodies(void **state)
{
	struct scene s;
	size_t b;
	size_t c;

	(void)state;
	scene_begin(&s, 9);
	b = town_member(&s.town, "", ALL);
	c = town_member(&s.town, "", ALL);
	say(&s, b, SPACE, 0, &(struct claim){.size = 10, .held = 8});
	say(&s, c, SPACE, 0, &(struct claim){.size = 7, .held = 5});
	count(&s);
	assert_int_equal(s.space->alone, 2);
	assert_int_equal(held(&s, 0), 2);
	assert_int_equal(held(&s, 1), 3);
	assert_int_equal(held(&s, 2), 5);
	assert_int_equal(s.space->held_n, 3);
	assert_int_equal(peer(&s, b)->held, 8);
	/* Three headers, and two bodies of those that it has. */
	assert_true(peer(&s, c)->lacks.deltas >= 5);
	assert_true(peer(&s, c)->lacks.bytes > 0);
	/* More than is here is no more than all. */
	say(&s, b, SPACE, 0, &(struct claim){.size = 30, .held = 25});
	count(&s);
	assert_int_equal(s.space->alone, 0);
	assert_int_equal(safety_fewest(s.space), 1);
	assert_int_equal(peer(&s, b)->ahead.deltas, 20);
	assert_int_equal(s.safety.receive.deltas, 20);
	/* The same from another is not to be fetched twice. */
	say(&s, c, SPACE, 0, &(struct claim){.size = 28, .held = 5});
	count(&s);
	assert_int_equal(s.safety.receive.deltas, 20);
	/* Or nothing of it any more. */
	say(&s, c, SPACE, 0, &(struct claim){0});
	count(&s);
	assert_int_equal(peer(&s, c)->held, 0);
	scene_end(&s);
}

static void
who_may_have_headers_alone_holds_nothing(void **state)
{
	struct scene s;
	size_t auditor;
	size_t elsewhere;

	(void)state;
	scene_begin(&s, 4);
	auditor = town_member(&s.town, "", "audit");
	elsewhere = town_member(&s.town, "d02", ALL);
	for (int file = 0; file < 2; file++) {
		const struct claim lie = {.size = 5, .held = 5, .file = file};

		s.town.now_ms += 1000;
		say(&s, auditor, SPACE, 0, &lie);
		say(&s, elsewhere, SPACE, 0, &lie);
		count(&s);
		assert_int_equal(s.space->alone, 5);
		assert_int_equal(s.space->partly, 0);
		assert_int_equal(peer(&s, elsewhere)->held, 0);
	}
	scene_end(&s);
}

static void
who_was_sent_away_counts_no_more(void **state)
{
	struct scene s;
	size_t b;
	size_t c;

	(void)state;
	scene_begin(&s, 4);
	b = town_member(&s.town, "", ALL);
	c = town_member(&s.town, "", ALL);
	say(&s, b, SPACE, 0, &(struct claim){.size = 5, .held = 5});
	say(&s, c, SPACE, 0, &(struct claim){.size = 5, .held = 5});
	count(&s);
	assert_int_equal(safety_fewest(s.space), 2);
	assert_int_equal(council_revoke(&s.town, 0, b, 0, NULL), ERR_OK);
	count(&s);
	assert_int_equal(peer(&s, b)->standing, SAFETY_REVOKED);
	assert_int_equal(safety_fewest(s.space), 1);
	assert_int_equal(
	    council_revoke(&s.town, 0, c, s.town.now_ms, NULL), ERR_OK);
	count(&s);
	assert_int_equal(peer(&s, c)->standing, SAFETY_COMPROMISED);
	assert_int_equal(s.space->alone, 5);
	scene_end(&s);
}

static void
who_reads_part_holds_part(void **state)
{
	struct scene s;
	size_t b;

	(void)state;
	scene_begin(&s, 4);
	b = town_member(&s.town, "", "read:N");
	say(&s, b, SPACE, 0,
	    &(struct claim){.size = 5, .held = 2, .open = {[CLASS_N] = 4}});
	count(&s);
	assert_int_equal(s.space->alone, 3);
	assert_int_equal(s.space->partly, 2);
	scene_end(&s);
}

static void
what_begins_in_another_way_saves_nothing(void **state)
{
	struct scene s;
	size_t b;

	(void)state;
	scene_begin(&s, 4);
	b = town_member(&s.town, "", ALL);
	say(&s, b, SPACE, 0,
	    &(struct claim){.size = 4, .held = 4, .other = true});
	count(&s);
	assert_int_equal(s.space->alone, 5);
	say(&s, b, SPACE, 0, &(struct claim){.size = 4, .held = 4});
	count(&s);
	assert_int_equal(s.space->alone, 1);
	scene_end(&s);
}

/* Its session drops all that was believed of it. */
static void
who_was_restored_counts_when_it_says_so_again(void **state)
{
	struct scene s;
	struct sign_key key;
	size_t b;

	(void)state;
	scene_begin(&s, 4);
	b = town_member(&s.town, "", ALL);
	key = town_key(&s.town, b);
	say(&s, b, SPACE, 0, &(struct claim){.size = 5, .held = 5});
	assert_int_equal(store_begin(town_store(&s.town, 0), true), ERR_OK);
	clock_forget(store_txn(town_store(&s.town, 0)), &key);
	assert_int_equal(store_commit(town_store(&s.town, 0)), ERR_OK);
	count(&s);
	assert_int_equal(s.space->alone, 5);
	assert_int_equal(peer(&s, b)->held, 0);
	assert_true(peer(&s, b)->lacks.deltas >= 5);
	say(&s, b, SPACE, 0, &(struct claim){.size = 5, .held = 3});
	count(&s);
	assert_int_equal(s.space->alone, 2);
	scene_end(&s);
}

/* 4 deltas that both have, then 3 of one and 1 of the other. */
static void
branches_share_what_they_share(void **state)
{
	struct scene s;
	struct backup backup;
	size_t b;
	size_t c;

	(void)state;
	scene_begin(&s, 0);
	b = town_member(&s.town, "", ALL);
	c = town_member(&s.town, "", ALL);
	for (int i = 0; i < 3; i++)
		(void)town_create(&s.town, b, SPACE, "함께");
	backup_take(&s.town, b, &backup);
	for (int i = 0; i < 3; i++)
		(void)town_create(&s.town, b, SPACE, "A");
	town_copy(&s.town, b, 0);
	backup_put(&s.town, b, &backup);
	s.town.now_ms += 10;
	(void)town_create(&s.town, b, SPACE, "B");
	town_copy(&s.town, b, 0);
	backup_fini(&backup);
	count(&s);
	assert_int_equal(s.space->logs, 2);
	assert_int_equal(s.space->deltas, 8);
	assert_int_equal(s.space->alone, 8);
	assert_int_equal(s.space->own, 0);
	assert_int_equal(s.safety.forked, 1);
	/* The long one, whole: of the short one its own end is left. */
	say(&s, c, SPACE, 0, &(struct claim){.size = 7, .held = 7});
	count(&s);
	assert_int_equal(s.space->alone, 1);
	assert_int_equal(held(&s, 1), 7);
	assert_int_equal(s.safety.forked_alone, 1);
	/* Both, by one peer: what they share is there once. */
	say(&s, c, SPACE, 1, &(struct claim){.size = 5, .held = 5});
	count(&s);
	assert_int_equal(s.space->alone, 0);
	assert_int_equal(held(&s, 1), 8);
	/* More than is here of a forked log may be of any branch. */
	say(&s, c, SPACE, 0, &(struct claim){.size = 9, .held = 9});
	count(&s);
	assert_int_equal(s.space->alone, 3);
	scene_end(&s);
}

static void
logs_that_are_not_here_are_to_come(void **state)
{
	struct scene s;
	struct store *store;
	struct msg_entry entry = {.size = 40, .held = 40};
	struct sign_key key;
	size_t nodes[2];

	(void)state;
	scene_begin(&s, 4);
	store = town_store(&s.town, 0);
	memset(&entry.log, 0x5a, sizeof(entry.log));
	for (size_t i = 0; i < 2; i++)
		nodes[i] = town_member(&s.town, "", ALL);
	assert_int_equal(store_begin(store, true), ERR_OK);
	for (size_t i = 0; i < 2; i++) {
		key = town_key(&s.town, nodes[i]);
		entry.size += i;
		clock_believe(store_txn(store), &key, &entry, &entry);
		clock_met(store_txn(store), &key, s.town.now_ms);
	}
	assert_int_equal(store_commit(store), ERR_OK);
	count(&s);
	assert_int_equal(peer(&s, nodes[0])->ahead.deltas, 40);
	assert_int_equal(s.safety.receive.deltas, 41);
	assert_true(s.safety.receive.bytes > 0);
	assert_int_equal(s.space->alone, 5);
	/* Whatever they say, sums do not run over. */
	assert_int_equal(store_begin(store, true), ERR_OK);
	entry.size = UINT64_MAX;
	entry.log.b[0]++;
	clock_believe(store_txn(store), &key, &entry, &entry);
	assert_int_equal(store_commit(store), ERR_OK);
	count(&s);
	assert_true(s.safety.receive.deltas == UINT64_MAX);
	assert_true(peer(&s, nodes[1])->ahead.bytes == UINT64_MAX);
	scene_end(&s);
}

static void
packed_logs_count_the_same(void **state)
{
	struct packing packing = {.rest = true};
	struct safety_amount before;
	struct scene s;
	size_t b;

	(void)state;
	scene_begin(&s, PACKING_KEEP + 260);
	b = town_member(&s.town, "", ALL);
	say(&s, b, SPACE, 0, &(struct claim){.size = 20, .held = 20});
	count(&s);
	before = peer(&s, b)->lacks;
	assert_int_equal(s.space->alone, PACKING_KEEP + 241);
	assert_int_equal(store_begin(town_store(&s.town, 0), true), ERR_OK);
	while (!packing.ended)
		assert_int_equal(packing_some(store_txn(town_store(&s.town, 0)),
				     &packing, 100000),
		    ERR_OK);
	assert_int_equal(store_commit(town_store(&s.town, 0)), ERR_OK);
	print_message("%llu packed\n", (unsigned long long)packing.deltas);
	assert_true(packing.deltas >= 50);
	count(&s);
	assert_non_null(s.space);
	assert_int_equal(s.space->alone, PACKING_KEEP + 241);
	assert_int_equal(peer(&s, b)->lacks.deltas, before.deltas);
	assert_int_equal(peer(&s, b)->lacks.bytes, before.bytes);
	scene_end(&s);
}

/* `logs` logs of which nothing is here, as said by `peers` members. */
static void
crowd(struct scene *s, unsigned peers, unsigned logs)
{
	struct store *store = town_store(&s->town, 0);

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (unsigned i = 0; i < peers; i++) {
		struct sign_key key;

		memset(&key, 0x11, sizeof(key));
		bytes_put_be64(key.b, i);
		for (unsigned at = 0; at < logs; at++) {
			struct msg_entry entry = {.size = 3, .held = 3};

			bytes_put_be64(entry.log.b, at);
			clock_believe(store_txn(store), &key, &entry, &entry);
		}
		clock_met(store_txn(store), &key, 1);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
what_is_read_grows_with_the_rows_alone(void **state)
{
	enum { PEERS = 60, LOGS = 400 };
	struct scene s;
	uint64_t before;
	size_t members[8];

	(void)state;
	scene_begin(&s, 200);
	for (size_t i = 0; i < COUNT_OF(members); i++)
		members[i] = town_member(&s.town, "", ALL);
	count(&s);
	before = reads;
	/* Each row once, however long the log, and however many have it. */
	for (size_t i = 0; i < COUNT_OF(members); i++)
		say(&s, members[i], SPACE, 0,
		    &(struct claim){.size = 150, .held = 150});
	count(&s);
	assert_int_equal(held(&s, 8), 150);
	print_message("%llu reads, then %llu\n", (unsigned long long)before,
	    (unsigned long long)reads);
	assert_true(reads - before < COUNT_OF(members) * 8 + 120);
	/* Who is no member is passed by, whatever it said. */
	before = reads;
	crowd(&s, PEERS, LOGS);
	count(&s);
	print_message(
	    "with %d strangers %llu\n", PEERS, (unsigned long long)reads);
	assert_int_equal(s.safety.peers_n, PEERS + COUNT_OF(members));
	assert_true(reads - before <= 4 * PEERS);
	assert_int_equal(s.space->alone, 51);
	scene_end(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_nobody_spoke_of_is_held_only_here),
	    cmocka_unit_test(another_store_with_our_keys_is_no_replica),
	    cmocka_unit_test(
		each_delta_has_as_many_replicas_as_hold_its_bodies),
	    cmocka_unit_test(who_may_have_headers_alone_holds_nothing),
	    cmocka_unit_test(who_was_sent_away_counts_no_more),
	    cmocka_unit_test(who_reads_part_holds_part),
	    cmocka_unit_test(what_begins_in_another_way_saves_nothing),
	    cmocka_unit_test(who_was_restored_counts_when_it_says_so_again),
	    cmocka_unit_test(branches_share_what_they_share),
	    cmocka_unit_test(logs_that_are_not_here_are_to_come),
	    cmocka_unit_test(packed_logs_count_the_same),
	    cmocka_unit_test(what_is_read_grows_with_the_rows_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
