/*
 * Promises of core/history.h: what a log says of a record, in what order, and
 * what is told when the history and the logs do not fit together.  What is
 * missing from it is in test_derived_damage.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/apply.h"
#include "core/history.h"
#include "core/oplog_body.h"
#include "core/own.h"
#include "tests/lib/council.h"
#include "tests/lib/prng.h"

#define ALL "read:NPSF,write,hold"

static const char here[] = "d03/c017/case";

/* ---- the order of changes ----------------------------------------------- */

enum { CHANGES = 12, PARENTS = 3 };

struct crowd {
	struct prng prng;
	struct merge_change made[CHANGES];
	struct change_ref parents[CHANGES][PARENTS];
};

/* Changes of a few logs, each with parents among those before it, or one that
 * nobody has; stamps of which many are alike, rising or not. */
static void
crowd_make(struct crowd *crowd, bool rising)
{
	memset(crowd->made, 0, sizeof(crowd->made));
	for (size_t i = 0; i < CHANGES; i++) {
		struct merge_change *change = &crowd->made[i];

		change->at.delta.log.b[0] = (uint8_t)prng_below(
		    &crowd->prng, 3);
		change->at.delta.seq = i;
		change->stamp.v = 1 + (rising ? i / 3
					      : prng_below(&crowd->prng, 4));
		change->parents = crowd->parents[i];
		/* Those of one stamp are no ancestors of each other. */
		for (size_t k = 0; k < PARENTS; k++) {
			size_t room = rising ? i / 3 * 3 : i;
			struct change_ref *parent = &crowd->parents[i][k];

			if (room == 0 || prng_below(&crowd->prng, 2) == 0)
				continue;
			parent = &crowd->parents[i][change->parents_n++];
			*parent =
			    crowd->made[prng_below(&crowd->prng, room)].at;
			if (prng_below(&crowd->prng, 6) == 0)
				parent->delta.seq = 1000;
		}
	}
}

/* Sorts what `crowd` has, mixed anew, into `sorted`. */
static void
crowd_sort(struct crowd *crowd, struct arena *arena,
    struct merge_change sorted[CHANGES])
{
	struct merge_changes changes = {
	    .n = CHANGES, .p = arena_array(arena, CHANGES, sizeof(*changes.p))};

	for (size_t i = 0; i < CHANGES; i++) {
		size_t at = prng_below(&crowd->prng, i + 1);

		changes.p[i] = changes.p[at];
		changes.p[at] = crowd->made[i];
	}
	history_sort(&changes, arena);
	assert_int_equal(changes.n, CHANGES);
	memcpy(sorted, changes.p, CHANGES * sizeof(*sorted));
}

static size_t
place_of(const struct merge_change *sorted, const struct change_ref *at)
{
	for (size_t i = 0; i < CHANGES; i++)
		if (id_change_compare(&sorted[i].at, at) == 0)
			return i;
	return CHANGES;
}

static void
parents_come_first_however_changes_came(void **state)
{
	struct crowd crowd = {.prng.seed = 61};
	struct merge_change first[CHANGES];
	struct merge_change then[CHANGES];

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct arena arena = {0};

		crowd_make(&crowd, round % 3 == 0);
		crowd_sort(&crowd, &arena, first);
		for (size_t i = 0; i < CHANGES; i++)
			for (size_t k = 0; k < first[i].parents_n; k++) {
				size_t at = place_of(
				    first, &first[i].parents[k]);

				assert_true(at < i || at == CHANGES);
			}
		for (int again = 0; again < 3; again++) {
			crowd_sort(&crowd, &arena, then);
			assert_memory_equal(first, then, sizeof(first));
		}
		arena_fini(&arena);
	}
}

