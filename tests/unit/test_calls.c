/*
 * What core does in one transaction when LMDB fails below it: whichever call
 * fails, who asked hears it, nothing of it stays, and the next try goes well.
 * tests/unit/test_faults.c has the same of whole jobs, of which it draws some.
 *
 * LINK: -Wl,--wrap=mdb_get,--wrap=mdb_put,--wrap=mdb_del
 * LINK: -Wl,--wrap=mdb_cursor_open,--wrap=mdb_cursor_get,--wrap=mdb_stat
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/meta.h"
#include "core/packing.h"
#include "core/parcel.h"
#include "core/safety.h"
#include "core/tokens.h"
#include "tests/lib/branches.h"
#include "tests/lib/council.h"
#include "tests/lib/fault.h"
#include "tests/lib/trial.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define ALL "read:NPSF,hold,write"
#define CALLS                                                     \
	"mdb_get mdb_put mdb_del mdb_cursor_open mdb_cursor_get " \
	"mdb_stat"

enum { FOUNDER, CENTRE, WRITER, GUEST, STRANGER };
enum { RECORDS = 140, DAY_S = 24 * 60 * 60, UNJUDGED = 3 };

/* A city with all sorts of things in it. */
static struct {
	struct town town;
	struct record_id id; /* of a record with two values of a field */
	struct ref grant;    /* of the centre, not taken back */
	struct ref unjudged[UNJUDGED];
	struct token token;
	struct token_id token_id;
	struct buf parcel;
	struct buf key; /* the token of a state that was shown */
} city;

/* One act in the transaction of `store`. */
typedef enum err act_fn(struct store *store);

static struct fact_grant
grant_of(const char *prefix, const char *rights)
{
	struct fact_grant grant = {0};

	assert_int_equal(id_prefix(bytes_text(prefix), &grant.prefix), ERR_OK);
	assert_int_equal(fact_rights(bytes_text(rights), &grant.gives), ERR_OK);
	return grant;
}

