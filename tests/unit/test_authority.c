/*
 * Promises of core/authority.h: who may do what follows from the authority logs
 * alone, whatever the order in which anything arrived.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/facts.h"
#include "core/events.h"
#include "core/own.h"
#include "proto/body.h"
#include "tests/lib/town.h"

static const char space[] = "d03/c017/case";

static int
town_make(void **state)
{
	static struct town town;

	town_init(&town, 23);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	town_fini(*state);
	return 0;
}

/* Does node `at` think that node `whom` may do `right` in `in`, and by a grant
 * of which stratum (0: no)? */
static unsigned
stratum_of(
    struct town *town, size_t at, size_t whom, enum right right, const char *in)
{
	struct sign_key key = town_key(town, whom);
	struct space name = town_space(in);
	const struct authority *authority;
	const struct grant *why;
	unsigned stratum = 0;

	assert_int_equal(store_begin(town_store(town, at), false), ERR_OK);
	assert_int_equal(
	    store_authority(town_store(town, at), &authority), ERR_OK);
	if (authority_may(authority, &key, right, &name, &why))
		stratum = why->stratum;
	store_abort(town_store(town, at));
	return stratum;
}

/* A district admin (1), a centre's admin (2) below, a worker (3) below that. */
static void
strata_make(struct town *town)
{
	for (size_t i = 1; i <= 3; i++)
		assert_int_equal(town_join(town), i);
	assert_int_equal(town_admit(town, 0, 1), ERR_OK);
	assert_int_equal(town_grant(town, 0, 1, "d03", "all", "all"), ERR_OK);
	town_copy(town, 0, 1);
	assert_int_equal(town_admit(town, 1, 2), ERR_OK);
	assert_int_equal(town_grant(town, 1, 2, "d03/c017",
			     "read:NPS,write,admin", "read:NPS,write"),
	    ERR_OK);
	town_copy(town, 1, 2);
	assert_int_equal(town_admit(town, 2, 3), ERR_OK);
	assert_int_equal(
	    town_grant(town, 2, 3, "d03/c017/case", "read:N,write", ""),
	    ERR_OK);
	town_copy(town, 2, 3);
}

static void
rights_go_down_from_root_by_strata(void **state)
{
	struct town *town = *state;

	strata_make(town);
	town_meet(town);
	for (size_t at = 0; at < town->n; at++) {
		assert_int_equal(
		    stratum_of(town, at, 0, RIGHT_WRITE, space), 1);
		assert_int_equal(
		    stratum_of(town, at, 1, RIGHT_ADMIN, space), 1);
		assert_int_equal(
		    stratum_of(town, at, 2, RIGHT_WRITE, space), 2);
		assert_int_equal(
		    stratum_of(town, at, 3, RIGHT_WRITE, space), 3);
		assert_int_equal(
		    stratum_of(town, at, 3, RIGHT_ADMIN, space), 0);
		assert_int_equal(
		    stratum_of(town, at, 3, RIGHT_WRITE, "d03/c017/volunteer"),
		    0);
		assert_int_equal(
		    stratum_of(town, at, 1, RIGHT_WRITE, "d031/c017/case"), 0);
	}
}

static void
what_exceeds_its_granter_is_refused_at_the_door(void **state)
{
	struct town *town = *state;

	strata_make(town);
	town_meet(town);
	assert_int_equal(
	    town_grant(town, 1, 3, "d04", "write", ""), ERR_DENIED);
	assert_int_equal(town_grant(town, 1, 3, "", "write", ""), ERR_DENIED);
	assert_int_equal(
	    town_grant(town, 2, 3, "d03/c017", "read:F", ""), ERR_DENIED);
	assert_int_equal(
	    town_grant(town, 2, 3, "d03/c017", "erase", ""), ERR_DENIED);
	assert_int_equal(
	    town_grant(town, 2, 3, "d03/c017", "read:N", "erase"), ERR_DENIED);
	assert_int_equal(
	    town_grant(town, 3, 2, "d03/c017", "read:N", ""), ERR_DENIED);
	assert_int_equal(town_admit(town, 3, 2), ERR_DENIED);
}

/* Node `by` writes a grant that the door would refuse, as a patched program
 * could. */