static void
where_stamps_are_right_they_are_the_order(void **state)
{
	struct crowd crowd = {.prng.seed = 62};
	struct merge_change sorted[CHANGES];

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct arena arena = {0};

		crowd_make(&crowd, true);
		crowd_sort(&crowd, &arena, sorted);
		for (size_t i = 1; i < CHANGES; i++) {
			assert_true(sorted[i - 1].stamp.v <= sorted[i].stamp.v);
			assert_true(sorted[i - 1].stamp.v < sorted[i].stamp.v ||
				    id_change_compare(
					&sorted[i - 1].at, &sorted[i].at) < 0);
		}
		arena_fini(&arena);
	}
}

/* ---- bodies ------------------------------------------------------------- */

/* How a body is wrong. */
enum lie { LIE_EMPTY, LIE_TEXT, LIE_CUT, LIE_CLASS, LIE_SEALED, LIE_NONE };

static void
body_lie(enum lie lie, struct buf *plain)
{
	struct body_op op = {.number = CLASS_P,
	    .code = OP_SET,
	    .field = bytes_text("name"),
	    .value = town_text("무")};
	struct body body = {.ops_n = 1, .ops = &op};

	if (lie == LIE_TEXT)
		buf_add(plain, bytes_text("여기는 아무것도 없다"));
	if (lie < LIE_CUT)
		return;
	if (lie == LIE_CLASS)
		op.number = CLASS_S;
	assert_int_equal(body_encode(&body, plain), ERR_OK);
	if (lie == LIE_CUT)
		buf_cut(plain, plain->n - 1);
}

/* Node `i` writes a change of `id` whose body of class P is a lie that it
 * signed. */
static void
lie_write(struct town *town, size_t i, const struct record_id *id, enum lie lie)
{
	struct store *store = town_store(town, i);
	struct space name = town_space(here);
	struct delta_change change = {.record = *id, .classes = 1u << CLASS_P};
	struct delta delta = {
	    .kind = DELTA_CHANGE, .changes_n = 1, .changes = &change};
	struct stored_body body = {.class = CLASS_P, .form = BODY_OPEN};
	struct own_writer writer = {.identity = store_identity(store),
	    .seed = &store_identity(store)->seed,
	    .key = &store_identity(store)->key,
	    .wants = RIGHT_WRITE};
	struct secret secret = {{7, 7, 7}};
	struct own *owns = NULL;
	struct own *own;
	struct buf plain = {0};
	struct buf sealed = {0};
	struct hash tag;

	body_lie(lie, &plain);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_authority(store, &writer.authority), ERR_OK);
	assert_int_equal(body_seal(store_txn(store)->squeeze, buf_bytes(&plain),
			     &secret, &sealed, &change.commitments[CLASS_P]),
	    ERR_OK);
	if (lie == LIE_SEALED) {
		sealed.p[sealed.n / 2] ^= 1;
		body_tag(&secret, &tag);
		body_commitment(
		    &tag, buf_bytes(&sealed), &change.commitments[CLASS_P]);
	}
	memcpy(body.key, secret.b, sizeof(body.key));
	body.sealed = buf_bytes(&sealed);
	assert_int_equal(
	    own_log(store_txn(store), &writer, &name, &owns, &own), ERR_OK);
	assert_int_equal(
	    own_append(store_txn(store), own, &delta, &body, 1), ERR_OK);
	assert_int_equal(own_sign(store_txn(store), owns), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	buf_fini(&sealed);
	buf_fini(&plain);
}

/* How many names the record has at node `i`, and changes in its history. */
static size_t
names_of(struct town *town, size_t i, const struct record_id *id, size_t *n)
{
	struct space name = town_space(here);
	struct merge_changes changes;
	struct arena arena = {0};
	struct record record;
	size_t names;

	assert_true(town_get(town, i, here, id, &arena, &record));
	names = town_values(&record, "name", KIND_REGISTER);
	assert_true(town_has(&record, "name", KIND_REGISTER, town_text("가")));
	assert_int_equal(store_begin(town_store(town, i), false), ERR_OK);
	assert_int_equal(
	    store_history(town_store(town, i), &name, id, &arena, &changes),
	    ERR_OK);
	store_abort(town_store(town, i));
	*n = changes.n;
	arena_fini(&arena);
	return names;
}

