/*
 * Figures of the logs themselves (docs/packs.md, `logs`): what of them is here,
 * signed, missing, closed to us or does not count; and what a store says of
 * packs and roles that it does not have.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/figure.h"
#include "core/figure_logs.h"
#include "core/oplog.h"
#include "core/publish.h"
#include "core/staff.h"
#include "tests/lib/clinic.h"
#include "tests/lib/council.h"
#include "tests/lib/press.h"
#include "tests/lib/probe.h"
#include "tests/lib/slip.h"

enum { WRITES = 5 };

static const char here[] = "d03/c017/case";

/* All eight of the space. */
static enum err
logs_tell(struct store *store, void *arg, struct buf *text)
{
	static const char *const names[] = {"logs_held", "logs_deltas",
	    "logs_verified", "logs_unsigned", "logs_forked", "logs_gaps",
	    "logs_sealed", "logs_refused"};
	const struct pack *pack = arg;
	struct figure_ask ask = {.prefix = town_space(here),
	    .period = {INT64_MIN, INT64_MAX},
	    .rows = PACK_ROWS_UNIT,
	    .unit_depth = 2};
	enum err e = ERR_OK;

	for (size_t k = 0; k < COUNT_OF(names) && e == ERR_OK; k++) {
		const struct pack_figure *figure = NULL;
		struct figure_parts parts = {0};
		uint64_t sum = 0;

		for (size_t f = 0; f < pack->figures_n; f++)
			if (strcmp(pack->figures[f].name, names[k]) == 0)
				figure = &pack->figures[f];
		assert_non_null(figure);
		e = figure_collect(store_txn(store), &ask, figure, &parts);
		for (size_t p = 0; p < parts.n; p++) {
			assert_true(bytes_is(parts.p[p].key, "d03/c017"));
			sum += parts.p[p].sum.low;
		}
		buf_add_format(
		    text, "%s%llu", k > 0 ? " " : "", (unsigned long long)sum);
		figure_fini(&parts);
	}
	return e;
}

/* As node `i` has them. */
static void
logs_are(struct town *town, size_t i, struct pack *pack, const char *wanted)
{
	struct store *store = town_store(town, i);
	struct buf text = {0};

	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(logs_tell(store, pack, &text), ERR_OK, NULL);
	store_abort(store);
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&text);
}

static void
each_log_is_told_as_it_is_held(void **state)
{
	static struct town town;
	struct pack *pack;
	size_t whole;
	size_t some;
	size_t blind;
	size_t writer;

	(void)state;
	assert_int_equal(pack_parse(pack_embedded(), &pack), ERR_OK);
	tempdir_in_memory();
	town_init(&town, 3);
	council_unroot(&town);
	writer = town_member(&town, "d03", "read:NPSF,write");
	whole = town_member(&town, "d03", "read:NPSF");
	some = town_member(&town, "d03", "read:NPSF");
	blind = town_member(&town, "d03", "read:NPSF");
	for (int i = 0; i < WRITES; i++)
		(void)town_create(&town, writer, here, "가");
	logs_are(&town, whole, pack, "0 0 0 0 0 0 0 0");
	town_carry(&town, writer, whole, &(struct town_cargo){0});
	town_carry(&town, writer, some, &(struct town_cargo){.deltas_max = 3});
	town_carry(&town, writer, blind, &(struct town_cargo){.bare = true});
	logs_are(&town, writer, pack, "1 6 1 0 0 0 0 0");
	logs_are(&town, whole, pack, "1 6 1 0 0 0 0 0");
	logs_are(&town, some, pack, "1 3 0 0 0 3 0 0");
	logs_are(&town, blind, pack, "1 6 1 0 0 0 5 0");
	assert_int_equal(council_revoke(&town, 0, writer, 0, NULL), ERR_OK);
	town_copy(&town, 0, whole);
	logs_are(&town, whole, pack, "1 6 1 0 0 0 0 6");
	(void)town_create(&town, writer, here, "나");
	town_copy(&town, writer, 0);
	logs_are(&town, 0, pack, "1 7 1 0 0 0 0 7");
	pack_free(pack);
	town_fini(&town);
}

static void
sums_are(struct txn *txn, struct space_state *at, const int64_t *wanted)
{
	static const enum pack_of_logs of[] = {PACK_LOGS_VERIFIED,
	    PACK_LOGS_UNSIGNED, PACK_LOGS_GAPS, PACK_LOGS_REFUSED};

	for (size_t i = 0; i < COUNT_OF(of); i++) {
		int64_t sum;

		slip_is(figure_logs_sum(txn, at, of[i], &sum), ERR_OK, NULL);
		assert_true(sum == wanted[i]);
	}
}

