/*
 * What core/fsck.h promises: what is whole passes, and what is damaged is
 * found.
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

#include "core/file.h"
#include "core/heads.h"
#include "core/record.h"
#include "core/tree.h"
#include "tests/lib/child.h"
#include "tests/lib/saga.h"
#include "tests/lib/meeting.h"

enum { FLIPS = 300 };

static void
a_whole_store_is_found_whole(void **state)
{
	struct meeting *meeting = *state;
	struct fsck_report report;

	desk_begin(&meeting->hall, false);
	assert_int_equal(fsck_run(meeting->hall.store, NULL, &report), ERR_OK);
	store_abort(meeting->hall.store);
	assert_int_equal(desk_check(&meeting->hall, true), 0);
	assert_int_equal(desk_check(&meeting->dong, true), 0);
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
	struct meeting *meeting = *state;
	struct buf one = {0};
	struct buf other = {0};

	desk_pull(&meeting->dong, &meeting->hall);
	desk_text_all(&meeting->hall, &one);
	desk_text_all(&meeting->dong, &other);
	assert_int_equal(one.n, other.n);
	assert_memory_equal(one.p, other.p, one.n);
	buf_fini(&one);
	buf_fini(&other);
}

static const enum table looked_at[] = {TABLE_META, TABLE_SPACES, TABLE_LOGS,
    TABLE_LOG_NOS, TABLE_DELTAS, TABLE_HEADS, TABLE_TREE, TABLE_HISTORY,
    TABLE_RECORDS, TABLE_WORDS, TABLE_CELLS, TABLE_FEED, TABLE_OWN};

static void
a_flipped_bit_of_any_row_is_found(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct prng prng = {7};
	struct buf row[2] = {0};

	for (size_t t = 0; t < COUNT_OF(looked_at); t++) {
		for (uint64_t n = 0; meeting_row(desk, looked_at[t], n, row);
		     n += 1 + prng_below(&prng, 25)) {
			uint64_t bit;

			if (row[1].n == 0)
				continue;
			bit = prng_below(&prng, 8 * row[1].n);
			row[1].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			meeting_row_put(desk, looked_at[t], &row[0], &row[1]);
			assert_true(desk_check(desk, false) > 0);
			meeting_reads(meeting);
			row[1].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			meeting_row_put(desk, looked_at[t], &row[0], &row[1]);
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
	    TABLE_DELTAS, TABLE_HEADS, TABLE_TREE, TABLE_RECORDS, TABLE_WORDS,
	    TABLE_CELLS};
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct prng prng = {11};
	struct buf row[2] = {0};
	struct buf other = {0};

	for (size_t t = 0; t < COUNT_OF(tables); t++) {
		for (uint64_t n = 0; meeting_row(desk, tables[t], n, row);
		     n += 1 + prng_below(&prng, 25)) {
			struct bytes in = bytes_after(
			    buf_bytes(&row[1]), TABLES_CHECKSUM_SIZE);
			uint64_t bit = prng_below(&prng, 8 * in.n);

			tables_row(buf_bytes(&row[0]), in, &other);
			other.p[TABLES_CHECKSUM_SIZE + bit / 8] ^=
			    (uint8_t)(1u << bit % 8);
			tables_row_end(buf_bytes(&row[0]), &other);
			meeting_row_put(desk, tables[t], &row[0], &other);
			assert_true(desk_check(desk, false) > 0);
			meeting_row_put(desk, tables[t], &row[0], &row[1]);
		}
	}
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
	buf_fini(&other);
}

/* What fsck_log finds in the log `no`. */
static uint64_t
log_found(struct desk *desk, struct log_no no)
{
	struct fsck_report report = {0};
	struct log *log;

	desk_begin(desk, false);
	assert_int_equal(oplog_by_no(store_txn(desk->store), no, &log), ERR_OK);
	assert_int_equal(fsck_log(desk->store, log, NULL, &report), ERR_OK);
	store_abort(desk->store);
	assert_true(report.deltas > 0 || report.found > 0);
	return report.found;
}