static void
a_body_that_says_nothing_sound_is_as_if_not_here(void **state)
{
	static struct town town;
	struct record_id id;

	(void)state;
	town_init(&town, 63);
	assert_int_equal(town_member(&town, "d03", ALL), 1);
	town_copy(&town, 0, 1);
	id = town_create(&town, 1, here, "가");
	for (int lie = 0; lie <= LIE_NONE; lie++) {
		size_t n;

		lie_write(&town, 1, &id, (enum lie)lie);
		town_copy(&town, 1, 0);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(names_of(&town, i, &id, &n),
			    lie == LIE_NONE ? 2 : 1);
			assert_int_equal(n, 2 + (size_t)lie);
		}
		town_assert_equal(&town, 0);
	}
	council_sound(&town, 0);
	council_sound(&town, 1);
	town_fini(&town);
}

/* Brings the bodies of the authority logs from node 0 to node `to`: with their
 * secrets, or with what is told to one who may only hold them. */
static void
bodies_bring(struct town *town, size_t to, enum body_form form)
{
	struct txn *from;
	struct txn *into;
	struct log **logs;
	size_t n;

	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(store_begin(town_store(town, to), true), ERR_OK);
	from = store_txn(town_store(town, 0));
	into = store_txn(town_store(town, to));
	assert_int_equal(
	    oplog_all(from, space_find(from, &id_authority), &logs, &n),
	    ERR_OK);
	for (size_t i = 0; i < n; i++)
		for (uint64_t seq = 0; seq < logs[i]->frontier.size; seq++) {
			struct stored_delta stored;
			struct stored_body body;
			struct secret secret;
			struct hash tag;
			struct log *log;

			assert_int_equal(
			    oplog_get(from, logs[i], seq, &stored), ERR_OK);
			if (!oplog_body_next(&stored.bodies, &body))
				continue;
			memcpy(secret.b, body.key, sizeof(secret.b));
			body_tag(&secret, &tag);
			if (form == BODY_BLIND)
				memcpy(body.key, tag.b, sizeof(body.key));
			body.form = form;
			assert_int_equal(
			    oplog_open(into, &logs[i]->name, &log), ERR_OK);
			assert_int_equal(
			    apply_body(into, log, seq, &body), ERR_OK);
		}
	store_abort(town_store(town, 0));
	assert_int_equal(store_commit(town_store(town, to)), ERR_OK);
}

/* How many members and grants that count node `i` knows. */
static size_t
known(struct town *town, size_t i)
{
	const struct authority *authority;
	size_t n;

	assert_int_equal(store_begin(town_store(town, i), false), ERR_OK);
	assert_int_equal(
	    store_authority(town_store(town, i), &authority), ERR_OK);
	n = authority->members_n;
	for (size_t k = 0; k < authority->grants_n; k++)
		n += authority->grants[k].counts;
	store_abort(town_store(town, i));
	return n;
}

static void
a_fact_held_without_its_secret_says_nothing_yet(void **state)
{
	static struct town town;
	const struct town_cargo headers = {
	    .space = "authority", .bare = true, .strangers = true};
	size_t late;
	size_t few;
	size_t all;

	(void)state;
	town_init(&town, 64);
	assert_int_equal(town_member(&town, "d03", ALL), 1);
	late = town_join(&town);
	all = known(&town, 0);
	assert_true(all >= 4);
	town_carry(&town, 0, late, &headers);
	/* What opens say is in their headers: who root is. */
	few = known(&town, late);
	assert_true(few <= 1);
	bodies_bring(&town, late, BODY_BLIND);
	assert_int_equal(known(&town, late), few);
	council_sound(&town, late);
	bodies_bring(&town, late, BODY_OPEN);
	assert_int_equal(known(&town, late), all);
	council_sound(&town, late);
	town_fini(&town);
}