static void
token_begin(void)
{
	const struct fact_grant grant = grant_of("d03", "read:NPSF,write");
	struct store *store = town_store(&city.town, FOUNDER);

	city.token = (struct token){.city = city.town.city,
	    .expires_s = city.town.now_ms / 1000 + DAY_S,
	    .label = bytes_text("새 동"),
	    .addresses_n = 1,
	    .addresses = {bytes_text("127.0.0.1:7700")}};
	memset(city.token.secret.b, 7, sizeof(city.token.secret.b));
	token_name(&city.token, &city.token_id);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(tokens_make(store, &city.token, &grant, 1), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	city.token.secret.b[0]++;
}

static void
parcel_begin(void)
{
	struct store *store = town_store(&city.town, FOUNDER);

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(parcel_put(store, &city.parcel), ERR_OK);
	store_abort(store);
}

static int
city_make(void **state)
{
	struct town *town = &city.town;
	struct backup early = {0};
	struct store_revoked revoked;
	struct arena arena = {0};
	struct record record;

	(void)state;
	tempdir_in_memory();
	town_init(town, 11);
	assert_int_equal(
	    town_grant(town, FOUNDER, FOUNDER, "", "all", "all"), ERR_OK);
	assert_int_equal(town_member(town, "d03", ALL), CENTRE);
	assert_int_equal(town_member(town, "d03", ALL), WRITER);
	for (int i = 0; i < RECORDS; i++)
		city.id = town_create(town, CENTRE, CASES, "가");
	town_meet(town);
	for (size_t i = CENTRE; i <= WRITER; i++)
		assert_true(town_patch(town, i, CASES, &city.id,
		    town_edit(OP_SET, "name", town_int((int64_t)i))));
	town_meet(town);
	assert_true(town_get(town, CENTRE, CASES, &city.id, &arena, &record));
	assert_int_equal(town_values(&record, "name", KIND_REGISTER), 2);
	store_token(&record, &city.key);
	arena_fini(&arena);
	/* Both forks of a log, and what was written after its end. */
	backup_take(town, WRITER, &early);
	(void)town_create(town, WRITER, CASES, "하나");
	town_copy(town, WRITER, FOUNDER);
	backup_put(town, WRITER, &early);
	backup_fini(&early);
	for (int i = 0; i < UNJUDGED; i++)
		(void)town_create(town, WRITER, CASES, "둘");
	city.grant = council_grant(town, FOUNDER, CENTRE);
	assert_int_equal(
	    council_revoke(town, FOUNDER, WRITER, 0, &revoked), ERR_OK);
	wire_sync(town, FOUNDER, CENTRE);
	town_meet(town);
	assert_int_equal(
	    council_refs(town, FOUNDER, CASES, city.unjudged, UNJUDGED),
	    UNJUDGED);
	wire_sync(town, FOUNDER, CENTRE);
	token_begin();
	parcel_begin();
	assert_int_equal(town_join(town), GUEST);
	assert_int_equal(town_join(town), STRANGER);
	return 0;
}

static int
city_remove(void **state)
{
	(void)state;
	buf_fini(&city.parcel);
	buf_fini(&city.key);
	town_fini(&city.town);
	return 0;
}

/* One try in a transaction of its own; does a call fail? */
static bool
attempt(size_t node, bool write, act_fn *act, unsigned nth)
{
	struct store *store = town_store(&city.town, node);
	enum err e;
	bool hit;

	assert_int_equal(store_begin(store, write), ERR_OK);
	fault_arm(
	    (struct fault_plan){.names = CALLS, .nth = nth, .number = EIO});
	e = act(store);
	hit = fault_disarm();
	/* A row that could not be put is told when it is to be durable. */
	if (e == ERR_OK)
		e = kv_failed(store_txn(store)->kv);
	if (e != (hit ? ERR_IO : ERR_OK))
		print_error("call %u: %s\n", nth,
		    e == ERR_OK ? "passed over" : err_text());
	store_abort(store);
	assert_int_equal(e, hit ? ERR_IO : ERR_OK);
	if (hit)
		assert_non_null(strstr(err_text(), strerror(EIO)));
	return hit;
}

/* Each call of `act` fails in turn; of many the later ones less often. */
static void
assert_heard(size_t node, bool write, act_fn *act, unsigned least)
{
	struct buf before = {0};
	struct buf after = {0};
	unsigned nth = 1;

	town_digests(&city.town, node, &before);
	while (attempt(node, write, act, nth))
		nth = trial_after(nth, 16);
	town_digests(&city.town, node, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	if (nth <= least)
		print_error("no more than %u calls\n", nth);
	assert_true(nth > least);
	buf_fini(&before);
	buf_fini(&after);
}

/* ---- rights ------------------------------------------------------------- */

static enum err
revoke_plainly(struct store *store)
{
	const struct store_revoke revoke = {
	    .grant = city.grant, .reason = bytes_text("퇴직")};
	struct store_revoked revoked;

	return store_revoke(store, &revoke, &revoked);
}

static enum err
revoke_as_compromised(struct store *store)
{
	const struct store_revoke revoke = {.grant = city.grant,
	    .compromised = true,
	    .since = {UINT64_MAX},
	    .reason = bytes_text("분실")};
	struct store_revoked revoked;

	return store_revoke(store, &revoke, &revoked);
}

static enum err
decide(struct store *store)
{
	const struct store_decision decision = {.space = town_space(CASES),
	    .adopt = true,
	    .targets = city.unjudged,
	    .targets_n = UNJUDGED,
	    .reason = bytes_text("확인함")};
	enum err e = store_decide(store, &decision);

	return e == ERR_OK ? store_settle(store) : e;
}

static enum err
admit(struct store *store)
{
	struct fact_member member = {.label = bytes_text("새 동")};
	struct fact_grant grant = grant_of("d03", "read:NPSF,write");
	enum err e;

	memset(&member.key, 9, sizeof(member.key));
	grant.member = member.key;
	e = store_admit(store, &member);
	return e == ERR_OK ? store_grant(store, &grant) : e;
}

static void
rights_are_not_given_or_taken_by_halves(void **state)
{
	(void)state;
	assert_heard(FOUNDER, true, revoke_plainly, 10);
	assert_heard(FOUNDER, true, revoke_as_compromised, 10);
	assert_heard(FOUNDER, true, decide, 10);
	assert_heard(FOUNDER, true, admit, 10);
	assert_heard(FOUNDER, true, store_rotate, 10);
}

/* ---- invitations -------------------------------------------------------- */

static enum err
invite(struct store *store)
{
	const struct fact_grant grant = grant_of("d03", "read:NPSF,write");

	return tokens_make(store, &city.token, &grant, 1);
}

static enum err
look_up(struct store *store)
{
	struct secret psk;
	enum err e = tokens_find(store, &city.token_id, &psk);

	crypto_wipe(&psk, sizeof(psk));
	return e;
}

static enum err
list(struct store *store)
{
	struct arena arena = {0};
	struct tokens_row *rows;
	size_t n = 0;
	enum err e = tokens_list(store, &arena, &rows, &n);

	assert_true(e != ERR_OK || n == 1);
	arena_fini(&arena);
	return e;
}

static enum err
use(struct store *store)
{
	struct sign_key key;

	memset(&key, 9, sizeof(key));
	return tokens_use(store, &city.token_id, &key);
}

static enum err
cancel(struct store *store)
{
	struct arena arena = {0};
	struct tokens_row *row;
	enum err e = tokens_cancel(store, (struct bytes){0}, &arena, &row);

	arena_fini(&arena);
	return e;
}

/* Behind its end. */
static enum err
sweep(struct store *store)
{
	enum err e;

	city.town.now_ms += 2000 * (uint64_t)DAY_S;
	e = tokens_sweep(store);
	city.town.now_ms -= 2000 * (uint64_t)DAY_S;
	return e;
}

static void
invitations_are_not_kept_by_halves(void **state)
{
	(void)state;
	assert_heard(FOUNDER, true, invite, 2);
	assert_heard(FOUNDER, false, look_up, 1);
	assert_heard(FOUNDER, false, list, 2);
	assert_heard(FOUNDER, true, use, 10);
	assert_heard(FOUNDER, true, cancel, 2);
	assert_heard(FOUNDER, true, sweep, 2);
}

/* ---- logs --------------------------------------------------------------- */

static enum err
parcel_make(struct store *store)
{
	struct buf out = {0};
	enum err e = parcel_put(store, &out);

	buf_fini(&out);
	return e;
}

static enum err
parcel_open(struct store *store)
{
	struct parcel_taken taken;

	return parcel_take(store, buf_bytes(&city.parcel), &taken);
}

static enum err
pack(struct store *store)
{
	struct packing packing = {.rest = true};
	enum err e = ERR_OK;

	while (e == ERR_OK && !packing.ended)
		e = packing_some(store_txn(store), &packing, 16);
	assert_true(e != ERR_OK || packing.blocks > 0);
	return e;
}

static enum err
pack_look(struct store *store)
{
	uint64_t deltas;

	return packing_due(store_txn(store), &deltas);
}

static enum err
count_copies(struct store *store)
{
	struct sign_key me = store_identity(store)->key;
	const struct authority *authority;
	struct arena arena = {0};
	struct safety safety;
	enum err e = store_authority(store, &authority);

	if (e == ERR_OK)
		e = safety_count(
		    store_txn(store), authority, &me, &arena, &safety);
	arena_fini(&arena);
	return e;
}

static void
logs_are_read_and_packed_whole(void **state)
{
	(void)state;
	assert_heard(FOUNDER, false, parcel_make, 10);
	assert_heard(GUEST, true, parcel_open, 10);
	assert_heard(CENTRE, true, pack, 10);
	assert_heard(FOUNDER, false, pack_look, 3);
	assert_heard(FOUNDER, false, count_copies, 10);
}

/* ---- records ------------------------------------------------------------ */

static enum err
patch(struct store *store)
{
	const struct store_edit edits[] = {
	    town_edit(OP_SET, "name", town_text("셋")),
	    town_edit(OP_ADD, "tags", town_text("하나"))};
	const struct store_write write = {.space = town_space(CASES),
	    .record = city.id,
	    .edits = edits,
	    .edits_n = COUNT_OF(edits),
	    .token = buf_bytes(&city.key)};
	struct record_id id;
	bool changed;
	enum err e = store_write(store, &write, &id, &changed);

	return e == ERR_OK ? store_settle(store) : e;
}

static enum err
look_at(struct store *store)
{
	const struct space space = town_space(CASES);
	struct arena arena = {0};
	struct merge_changes changes;
	struct record record;
	struct space found;
	enum err e = store_locate(store, &city.id, &found);

	if (e == ERR_OK)
		e = store_get(store, &space, &city.id, &arena, &record);
	if (e == ERR_OK)
		e = store_history(store, &space, &city.id, &arena, &changes);
	arena_fini(&arena);
	return e;
}

static void
records_are_not_shown_or_written_by_halves(void **state)
{
	(void)state;
	assert_heard(CENTRE, true, patch, 10);
	assert_heard(FOUNDER, false, look_at, 5);
}

static enum err
get_alone(struct store *store)
{
	const struct space space = town_space(CASES);
	struct arena arena = {0};
	struct record record;
	enum err e = store_get(store, &space, &city.id, &arena, &record);

	arena_fini(&arena);
	return e;
}

static enum err
history_alone(struct store *store)
{
	const struct space space = town_space(CASES);
	struct arena arena = {0};
	struct merge_changes changes;
	enum err e = store_history(store, &space, &city.id, &arena, &changes);

	arena_fini(&arena);
	return e;
}

static void
what_is_asked_first_is_not_shown_by_halves(void **state)
{
	(void)state;
	assert_heard(FOUNDER, false, get_alone, 3);
	assert_heard(FOUNDER, false, history_alone, 3);
}

/* ---- the end of a transaction ------------------------------------------- */

/* As `attempt`, with the calls of the commit; true: it did not happen. */
static bool
attempt_commit(size_t node, act_fn *act, unsigned nth)
{
	struct store *store = town_store(&city.town, node);
	uint64_t before = town_deltas(&city.town, node);
	enum err e;
	bool hit;

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(act(store), ERR_OK);
	fault_arm(
	    (struct fault_plan){.names = CALLS, .nth = nth, .number = EIO});
	e = store_commit(store);
	hit = fault_disarm();
	assert_int_equal(e, hit ? ERR_IO : ERR_OK);
	if (hit)
		assert_int_equal(town_deltas(&city.town, node), before);
	return hit;
}

static void
assert_commits(size_t node, act_fn *act, unsigned least)
{
	unsigned nth = 1;

	while (attempt_commit(node, act, nth))
		nth = trial_after(nth, 16);
	if (nth <= least)
		print_error("no more than %u calls\n", nth);
	assert_true(nth > least);
	council_sound(&city.town, node);
}

static enum err
decide_otherwise(struct store *store)
{
	const struct store_decision decision = {.space = town_space(CASES),
	    .targets = city.unjudged,
	    .targets_n = UNJUDGED,
	    .reason = bytes_text("잘못 봄")};

	return store_decide(store, &decision);
}

static void
what_is_brought_to_bear_is_so_wholly_or_not_at_all(void **state)
{
	(void)state;
	assert_commits(CENTRE, patch, 3);
	assert_commits(FOUNDER, admit, 3);
	assert_commits(FOUNDER, decide, 3);
	assert_commits(FOUNDER, decide_otherwise, 3);
	assert_commits(FOUNDER, revoke_as_compromised, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rights_are_not_given_or_taken_by_halves),
	    cmocka_unit_test(invitations_are_not_kept_by_halves),
	    cmocka_unit_test(logs_are_read_and_packed_whole),
	    cmocka_unit_test(records_are_not_shown_or_written_by_halves),
	    cmocka_unit_test(what_is_asked_first_is_not_shown_by_halves),
	    cmocka_unit_test(
		what_is_brought_to_bear_is_so_wholly_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, city_make, city_remove);
}