static void
one_log_is_judged_by_its_own_rows(void **state)
{
	const enum table own[] = {TABLE_DELTAS, TABLE_HEADS};
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct buf row[2] = {0};

	/* Both keys begin with the space and the log. */
	for (size_t t = 0; t < COUNT_OF(own); t++)
		for (uint64_t n = 0; meeting_row(desk, own[t], n, row);
		     n += 7) {
			struct log_no no = {bytes_be32(row[0].p + 4)};

			assert_int_equal(log_found(desk, no), 0);
			row[1].p[row[1].n - 1] ^= 1;
			meeting_row_put(desk, own[t], &row[0], &row[1]);
			assert_true(log_found(desk, no) > 0);
			row[1].p[row[1].n - 1] ^= 1;
			meeting_row_put(desk, own[t], &row[0], NULL);
			assert_true(
			    own[t] != TABLE_DELTAS || log_found(desk, no) > 0);
			meeting_row_put(desk, own[t], &row[0], &row[1]);
		}
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

static void
what_is_derived_is_left_to_the_whole_check(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct buf row[2] = {0};
	struct record_id id;
	struct history_at at;

	assert_true(meeting_row(desk, TABLE_HISTORY, 0, row));
	assert_int_equal(
	    tables_history_get(buf_bytes(&row[0]), &id, &at), ERR_OK);
	meeting_row_put(desk, TABLE_HISTORY, &row[0], NULL);
	assert_int_equal(log_found(desk, at.log), 0);
	assert_true(desk_check(desk, false) > 0);
	meeting_row_put(desk, TABLE_HISTORY, &row[0], &row[1]);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

static void
a_missing_row_is_found(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct prng prng = {8};
	struct buf row[2] = {0};

	for (size_t t = 2; t < 10; t++) {
		for (uint64_t n = 0; meeting_row(desk, looked_at[t], n, row);
		     n += 1 + prng_below(&prng, 25)) {
			meeting_row_put(desk, looked_at[t], &row[0], NULL);
			assert_true(desk_check(desk, false) > 0);
			meeting_reads(meeting);
			meeting_row_put(desk, looked_at[t], &row[0], &row[1]);
		}
	}
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

/* A second time, with a checksum that is right for the other key. */
static void
assert_double_is_found(
    struct meeting *meeting, enum table table, struct bytes key)
{
	struct desk *desk = &meeting->hall;
	struct buf row[2] = {0};
	struct buf other[2] = {0};

	assert_true(meeting_row(desk, table, 0, row));
	buf_add(&other[0], key);
	tables_row(key, bytes_after(buf_bytes(&row[1]), TABLES_CHECKSUM_SIZE),
	    &other[1]);
	meeting_row_put(desk, table, &other[0], &other[1]);
	assert_true(desk_check(desk, false) > 0);
	meeting_reads(meeting);
	meeting_row_put(desk, table, &other[0], NULL);
	for (size_t i = 0; i < 2; i++) {
		buf_fini(&row[i]);
		buf_fini(&other[i]);
	}
}

static void
a_row_under_a_second_key_is_found(void **state)
{
	struct meeting *meeting = *state;
	struct buf row[2] = {0};

	/* Two spaces of one number; before the first word. */
	assert_double_is_found(meeting, TABLE_SPACES, bytes_text("d99/c999"));
	assert_double_is_found(meeting, TABLE_WORDS, bytes_of("\0", 1));
	/* A log in a space that is not that of its name: each but its own. */
	assert_true(meeting_row(&meeting->hall, TABLE_LOGS, 0, row));
	for (uint8_t no = 1; no <= 3; no++) {
		if (row[0].p[3] == no)
			continue;
		row[0].p[3] = no;
		assert_double_is_found(meeting, TABLE_LOGS, buf_bytes(&row[0]));
		break;
	}
	assert_int_equal(desk_check(&meeting->hall, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

static void
a_row_that_has_no_place_is_found(void **state)
{
	const enum table tables[] = {
	    TABLE_DELTAS, TABLE_HEADS, TABLE_TREE, TABLE_RECORDS, TABLE_CELLS};
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct buf row[2] = {0};
	struct buf other = {0};

	for (size_t t = 0; t < COUNT_OF(tables); t++) {
		assert_true(meeting_row(desk, tables[t], 0, row));
		/* No space has this number. */
		row[0].p[3] = 99;
		tables_row(buf_bytes(&row[0]),
		    bytes_after(buf_bytes(&row[1]), TABLES_CHECKSUM_SIZE),
		    &other);
		meeting_row_put(desk, tables[t], &row[0], &other);
		assert_int_equal(desk_check(desk, false), 1);
		meeting_row_put(desk, tables[t], &row[0], NULL);
	}
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
	buf_fini(&other);
}

static void
rows_that_changed_places_are_found(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct buf one[2] = {0};
	struct buf two[2] = {0};

	for (size_t t = 0; t < COUNT_OF(looked_at); t++) {
		if (!meeting_row(desk, looked_at[t], 0, one) ||
		    !meeting_row(desk, looked_at[t], 1, two) || one[1].n == 0)
			continue;
		meeting_row_put(desk, looked_at[t], &one[0], &two[1]);
		meeting_row_put(desk, looked_at[t], &two[0], &one[1]);
		assert_true(desk_check(desk, false) > 0);
		meeting_row_put(desk, looked_at[t], &one[0], &one[1]);
		meeting_row_put(desk, looked_at[t], &two[0], &two[1]);
	}
	assert_int_equal(desk_check(desk, true), 0);
	for (int i = 0; i < 2; i++) {
		buf_fini(&one[i]);
		buf_fini(&two[i]);
	}
}

static void
keys_that_lead_nowhere_are_found(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct buf one[2] = {0};
	struct buf two[2] = {0};
	struct buf row = {0};

	/* A key of a log with a byte too many. */
	assert_true(meeting_row(desk, TABLE_LOGS, 0, one));
	buf_add_u8(&one[0], 1);
	tables_row(buf_bytes(&one[0]), bytes_text("?"), &row);
	meeting_row_put(desk, TABLE_LOGS, &one[0], &row);
	assert_true(desk_check(desk, false) > 0);
	meeting_row_put(desk, TABLE_LOGS, &one[0], NULL);
	/* A number that leads to the log of another one. */
	assert_true(meeting_row(desk, TABLE_LOG_NOS, 0, one));
	assert_true(meeting_row(desk, TABLE_LOG_NOS, 1, two));
	tables_row(buf_bytes(&one[0]),
	    bytes_after(buf_bytes(&two[1]), TABLES_CHECKSUM_SIZE), &row);
	meeting_row_put(desk, TABLE_LOG_NOS, &one[0], &row);
	assert_int_equal(desk_check(desk, false), 1);
	meeting_row_put(desk, TABLE_LOG_NOS, &one[0], &one[1]);
	assert_int_equal(desk_check(desk, true), 0);
	for (int i = 0; i < 2; i++) {
		buf_fini(&one[i]);
		buf_fini(&two[i]);
	}
	buf_fini(&row);
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
	assert_non_null(best);
	return best;
}

static void
a_head_that_its_author_did_not_sign_is_found(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
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
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
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
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct log *log;

	desk_begin(desk, true);
	log = longest(desk);
	log->frontier.nodes[0].b[0] ^= 1;
	log->dirty = true;
	desk_commit(desk);
	assert_true(desk_check(desk, false) > 0);
}

/* Whatever is said to be held, with secrets or wraps, is counted again. */
static void
counts_of_bodies_that_are_wrong_are_found(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;

	for (int which = 0; which < 3; which++) {
		struct log *log;

		desk_begin(desk, true);
		log = longest(desk);
		assert_true(log->kept > 0 && log->kept == log->wrapped);
		log->kept -= which == 0;
		log->wrapped -= which == 1;
		log->kept -= which == 1;
		log->open[CLASS_P] -= which == 2;
		log->dirty = true;
		desk_commit(desk);
		assert_int_equal(desk_check(desk, false), 1);
		desk_begin(desk, true);
		log = longest(desk);
		log->kept += which < 2;
		log->wrapped += which == 1;
		log->open[CLASS_P] += which == 2;
		log->dirty = true;
		desk_commit(desk);
		assert_int_equal(desk_check(desk, false), 0);
	}
}

/* Opens the store of a meeting whose file has one bit flipped, reads all and
 * checks all.  True: what could be read was right. */
static bool
look_at_all(struct child *test, void *arg)
{
	struct meeting *meeting = arg;
	struct desk *desk = &meeting->hall;
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
	for (size_t i = 0; i < meeting->n && right; i++) {
		enum err e;
		struct arena arena = {0};
		struct record record;
		struct space space;

		e = store_begin(desk->store, false);
		if (e == ERR_OK)
			e = id_space(bytes_text(meeting->spaces[i]), &space);
		if (e == ERR_OK)
			e = store_get(desk->store, &space, &meeting->ids[i],
			    &arena, &record);
		buf_cut(&text, 0);
		if (e == ERR_OK)
			saga_text(&record, &text);
		right = (e != ERR_OK && e != ERR_NOT_FOUND) ||
			bytes_equal(
			    buf_bytes(&text), buf_bytes(&meeting->shown[i]));
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
	struct meeting *meeting = *state;
	struct prng prng = {9};
	struct file_stat stat;
	const char *data = tempdir_at(&meeting->hall.dir, "store/data.mdb");
	unsigned crashed = 0;
	unsigned wrong = 0;

	desk_close(&meeting->hall);
	assert_int_equal(file_stat(data, &stat), ERR_OK);
	for (int i = 0; i < FLIPS; i++) {
		uint64_t bit = prng_below(&prng, 8 * stat.size_bytes);
		struct child child;
		int status;

		bit_flip(data, bit);
		child_start(&child, look_at_all, meeting);
		assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
		(void)close(child.in);
		(void)close(child.out);
		crashed += WIFSIGNALED(status);
		wrong += WIFEXITED(status) && WEXITSTATUS(status) != 0;
		bit_flip(data, bit);
	}
	print_message("# LMDB gave up on %u of %d\n", crashed, FLIPS);
	assert_int_equal(wrong, 0);
	desk_open(&meeting->hall, false);
	assert_int_equal(desk_check(&meeting->hall, true), 0);
}

#define MEETING(test) \
	cmocka_unit_test_setup_teardown(test, meeting_make, meeting_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    MEETING(a_whole_store_is_found_whole),
	    MEETING(replicas_that_met_have_the_same_state),
	    MEETING(a_flipped_bit_of_any_row_is_found),
	    MEETING(a_row_that_says_something_else_is_found),
	    MEETING(a_missing_row_is_found),
	    MEETING(one_log_is_judged_by_its_own_rows),
	    MEETING(what_is_derived_is_left_to_the_whole_check),
	    MEETING(a_row_under_a_second_key_is_found),
	    MEETING(a_row_that_has_no_place_is_found),
	    MEETING(rows_that_changed_places_are_found),
	    MEETING(keys_that_lead_nowhere_are_found),
	    MEETING(a_head_that_its_author_did_not_sign_is_found),
	    MEETING(an_older_head_without_a_signature_is_found),
	    MEETING(a_head_of_another_root_is_found),
	    MEETING(counts_of_bodies_that_are_wrong_are_found),
	    MEETING(a_flipped_bit_of_the_file_never_gives_a_wrong_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