/* ---- rows that do not fit the logs -------------------------------------- */

/* The only log of the space, in the open transaction. */
static struct log *
log_here(struct town *town)
{
	struct txn *txn = store_txn(town_store(town, 0));
	struct space name = town_space(here);
	struct log **logs;
	size_t n;

	assert_int_equal(
	    oplog_all(txn, space_find(txn, &name), &logs, &n), ERR_OK);
	assert_int_equal(n, 1);
	return logs[0];
}

/* What the history of `id` is with one more row, which says `at` in a key of
 * `extra` more bytes; takes it back. */
static enum err
history_with(struct town *town, const struct record_id *id,
    struct history_at at, size_t extra)
{
	struct store *store = town_store(town, 0);
	struct space name = town_space(here);
	struct merge_changes changes;
	struct arena arena = {0};
	struct space_state *space;
	struct key key;
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	space = space_find(store_txn(store), &name);
	tables_history_key(space->no, id, at, &key);
	tables_key_add(&key, bytes_of("+++", extra));
	kv_put(store_txn(store)->kv, TABLE_HISTORY, tables_key(&key),
	    (struct bytes){0});
	e = store_history(store, &name, id, &arena, &changes);
	assert_int_equal(kv_failed(store_txn(store)->kv), e);
	store_abort(store);
	arena_fini(&arena);
	return e;
}

static void
a_history_that_its_logs_do_not_have_is_damage(void **state)
{
	static struct town town;
	struct record_id id;
	struct record_id other;
	struct history_at at = {.seq = 1};
	struct log *log;
	struct log_no no;
	uint64_t size;

	(void)state;
	town_init(&town, 65);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	id = town_create(&town, 0, here, "가");
	other = town_create(&town, 0, here, "나");
	assert_int_equal(store_begin(town_store(&town, 0), true), ERR_OK);
	log = log_here(&town);
	no = log->no;
	size = log->frontier.size;
	store_abort(town_store(&town, 0));
	assert_int_equal(size, 3);
	at.log = no;
	/* Its own row, then each that is wrong. */
	assert_int_equal(history_with(&town, &id, at, 0), ERR_OK);
	assert_int_equal(history_with(&town, &id, at, 1), ERR_CORRUPT);
	at.change = 1;
	assert_int_equal(history_with(&town, &id, at, 0), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "does not have"));
	at = (struct history_at){.log = no, .seq = size};
	assert_int_equal(history_with(&town, &id, at, 0), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "does not have"));
	at = (struct history_at){.log = no, .seq = 2};
	assert_int_equal(history_with(&town, &other, at, 0), ERR_OK);
	assert_int_equal(history_with(&town, &id, at, 0), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "of another one"));
	at.log.v = 999;
	assert_int_equal(history_with(&town, &id, at, 0), ERR_CORRUPT);
	/* Of a delta that this program cannot read. */
	at = (struct history_at){.log = no, .seq = 1};
	assert_int_equal(store_begin(town_store(&town, 0), true), ERR_OK);
	assert_int_equal(oplog_body_opaque(store_txn(town_store(&town, 0)),
			     log_here(&town), 1, true),
	    ERR_OK);
	assert_int_equal(store_commit(town_store(&town, 0)), ERR_OK);
	assert_int_equal(history_with(&town, &id, at, 0), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "does not have"));
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parents_come_first_however_changes_came),
	    cmocka_unit_test(where_stamps_are_right_they_are_the_order),
	    cmocka_unit_test(a_body_that_says_nothing_sound_is_as_if_not_here),
	    cmocka_unit_test(a_fact_held_without_its_secret_says_nothing_yet),
	    cmocka_unit_test(a_history_that_its_logs_do_not_have_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