static void
grant_forced(struct town *town, size_t by, size_t whom, const char *prefix,
    const char *rights)
{
	struct store *store = town_store(town, by);
	const struct authority *authority;
	struct fact_grant grant = {.member = town_key(town, whom)};
	struct own *owns = NULL;
	struct own *own;
	struct own_writer writer = {.identity = store_identity(store),
	    .seed = &store_identity(store)->seed,
	    .key = &store_identity(store)->key};
	struct delta_change change = {.classes = 1u << CLASS_N};
	struct delta delta = {
	    .kind = DELTA_GRANT, .changes = &change, .changes_n = 1};
	struct stored_body body = {.class = CLASS_N, .form = BODY_OPEN};
	struct secret secret = {{1}};
	struct buf plain = {0};
	struct buf sealed = {0};

	assert_int_equal(id_prefix(bytes_text(prefix), &grant.prefix), ERR_OK);
	assert_int_equal(fact_rights(bytes_text(rights), &grant.gives), ERR_OK);
	grant.passes = grant.gives;
	fact_grant_put(&grant, &plain);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	writer.authority = authority;
	assert_int_equal(
	    own_log(store_txn(store), &writer, &id_authority, &owns, &own),
	    ERR_OK);
	memset(change.record.b, 9, 16);
	assert_int_equal(body_seal(store_txn(store)->squeeze, buf_bytes(&plain),
			     &secret, &sealed, &change.commitments[CLASS_N]),
	    ERR_OK);
	memcpy(body.key, secret.b, 32);
	body.sealed = buf_bytes(&sealed);
	assert_int_equal(
	    own_append(store_txn(store), own, &delta, &body, 1), ERR_OK);
	assert_int_equal(own_sign(store_txn(store), owns), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	buf_fini(&plain);
	buf_fini(&sealed);
}

/* How many facts of node `by` the node `at` noted as grants that do not count.
 */
static uint64_t
refused_count(struct town *town, size_t at, size_t by)
{
	struct store *store = town_store(town, at);
	struct sign_key key = town_key(town, by);
	struct event event;
	uint64_t number = 0;
	uint64_t n = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	while (events_next(store_txn(store), number, &event)) {
		number = event.number;
		if (event.kind == EVENT_GRANT_REFUSED &&
		    memcmp(&event.peer, &key, sizeof(key)) == 0)
			n += event.count;
	}
	store_abort(store);
	return n;
}

static void
what_exceeds_its_granter_does_not_count_when_it_is_written(void **state)
{
	struct town *town = *state;

	strata_make(town);
	grant_forced(town, 2, 3, "d03", "write");
	grant_forced(town, 2, 3, "", "write");
	grant_forced(town, 2, 3, "d03/c017", "erase");
	grant_forced(town, 2, 3, "d03/c017", "read:NF");
	town_meet(town);
	for (size_t at = 0; at < town->n; at++) {
		assert_int_equal(
		    stratum_of(town, at, 3, RIGHT_WRITE, "d03/c099/case"), 0);
		assert_int_equal(
		    stratum_of(town, at, 3, RIGHT_ERASE, space), 0);
		assert_int_equal(
		    stratum_of(town, at, 3, RIGHT_READ, "d03/c017/x"), 0);
	}
	/* Whoever runs a node that took them in hears of it. */
	for (size_t at = 0; at < town->n; at++)
		assert_int_equal(refused_count(town, at, 2), 4);
}

static void
a_fourth_stratum_does_not_count(void **state)
{
	struct town *town = *state;

	strata_make(town);
	assert_int_equal(town_grant(town, 1, 2, "d03/c017", "all",
			     "read:NPSF,hold,audit,write,admin,erase"),
	    ERR_OK);
	town_copy(town, 1, 2);
	assert_int_equal(
	    town_grant(town, 2, 3, "d03/c017", "all", "all"), ERR_OK);
	town_copy(town, 2, 3);
	assert_int_equal(stratum_of(town, 3, 3, RIGHT_ADMIN, space), 3);
	assert_int_equal(town_join(town), 4);
	assert_int_equal(town_admit(town, 3, 4), ERR_OK);
	assert_int_equal(
	    town_grant(town, 3, 4, "d03/c017", "write", ""), ERR_DENIED);
	grant_forced(town, 3, 4, "d03/c017", "write");
	town_meet(town);
	for (size_t at = 0; at < town->n; at++)
		assert_int_equal(
		    stratum_of(town, at, 4, RIGHT_WRITE, space), 0);
}

static void
an_admin_of_two_places_grants_in_each_under_its_own_grant(void **state)
{
	struct town *town = *state;
	static const char *const prefixes[] = {
	    "d01", "d02", "d03", "d04", "d05"};

	assert_int_equal(town_join(town), 1);
	assert_int_equal(town_join(town), 2);
	assert_int_equal(town_admit(town, 0, 1), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		assert_int_equal(
		    town_grant(town, 0, 1, prefixes[i], "all", "all"), ERR_OK);
	town_copy(town, 0, 1);
	assert_int_equal(town_admit(town, 1, 2), ERR_OK);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT_OF(prefixes); i++)
			assert_int_equal(
			    town_grant(town, 1, 2, prefixes[i], "write", ""),
			    ERR_OK);
	}
	town_meet(town);
	assert_int_equal(stratum_of(town, 0, 2, RIGHT_WRITE, "d01/c"), 2);
	assert_int_equal(stratum_of(town, 0, 2, RIGHT_WRITE, "d02/c"), 2);
	assert_int_equal(stratum_of(town, 2, 2, RIGHT_WRITE, "d03/c"), 2);
	assert_int_equal(stratum_of(town, 2, 2, RIGHT_WRITE, "d04/c"), 2);
	assert_int_equal(stratum_of(town, 2, 2, RIGHT_WRITE, "d05/c"), 2);
}