/* Logs as no intake leaves them, in memory alone. */
static void
what_is_not_signed_as_it_stands_is_not_verified(void **state)
{
	static struct town town;
	struct space name = town_space(here);
	struct space_state *at;
	struct store *store;
	struct log **logs;
	struct log was;
	struct txn *txn;
	size_t n;

	(void)state;
	tempdir_in_memory();
	town_init(&town, 10);
	assert_int_equal(town_member(&town, "d03", "read:NPSF,write"), 1);
	(void)town_create(&town, 1, here, "가");
	store = town_store(&town, 1);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	txn = store_txn(store);
	at = space_find(txn, &name);
	slip_is(oplog_all(txn, at, &logs, &n), ERR_OK, NULL);
	assert_int_equal(n, 1);
	was = *logs[0];
	sums_are(txn, at, (const int64_t[]){1, 0, 0, 0});
	logs[0]->head_root.b[0] ^= 1;
	sums_are(txn, at, (const int64_t[]){0, 0, 0, 0});
	*logs[0] = was;
	logs[0]->head_signature.b[0] ^= 1;
	sums_are(txn, at, (const int64_t[]){0, 0, 0, 0});
	*logs[0] = was;
	logs[0]->head_size--;
	sums_are(txn, at, (const int64_t[]){0, 1, 0, 0});
	logs[0]->head_size += 3;
	sums_are(txn, at, (const int64_t[]){0, 0, 2, 0});
	logs[0]->has_head = false;
	sums_are(txn, at, (const int64_t[]){0, 2, 0, 0});
	*logs[0] = was;
	logs[0]->rights = 0;
	sums_are(txn, at, (const int64_t[]){1, 0, 0, 2});
	*logs[0] = was;
	store_abort(store);
	town_fini(&town);
}

/* Half of the logs would look like all of them. */
static void
calls_that_fail_are_told(void **state)
{
	static struct town town;
	struct pack *pack;

	(void)state;
	assert_int_equal(pack_parse(pack_embedded(), &pack), ERR_OK);
	tempdir_in_memory();
	town_init(&town, 9);
	assert_int_equal(town_member(&town, "d03", "read:NPSF,write"), 1);
	assert_int_equal(town_member(&town, "d03", "read:NPSF,write"), 2);
	town_meet(&town);
	for (size_t i = 0; i < 2 * WRITES; i++)
		(void)town_create(&town, 1 + i % 2, here, "가");
	town_copy(&town, 1, 2);
	assert_true(probe_run(&(struct probe){.store = town_store(&town, 2),
			.fn = logs_tell,
			.arg = pack}) > 4);
	pack_free(pack);
	town_fini(&town);
}

/* ---- packs and roles that are not there ---------------------------------- */

static enum err
file_of(struct town *town, struct bytes json)
{
	struct store *store = town_store(town, 0);
	enum err e;

	slip_is(store_begin(store, true), ERR_OK, NULL);
	e = publish_file(store, json);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

static void
a_store_keeps_to_its_pack(void **state)
{
	static struct town town;
	struct buf sim = {0};
	struct buf clinic = {0};

	(void)state;
	tempdir_in_memory();
	town_init(&town, 4);
	press_text(
	    &(struct press_plan){
		.format = 2, .version = 1, .fields = "a", .number = 1},
	    &sim);
	clinic_json(NULL, NULL, &clinic);
	slip_is(file_of(&town, buf_bytes(&sim)), ERR_OK, NULL);
	assert_int_equal(press_version(&town, 0), 1);
	slip_is(file_of(&town, buf_bytes(&clinic)), ERR_INVALID,
	    "this store follows the pack sim, and this is one of clinic");
	slip_is(file_of(&town, (struct bytes){0}), ERR_INVALID,
	    "this program has no pack sim: without the file the store would "
	    "have no rules");
	assert_int_equal(press_version(&town, 0), 1);
	buf_fini(&sim);
	buf_fini(&clinic);
	town_fini(&town);
}

static void
a_role_has_three_names(void **state)
{
	static const char *const names[] = {"의사", "Doctor"};
	struct pack *pack = clinic_pack("`label`:{`ko`:`의사`,`en`:`Doctor`}",
	    "`label`:{`ko`:`선생님`,`en`:`Doctor`}");
	const struct pack_role *role;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		slip_is(
		    staff_get(pack, bytes_text(names[i]), &role), ERR_OK, NULL);
		assert_ptr_equal(role, &pack->roles[0]);
	}
	slip_is(staff_get(pack, bytes_text("선생님"), &role), ERR_OK, NULL);
	slip_is(
	    staff_get(pack, bytes_text("환자"), &role), ERR_INVALID, "의사");
	assert_null(role);
	slip_is(staff_get(NULL, bytes_text("의사"), &role), ERR_INVALID,
	    "no roles");
	pack_free(pack);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_log_is_told_as_it_is_held),
	    cmocka_unit_test(what_is_not_signed_as_it_stands_is_not_verified),
	    cmocka_unit_test(calls_that_fail_are_told),
	    cmocka_unit_test(a_store_keeps_to_its_pack),
	    cmocka_unit_test(a_role_has_three_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
