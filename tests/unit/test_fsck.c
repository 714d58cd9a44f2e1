/*
 * What core/fsck.h and core/rebuild.h promise: what is whole passes, what is
 * damaged is found, and what is derived can be made again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/heads.h"
#include "core/rebuild.h"
#include "core/record.h"
#include "core/tree.h"
#include "core/file.h"
#include "tests/lib/child.h"
#include "tests/lib/desk.h"
#include "tests/lib/saga.h"

enum { FLIPS = 300 };

static const char here[] = "d03/c017/case";
static const char there[] = "d03/c018/case";

/* Two stores of one city, which wrote apart from each other and then met. */
struct town {
	struct desk hall;
	struct desk dong;
	struct record_id ids[64];
	const char *spaces[64];
	struct buf shown[64]; /* the records as text */
	size_t n;
};

static enum err record_text(struct town *town, size_t i, struct buf *text);

static struct record_id
written(struct town *town, struct desk *desk, const char *space, int i)
{
	static const char *const names[] = {
	    "김 할머니", "이 할아버지", "박", "최씨 댁"};
	struct record_id id = desk_create(desk, space, names[i % 4]);
	struct store_edit edits[] = {
	    desk_text(OP_SET, CLASS_N, "visit", "정기"),
	    desk_text(OP_ADD, CLASS_S, "illness", "고혈압"),
	    desk_text(OP_ADD, CLASS_S, "illness", "당뇨"),
	    desk_text(OP_COUNT, CLASS_N, "calls", ""),
	    desk_text(OP_APPEND, CLASS_P, "diary", "문을 두드렸으나 답이 없다"),
	    desk_text(OP_APPEND, CLASS_P, "diary", "다시 갔다"),
	    desk_text(OP_MOVE, CLASS_N, "stage", "open"),
	    desk_text(OP_SET, CLASS_F, "debt", "삼백만"),
	    desk_text(OP_REMOVE, CLASS_S, "illness", "당뇨"),
	    desk_text(OP_CLEAR, CLASS_F, "debt", ""),
	};

	for (size_t k = 0; k < COUNT_OF(edits); k++)
		desk_edit(desk, space, &id, &edits[k], NULL);
	town->spaces[town->n] = space;
	town->ids[town->n++] = id;
	return id;
}

/* Edits, a delete and a keep that knew nothing of each other. */
static void
quarrel(struct desk *desk, const char *space, const struct record_id *id, int i)
{
	struct store_edit one = desk_text(OP_SET, CLASS_N, "visit", "안부");
	struct store_edit two = desk_text(OP_SET, CLASS_N, "visit", "긴급");
	struct buf token = {0};

	desk_token(desk, space, id, &token);
	desk_edit(desk, space, id, &one, &token);
	desk_edit(desk, space, id, &two, &token);
	if (i % 3 != 0)
		desk_settle(desk, space, id, ACT_DELETE, &token);
	if (i % 3 == 2)
		desk_settle(desk, space, id, ACT_KEEP, NULL);
	buf_fini(&token);
}

static int
town_make(void **state)
{
	static struct town town;

	memset(&town, 0, sizeof(town));
	desk_found(&town.hall, 1);
	desk_join(&town.dong, &town.hall, 2);
	desk_admit(&town.hall, &town.dong, "d03");
	desk_pull(&town.dong, &town.hall);
	for (int i = 0; i < 6; i++) {
		struct record_id id;

		desk_begin(&town.hall, true);
		id = written(&town, &town.hall, i % 2 ? here : there, i);
		desk_commit(&town.hall);
		desk_pull(&town.dong, &town.hall);
		desk_begin(&town.dong, true);
		quarrel(&town.dong, i % 2 ? here : there, &id, i);
		desk_commit(&town.dong);
		desk_begin(&town.hall, true);
		quarrel(&town.hall, i % 2 ? here : there, &id, i + 1);
		desk_commit(&town.hall);
		desk_begin(&town.dong, true);
		written(&town, &town.dong, here, i);
		desk_commit(&town.dong);
	}
	desk_pull(&town.hall, &town.dong);
	for (size_t i = 0; i < town.n; i++)
		assert_int_equal(record_text(&town, i, &town.shown[i]), ERR_OK);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	struct town *town = *state;

	for (size_t i = 0; i < town->n; i++)
		buf_fini(&town->shown[i]);
	desk_fini(&town->dong);
	desk_fini(&town->hall);
	return 0;
}