static size_t
logs_of(struct town *town, size_t i, const char *in)
{
	struct store *store = town_store(town, i);
	struct space name = town_space(in);
	struct log **logs;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	store_abort(store);
	return n;
}

static void
one_more_grant_is_no_reason_for_another_log(void **state)
{
	struct town *town = *state;
	size_t i = town_member(town, "d03", "write");

	(void)town_create(town, i, space, "가");
	for (int k = 0; k < 6; k++) {
		assert_int_equal(
		    town_grant(town, 0, i, "d03", "read:N,write", ""), ERR_OK);
		town_copy(town, 0, i);
		(void)town_create(town, i, space, "나");
	}
	assert_int_equal(logs_of(town, i, space), 1);
}

/* Carries every authority log of node 0 to node `to` in the order `order`, and
 * the logs of `space` when `when` of them have come. */
static void
carry_permuted(struct town *town, size_t to, const size_t *order, size_t when)
{
	struct log_id ids[8];
	struct log **logs;
	size_t n;

	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(
	    oplog_all(store_txn(town_store(town, 0)),
		space_find(store_txn(town_store(town, 0)), &id_authority),
		&logs, &n),
	    ERR_OK);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		ids[i] = logs[i]->id;
	store_abort(town_store(town, 0));
	for (size_t i = 0; i <= n; i++) {
		if (i == when)
			town_carry(town, 0, to,
			    &(struct town_cargo){
				.space = space, .strangers = true});
		if (i < n)
			town_carry(town, 0, to,
			    &(struct town_cargo){
				.space = "authority", .log = &ids[order[i]]});
	}
}