static void
a_whole_store_is_found_whole(void **state)
{
	struct town *town = *state;
	struct fsck_report report;

	desk_begin(&town->hall, false);
	assert_int_equal(fsck_run(town->hall.store, NULL, &report), ERR_OK);
	store_abort(town->hall.store);
	assert_int_equal(desk_check(&town->hall, true), 0);
	assert_int_equal(desk_check(&town->dong, true), 0);
	assert_int_equal(report.found, 0);
	assert_int_equal(report.records, 12);
	/* root's and four in two spaces */
	assert_true(report.logs >= 5);
	assert_true(report.deltas > 100 && report.bodies > 100);
	assert_int_equal(report.bodies, report.bodies_opened);
	assert_true(report.heads >= report.logs);
}

static void
replicas_that_met_have_the_same_state(void **state)
{
	struct town *town = *state;
	struct buf one = {0};
	struct buf other = {0};

	desk_pull(&town->dong, &town->hall);
	desk_text_all(&town->hall, &one);
	desk_text_all(&town->dong, &other);
	assert_int_equal(one.n, other.n);
	assert_memory_equal(one.p, other.p, one.n);
	buf_fini(&one);
	buf_fini(&other);
}

static void
rebuilt(struct desk *desk)
{
	enum err e;

	desk_close(desk);
	desk_open(desk, true);
	e = rebuild_run(desk->store, NULL);
	if (e != ERR_OK)
		print_error("%s\n", err_text());
	assert_int_equal(e, ERR_OK);
}

static void
rebuild_gives_the_same_records_and_digests(void **state)
{
	struct town *town = *state;
	struct buf before = {0};
	struct buf after = {0};

	desk_text_all(&town->hall, &before);
	rebuilt(&town->hall);
	desk_text_all(&town->hall, &after);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	assert_int_equal(desk_check(&town->hall, true), 0);
	buf_fini(&before);
	buf_fini(&after);
}

/* Puts `value` in the place of the row number `n` of `table`, or removes it. */
static void
row_replace(struct desk *desk, enum table table, const struct buf *key,
    const struct buf *value)
{
	struct kv_txn *kv;

	desk_begin(desk, true);
	kv = store_txn(desk->store)->kv;
	if (value == NULL)
		kv_del(kv, table, buf_bytes(key));
	else
		kv_put(kv, table, buf_bytes(key), buf_bytes(value));
	desk_commit(desk);
}

/* Copies the `n`th row of `table`; false behind the last. */
static bool
row_copy(struct desk *desk, enum table table, uint64_t n, struct buf row[2])
{
	struct kv_cursor cursor;
	bool more;

	buf_cut(&row[0], 0);
	buf_cut(&row[1], 0);
	desk_begin(desk, false);
	kv_cursor_init(&cursor, store_txn(desk->store)->kv, table);
	more = kv_seek(&cursor, (struct bytes){0});
	for (uint64_t i = 0; more && i < n; i++)
		more = kv_next(&cursor);
	if (more) {
		buf_add(&row[0], cursor.key);
		buf_add(&row[1], cursor.value);
	}
	kv_cursor_fini(&cursor);
	store_abort(desk->store);
	return more;
}

/* What the record number `i` is, as text; empty when the store refuses. */
static enum err
record_text(struct town *town, size_t i, struct buf *text)
{
	struct desk *desk = &town->hall;
	struct arena arena = {0};
	struct record record;
	struct space space;
	enum err e;

	desk_begin(desk, false);
	assert_int_equal(id_space(bytes_text(town->spaces[i]), &space), ERR_OK);
	e = store_get(desk->store, &space, &town->ids[i], &arena, &record);
	if (e == ERR_OK)
		saga_text(&record, text);
	store_abort(desk->store);
	arena_fini(&arena);
	return e;
}

/* Every read gives what it gave, or says that the store is damaged. */
static void
reads_are_right_or_refused(struct town *town)
{
	struct buf text = {0};

	for (size_t i = 0; i < town->n; i++) {
		enum err e;

		buf_cut(&text, 0);
		e = record_text(town, i, &text);
		if (e == ERR_CORRUPT)
			continue;
		assert_int_equal(e, ERR_OK);
		assert_int_equal(text.n, town->shown[i].n);
		assert_memory_equal(text.p, town->shown[i].p, text.n);
	}
	buf_fini(&text);
}

static const enum table looked_at[] = {TABLE_META, TABLE_SPACES, TABLE_LOGS,
    TABLE_LOG_NOS, TABLE_DELTAS, TABLE_HEADS, TABLE_TREE, TABLE_HISTORY,
    TABLE_RECORDS, TABLE_CELLS, TABLE_FEED, TABLE_OWN};

static void
a_flipped_bit_of_any_row_is_found(void **state)
{
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct prng prng = {7};
	struct buf row[2] = {0};

	for (size_t t = 0; t < COUNT_OF(looked_at); t++) {
		for (uint64_t n = 0; row_copy(desk, looked_at[t], n, row);
		     n += 1 + prng_below(&prng, 25)) {
			uint64_t bit;

			if (row[1].n == 0)
				continue;
			bit = prng_below(&prng, 8 * row[1].n);
			row[1].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			row_replace(desk, looked_at[t], &row[0], &row[1]);
			assert_true(desk_check(desk, false) > 0);
			reads_are_right_or_refused(town);
			row[1].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			row_replace(desk, looked_at[t], &row[0], &row[1]);
		}
	}
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

/* Not all that is wrong has a wrong checksum. */
static void
a_row_that_says_something_else_is_found(void **state)
{
	const enum table tables[] = {TABLE_SPACES, TABLE_LOGS, TABLE_LOG_NOS,
	    TABLE_DELTAS, TABLE_HEADS, TABLE_TREE, TABLE_RECORDS, TABLE_CELLS};
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct prng prng = {11};
	struct buf row[2] = {0};
	struct buf other = {0};

	for (size_t t = 0; t < COUNT_OF(tables); t++) {
		for (uint64_t n = 0; row_copy(desk, tables[t], n, row);
		     n += 1 + prng_below(&prng, 25)) {
			struct bytes in = bytes_after(
			    buf_bytes(&row[1]), TABLES_CHECKSUM_SIZE);
			uint64_t bit = prng_below(&prng, 8 * in.n);

			tables_row(buf_bytes(&row[0]), in, &other);
			other.p[TABLES_CHECKSUM_SIZE + bit / 8] ^=
			    (uint8_t)(1u << bit % 8);
			tables_row_end(buf_bytes(&row[0]), &other);
			row_replace(desk, tables[t], &row[0], &other);
			assert_true(desk_check(desk, false) > 0);
			row_replace(desk, tables[t], &row[0], &row[1]);
		}
	}
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
	buf_fini(&other);
}

static void
a_missing_row_is_found(void **state)
{
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct prng prng = {8};
	struct buf row[2] = {0};

	for (size_t t = 2; t < 10; t++) {
		for (uint64_t n = 0; row_copy(desk, looked_at[t], n, row);
		     n += 1 + prng_below(&prng, 25)) {
			row_replace(desk, looked_at[t], &row[0], NULL);
			assert_true(desk_check(desk, false) > 0);
			reads_are_right_or_refused(town);
			row_replace(desk, looked_at[t], &row[0], &row[1]);
		}
	}
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

static void
rows_that_changed_places_are_found(void **state)
{
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct buf one[2] = {0};
	struct buf two[2] = {0};

	for (size_t t = 0; t < COUNT_OF(looked_at); t++) {
		if (!row_copy(desk, looked_at[t], 0, one) ||
		    !row_copy(desk, looked_at[t], 1, two) || one[1].n == 0)
			continue;
		row_replace(desk, looked_at[t], &one[0], &two[1]);
		row_replace(desk, looked_at[t], &two[0], &one[1]);
		assert_true(desk_check(desk, false) > 0);
		row_replace(desk, looked_at[t], &one[0], &one[1]);
		row_replace(desk, looked_at[t], &two[0], &two[1]);
	}
	assert_int_equal(desk_check(desk, true), 0);
	for (int i = 0; i < 2; i++) {
		buf_fini(&one[i]);
		buf_fini(&two[i]);
	}
}

/* Reads the log that has the most deltas, in the open transaction. */
static struct log *
longest(struct desk *desk)
{
	struct space_state **spaces;
	struct log *best = NULL;
	size_t spaces_n;

	assert_int_equal(
	    space_all(store_txn(desk->store), &spaces, &spaces_n), ERR_OK);
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		assert_int_equal(
		    oplog_all(store_txn(desk->store), spaces[i], &logs, &n),
		    ERR_OK);
		for (size_t k = 0; k < n; k++)
			if (best == NULL ||
			    logs[k]->frontier.size > best->frontier.size)
				best = logs[k];
	}
	return best;
}

static void
a_head_that_its_author_did_not_sign_is_found(void **state)
{
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct note_head head;
	struct sign_key author;
	struct log *log;

	desk_begin(desk, true);
	log = longest(desk);
	author = log->name.author;
	assert_int_equal(fsck_heads(desk->store, &author), ERR_OK);
	head = (struct note_head){.size = log->head_size,
	    .root = log->head_root,
	    .signature = log->head_signature};
	head.signature.b[63] ^= 1;
	heads_put(store_txn(desk->store), log, &head, NULL);
	desk_commit(desk);
	assert_true(desk_check(desk, false) > 0);
	desk_begin(desk, false);
	assert_int_equal(fsck_heads(desk->store, &author), ERR_CORRUPT);
	store_abort(desk->store);
}

/* Nor may one of those that are kept for ever lie, whatever its root is. */
static void
an_older_head_without_a_signature_is_found(void **state)
{
	struct town *town = *state;
	struct desk *desk = &town->hall;
	uint8_t content[32 + 64] = {0};
	struct hash root;
	struct log *log;
	struct key key;

	desk_begin(desk, true);
	log = longest(desk);
	assert_int_equal(
	    tree_root(store_txn(desk->store), log, 3, &root), ERR_OK);
	memcpy(content, root.b, 32);
	tables_delta_key(log->space->no, log->no, 3, &key);
	txn_put(store_txn(desk->store), TABLE_HEADS, &key,
	    bytes_of(content, sizeof(content)));
	desk_commit(desk);
	assert_int_equal(desk_check(desk, false), 1);
}

static void
a_head_of_another_root_is_found(void **state)
{
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct log *log;

	desk_begin(desk, true);
	log = longest(desk);
	log->frontier.nodes[0].b[0] ^= 1;
	log->dirty = true;
	desk_commit(desk);
	assert_true(desk_check(desk, false) > 0);
	/* Nor is anything made from a log that does not fit itself. */
	desk_close(desk);
	desk_open(desk, true);
	assert_int_equal(rebuild_run(desk->store, NULL), ERR_CORRUPT);
	desk_begin(desk, false);
	store_abort(desk->store);
}

static void
a_rebuild_wants_the_store_alone(void **state)
{
	struct town *town = *state;

	assert_int_equal(rebuild_run(town->hall.store, NULL), ERR_BUSY);
}

static void
a_damaged_log_stops_a_rebuild_before_it_begins(void **state)
{
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct buf row[2] = {0};

	assert_true(row_copy(desk, TABLE_DELTAS, 40, row));
	row[1].p[20] ^= 1;
	row_replace(desk, TABLE_DELTAS, &row[0], &row[1]);
	desk_close(desk);
	desk_open(desk, true);
	assert_int_equal(rebuild_run(desk->store, NULL), ERR_CORRUPT);
	reads_are_right_or_refused(town);
	assert_int_equal(record_text(town, 0, &row[0]), ERR_OK);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

static void
a_history_that_names_another_record_is_refused(void **state)
{
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct merge_changes changes;
	struct arena arena = {0};
	struct record_id id;
	struct space space;
	struct buf row[2] = {0};

	assert_true(row_copy(desk, TABLE_HISTORY, 0, row));
	memcpy(id.b, row[0].p + 4, sizeof(id.b));
	id.b[15] ^= 1;
	row[0].p[4 + 15] ^= 1;
	row_replace(desk, TABLE_HISTORY, &row[0], &row[1]);
	assert_true(desk_check(desk, false) > 0);
	for (int i = 0; i < 2; i++) {
		enum err e;

		desk_begin(desk, false);
		assert_int_equal(
		    id_space(bytes_text(i ? here : there), &space), ERR_OK);
		e = store_history(desk->store, &space, &id, &arena, &changes);
		assert_true(e == ERR_CORRUPT || e == ERR_NOT_FOUND);
		store_abort(desk->store);
	}
	arena_fini(&arena);
	rebuilt(desk);
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

static void
a_rebuild_mends_whatever_is_derived(void **state)
{
	const enum table derived[] = {
	    TABLE_TREE, TABLE_HISTORY, TABLE_RECORDS, TABLE_CELLS};
	struct town *town = *state;
	struct desk *desk = &town->hall;
	struct buf before = {0};
	struct buf after = {0};
	struct buf row[2] = {0};

	desk_text_all(desk, &before);
	for (size_t t = 0; t < COUNT_OF(derived); t++) {
		for (uint64_t n = 0; row_copy(desk, derived[t], n, row);
		     n += 9) {
			if (n % 2 == 0 || row[1].n == 0) {
				row_replace(desk, derived[t], &row[0], NULL);
				continue;
			}
			row[1].p[row[1].n / 2] ^= 16;
			row_replace(desk, derived[t], &row[0], &row[1]);
		}
	}
	assert_true(desk_check(desk, false) > 0);
	rebuilt(desk);
	assert_int_equal(desk_check(desk, true), 0);
	desk_text_all(desk, &after);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	buf_fini(&before);
	buf_fini(&after);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

/* Opens the store of a town whose file has one bit flipped, reads all and
 * checks all.  True: what could be read was right. */
static bool
look_at_all(struct child *test, void *arg)
{
	struct town *town = arg;
	struct desk *desk = &town->hall;
	struct fsck_report report;
	struct buf text = {0};
	bool right = true;

	(void)test;
	/* LMDB follows page numbers without a look at them: what it makes of
	 * damaged ones is not ours to prevent, but must not be a record. */
	(void)signal(SIGBUS, SIG_DFL);
	(void)signal(SIGSEGV, SIG_DFL);
	(void)signal(SIGABRT, SIG_DFL);
	if (store_open(desk->path, &desk->host, &desk->store) != ERR_OK)
		return true;
	for (size_t i = 0; i < town->n && right; i++) {
		enum err e;
		struct arena arena = {0};
		struct record record;
		struct space space;

		e = store_begin(desk->store, false);
		if (e == ERR_OK)
			e = id_space(bytes_text(town->spaces[i]), &space);
		if (e == ERR_OK)
			e = store_get(desk->store, &space, &town->ids[i],
			    &arena, &record);
		buf_cut(&text, 0);
		if (e == ERR_OK)
			saga_text(&record, &text);
		right = (e != ERR_OK && e != ERR_NOT_FOUND) ||
			bytes_equal(
			    buf_bytes(&text), buf_bytes(&town->shown[i]));
		store_abort(desk->store);
		arena_fini(&arena);
	}
	if (store_begin(desk->store, false) == ERR_OK)
		(void)!fsck_run(desk->store, NULL, &report);
	store_close(desk->store);
	buf_fini(&text);
	return right;
}

static void
bit_flip(const char *path, uint64_t bit)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)(bit / 8)), 1);
	byte ^= (uint8_t)(1u << bit % 8);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
	assert_int_equal(close(fd), 0);
}