static void
all_orders_of_arrival_end_in_one_state(void **state)
{
	static const size_t orders[6][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct town *town = *state;
	struct record_id id;
	struct buf wanted = {0};
	struct buf found = {0};

	strata_make(town);
	id = town_create(town, 3, space, "가");
	town_meet(town);
	(void)town_patch(
	    town, 2, space, &id, town_edit(OP_SET, "name", town_text("나")));
	(void)town_patch(
	    town, 3, space, &id, town_edit(OP_SET, "name", town_text("다")));
	town_meet(town);
	town_assert_equal(town, 0);
	town_digests(town, 0, &wanted);
	assert_int_equal(town_join(town), 4);
	for (size_t i = 0; i < 24; i++) {
		struct town_node *node = &town->nodes[4];
		char name[32];

		town->n = 4;
		town_close(town, 4);
		(void)snprintf(name, sizeof(name), "late%zu", i);
		(void)snprintf(node->dir, sizeof(node->dir), "%s",
		    tempdir_at(&town->dir, name));
		assert_int_equal(
		    founder_create(&(struct store_plan){.dir = node->dir,
			.host = &town->host,
			.join = &town->city}),
		    ERR_OK);
		town->n = 5;
		(void)town_open(town, 4);
		carry_permuted(town, 4, orders[i / 4], i % 4);
		buf_cut(&found, 0);
		town_digests(town, 4, &found);
		assert_int_equal(found.n, wanted.n);
		assert_memory_equal(found.p, wanted.p, wanted.n);
	}
	buf_fini(&wanted);
	buf_fini(&found);
}

static void
records_appear_when_the_grant_comes_after_the_data(void **state)
{
	struct town *town = *state;
	size_t writer = town_member(town, "d03", "read:NPSF,write");
	size_t reader = town_join(town);
	struct record_id id = town_create(town, writer, space, "가");
	struct arena arena = {0};
	struct record record;

	town_carry(town, writer, reader,
	    &(struct town_cargo){.space = space, .strangers = true});
	assert_false(town_get(town, reader, space, &id, &arena, &record));
	town_carry(town, 0, reader, &(struct town_cargo){.space = "authority"});
	assert_true(town_get(town, reader, space, &id, &arena, &record));
	town_copy(town, writer, 0);
	town_assert_equal(town, 0);
	arena_fini(&arena);
}

static void
facts_without_bodies_say_nothing_until_these_come(void **state)
{
	struct town *town = *state;
	size_t writer = town_member(town, "d03", "read:NPSF,write");
	size_t reader = town_join(town);
	struct record_id id = town_create(town, writer, space, "가");
	struct arena arena = {0};
	struct record record;

	town_copy(town, writer, 0);
	town_carry(town, 0, reader,
	    &(struct town_cargo){.space = "authority", .bare = true});
	town_carry(town, 0, reader,
	    &(struct town_cargo){.space = space, .strangers = true});
	assert_int_equal(
	    stratum_of(town, reader, writer, RIGHT_WRITE, space), 0);
	assert_false(town_get(town, reader, space, &id, &arena, &record));
	town_carry(town, 0, reader,
	    &(struct town_cargo){.space = "authority", .bodies = true});
	assert_int_equal(
	    stratum_of(town, reader, writer, RIGHT_WRITE, space), 1);
	assert_true(town_get(town, reader, space, &id, &arena, &record));
	town_assert_equal(town, 0);
	arena_fini(&arena);
}

/* A log of node `by` in `space` that claims the grant whose fact is `ref`. */
static void
log_under(struct town *town, size_t by, const struct ref *ref)
{
	struct store *store = town_store(town, by);
	struct grant grant = {.fact = *ref,
	    .what = {.member = store_identity(store)->key,
		.gives = {.bits = RIGHT_WRITE}},
	    .stratum = 1,
	    .counts = true};
	struct authority claimed = {
	    .founded = true, .grants = &grant, .grants_n = 1};
	struct own_writer writer = {.identity = store_identity(store),
	    .seed = &store_identity(store)->seed,
	    .key = &store_identity(store)->key,
	    .authority = &claimed};
	struct space name = town_space(space);
	struct own *owns = NULL;
	struct own *own;

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(
	    own_log(store_txn(store), &writer, &name, &owns, &own), ERR_OK);
	assert_int_equal(own_sign(store_txn(store), owns), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
a_log_under_a_grant_of_somebody_else_does_not_count(void **state)
{
	struct town *town = *state;
	size_t honest = town_member(town, "d03", "read:NPSF,write");
	size_t liar = town_member(town, "d03", "read:NPSF");
	struct sign_key key = town_key(town, honest);
	struct space name = town_space(space);
	const struct authority *authority;
	const struct grant *why;
	struct log **logs;
	struct ref ref;
	size_t n;

	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(
	    store_authority(town_store(town, 0), &authority), ERR_OK);
	assert_true(authority_may(authority, &key, RIGHT_WRITE, &name, &why));
	ref = why->fact;
	store_abort(town_store(town, 0));
	log_under(town, liar, &ref);
	town_copy(town, liar, 0);
	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(
	    oplog_all(store_txn(town_store(town, 0)),
		space_find(store_txn(town_store(town, 0)), &name), &logs, &n),
	    ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(logs[0]->rights, 0);
	store_abort(town_store(town, 0));
}

static void
a_transaction_that_fails_leaves_no_rights_behind(void **state)
{
	struct town *town = *state;
	size_t i = town_join(town);
	struct store *store = town_store(town, 0);
	struct fact_member member = {
	    .key = town_key(town, i), .label = bytes_text("동")};
	const struct authority *authority;
	struct authority own = {0};

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_admit(store, &member), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_non_null(authority_member(authority, &member.key));
	assert_int_equal(
	    authority_load(store_txn(store), &town->city, &own), ERR_OK);
	store_abort(store);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_null(authority_member(authority, &member.key));
	assert_int_equal(
	    authority_load(store_txn(store), &town->city, &own), ERR_OK);
	assert_null(authority_member(&own, &member.key));
	authority_fini(&own);
	store_abort(store);
	assert_int_equal(
	    town_grant(town, 0, i, "d03", "write", ""), ERR_NOT_FOUND);
}

static void
a_full_city_admits_nobody_new(void **state)
{
	static struct member members[LIMIT_MEMBERS];
	const struct authority full = {
	    .members = members, .members_n = LIMIT_MEMBERS};
	struct composer composer = {.writer = {.authority = &full}};
	const struct fact_member member = {
	    .key = {{1}}, .label = bytes_text("하나 더")};

	(void)state;
	assert_int_equal(facts_admit(&composer, &member), ERR_LIMIT);
	/* Who is in it may have another name, if it is one. */
	members[LIMIT_MEMBERS - 1].key = member.key;
	assert_int_equal(
	    facts_admit(&composer, &(struct fact_member){.key = member.key}),
	    ERR_INVALID);
}

static void
of_a_member_admitted_twice_the_newest_name_that_counts_holds(void **state)
{
	struct town *town = *state;
	size_t i = town_join(town);
	struct store *store = town_store(town, 0);
	struct fact_member member = {
	    .key = town_key(town, i), .label = bytes_text("처음")};
	const struct authority *authority;
	const struct member *found;

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_admit(store, &member), ERR_OK);
	member.label = bytes_text("다음");
	member.addresses_n = 2;
	member.addresses[0] = bytes_text("centre.example:7700");
	member.addresses[1] = bytes_text("192.0.2.7:7700");
	assert_int_equal(store_admit(store, &member), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	found = authority_member(authority, &member.key);
	assert_non_null(found);
	assert_true(bytes_is(found->label, "다음"));
	assert_int_equal(found->addresses_n, 2);
	assert_true(bytes_is(found->addresses[0], "centre.example:7700"));
	assert_true(bytes_is(found->addresses[1], "192.0.2.7:7700"));
	for (size_t k = 1; k < authority->members_n; k++)
		assert_true(
		    memcmp(&authority->members[k - 1].key,
			&authority->members[k].key, sizeof(member.key)) < 0);
	store_abort(store);
}

int
main(void)
{
#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)
	const struct CMUnitTest tests[] = {
	    TOWN(rights_go_down_from_root_by_strata),
	    TOWN(what_exceeds_its_granter_is_refused_at_the_door),
	    TOWN(what_exceeds_its_granter_does_not_count_when_it_is_written),
	    TOWN(a_fourth_stratum_does_not_count),
	    TOWN(an_admin_of_two_places_grants_in_each_under_its_own_grant),
	    TOWN(one_more_grant_is_no_reason_for_another_log),
	    TOWN(all_orders_of_arrival_end_in_one_state),
	    TOWN(records_appear_when_the_grant_comes_after_the_data),
	    TOWN(facts_without_bodies_say_nothing_until_these_come),
	    TOWN(a_log_under_a_grant_of_somebody_else_does_not_count),
	    TOWN(a_transaction_that_fails_leaves_no_rights_behind),
	    TOWN(of_a_member_admitted_twice_the_newest_name_that_counts_holds),
	    cmocka_unit_test(a_full_city_admits_nobody_new),
	};

	return cmocka_run_group_tests_name("authority", tests, NULL, NULL);
}