static void
a_flipped_bit_of_the_file_never_gives_a_wrong_record(void **state)
{
	struct town *town = *state;
	struct prng prng = {9};
	struct file_stat stat;
	const char *data = tempdir_at(&town->hall.dir, "store/data.mdb");
	unsigned crashed = 0;
	unsigned wrong = 0;

	desk_close(&town->hall);
	assert_int_equal(file_stat(data, &stat), ERR_OK);
	for (int i = 0; i < FLIPS; i++) {
		uint64_t bit = prng_below(&prng, 8 * stat.size_bytes);
		struct child child;
		int status;

		bit_flip(data, bit);
		child_start(&child, look_at_all, town);
		assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
		(void)close(child.in);
		(void)close(child.out);
		crashed += WIFSIGNALED(status);
		wrong += WIFEXITED(status) && WEXITSTATUS(status) != 0;
		bit_flip(data, bit);
	}
	print_message("# LMDB gave up on %u of %d\n", crashed, FLIPS);
	assert_int_equal(wrong, 0);
	desk_open(&town->hall, false);
	assert_int_equal(desk_check(&town->hall, true), 0);
}

#define TOWN(test) cmocka_unit_test_setup_teardown(test, town_make, town_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TOWN(a_whole_store_is_found_whole),
	    TOWN(replicas_that_met_have_the_same_state),
	    TOWN(rebuild_gives_the_same_records_and_digests),
	    TOWN(a_flipped_bit_of_any_row_is_found),
	    TOWN(a_row_that_says_something_else_is_found),
	    TOWN(a_missing_row_is_found),
	    TOWN(rows_that_changed_places_are_found),
	    TOWN(a_head_that_its_author_did_not_sign_is_found),
	    TOWN(an_older_head_without_a_signature_is_found),
	    TOWN(a_head_of_another_root_is_found),
	    TOWN(a_rebuild_wants_the_store_alone),
	    TOWN(a_damaged_log_stops_a_rebuild_before_it_begins),
	    TOWN(a_history_that_names_another_record_is_refused),
	    TOWN(a_rebuild_mends_whatever_is_derived),
	    TOWN(a_flipped_bit_of_the_file_never_gives_a_wrong_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
